"""Order anticipators: their rule, and the capital they open with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.order_anticipator import SQUARE
from abm.kernels.rules import AnticipatorRule
from abm.kernels.state import TRADING_DAYS

if TYPE_CHECKING:
    from abm.scenario import Scenario


def anticipator_rule(scenario: Scenario) -> AnticipatorRule:
    """Share, persistence, memory and limits, as the kernels read them."""
    rule = scenario.order_anticipators
    if rule.kind == "none":
        return AnticipatorRule(False, np.zeros(len(scenario.instruments)))
    return AnticipatorRule(
        is_on=True,
        share=np.array([rule.share.get(name, 0.0) for name in scenario.instrument_names]),
        decay=rule.decay_per_day,
        memory_days=rule.memory_days,
        depth_share=rule.depth_share,
        capital=rule.capital_usd_bn,
        leverage_cap=rule.leverage_cap,
        renewal=rule.renewal_per_day,
    )


def open_order_flow(calm_volatility: np.ndarray, rule: AnticipatorRule) -> np.ndarray:
    """Knowledge at the opening: how far prices move, and nothing of orders, (4, K)."""
    known = np.zeros((4, len(calm_volatility)))
    known[SQUARE] = calm_volatility**2 / TRADING_DAYS / (1.0 - rule.decay**2)
    return known
