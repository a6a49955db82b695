"""The margin rule as the kernels read it, and the margin rate at the opening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.constraints.liquidation import LEAST_IMPACT, PRO_RATA, WATERFALL
from abm.kernels.constraints.margin import HORIZON_DAYS, ask_by_loss
from abm.kernels.risk import anchored
from abm.kernels.rules import LossRule, MarginRule
from abm.kernels.state import TRADING_DAYS
from abm.population.groups import Array, Group
from abm.population.instruments import opening_terms
from abm.scenario.margin import VolatilityMargin, WorstLossMargin

if TYPE_CHECKING:
    from abm.scenario import Scenario

LIQUIDATIONS = {"pro-rata": PRO_RATA, "least-impact": LEAST_IMPACT, "waterfall": WATERFALL}


def opening_margin_rate(group: Group, scenario: Scenario) -> Array:
    """Margin rate of each institution at the opening estimates; 0 without a call.   (M17, M71)"""
    rule, estimate, has_account = scenario.margin, scenario.estimation, group.has_margin_account
    if isinstance(rule, WorstLossMargin):
        rates = 1.0 + rule.concentration_addon * group.concentration
        ask_by_loss(
            opening_terms(scenario).carry_share(scenario.funds.funding),
            group.asset_variance, group.loan_covariance, group.loan_variance, np.zeros(group.n),
            margin_rule(scenario), rates,
        )  # fmt: skip
        return np.asarray(has_account * rates)
    if not isinstance(rule, VolatilityMargin):
        return np.asarray(has_account * getattr(rule, "rate", 0.0))
    fast = estimate.opening_multiple / estimate.long_run_multiple
    blend = anchored(fast, 1.0, rule.long_run_share)
    sigma = np.sqrt(blend * group.long_run_variance * HORIZON_DAYS / TRADING_DAYS)
    load = 1.0 + rule.concentration_addon * group.concentration
    rate = np.maximum(rule.rate_floor, rule.volatility_multiple * sigma) * load
    return np.asarray(has_account * np.minimum(rate, rule.rate_ceiling))


def margin_rule(scenario: Scenario) -> MarginRule:
    """The margin rule of the scenario; ``none`` makes no calls."""
    rule = scenario.margin
    no_calls = MarginRule(
        is_on=False,
        floor=0.0,
        ceiling=0.0,
        volatility_multiple=0.0,
        concentration_load=0.0,
        utilisation_load=0.0,
        utilisation_threshold=scenario.banks.utilisation_threshold,
        long_run_share=0.0,
        buffer=1.0,
        forced_speed=0.0,
        liquidation=PRO_RATA,
    )
    if rule.kind == "none":
        return no_calls
    called = no_calls._replace(
        is_on=True,
        buffer=rule.buffer,
        forced_speed=rule.forced_speed,
        liquidation=LIQUIDATIONS[rule.liquidation.kind],
    )
    if rule.kind == "fixed":
        return called._replace(floor=rule.rate, ceiling=rule.rate)
    rated = called._replace(
        floor=rule.rate_floor,
        ceiling=rule.rate_ceiling,
        volatility_multiple=rule.volatility_multiple,
        concentration_load=rule.concentration_addon,
        utilisation_load=rule.broker_utilisation_addon,
    )
    if rule.kind == "volatility":
        return rated._replace(long_run_share=rule.long_run_share)
    return rated._replace(
        loss=LossRule(
            is_on=True,
            floor=scenario.estimation.long_run_multiple,
            decay=rule.loss_decay,
            threshold=rule.loss_threshold,
        )
    )
