"""Volatility-target funds: their draw, opening books, and how fast they follow their target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import BandRule
from abm.kernels.state import CALLED
from abm.population.groups import Group, count
from abm.population.instruments import Terms, sell_currency_forward
from abm.population.products import quadratic_form

if TYPE_CHECKING:
    from abm.scenario import Scenario


def draw_volatility_targets(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Fixed weights, each fund with its own volatility target."""
    rule = scenario.volatility_target
    group = Group("volatility_target", count(rule.n, scenario.population.scale), len(terms.names))
    noise = rng.standard_normal(group.n)
    if not group.n:
        return group
    group.set_traits(
        call_rule=CALLED,
        suspended_days_after_failure=scenario.funds.days_out,
        takes_subscriptions=True,
        hedges_quote_currency=True,
    )
    group.wealth[:] = rule.equity_usd_bn / group.n
    group.weights[:] = terms.column(rule.weights)[:, None]
    shares = group.weights[:, 0]
    covariance = scenario.estimation.opening_multiple * terms.covariance
    group.target_volatility[:] = rule.volatility_target_per_year * np.exp(
        rule.target_dispersion * noise
    )
    group.leverage_cap[:] = rule.leverage_cap
    leverage = group.target_volatility / np.sqrt(quadratic_form(covariance, shares[:, None])[0])
    leverage = np.minimum(leverage, rule.leverage_cap)
    group.hold(sell_currency_forward(group.weights * leverage, terms))
    return group


def band_rule(scenario: Scenario) -> BandRule:
    """Speeds and dead band, as the kernels read them."""
    rule = scenario.volatility_target
    return BandRule(rule.speed_down_per_day, rule.speed_up_per_day, rule.dead_band)
