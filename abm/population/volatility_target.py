"""Volatility-target funds: their draw, opening books, and how fast they follow their target."""

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
from abm.kernels.rules import BandRule
from abm.kernels.state import CALLED
from abm.population.groups import Group, count
from abm.population.instruments import Terms, opening_terms

if TYPE_CHECKING:
    from abm.scenario import Scenario


def draw_volatility_targets(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Fixed weights, each fund with its own volatility target."""
    rule, group = scenario.volatility_target, volatility_target_funds(scenario).copy()
    noise = rng.standard_normal(group.n)
    if not group.n:
        return group
    group.target_volatility[:] = rule.volatility_target_per_year * np.exp(
        rule.target_dispersion * noise
    )
    leverage, variance = np.empty(group.n), opening_variance(scenario)
    open_at_target(group.target_volatility, variance, group.leverage_cap, leverage)
    held, wanted = np.zeros_like(group.units), group.weights.copy()
    lend_yen(leverage, group.weights[0], held[0])
    add_hedged(terms.n_currencies, 0, group.n, leverage, wanted, terms.quote, held)
    group.hold(held)
    return group


@lru_cache(maxsize=4)
def volatility_target_funds(scenario: Scenario) -> Group:
    """The same before any chance: equal in wealth and weights."""
    rule, terms = scenario.volatility_target, opening_terms(scenario)
    group = Group("volatility_target", count(rule.n, scenario.population.scale), len(terms.names))
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
    group.leverage_cap[:] = rule.leverage_cap
    return group


@lru_cache(maxsize=32)
def opening_variance(scenario: Scenario) -> float:
    """Variance per year of their assets at the opening, currencies hedged."""
    terms = opening_terms(scenario)
    covariance = scenario.estimation.opening_multiple * terms.covariance
    weights = terms.column(scenario.volatility_target.weights)
    return float(local_variance(weights, covariance, terms.n_currencies))


def volatility_target_rule(scenario: Scenario) -> BandRule:
    """Speeds and dead band, as the kernels read them."""
    rule = scenario.volatility_target
    return BandRule(rule.speed_down_per_day, rule.speed_up_per_day, rule.dead_band)
