"""Risk-parity funds: their opening books, and how fast they follow their target."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.leverage_target import (
    add_hedged,
    lend_yen,
    local_variance,
    open_at_target,
)
from abm.kernels.numerics.weights import equal_risk_contributions, inverse_volatility_weights
from abm.kernels.rules import BandRule, RiskParityRule
from abm.kernels.state import CALLED, COUNTED_BEYOND_HEDGE
from abm.population.groups import NO_LENDER, PRIME_BROKERS, Array, Group, count
from abm.population.instruments import opening_terms
from abm.population.products import quadratic_form

if TYPE_CHECKING:
    from abm.scenario import Scenario


@lru_cache(maxsize=4)
def draw_risk_parity(scenario: Scenario) -> Group:
    """Equal risk in every asset, levered to the volatility target, currencies hedged."""
    rule, terms = scenario.risk_parity, opening_terms(scenario)
    group = Group("risk_parity", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.lender = PRIME_BROKERS if rule.yen_share else NO_LENDER
    group.set_traits(
        has_margin_account=True,
        call_rule=CALLED,
        suspended_days_after_failure=scenario.funds.days_out,
        takes_subscriptions=True,
        carry_short=COUNTED_BEYOND_HEDGE,
        hedges_quote_currency=True,
    )
    group.wealth[:] = rule.equity_usd_bn / group.n
    tilt = terms.column(rule.tilt)
    covariance = scenario.estimation.opening_multiple * terms.covariance
    shares = parity_weights(scenario)
    variance = local_variance(shares, covariance, terms.n_currencies)
    group.weights[:] = tilt[:, None]
    group.weights[0] = -rule.yen_share
    group.target_volatility[:] = rule.volatility_target_per_year
    group.leverage_cap[:] = rule.leverage_cap
    leverage = np.empty(group.n)
    open_at_target(group.target_volatility, variance, group.leverage_cap, leverage)
    group.concentration[:] = (shares**2).sum()
    group.long_run_variance[:] = scenario.estimation.long_run_multiple * quadratic_form(
        terms.covariance, shares[:, None]
    )
    held, wanted = np.zeros_like(group.units), np.repeat(shares[:, None], group.n, axis=1)
    lend_yen(leverage, group.weights[0], held[0])
    add_hedged(terms.n_currencies, 0, group.n, leverage, wanted, terms.quote, held)
    group.hold(held)
    return group


@lru_cache(maxsize=32)
def parity_weights(scenario: Scenario) -> Array:
    """Opening weights of risk parity, from the kernel that the day uses. (K,)"""
    terms = opening_terms(scenario)
    tilt = terms.column(scenario.risk_parity.tilt)
    covariance = scenario.estimation.opening_multiple * terms.covariance
    out = np.zeros(len(tilt))
    if scenario.risk_parity.weighting == "equal-risk":
        equal_risk_contributions(covariance, tilt, out, np.zeros(len(tilt)))
    else:
        inverse_volatility_weights(tilt, covariance, out)
    return out


def risk_parity_rule(scenario: Scenario) -> RiskParityRule:
    """Weighting, speeds and dead band, as the kernels read them."""
    rule = scenario.risk_parity
    return RiskParityRule(
        BandRule(rule.speed_down_per_day, rule.speed_up_per_day, rule.dead_band),
        equal_risk=rule.weighting == "equal-risk",
    )
