"""Retail currency traders: their draw, opening books, and their rule."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import RetailFxRule
from abm.kernels.state import COUNTED, CUT
from abm.population.groups import CLIENT_BANK, Group, count
from abm.population.instruments import Terms, full_carry, opening_terms

if TYPE_CHECKING:
    from abm.scenario import Scenario


def draw_retail_fx(scenario: Scenario, _: Terms, rng: np.random.Generator) -> Group:
    """Cohorts of retail currency traders, who differ by chance in the level of their loss-cut."""
    rule, group = scenario.retail_fx, retail_fx_cohorts(scenario).copy()
    spread = rng.uniform(-1.0, 1.0, group.n)
    group.loss_cut[:] = rule.loss_cut * (1.0 + rule.loss_cut_spread * spread)
    return group


@lru_cache(maxsize=4)
def retail_fx_cohorts(scenario: Scenario) -> Group:
    """The same before any chance: equal in notional, spread evenly in log leverage."""
    rule, terms = scenario.retail_fx, opening_terms(scenario)
    group = Group("retail_fx", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.lender = CLIENT_BANK
    group.set_traits(call_rule=CUT, suspended_days_after_failure=rule.days_out, carry_short=COUNTED)
    z = np.linspace(-0.5, 0.5, group.n) if group.n > 1 else np.zeros(1)
    leverage = rule.leverage * np.exp(rule.leverage_dispersion * z)
    leverage = np.minimum(leverage, rule.opening_leverage_cap)
    group.size_usd_bn[:] = rule.notional_usd_bn / group.n
    group.wealth[:] = group.size_usd_bn / leverage
    held = {name: share for name, share in rule.weights.items() if name != "USD"}
    group.weights[:] = terms.column(held)[:, None]
    group.weights[0] = -1.0
    group.units[:] = group.weights * group.size_usd_bn * terms.carry_share(rule.carry)
    group.cash[:] = group.wealth - group.units.sum(axis=0)
    return group


def retail_fx_rule(scenario: Scenario) -> RetailFxRule:
    """Sizes, speed and legal leverage of currency traders, as the kernels read them."""
    rule = scenario.retail_fx
    return RetailFxRule(
        contrarian=rule.contrarian_weight,
        contrarian_scale=rule.contrarian_scale_log,
        contrarian_days=rule.contrarian_days,
        speed=rule.speed_per_day,
        most_leverage=rule.cap_use * rule.leverage_cap,
        renewal=rule.renewal_per_day,
        full_carry=full_carry(rule.carry),
    )
