"""Banks: their own carry books, their opening capital, and the terms on which they lend."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import BankRule, RequirementRule, RunRule
from abm.kernels.state import CALLED, COUNTED, MANDATE
from abm.population.groups import Array, Group
from abm.population.hedge_fund import open_fund_books
from abm.population.instruments import constant_basis, opening_terms
from abm.population.loans import owed_currencies

if TYPE_CHECKING:
    from abm.scenario import Scenario


@lru_cache(maxsize=4)
def draw_desks(scenario: Scenario) -> Group:
    """One proprietary carry book per core bank, where the scenario gives them one."""
    terms, desk, banks = opening_terms(scenario), scenario.banks.desk, scenario.banks
    group = Group("bank_desk", banks.n_core if desk.kind == "carry" else 0, len(terms.names))
    if desk.kind == "none":
        return group
    capital = banks.core_capital_usd_bn * np.array(banks.core_capital_factors or (1.0,) * group.n)
    group.owner[:] = np.arange(group.n)
    group.set_traits(
        has_maintenance_cap=True,
        call_rule=CALLED,
        sale_rule=MANDATE,
        suspended_days_after_failure=scenario.funds.days_out,
        carry_short=COUNTED,
    )
    group.wealth[:] = desk.capital_share * capital
    group.weights[:] = terms.column(desk.weights)[:, None]
    group.weights[0] = -desk.yen_share
    n_owed = len(owed_currencies(scenario))
    none = np.zeros((n_owed, group.n))  # desks owe yen and dollars
    open_fund_books(group, np.full(group.n, desk.leverage), none, scenario)
    return group


@lru_cache(maxsize=4)
def opening_equity(scenario: Scenario) -> Array:
    """Capital of every bank [USD bn], core first, less what stands behind its own desk. (B,)"""
    rule = scenario.banks
    factors = rule.core_capital_factors or (1.0,) * rule.n_core
    equity = np.array(
        [rule.core_capital_usd_bn * f for f in factors]
        + [rule.periphery_capital_usd_bn] * rule.n_periphery
    )
    desks = draw_desks(scenario)
    np.subtract.at(equity, desks.owner, desks.wealth)
    return equity


def bank_rule(scenario: Scenario) -> BankRule:
    """Spreads, credit lines, recoveries and payouts of banks, as the kernels read them."""
    banks = scenario.banks
    return BankRule(
        spread=banks.spread_per_year,
        spread_slope=banks.spread_slope,
        max_line_cut=banks.max_line_cut_per_day,
        recovery_external=banks.recovery_external,
        recovery_interbank=banks.recovery_interbank,
        ported_share=banks.portable_share,
        recapitalisation=banks.recapitalisation_per_year,
        payout_multiple=banks.payout_multiple,
        desk_capital_share=banks.desk.capital_share if banks.desk.kind == "carry" else 0.0,
        opening_utilisation=banks.opening_utilisation,
        basis=constant_basis(scenario),
        requirement=requirement_rule(scenario),
        run=run_rule(scenario),
        marks_claims=banks.interbank_marks.kind == "capital",
    )


def requirement_rule(scenario: Scenario) -> RequirementRule:
    """Capital that loans require by their risk, as the kernels read it.                  (M105)"""
    rule = scenario.banks.requirement
    if rule.kind == "leverage":
        return RequirementRule()
    return RequirementRule(
        is_on=True,
        weight=rule.loan_weight,
        multiple=rule.volatility_multiple,
        least=rule.least_weight,
        most=rule.most_weight,
        long_run=scenario.estimation.long_run_multiple,
    )


def run_rule(scenario: Scenario) -> RunRule:
    """Withdrawals from banks, as the kernels read them.                            (M109, M110)"""
    rule = scenario.banks.funding_run
    if rule.kind == "none":
        return RunRule()
    return RunRule(
        is_on=True,
        ratio=rule.capital_ratio,
        speed=rule.speed_per_day,
        runnable=rule.runnable_share,
        reserve_share=rule.reserve_share,
        sale_share=rule.sale_share_per_day,
        discount=rule.sale_discount,
    )


def opening_books(scenario: Scenario, equity: Array) -> Array:
    """Trading books of the core banks in units, (K, B); (0, B) where they have none.     (M108)

    T_kb = share utilisation lambda_max E_b factor_b w_k: a unit is worth a billion.
    """
    banks = scenario.banks
    book = banks.trading_book
    if book.kind == "none":
        return np.zeros((0, len(equity)))
    n = banks.n_core
    factors = np.array(book.factors or (1.0,) * n)
    assets = banks.opening_utilisation * banks.leverage_limit * equity[:n]
    weights = opening_terms(scenario).column(book.weights)
    units = np.zeros((len(weights), len(equity)))
    units[:, :n] = np.outer(weights, book.asset_share * factors * assets)
    return units
