"""Hedge funds: the draw of their styles, sizes and weights, their opening books, and their rule."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.kernels.behaviours.expectations import loan_cost
from abm.kernels.behaviours.fund_opening import N_LANES, FundTerms, OpeningFunds, open_funds
from abm.kernels.risk import anchored
from abm.kernels.rules import FlowRule, FundRule, OwnRiskRule
from abm.kernels.state import CALLED, COUNTED, MANDATE
from abm.population.groups import PRIME_BROKERS, Array, Group, count, shares_of_number
from abm.population.instruments import Terms, full_carry, opening_terms
from abm.population.loans import chosen_shares, other_loan_risk, owed_currencies
from abm.population.margin import margin_rule

if TYPE_CHECKING:
    from abm.scenario import Scenario


MOST_OF_STYLE = 4.0  # of its style's yen share, drawn for one fund


class Styles(NamedTuple):
    """Hedge funds before any chance, by fund; made once per scenario."""

    names: tuple[str, ...]  # (n,)
    members: tuple[slice, ...]  # rows of each style
    weights: Array  # (K, n) of the style
    gross: Array  # (n,) their sum
    yen_share: Array  # (n,)
    other_loans: Array  # (O, n) share of the loan in each further funding currency
    leverage: Array  # (n,)
    repo_share: Array  # (n,) of its bonds, financed in repo
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
    loans = [terms.column(style.loan_shares) for style in styles]
    other_shares = np.reshape(loans, table.T.shape).T[owed_currencies(scenario)]
    return Styles(
        names=tuple(name for name, m in zip(rule.styles, numbers, strict=True) for _ in range(m)),
        members=tuple(slice(a, b) for a, b in pairwise(ends)),
        weights=np.repeat(table, numbers, axis=1),
        gross=np.repeat([w.sum() for w in weights], numbers),
        yen_share=np.repeat([s.yen_share for s in styles], numbers),
        other_loans=np.repeat(other_shares, numbers, axis=1),
        leverage=np.repeat([s.leverage for s in styles], numbers),
        repo_share=np.repeat([s.repo_share for s in styles], numbers),
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
    # From a stream of its own: the draws of everyone else stay what they were.
    own_draw = np.minimum(rng.spawn(1)[0].standard_exponential(n), MOST_OF_STYLE)
    differ_in_loan(group, styles.members, rule.overlap, own_draw)
    most = rule.opening_cap_share * rule.leverage_cap
    calm = np.minimum(styles.leverage * np.exp(rule.leverage_dispersion * noise), most)
    open_fund_books(group, calm, styles.other_loans, scenario)
    return group


def differ_in_loan(group: Group, members: Iterable[slice], overlap: float, draw: Array) -> None:
    """Yen shares of the funds of a style, around its own; all its equity together keeps that.

    phi_i ~ o phi + (1 - o) min(phi g_i, 1), scaled so that sum E_i phi_i = phi sum E_i      (M77)

    A share above 1 is a loan in yen beyond what is spent, the rest in dollars.
    """
    style, equity = -group.weights[0], group.wealth
    drawn = overlap * style + (1.0 - overlap) * np.minimum(style * draw, 1.0)
    lent, usual = equity * drawn, equity * style
    for own in members:
        total = lent[own].sum()
        if total > 0.0:
            group.weights[0, own] = -drawn[own] * (usual[own].sum() / total)


def open_fund_books(
    group: Group, calm_leverage: Array, other_loans: Array, scenario: Scenario
) -> None:
    """Risk aversion that makes the calm leverage optimal, and the books that follow."""
    weights, gross, terms = group.weights, group.gross_weight, opening_terms(scenario)
    gross[:] = weights[1:].sum(axis=0)
    shares = np.where(gross > 0.0, weights / np.maximum(gross, 1e-300), 0.0)[1:]
    group.concentration[:] = (shares**2).sum(axis=0)
    group.leverage_cap[:] = scenario.funds.leverage_cap
    covariance, variance = other_loan_risk(weights, other_loans, owed_currencies(scenario), terms)
    held = np.empty_like(weights)
    funds = OpeningFunds(
        weights=weights,
        gross_weight=gross,
        concentration=group.concentration,
        leverage_cap=group.leverage_cap,
        has_margin_account=group.has_margin_account,
        other_loans=other_loans,
        other_covariance=covariance,
        other_variance=variance,
        calm_leverage=calm_leverage,
        asset_variance=group.asset_variance,
        loan_covariance=group.loan_covariance,
        loan_variance=group.loan_variance,
        long_run_variance=group.long_run_variance,
        risk_aversion=group.risk_aversion,
        shares=held,
        lanes=np.empty((N_LANES, group.n)),
    )
    open_funds(funds, fund_terms(scenario))
    group.hold(held)


@lru_cache(maxsize=32)
def fund_terms(scenario: Scenario) -> FundTerms:
    """What the scenario says about markets, lenders and limits, as the kernels read it."""
    funds, estimate, terms = scenario.funds, scenario.estimation, opening_terms(scenario)
    preferences = funds.preferences
    return FundTerms(
        covariance=terms.usd_covariance,
        owed=owed_currencies(scenario),
        usual=np.ones(1 + len(owed_currencies(scenario))),
        chosen=chosen_shares(scenario),
        expected=expected_income(terms, terms.income[0]),
        usd_rate=terms.usd_rate,
        reference=expected_income(terms, preferences.funding_per_year),
        reference_usd_rate=preferences.usd_per_year,
        spread=terms.spread,
        carry_floor=funds.carry_floor_per_year,
        opening_risk=estimate.opening_multiple,
        sizing_risk=opening_variance(scenario),
        long_run=estimate.long_run_multiple,
        var_limit=funds.var_limit,
        margin=margin_rule(scenario),
    )


def expected_income(terms: Terms, funding_rate: float) -> Array:
    """Income of every instrument to a fund, at a policy rate of the funding currency. (K,) (M15)"""
    income = terms.income.copy()
    income[0] = funding_rate + loan_cost(terms.basis, terms.spread)
    income[: terms.n_currencies] += terms.swap_basis
    return income


def opening_variance(scenario: Scenario) -> float:
    """Variance by which funds size at the opening, over the calm one, b0.                (M74)"""
    estimate = scenario.estimation
    opening, long_run = estimate.opening_multiple, estimate.long_run_multiple
    return float(anchored(opening, long_run, scenario.funds.anchor_share))


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
        stop_reset_days=funds.stop_reset_days,
        full_carry=full_carry(funds.funding),
        owed=owed_currencies(scenario),
        risk=own_risk_rule(scenario),
        flows=flow_rule(scenario),
    )


def own_risk_rule(scenario: Scenario) -> OwnRiskRule:
    """Sizing by own losses, as the kernels read it."""
    risk, long_run = scenario.funds.risk, scenario.estimation.long_run_multiple
    return OwnRiskRule(multiple=risk.multiple, decay=risk.decay, long_run=long_run)


def flow_rule(scenario: Scenario) -> FlowRule:
    """Redemptions by performance, as the kernels read them."""
    flows = scenario.funds.flows
    return FlowRule(
        sensitivity=flows.sensitivity,
        performance_days=flows.performance_days,
        notice_days=flows.notice_days,
        gate=flows.gate_per_day,
    )
