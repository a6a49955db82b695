"""Volatility of news by day: a multiple of what the instruments say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from abm.scenario.news_volatility import StochasticVolatility

Array = np.ndarray


def volatility_multiples(
    rule: StochasticVolatility, innovations: Array, median_day: int | None
) -> Array:
    """Multiples of every day's volatility of news, (T, K).                              (M80)

        h_t = rho h_{t-1} + s sqrt(1 - rho^2) eps_t        exp(h + g_k - s_h^2 - s_g^2)

    innovations: (T, 1 + K), of the common factor h and of each instrument's own g_k. On
    ``median_day`` both are zero, and the days before follow from it backwards, which is the law of
    a stationary path that passes through zero there; None: the first day is drawn.
    """
    sd = np.full(innovations.shape[1], rule.own_log_sd)
    sd[0] = rule.common_log_sd
    log = _autoregression(rule.persistence_per_day, sd * innovations, median_day)
    variance = rule.common_log_sd**2 + rule.own_log_sd**2
    return np.asarray(np.exp(log[:, :1] + log[:, 1:] - variance))


def _autoregression(rho: float, shocks: Array, zero_day: int | None) -> Array:
    """Stationary first-order autoregressions of the standard deviation of ``shocks``, (T, n)."""
    path, fresh = shocks.copy(), np.sqrt(1.0 - rho**2) * shocks
    if zero_day is not None:
        path[zero_day] = 0.0
        for t in range(zero_day - 1, -1, -1):
            path[t] = rho * path[t + 1] + fresh[t]
    for t in range(1 + (zero_day or 0), len(path)):
        path[t] = rho * path[t - 1] + fresh[t]
    return path
