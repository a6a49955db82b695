"""Yields of the simulated market by path and day: the policy rate at the short end, the prices of
government bonds further out."""

from __future__ import annotations

import numpy as np

from abm.stress.factors import bonds_in
from abm.stress.paths import Market

Array = np.ndarray


def yield_rise(years: float, currency: int, market: Market) -> Array:
    """Rise of a zero-coupon yield since the eve, (n, T + 1) [per year].                  (M191)

        at 0: r(t) - r(0), the policy rate;   at D: -x(t)/D, a bond with log price x and duration D

    Linear between, flat beyond the longest bond.
    """
    scenario = market.scenario
    rate = market.rates[:, :, currency]
    rise = np.broadcast_to(rate - rate[:, :1], market.log_prices.shape[:2])
    before = 0.0
    for bond, duration in bonds_in(market.currencies[currency], scenario).items():
        further = -market.log_prices[:, :, scenario.instrument_names.index(bond)] / duration
        if years > before:
            weight = min(1.0, (years - before) / (duration - before))
            rise = (1.0 - weight) * rise + weight * further
        before = duration
    return rise
