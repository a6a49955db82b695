"""Life insurers: their opening books, and their rule."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from abm.kernels.rules import InsurerRule
from abm.population.groups import Group, count
from abm.population.instruments import opening_terms

if TYPE_CHECKING:
    from abm.scenario import Scenario


@lru_cache(maxsize=4)
def draw_insurers(scenario: Scenario) -> Group:
    """Life insurers with dollar assets, part of them hedged by a dollar loan and yen."""
    rule, terms = scenario.insurers, opening_terms(scenario)
    group = Group("insurer", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.size_usd_bn[:] = rule.assets_usd_bn / group.n
    group.wealth[:] = group.size_usd_bn
    group.weights[:] = terms.column(rule.weights)[:, None]
    group.weights[0] = rule.hedge_share
    group.hold(group.weights)
    return group


def insurer_rule(scenario: Scenario) -> InsurerRule:
    """Hedge by the yen and by what the hedge costs, as the kernels read it."""
    rule, funding = scenario.insurers, scenario.funding
    moves = funding.basis.kind == "market"
    return InsurerRule(
        speed=rule.speed_per_day,
        hedge_per_rise=rule.hedge_per_yen_rise,
        rise_days=rule.rise_days,
        hedge_per_basis=funding.basis.insurer_hedge_per_basis if moves else 0.0,  # type: ignore[union-attr]
        calm_basis=-funding.basis_per_year,
    )
