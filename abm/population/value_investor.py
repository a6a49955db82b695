"""Value investors: what they take per log of price, by instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from abm.kernels.behaviours.value_investor import CONT_SCHAANNING, LINEAR, NONE, SQUARE_ROOT, TANH

if TYPE_CHECKING:
    from abm.scenario import Scenario

LAWS = {
    "tanh": TANH,
    "linear": LINEAR,
    "cont-schaanning": CONT_SCHAANNING,
    "square-root": SQUARE_ROOT,
    "none": NONE,
}


def value_investor_rule(scenario: Scenario) -> dict[str, Any]:
    """Demand curve, depth, capacity and speed: their part of `rules.MarketRule`."""
    liquidity, parts = scenario.liquidity, scenario.instruments.values()
    depth = np.array([part.value_depth_usd_bn for part in parts])
    return {
        "law": np.full(len(parts), LAWS[liquidity.impact.kind], np.int64),
        "value_depth": liquidity.depth_multiple * depth,
        "value_capacity": np.array([part.value_capacity_log for part in parts]),
        "value_speed": np.array([part.value_speed_per_day for part in parts]),
        "speed_gain": np.array([part.value_speed_gain for part in parts]),
        "most_speed": liquidity.most_value_speed_per_day,
        "trade_share": liquidity.trade_share_per_day,
        "payout_share": liquidity.payout_share_per_day,
    }
