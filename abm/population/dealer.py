"""Dealers: the depth they quote, and when they withdraw it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.dealer import dealer_depth
from abm.kernels.rules import DealerRule
from abm.population.groups import Array
from abm.population.instruments import opening_terms

if TYPE_CHECKING:
    from abm.scenario import Scenario


def dealer_rule(scenario: Scenario) -> DealerRule:
    """Calm depth by instrument, and what moves it, as the kernels read them."""
    dealers = scenario.liquidity.dealers
    capacity = dealers.capacity
    depth = np.array([part.dealer_depth_usd_bn for part in scenario.instruments.values()])
    return DealerRule(
        depth=scenario.liquidity.depth_multiple * depth,
        reversion=dealers.reversion_per_day,
        volatility_exponent=dealers.volatility_exponent,
        capital_exponent=capacity.exponent,
        by_head_room=capacity.kind == "head-room",
        depth_floor=dealers.depth_floor,
        half_spread=dealers.half_spread_log,
        news_moves_reference=dealers.news_moves_reference,
    )


@lru_cache(maxsize=32)
def opening_depth(scenario: Scenario) -> Array:
    """Depth at the opening prices and estimates [units per log]. (K,)                     (M50)"""
    rule, calm = dealer_rule(scenario), np.diag(opening_terms(scenario).covariance)
    fast = scenario.estimation.opening_multiple * calm
    return np.array(
        [
            dealer_depth(depth, before, now, 1.0, rule, 0.0)
            for depth, before, now in zip(rule.depth, np.sqrt(calm), np.sqrt(fast), strict=True)
        ]
    )
