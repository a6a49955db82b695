"""Differences between design points on common draws: the first thing to look at in a sweep.

Replicate n meets the same shocks at every point. What they do to two points alike cancels in the
difference of the two, run by run: its paired standard error is that of these differences, and is
told beside the one that two independent samples of as many runs would have.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput
from abm.sweep import intervals
from abm.sweep.analysis import Estimate, estimate, settings_of
from abm.sweep.outcomes import Panel, are_linked, is_numeric, levels_of, varied

if TYPE_CHECKING:
    import pandas as pd

ONE_AT_A_TIME, LIST = "one-at-a-time", "list"
MOST_AGAINST_FIRST = 200  # points of a list that are each compared with the first
MOST_LEVELS = 200  # beyond it values are as good as drawn, and have no steps
Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]


class Difference(NamedTuple):
    """An outcome at one place of the design less that at another, on the same draws."""

    difference: float
    low: float  # 95% interval of the paired difference
    high: float
    se_paired: float
    se_unpaired: float  # of two independent samples of as many runs
    n_pairs: int  # runs that have a counterpart
    n_settings: int  # of the other factors, over which the difference is averaged


_NAN = float("nan")
NO_PAIRS = Difference(_NAN, _NAN, _NAN, _NAN, _NAN, 0, 0)


def differences(whole: Panel, kind: str) -> pd.DataFrame:
    """Each factor's steps, averaged over the settings of the others that both levels have.

    Parameters
    ----------
    whole
        The outcome of every run.
    kind
        Of the design. One at a time: from the base, the first point, to each other level.
        Otherwise numbers step from a level to the next, words from the first to each other. A list
        of points in which some factor never changes alone has each point less the first instead.

    Returns
    -------
    A row for each step: factor, from, to (of several factors that change at once, joined by
    commas), and a Difference.
    """
    import pandas as pd

    by_factor = {name: list(_steps(whole, name, kind)) for name in varied(whole.points)}
    if kind == LIST and not all(by_factor.values()) and len(whole.points) <= MOST_AGAINST_FIRST:
        lines = list(_against_the_first(whole))
    else:
        lines = [line for found in by_factor.values() for line in found]
    if by_factor and not any(line["n_pairs"] for line in lines):
        raise InvalidInput(
            f"{whole.outcome.name}: no two points that differ in one factor have a run in common, "
            "so that there is no difference to tell"
        )
    return pd.DataFrame(lines)


def _steps(whole: Panel, factor: str, kind: str) -> Iterator[dict[str, Any]]:
    """The steps of one factor that have a pair of runs."""
    points = whole.points
    if points[factor].nunique() > MOST_LEVELS:
        return
    setting = _settings(points, factor)
    moved = [factor, *(n for n in whole.factors if n != factor and are_linked(points, n, factor))]
    for low, high in _neighbours(points[factor], kind):
        rows = [_rows_at(points, factor, level) for level in (low, high)]
        found = paired(whole, rows[0], rows[1], setting)
        if found is not None:
            ends = [points.loc[r[0], moved].tolist() for r in rows]
            yield _line(moved, ends[0], ends[1], found)


def between(whole: Panel, factor: str, start: Any, end: Any) -> Difference | None:
    """The outcome at one level of a factor less that at another; None where no setting has both."""
    rows = [_rows_at(whole.points, factor, level) for level in (start, end)]
    return paired(whole, rows[0], rows[1], _settings(whole.points, factor))


def _rows_at(points: pd.DataFrame, factor: str, level: Any) -> Rows:
    return np.flatnonzero((points[factor] == level).to_numpy())


def _settings(points: pd.DataFrame, factor: str) -> Rows:
    """The number of each point's setting of the other factors."""
    others = settings_of(points.dropna(subset=[factor]), [factor])
    setting: Rows = np.zeros(len(points), dtype=np.int64)
    if others:
        setting += points.groupby(others, dropna=False).ngroup().to_numpy()
    return setting


def _neighbours(column: pd.Series, kind: str) -> list[tuple[Any, Any]]:
    """From where to where a factor steps."""
    levels = levels_of(column)
    if kind == ONE_AT_A_TIME:
        base = column.iloc[0]
        return [(base, level) for level in levels if level != base]
    if is_numeric(column):
        return list(pairwise(levels))
    return [(levels[0], level) for level in levels[1:]]


