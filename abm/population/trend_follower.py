"""Trend followers: their opening books, and their rule."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.leverage_target import add_hedged
from abm.kernels.behaviours.trend_follower import held_back, size_by_trend, trend_size, within_cap
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
    fast = math.sqrt(scenario.estimation.opening_multiple) * calm
    signal, kernel_rule = terms.column(rule.opening_signal), trend_rule(scenario)
    sizes = [trend_size(*of_one, kernel_rule) for of_one in zip(signal, fast, calm, strict=True)]
    sizes[0] = held_back(sizes[0], terms.carry_share(rule.carry))
    held, wanted, gross = np.zeros_like(group.units), np.zeros_like(group.units), np.zeros(group.n)
    for k, size in enumerate(sizes):
        size_by_trend(
            size, size, group.uses_slow_filter, group.target_volatility, group.weights[k],
            wanted[k], gross,
        )  # fmt: skip
    scale = np.array([within_cap(total, rule.leverage_cap) for total in gross])
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
