"""Volatility of news by day: a multiple of what the instruments say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abm.scenario.news_volatility import StochasticVolatility

Array = np.ndarray


def volatility_multiples(
    rule: StochasticVolatility, names: Sequence[str], innovations: Array, median_day: int | None
) -> Array:
    """Multiples of every day's volatility of news, (T, K).                              (M80)

        h_t = rho h_{t-1} + s sqrt(1 - rho^2) eps_t        exp(h + g_k - s_h^2 - s_g^2)

    innovations: (T, 1 + K), of the common factor h and of the own g_k of each of ``names``. On
    ``median_day`` both are zero, and the days before follow from it backwards, which is the law of
    a stationary path that passes through zero there; None: the first day is drawn.
    """
    sd = np.array([rule.common_log_sd, *(rule.own_log_sd.get(name, 0.0) for name in names)])
    log = _autoregression(rule.persistence_per_day, sd * innovations, median_day)
    return np.asarray(np.exp(log[:, :1] + log[:, 1:] - sd[0] ** 2 - sd[1:] ** 2))


def _autoregression(rho: float, shocks: Array, zero_day: int | None) -> Array:
    """Stationary first-order autoregressions of the standard deviation of ``shocks``, (T, n)."""
    path: Array = np.sqrt(1.0 - rho**2) * shocks
    start = zero_day or 0
    path[start] = shocks[0] if zero_day is None else 0.0
    path[start:] = _discounted_sum(rho, path[start:])
    path[start::-1] = _discounted_sum(rho, path[start::-1])
    return path


def _discounted_sum(rho: float, steps: Array) -> Array:
    """Sum of rho^j steps_{t-j} over all j up to t, for every t; twice as many terms each time."""
    total, reach, factor = steps.copy(), 1, rho
    while reach < len(total):
        total[reach:] += factor * total[:-reach]
        reach, factor = 2 * reach, factor * factor
    return total