def _against_the_first(whole: Panel) -> Iterator[dict[str, Any]]:
    """Each point of a list less the first, with all that changes."""
    points, everywhere = whole.points, np.zeros(len(whole.points), dtype=np.int64)
    for i in range(1, len(points)):
        ends = {name: (points[name].iat[0], points[name].iat[i]) for name in whole.factors}
        moved = {name: pair for name, pair in ends.items() if not _is_same(*pair)}
        if not moved:
            continue  # the first point once more
        found = paired(whole, np.array([0]), np.array([i]), everywhere)
        if found is not None:
            start, end = ([pair[at] for pair in moved.values()] for at in (0, 1))
            yield _line(list(moved), start, end, found)


def _is_same(value: Any, other: Any) -> bool:
    """Equal, or missing both: a factor that applies at neither point."""
    return bool(value == other or (value != value and other != other))


def _line(names: list[str], start: list[Any], end: list[Any], found: Difference) -> dict[str, Any]:
    """A row of the table; one value stays what it is, several are joined."""
    if len(names) == 1:
        where = {"factor": names[0], "from": start[0], "to": end[0]}
    else:
        where = {"factor": ", ".join(names)}
        where |= {
            at: ", ".join(map(_shown, values)) for at, values in (("from", start), ("to", end))
        }
    return where | found._asdict()


def _shown(value: Any) -> str:
    """A level among others on one line."""
    if value != value:
        return "none"
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def paired(whole: Panel, start: Rows, end: Rows, setting: Rows) -> Difference | None:
    """The mean outcome at the points `end` less that at `start`, setting by setting.

        d_sr = Y_sr(end) - Y_sr(start),   d = mean over settings s of the mean over replicates r

    A replicate counts in a setting where all its points have it. `setting` numbers the settings
    of all points. None where no setting has both; NaN of no pairs where no run has both.
    """
    shared = np.intersect1d(setting[start], setting[end])
    if not len(shared):
        return None
    sums, known = [], np.ones((len(shared), whole.values.shape[1]), dtype=bool)
    for rows in (start, end):
        inside = rows[np.isin(setting[rows], shared)]
        code = np.searchsorted(shared, setting[inside])
        total, n_points = np.zeros(known.shape), np.bincount(code)
        np.add.at(total, code, np.where(whole.known[inside], whole.values[inside], 0.0))
        np.logical_and.at(known, code, whole.known[inside])
        sums.append(total / n_points[:, None])
    used = known.any(axis=1)
    if not used.any():
        return NO_PAIRS
    low, high, both = (
        _over_settings(whole, np.where(known[used], y[used], np.nan))
        for y in (sums[0], sums[1], sums[1] - sums[0])
    )
    ends = _interval(both, whole.outcome.is_share)
    paired_error = float(np.sqrt(both.variance))
    unpaired_error = float(np.sqrt(low.variance + high.variance))
    return Difference(both.mean, *ends, paired_error, unpaired_error, both.n_runs, int(used.sum()))


def _over_settings(whole: Panel, values: Numbers) -> Estimate:
    """Mean over settings with its variance, replicates being the independent draws."""
    n = len(values)
    nothing = np.zeros(n, dtype=np.int64)
    table = Panel(whole.outcome, whole.points.iloc[:n], values, nothing, nothing)
    return estimate(table, np.arange(n), False)


def _interval(found: Estimate, is_share: bool) -> tuple[float, float]:
    """Student's interval; of shares that no replicate moves otherwise, as wide as Wilson's of none.

    A difference that was the same in all n replicates is not known without error: another draw may
    move it. Of shares it ends at -1 and 1.
    """
    low, high = map(float, intervals.student(found.mean, found.variance, found.freedom))
    if is_share and not found.variance > 0.0:
        width = float(intervals.wilson(0.0, found.n_clusters)[1])
        low, high = found.mean - width, found.mean + width
    # NaN, where there is no interval, stays: `max` and `min` keep a first that compares with none.
    return (max(low, -1.0), min(high, 1.0)) if is_share else (low, high)
