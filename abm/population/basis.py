"""The swap market: its rule, who trades in it, and the swaps that are running at the opening."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.kernels.markets.basis import POINTS
from abm.kernels.rules import BasisRule, LineRule, SqueezeRule
from abm.kernels.state import BASIS, BASIS_YEARS, KEPT, LEGS, MARGIN, TRADING_DAYS, YEARS

if TYPE_CHECKING:
    from abm.kernels.state import Mandates
    from abm.population.groups import Array, Group
    from abm.scenario import Scenario
    from abm.scenario.basis import Squeeze

BP = 1e-4
N_STAGES = 3  # of a swap line
N_SWAP_SUMS = 6  # rows that are carried of a ladder
# Kinds that are short of yen, or long of it, through swaps with a share of their balance.
SPECULATORS = ("hedge_fund", "bank_desk", "risk_parity", "trend", "retail_fx")


def swapped_currencies(scenario: Scenario) -> tuple[str, ...]:
    """Currencies with a swap market, in the order of instruments: where the basis moves the funding
    currency's, and those that a scenario gives a basis of their own.
    """
    basis, funding = scenario.funding.basis, scenario.funding_currency
    if basis.kind != "market":
        return ()
    return tuple(name for name in scenario.currencies if name in {funding, *basis.currencies})


@lru_cache(maxsize=32)
def basis_rule(scenario: Scenario) -> BasisRule:
    """The price of dollars in swaps, as the kernels read it."""
    funding, basis = scenario.funding, scenario.funding.basis
    if basis.kind == "constant":
        return BasisRule(np.zeros(0), np.zeros(0), np.zeros(0))
    others = [basis.currencies[name] for name in swapped_currencies(scenario)[1:]]
    spot_share = np.zeros(1 + len(others))
    spot_share[0] = basis.spot_share  # its slope is known of the yen alone
    return BasisRule(
        calm=np.array([funding.basis_per_year, *(other.basis_per_year for other in others)]),
        volume=np.array([basis.demand_usd_bn, *(other.demand_usd_bn for other in others)]),
        spot_share=spot_share,
        swap_share=basis.swap_share,
        least=basis.least_shortage,
        widest=basis.widest_per_year,
        room_exponent=basis.room_exponent,
        year_end=basis.year_end_share,
        least_capacity=basis.least_capacity,
        spot_threshold=basis.spot_threshold,
        spot_limit=basis.spot_limit_usd_bn,
        squeeze=squeeze_rule(scenario, basis.squeeze),
        line=line_rule(scenario),
    )


def squeeze_rule(scenario: Scenario, squeeze: Squeeze) -> SqueezeRule:
    """The gauge of dollars hoarded in fear; off where the squeeze is scripted."""
    if squeeze.kind != "gauge":
        return SqueezeRule()
    return SqueezeRule(
        is_on=True,
        asset=scenario.instrument_names.index(squeeze.asset),
        volatility_share=squeeze.volatility_share,
        calm=squeeze.calm_volatility_per_year,
        fall_weight=squeeze.fall_weight,
        fall_days=squeeze.fall_days,
        weight=1.0 - 0.5 ** (1.0 / squeeze.half_life_days),
        threshold=squeeze.threshold,
        slope=squeeze.per_point,
        full_rise=squeeze.full_dollar_rise_log,
        rise_days=squeeze.dollar_days,
    )


def line_rule(scenario: Scenario) -> LineRule:
    """Price, lags and trigger of a swap line that is a facility.

    A stage that closes a share 1/T of its gap a day is late by T - 1 days, and by one more where
    it follows a stage: three of them by 3 T - 1.
    """
    line = scenario.policy.swap_line
    if line.kind == "none" or line.kind == "line":
        return LineRule()
    terms: dict[str, Any] = {
        "bank_spread": BP * line.bank_spread_bp,
        "cost": BP * (line.bank_spread_bp + line.pass_through_bp),
        "stage_share": N_STAGES / (line.lag_days + 1.0),
    }
    if line.kind == "facility-by-rule":
        terms |= {
            "is_by_rule": True,
            "opens_at": BP * line.opens_at_bp,
            "opens_on_fall": BP * line.opens_on_change_bp,
            "fall_days": line.change_days,
            "delay_days": line.delay_days,
        }
    return LineRule(**terms)


def days_of_closes(rule: BasisRule) -> int:
    """Days back that the gauge looks at closes."""
    return max(rule.squeeze.fall_days, rule.squeeze.rise_days) if rule.squeeze.is_on else 0


def swap_shares(groups: list[Group], scenario: Scenario) -> Array:
    """Share of its balance that each institution holds through swaps, by currency. (S, N)

    Insurers and companies hedge by them, in the funding currency. Residents and Python institutions
    borrow from banks.
    """
    basis, n = scenario.funding.basis, sum(group.n for group in groups)
    if basis.kind == "constant":
        return np.zeros((0, n))
    speculators = dict.fromkeys(SPECULATORS, basis.swap_share)
    hedgers = {"insurer": 1.0, "company": 1.0}
    others = [speculators] * len(basis.currencies)
    return np.array([
        np.concatenate([np.full(group.n, of_kind.get(group.kind, 0.0)) for group in groups])
        for of_kind in (speculators | hedgers, *others)
    ])  # fmt: skip


def open_swap_books(scenario: Scenario, balances: Array) -> dict[str, Array]:
    """Swaps of all institutions at the opening: as much of every maturity. Columns of the books.

    balances: what they have swapped, (S, N).
    """
    rows, rule = rows_of_ladders(scenario), basis_rule(scenario)
    legs = of_every_maturity(-balances, rows)
    return {"swap_legs": legs, "swap_sums": opening_sums(-balances, rule, rows)}


def rows_of_ladders(scenario: Scenario) -> int:
    """Maturities of swaps, in days; none without a market for them."""
    basis = scenario.funding.basis
    return basis.maturity_days if basis.kind == "market" else 0


def swapped_balances(scenario: Scenario, units: Array, mandates: Mandates) -> Array:
    """Balances that each institution has swapped, in units of their currencies. (S, N)"""
    if not len(mandates.swap_share):
        return mandates.swap_share
    held: Array = mandates.swap_share * (units[swapped_rows(scenario)] + mandates.loan_units)
    return held


def of_every_maturity(amounts: Array, rows: int) -> Array:
    """Ladders that hold as much of every maturity, (S, rows, n), of amounts (S, n)."""
    return np.repeat(amounts[:, None] / max(rows, 1), rows, axis=1)


def opening_sums(legs: Array, rule: BasisRule, rows: int) -> Array:
    """Sums of ladders that hold as much of every maturity, dealt at the calm basis, last night:
    the row of day 0 has a day to go. (S, 6, n)
    """
    sums = np.zeros((len(legs), N_SWAP_SUMS, legs.shape[1]))
    if not len(legs):
        return sums
    calm, mean_years = -rule.calm[:, None], (rows + 1) / 2 / TRADING_DAYS
    sums[:, KEPT] = 1.0
    sums[:, LEGS], sums[:, YEARS] = legs, legs * mean_years
    sums[:, BASIS], sums[:, BASIS_YEARS] = calm * legs, calm * legs * mean_years
    sums[:, MARGIN] = -rule.calm[:, None] * sums[:, YEARS] - sums[:, BASIS_YEARS]
    return sums


@lru_cache(maxsize=32)
def swapped_rows(scenario: Scenario) -> Array:
    """Their rows among instruments. (S,)"""
    rows = [scenario.instrument_names.index(name) for name in swapped_currencies(scenario)]
    return np.array(rows, np.int64)


def open_swap_market(scenario: Scenario, balances: Array, swap_sums: Array) -> dict[str, Array]:
    """The swap market at the opening: calm, no dollars hoarded. Columns of the market.

    balances: what institutions have swapped, (S, N); swap_sums: sums of their ladders.
    """
    rule, n = basis_rule(scenario), len(balances)
    rows = rows_of_ladders(scenario)
    demand = balances.sum(axis=1)
    borrowed = -rule.volume[:, None]
    user_sums = opening_sums(borrowed, rule, rows)
    dealer_sums = -(swap_sums.sum(axis=2, keepdims=True) + user_sums)
    dealer_sums[:, KEPT] = 1.0
    return {
        "swapped": swapped_rows(scenario).copy(),
        "basis": -rule.calm,
        "basis_past": np.repeat(-rule.calm[:, None], max(rule.line.fall_days, 1) + 1, axis=1),
        "contract_basis": np.repeat(-rule.calm[:, None], rows, axis=1),
        "swap_spot": np.ones(n),
        "swap_demand": demand,
        "swap_terms": np.repeat([[1.0, 1.0, 0.0, 0.0]], n, axis=0),
        "opening_demand": demand.copy(),
        "squeeze_gauge": np.full(1, POINTS * rule.squeeze.calm),
        "line_stages": np.zeros((n, N_STAGES)),
        "line_usd_bn": np.zeros(n),
        "line_days": np.array([-1, 0]),
        "user_legs": of_every_maturity(borrowed, rows),
        "user_sums": user_sums,
        "user_dollars": np.zeros(n),
        "dealer_sums": dealer_sums,
    }
