"""Trend followers: their opening books, and their rule."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.leverage_target import add_hedged
from abm.kernels.rules import TrendRule
from abm.kernels.state import CALLED, COUNTED
from abm.population.groups import Group, count
from abm.population.instruments import full_carry, opening_terms

if TYPE_CHECKING:
    from abm.scenario import Scenario


@lru_cache(maxsize=4)
def draw_trend_followers(scenario: Scenario) -> Group:
    """Trend followers, every other one with the slow filter; opening signals as given."""
    rule, terms = scenario.trend, opening_terms(scenario)
    group = Group("trend", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.set_traits(
        call_rule=CALLED,
        suspended_days_after_failure=scenario.funds.days_out,
        takes_subscriptions=True,
        carry_short=COUNTED,
        hedges_quote_currency=True,
    )
    group.wealth[:] = rule.equity_usd_bn / group.n
    group.weights[:] = terms.column(rule.weights)[:, None]
    group.target_volatility[:] = rule.volatility_target_per_year
    group.leverage_cap[:] = rule.leverage_cap
    group.uses_slow_filter[:] = np.arange(group.n) % 2
    calm = np.sqrt(np.diag(terms.covariance))
    fast = np.sqrt(scenario.estimation.opening_multiple) * calm
    signal = np.tanh(rule.signal_scale * terms.column(rule.opening_signal))
    size = 0.5 * rule.volatility_target_per_year * rule.gain * group.weights[:, 0]
    shares = size / np.maximum(fast, rule.volatility_floor * calm) * signal
    if shares[0] < 0.0:
        shares[0] *= terms.carry_share(rule.carry)
    gross = np.abs(shares).sum()
    scale = np.full(group.n, min(1.0, rule.leverage_cap / gross) if gross > 0.0 else 1.0)
    held, wanted = np.zeros_like(group.units), np.repeat(shares[:, None], group.n, axis=1)
    add_hedged(0, 0, group.n, scale, wanted, terms.quote, held)
    group.hold(held)
    return group


def trend_rule(scenario: Scenario) -> TrendRule:
    """Speed, gain and signal, as the kernels read them."""
    rule = scenario.trend
    return TrendRule(
        speed=rule.speed_per_day,
        gain=rule.gain,
        signal_scale=rule.signal_scale,
        volatility_floor=rule.volatility_floor,
        full_carry=full_carry(rule.carry),
    )
