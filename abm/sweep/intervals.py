"""95% intervals for a mean and for a share, from the variance of the estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.errors import InvalidInput

CONFIDENCE = 0.95
Numbers = NDArray[np.float64]


def wilson(
    share: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Numbers, Numbers]:
    """Wilson's score interval of a share seen in n independent runs.

        (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)

    Never empty, never outside [0, 1], of positive width at shares of 0 and 1; NaN where n is 0.
    Wilson (1927).
    """
    from scipy.special import ndtri

    p, runs = np.asarray(share, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if np.any((p < 0.0) | (p > 1.0) | (runs < 0.0)):
        raise InvalidInput("wilson: a share must be in [0, 1], a number of runs at least 0")
    z = float(ndtri(0.5 + confidence / 2.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = p + z**2 / (2.0 * runs)
        half = z * np.sqrt(p * (1.0 - p) / runs + z**2 / (4.0 * runs**2))
        scale = 1.0 + z**2 / runs
        low, high = (middle - half) / scale, (middle + half) / scale
    return np.where(p == 0.0, 0.0 * low, low), np.where(p == 1.0, 1.0 + 0.0 * high, high)


def student(
    mean: ArrayLike, variance: ArrayLike, freedom: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Numbers, Numbers]:
    """Student's interval of a mean whose own variance is known from `freedom` differences.

    NaN where there are none: one run says nothing about chance.
    """
    from scipy.special import stdtrit

    df = np.where(np.asarray(freedom) > 0.0, freedom, np.nan)
    half = stdtrit(df, 0.5 + confidence / 2.0) * np.sqrt(np.asarray(variance, dtype=np.float64))
    middle = np.asarray(mean, dtype=np.float64)
    return middle - half, middle + half


def effective_runs(share: float, variance: float, n_least: float, n_most: float) -> float:
    """Independent runs that would know a share as well as these, which have seeds in common.

        n* = p (1 - p) / Var(p),   kept within the number of seeds and the number of runs

    Kish (1965). At shares of 0 and 1 nothing varies: the seeds count, not the runs.
    """
    if not (np.isfinite(variance) and variance > 0.0):
        return n_least if share in (0.0, 1.0) else n_most
    return float(min(max(share * (1.0 - share) / variance, n_least), n_most))
