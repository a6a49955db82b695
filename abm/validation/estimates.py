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


def resampled(
    tables: tuple[pd.DataFrame, ...], figure: Callable[..., float], note: str = ""
) -> Estimate:
    """A function of tables of runs, with the percentile bootstrap over runs.

    Tables share their runs by index: the runs that all have are drawn, the same of each.
    """
    common = tables[0].index
    for table in tables[1:]:
        common = common.intersection(table.index)
    if not len(common):
        return Estimate(NAN, NAN, NAN, note)
    rows = [table.loc[common] for table in tables]
    value = float(figure(*rows))
    if len(common) == 1:
        return Estimate(value, NAN, NAN, note)
    random = np.random.default_rng(RESAMPLING_SEED)
    drawn = random.integers(0, len(common), (N_RESAMPLES, len(common)))
    found = np.array([figure(*(table.iloc[rows_] for table in rows)) for rows_ in drawn])
    if not np.isfinite(found).all():
        return Estimate(value, NAN, NAN, note)
    tail = 50.0 * (1.0 - COVERAGE)
    low, high = np.percentile(found, (tail, 100.0 - tail))
    return Estimate(value, float(low), float(high), note)


def difference(one: pd.DataFrame, other: pd.DataFrame, column: str, note: str = "") -> Estimate:
    """Mean of one less the other, over the runs that both have: same seeds, same news."""
    common = one.index.intersection(other.index)
    return mean(one.loc[common, column] - other.loc[common, column], note)
