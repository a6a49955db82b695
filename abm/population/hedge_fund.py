"""Hedge funds: the draw of their styles, sizes and weights, their opening books, and their rule."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.kernels.behaviours.hedge_fund import lower_to, set_fund_shares, want_leverage
from abm.kernels.constraints.value_at_risk import limit_by_var
from abm.kernels.contracts.balances import loan_basis
from abm.kernels.risk import anchored
from abm.kernels.rules import FundRule
from abm.kernels.state import CALLED, COUNTED, MANDATE
from abm.population.groups import PRIME_BROKERS, Array, Group, count, shares_of_number
from abm.population.instruments import Terms, opening_terms
from abm.population.margin import margin_rule, opening_margin_rate
from abm.population.products import product, quadratic_form

if TYPE_CHECKING:
    from abm.scenario import Scenario


class Styles(NamedTuple):
    """Hedge funds before any chance, by fund; made once per scenario."""

    names: tuple[str, ...]  # (n,)
    members: tuple[slice, ...]  # rows of each style
    weights: Array  # (K, n) of the style
    gross: Array  # (n,) their sum
    yen_share: Array  # (n,)
    leverage: Array  # (n,)
    equity_usd_bn: Array  # (n,) of the whole style


@lru_cache(maxsize=4)
def fund_styles(scenario: Scenario) -> Styles:
    """The styles of the hedge funds, spread over as many funds as there are."""
    rule, terms = scenario.funds, opening_terms(scenario)
    styles = list(rule.styles.values())
    n = count(rule.n, scenario.population.scale)
    numbers = np.array(shares_of_number([s.share_of_number for s in styles], n), int)
    ends = np.cumsum([0, *numbers])
    weights = [terms.column(style.weights) for style in styles]
    table = np.reshape(weights, (len(styles), len(terms.names))).T
    return Styles(
        names=tuple(name for name, m in zip(rule.styles, numbers, strict=True) for _ in range(m)),
        members=tuple(slice(a, b) for a, b in pairwise(ends)),
        weights=np.repeat(table, numbers, axis=1),
        gross=np.repeat([w.sum() for w in weights], numbers),
        yen_share=np.repeat([s.yen_share for s in styles], numbers),
        leverage=np.repeat([s.leverage for s in styles], numbers),
        equity_usd_bn=np.repeat([s.equity_usd_bn for s in styles], numbers),
    )


def draw_hedge_funds(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Funds by style: size, own weights, calm leverage, grace.

    Sizes are lognormal shares of the style's equity. A fund's weights are its style's, in part
    tilted at random; its calm leverage scatters around the style's.
    """
    rule, styles = scenario.funds, fund_styles(scenario)
    n = len(styles.names)
    group = Group("hedge_fund", n, len(terms.names), list(styles.names), lender=PRIME_BROKERS)
    group.set_traits(
        has_margin_account=True,
        has_maintenance_cap=True,
        call_rule=CALLED,
        sale_rule=MANDATE,
        suspended_days_after_failure=rule.days_out,
        takes_subscriptions=True,
        carry_short=COUNTED,
    )
    size = np.exp(rule.size_dispersion * rng.standard_normal(n))
    tilted = styles.weights * rng.standard_exponential((len(terms.names), n))
    noise = rng.standard_normal(n)
    group.grace_days[:] = rng.random(n) < rule.grace_share
    tilted *= styles.gross / np.maximum(tilted.sum(axis=0), 1e-300)
    group.weights[:] = rule.overlap * styles.weights + (1.0 - rule.overlap) * tilted
    group.weights[0] = -styles.yen_share
    group.wealth[:] = styles.equity_usd_bn * size
    for own in styles.members:
        group.wealth[own] /= size[own].sum()
    most = rule.opening_cap_share * rule.leverage_cap
    calm = np.minimum(styles.leverage * np.exp(rule.leverage_dispersion * noise), most)
    open_fund_books(group, calm, scenario, terms)
    return group


def open_fund_books(group: Group, calm_leverage: Array, scenario: Scenario, terms: Terms) -> None:
    """Risk aversion that makes the calm leverage optimal, and the books that follow.     (M20)

    gamma = max(carry, floor) / (v l0); a fund whose carry is below the floor opens below l0.
    """
    rule, estimate, weights = scenario.funds, scenario.estimation, group.weights
    gross = weights[1:].sum(axis=0)
    income = terms.income.copy()
    income[0] += loan_basis(terms.basis, math.inf) + terms.spread
    carry: Array = product(income, weights) + np.maximum(1.0 - gross, 0.0) * terms.usd_rate
    carry -= (1.0 + weights[0]) * (terms.usd_rate + terms.spread)
    calm: Array = quadratic_form(terms.usd_covariance, weights)
    multiple = anchored(estimate.opening_multiple, estimate.long_run_multiple, rule.anchor_share)
    variance = multiple * calm
    optimal_at = np.maximum(carry, rule.carry_floor_per_year)
    group.risk_aversion[:] = optimal_at / (variance * calm_leverage)
    group.long_run_variance[:] = estimate.long_run_multiple * calm
    shares = np.where(gross > 0.0, weights / np.maximum(gross, 1e-300), 0.0)[1:]
    group.concentration[:] = (shares**2).sum(axis=0)
    group.leverage_cap[:] = rule.leverage_cap
    rates, buffer = opening_margin_rate(group, scenario), margin_rule(scenario).buffer
    leverage, limit, held = np.empty(group.n), np.empty(group.n), np.empty_like(weights)
    want_leverage(carry, variance, group.risk_aversion, rates, buffer, leverage)
    limit_by_var(rule.var_limit, estimate.opening_multiple * calm, limit)
    lower_to(limit, leverage)
    lower_to(group.leverage_cap, leverage)
    set_fund_shares(0, group.n, leverage, weights, held)
    group.hold(held)


def fund_rule(scenario: Scenario) -> FundRule:
    """Sizing, limits and stops of hedge funds, as the kernels read them."""
    funds = scenario.funds
    return FundRule(
        trend_weight=funds.trend_weight,
        value_weight=funds.value_weight_per_year,
        anchor_share=funds.anchor_share,
        band=funds.band,
        speed_up=funds.speed_up_per_day,
        speed_down=funds.speed_down_per_day,
        var_limit=funds.var_limit,
        var_tolerance=funds.var_tolerance,
        speed_var=funds.speed_var_per_day,
        stop_drawdown=funds.stop_drawdown,
        stop_share=funds.stop_leverage_share,
        speed_stop=funds.speed_stop_per_day,
        payout=funds.payout_per_day,
        subscription=funds.subscription_per_day,
        failure_share=funds.failure_share,
    )
