"""Retail margin longs in shares: their draw, opening books, and their rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import RetailEquityRule
from abm.kernels.state import CUT, SHARE_A_DAY
from abm.population.groups import CLIENT_BANK, Group, count
from abm.population.instruments import Terms

if TYPE_CHECKING:
    from abm.scenario import Scenario


def draw_retail_equity(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Margin longs in shares by residents; none opens at the point of being cut."""
    rule = scenario.retail_equity
    group = Group("retail_equity", count(rule.n, scenario.population.scale), len(terms.names))
    noise, spread = rng.standard_normal(group.n), rng.uniform(-1.0, 1.0, group.n)
    if not group.n:
        return group
    group.lender = CLIENT_BANK
    group.set_traits(
        call_rule=CUT,
        suspended_days_after_failure=rule.days_out,
        sale_rule=SHARE_A_DAY,
        grace_days=rule.days_to_pay,
    )
    group.loss_cut[:] = rule.loss_cut * (1.0 + rule.loss_cut_spread * spread)
    leverage = rule.leverage * np.exp(rule.leverage_dispersion * noise)
    leverage = np.maximum(np.minimum(leverage, rule.opening_cut_share / group.loss_cut), 1.0)
    group.size_usd_bn[:] = rule.notional_usd_bn / group.n
    group.wealth[:] = group.size_usd_bn / leverage
    group.resident[:] = 1
    asset = terms.names.index(rule.asset)
    group.weights[asset] = 1.0
    group.units[asset] = group.size_usd_bn
    group.units[0] = group.wealth - group.size_usd_bn
    return group


def retail_equity_rule(scenario: Scenario) -> RetailEquityRule:
    """Speed of sales when cut; shares are bought back as fast as households trade currencies."""
    return RetailEquityRule(
        speed=scenario.retail_fx.speed_per_day,
        sale_share=scenario.retail_equity.speed_per_day,
        renewal=scenario.retail_equity.renewal_per_day,
    )
