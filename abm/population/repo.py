"""Repo: the lender's rule, who pledges bonds, and the loans that are running at the opening."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.contracts.repo import haircut_of
from abm.kernels.rules import LossRule, RepoRule
from abm.population.hedge_fund import fund_styles
from abm.population.instruments import opening_terms

if TYPE_CHECKING:
    from abm.population.groups import Array, Group
    from abm.scenario import Scenario

OPENING_RISK = 1.0  # a worst loss, over the calm variance, that leaves the haircut calm


@lru_cache(maxsize=32)
def repo_bonds(scenario: Scenario) -> Array:
    """The bond that is taken in repo; none where there is no lender. (R,)"""
    if scenario.repo.kind == "none":
        return np.zeros(0, np.int64)
    return np.array([scenario.instrument_names.index(scenario.repo.asset)])


@lru_cache(maxsize=32)
def repo_rule(scenario: Scenario) -> RepoRule:
    """Spread, haircut and capacity of the repo lender, as the kernels read them."""
    repo = scenario.repo
    if repo.kind == "none":
        return RepoRule()
    rule = RepoRule(
        is_on=True, spread=repo.spread_per_year, capacity_slope=repo.capacity_per_haircut
    )
    if repo.kind == "fixed":
        return rule._replace(floor=repo.haircut, ceiling=repo.haircut, opening_haircut=repo.haircut)
    rule = rule._replace(
        floor=repo.haircut_floor,
        ceiling=repo.haircut_cap,
        volatility_multiple=repo.volatility_multiple,
        loss=LossRule(is_on=True, floor=0.0, decay=repo.loss_decay, threshold=repo.loss_threshold),
    )
    bond = repo_bonds(scenario)[0]
    calm = float(opening_terms(scenario).covariance[bond, bond])
    return rule._replace(opening_haircut=haircut_of(OPENING_RISK, calm, rule))


def repo_shares(groups: list[Group], scenario: Scenario) -> Array:
    """Share of its bonds that each institution finances in repo, by the style of a fund. (N,)"""
    shares, funds = np.zeros(sum(group.n for group in groups)), groups[0]  # the first rows
    shares[: funds.n] = fund_styles(scenario).repo_share[: funds.n]
    return shares


def open_repo_books(scenario: Scenario, columns: dict[str, Array]) -> dict[str, Array]:
    """Loans of all institutions at the opening, and bonds that stand for them. Of the books."""
    rule, pledgeable = repo_rule(scenario), pledgeable_bonds(scenario, columns)
    owed = np.maximum(-columns["cash"], 0.0)
    lent = np.minimum((1.0 - rule.opening_haircut) * pledgeable, owed)
    per_bond = 1.0 - rule.opening_haircut
    return {"repo_units": lent / per_bond if per_bond > 0.0 else 0.0 * lent, "repo_debt": lent}


def pledgeable_bonds(scenario: Scenario, columns: dict[str, Array]) -> Array:
    """Bonds that institutions would pledge at the opening, in units or USD bn. (R, N)"""
    held: Array = columns["repo_share"] * np.maximum(columns["units"][repo_bonds(scenario)], 0.0)
    return held


def open_repo_market(
    scenario: Scenario, pledgeable: Array, lent: Array, pledged: Array
) -> dict[str, Array]:
    """The lender at the opening. Columns of the market.

    By institution, (R, N): bonds that it would pledge, loans on them, and bonds that stand for
    these.
    """
    rule, n = repo_rule(scenario), len(pledgeable)
    share = 0.0 if scenario.repo.kind == "none" else scenario.repo.capacity_share
    return {
        "repo_bond": repo_bonds(scenario).copy(),
        "repo_lent": lent.sum(axis=1),
        "repo_pledged": pledged.sum(axis=1),
        "repo_price": np.ones(n),
        "repo_haircut": np.full(n, rule.opening_haircut),
        "repo_risk": np.full(n, OPENING_RISK),
        "repo_capacity": share * pledgeable.sum(axis=1),
        "repo_called": np.zeros(n),
    }
