"""Value investors: what they take per log of price, by instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.value_investor import CONT_SCHAANNING, LINEAR, NONE, SQUARE_ROOT, TANH
from abm.kernels.rules import ValueInvestorRule

if TYPE_CHECKING:
    from abm.scenario import Scenario

LAWS = {
    "tanh": TANH,
    "linear": LINEAR,
    "cont-schaanning": CONT_SCHAANNING,
    "square-root": SQUARE_ROOT,
    "none": NONE,
}


def value_investor_rule(scenario: Scenario) -> ValueInvestorRule:
    """Demand curve, depth, capacity and speed by instrument, as the kernels read them."""
    liquidity, parts = scenario.liquidity, scenario.instruments.values()
    depth = np.array([part.value_depth_usd_bn for part in parts])
    return ValueInvestorRule(
        law=np.full(len(parts), LAWS[liquidity.impact.kind], np.int64),
        depth=liquidity.depth_multiple * depth,
        capacity=np.array([part.value_capacity_log for part in parts]),
        speed=np.array([part.value_speed_per_day for part in parts]),
        speed_gain=np.array([part.value_speed_gain for part in parts]),
        most_speed=liquidity.most_value_speed_per_day,
        trade_share=liquidity.trade_share_per_day,
        payout_share=liquidity.payout_share_per_day,
    )
