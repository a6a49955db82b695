"""Sensitivities valued on the simulated market: linear in the factor, in today's money."""

from __future__ import annotations

import numpy as np

from abm.stress.crif import FX, PRICE, YIELD, Sensitivity
from abm.stress.curves import yield_rise
from abm.stress.paths import Market

Array = np.ndarray

PER_CENT, BASIS_POINT = 0.01, 1e-4
SPREAD_YEARS = 4.0
"""Spread duration of what a credit index moves by. Assumed: effective durations of US high-yield
indices have been 3 to 4.5 years since 2000."""


def sensitivity_value(sensitivity: Sensitivity, market: Market) -> Array:
    """Change in value since the eve, (n, T + 1) [base].                                  (M192)

        a S(0) f(t)/u,    f of a currency   S_c(t)/S_c(0) - 1
                          f of a price      exp(X) - 1,    X = sum beta_k x_k
                          f of a yield      dy             (M191)
                          f of a spread     -X/D - dy(D)

    a: for a unit u, 1% or a basis point; S: base currency for a unit of the amount's; a spread is
    what the price of the credit says beyond the yield of government bonds.
    """
    today = market.fx[sensitivity.currency][0, 0]
    change: Array = sensitivity.amount * today * _factor(sensitivity, market)
    return change


def _factor(sensitivity: Sensitivity, market: Market) -> Array:
    """The move of its factor since the eve, in its units."""
    if sensitivity.factor == FX:
        spot = market.fx[sensitivity.of]
        moved: Array = (spot / spot[:, :1] - 1.0) / PER_CENT
        return moved
    if sensitivity.factor == YIELD:
        return yield_rise(sensitivity.years, sensitivity.of, market) / BASIS_POINT
    log_price = np.zeros(market.log_prices.shape[:2])
    for k, beta in sensitivity.moves:
        log_price += beta * market.log_prices[:, :, k]
    if sensitivity.factor == PRICE:
        return np.expm1(log_price) / PER_CENT
    riskless = yield_rise(SPREAD_YEARS, sensitivity.of, market)
    spread: Array = (-log_price / SPREAD_YEARS - riskless) / BASIS_POINT
    return spread
