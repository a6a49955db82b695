"""The margin rule as the kernels read it, and the margin rate at the opening."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.constraints.liquidation import LEAST_IMPACT, PRO_RATA, WATERFALL
from abm.kernels.constraints.margin import ask_at_opening
from abm.kernels.rules import LossRule, MarginRule
from abm.population.groups import Array

if TYPE_CHECKING:
    from abm.kernels.state import Mandates
    from abm.population.loans import FundLoans
    from abm.scenario import Scenario

LIQUIDATIONS = {"pro-rata": PRO_RATA, "least-impact": LEAST_IMPACT, "waterfall": WATERFALL}


def opening_margin_rate(mandates: Mandates, loans: FundLoans, scenario: Scenario) -> Array:
    """Margin rate of each institution at the opening estimates; 0 without a call."""
    estimate, (seen, rates) = scenario.estimation, np.empty((2, len(mandates.concentration)))
    ask_at_opening(
        estimate.opening_multiple / estimate.long_run_multiple, mandates.long_run_variance,
        mandates.asset_variance, loans.covariance, loans.variance, mandates.concentration,
        mandates.has_margin_account, margin_rule(scenario), seen, rates,
    )  # fmt: skip
    return rates


@lru_cache(maxsize=32)
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
        forced_speed=1.0,  # of credit that banks recall
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
