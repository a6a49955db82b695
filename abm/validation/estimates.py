"""Estimates from runs: a figure and its 95% interval.

Means have Student's interval over runs, shares of runs Wilson's (1927), any other function of the
runs the percentile bootstrap over runs. What is counted or compared exactly has no interval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray
NAN = float("nan")
COVERAGE = 0.95
N_RESAMPLES = 400
RESAMPLING_SEED = 1
NORMAL_QUANTILE = 1.959963984540054  # of COVERAGE, both sides


class Estimate(NamedTuple):
    """A figure, its interval, and a note about it."""

    value: float
    low: float
    high: float
    note: str = ""

    @property
    def is_exact(self) -> bool:
        """True for a figure that was counted, not sampled."""
        return self.low == self.value == self.high


def exact(value: float, note: str = "") -> Estimate:
    """A count or a maximum, without sampling error."""
    return Estimate(float(value), float(value), float(value), note)


def mean(values: Any, note: str = "") -> Estimate:
    """Mean of finite values with Student's interval; NaN of none, no interval of one."""
    from scipy.stats import t

    found = np.asarray(values, dtype=np.float64)
    found = found[np.isfinite(found)]
    if not found.size:
        return Estimate(NAN, NAN, NAN, note)
    middle = float(found.mean())
    if found.size == 1:
        return Estimate(middle, NAN, NAN, note)
    error = float(found.std(ddof=1) / np.sqrt(found.size))
    half = float(t.ppf(0.5 + COVERAGE / 2.0, found.size - 1)) * error
    return Estimate(middle, middle - half, middle + half, note)


def share(flags: Any, note: str = "") -> Estimate:
    """Share of runs with Wilson's interval.

    (q + z^2/2n ± z sqrt(q (1 - q)/n + z^2/4n^2)) / (1 + z^2/n)
    """
    found = np.asarray(flags, dtype=np.float64)
    n = found.size
    if not n:
        return Estimate(NAN, NAN, NAN, note)
    z, q = NORMAL_QUANTILE, float(found.mean())
    middle = (q + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(q * (1 - q) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return Estimate(q, max(0.0, float(middle - half)), min(1.0, float(middle + half)), note)


def paired(column: str, *tables: pd.DataFrame) -> tuple[Array, ...]:
    """A column of several tables, over the runs that all have, by index."""
    common = tables[0].index
    for table in tables[1:]:
        common = common.intersection(table.index)
    return tuple(table.loc[common, column].to_numpy() for table in tables)


def resampled(samples: tuple[Array, ...], figure: Callable[..., float], note: str = "") -> Estimate:
    """A function of samples, each (n_runs, ...), with the percentile bootstrap over runs.

    The runs that are drawn are the same of each sample.
    """
    n = len(samples[0])
    if not n:
        return Estimate(NAN, NAN, NAN, note)
    value = float(figure(*samples))
    if n == 1:
        return Estimate(value, NAN, NAN, note)
    random = np.random.default_rng(RESAMPLING_SEED)
    drawn = random.integers(0, n, (N_RESAMPLES, n))
    found = np.array([figure(*(sample[rows] for sample in samples)) for rows in drawn])
    if not np.isfinite(found).all():
        return Estimate(value, NAN, NAN, note)
    tail = 50.0 * (1.0 - COVERAGE)
    low, high = np.percentile(found, (tail, 100.0 - tail))
    return Estimate(value, float(low), float(high), note)


def difference(one: pd.DataFrame, other: pd.DataFrame, column: str, note: str = "") -> Estimate:
    """Mean of one less the other, over the runs that both have: same seeds, same news."""
    first, second = paired(column, one, other)
    return mean(first - second, note)
