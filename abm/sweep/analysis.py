"""Means with intervals: at each design point, along one factor, over two.

Every replicate has the same seed at all points, so replicates, not runs, are the independent
draws. Where a design chose its points (grid, list, one at a time), an interval says how far the
mean would move with other seeds; where it drew them, with other seeds and other points.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput
from abm.measures import classes
from abm.sweep import intervals
from abm.sweep.outcomes import Panel, are_linked, levels_of, varied

if TYPE_CHECKING:
    import pandas as pd

DRAWN = ("latin-hypercube", "sobol", "saltelli")  # designs whose points are draws
BAND = (0.05, 0.95)
N_BINS, N_IN_BIN = 10, 15  # at most as many bins, of at least as many points


class Estimate(NamedTuple):
    """A mean over points and replicates, with the variance of that mean."""

    mean: float
    variance: float
    freedom: float
    n_clusters: int  # seeds, or points where the design drew them
    n_runs: int


def point_means(whole: Panel) -> pd.DataFrame:
    """Every design point with its mean, interval, spread and number of runs."""
    import pandas as pd

    n, mean = whole.known.sum(axis=1), whole.means
    apart = np.where(whole.known, whole.values - mean[:, None], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # points without a run have no quantiles
        variance = (apart**2).sum(axis=1) / (n - 1) / n
        quantile = np.quantile if whole.known.all() else np.nanquantile
        q05, median, q95 = quantile(whole.values, [BAND[0], 0.5, BAND[1]], axis=1)
    known = np.where(n > 0, mean, 0.0)
    low, high = (
        intervals.wilson(known, n)
        if whole.outcome.is_share
        else intervals.student(mean, variance, n - 1)
    )
    low = np.maximum(low, 0.0) if whole.outcome.is_not_negative else low
    found = {"mean": mean, "low": low, "high": high, "q05": q05, "median": median, "q95": q95}
    counts = {"n_points": 1, "n_runs": n, "n_left_out": whole.values.shape[1] - n}
    table = pd.DataFrame({**found, **counts}, index=whole.points.index)
    return pd.concat([whole.points, table], axis=1)


def response_curve(whole: Panel, factor: str, is_drawn: bool = False) -> pd.DataFrame:
    """The outcome against one factor, averaged over the others.

    Parameters
    ----------
    whole
        The outcome of every run.
    factor
        Which column of the points.
    is_drawn
        The points are draws (latin-hypercube, sobol, saltelli): the factor is cut into bins with
        equally many points. Otherwise each level is compared at the same settings of the others.

    Returns
    -------
    A row for each level: the factor (mean of a bin), mean, low, high (95% interval of the mean),
    q05, median, q95 (of the runs), n_points, n_runs, n_left_out, n_independent (runs of which
    the interval is).
    """
    return bin_means(whole, factor) if is_drawn else level_means(whole, [factor])


def heat_map(whole: Panel, across: str, up: str) -> pd.DataFrame:
    """Means over two factors: a row for each level of `up`, a column for each of `across`."""
    found = level_means(whole, [across, up])
    grid = found.pivot(index=up, columns=across, values="mean")
    return grid.reindex(index=levels_of(whole.points[up]), columns=levels_of(whole.points[across]))


def level_means(whole: Panel, factors: Sequence[str]) -> pd.DataFrame:
    """Means at each level of one or more factors, at the same settings of all the others.

    Settings of the others that lack a level (not in the design, or without a single run done) are
    left out at every level: a level is never compared with other settings than its neighbours.
    """
    import pandas as pd

    groups = balanced(whole, factors)
    rows = [
        dict(zip(factors, level, strict=True)) | _summary(whole, rows_at, False, weights)
        for level, rows_at, weights in groups
    ]
    return pd.DataFrame(rows)


class Group(NamedTuple):
    """Points at one level, and what each counts for."""

    level: tuple[Any, ...]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]


def balanced(whole: Panel, factors: Sequence[str]) -> list[Group]:
    """The points of each level of `factors` at those settings of the others that all levels have.

    Each setting counts the same; a factor that applies at some of the levels only is averaged over
    within its setting.
    """
    unknown = [name for name in factors if name not in whole.points.columns]
    if unknown:
        raise InvalidInput(
            f"{unknown[0]} is not a factor of this sweep: {', '.join(whole.factors)}"
        )
    usable = whole.points[np.isfinite(whole.means)].dropna(subset=list(factors))
    if usable.empty:
        raise InvalidInput(f"{whole.outcome.name}: no run has it")
    others = settings_of(usable, factors)
    setting = usable.groupby(others, dropna=False).ngroup() if others else usable.index * 0
    level = usable.groupby(list(factors)).ngroup()
    seen = np.zeros((level.max() + 1, setting.max() + 1), dtype=bool)
    seen[level, setting] = True
    complete = np.asarray(seen.all(axis=0))
    if not complete.any():
        names = " and ".join(factors)
        raise InvalidInput(
            f"{names}: no setting of the other factors was run at every level, so that levels "
            "cannot be compared; a grid or a larger sweep can tell"
        )
    inside = complete[setting]
    groups = [
        _group(usable, list(factors), setting, np.flatnonzero(inside & (level == i)))
        for i in range(len(seen))
    ]
    order = {name: list(levels_of(whole.points[name])) for name in factors}
    return sorted(
        groups, key=lambda g: [order[n].index(v) for n, v in zip(factors, g.level, strict=True)]
    )


def bin_means(whole: Panel, factor: str) -> pd.DataFrame:
    """Means in bins of a factor with equally many points each; few levels are bins of their own."""
    import pandas as pd

    if factor not in whole.points.columns:
        raise InvalidInput(f"{factor} is not a factor of this sweep: {', '.join(whole.factors)}")
    usable = np.isfinite(whole.means) & whole.points[factor].notna().to_numpy()
    rows_of, x = np.flatnonzero(usable), whole.points[factor][usable]
    if not len(x):
        raise InvalidInput(f"{whole.outcome.name}: no run has it")
    code, is_binned = slices(x)
    lines = []
    for i in range(code.max() + 1):
        inside = x[code == i]
        level = inside.mean() if is_binned else inside.iloc[0]
        edges = {"bin_low": inside.min(), "bin_high": inside.max()} if is_binned else {}
        lines.append({factor: level} | edges | _summary(whole, rows_of[code == i], True))
    return pd.DataFrame(lines)


def slices(x: pd.Series) -> tuple[NDArray[np.int64], bool]:
    """Slice of each value, and whether values were binned: not where the levels are few."""
    import pandas as pd

    levels = levels_of(x)
    if len(levels) <= N_BINS or not pd.api.types.is_numeric_dtype(x):
        return np.array([levels.index(value) for value in x], dtype=np.int64), False
    n_bins = min(N_BINS, max(2, len(x) // N_IN_BIN))
    return pd.qcut(x, n_bins, labels=False, duplicates="drop").to_numpy(dtype=np.int64), True


def estimate(
    whole: Panel,
    rows: NDArray[np.int64],
    is_drawn: bool,
    weights: NDArray[np.float64] | None = None,
) -> Estimate:
    """Weighted mean over points of their means, with its variance.

        m = sum_p w_p y_p,   y_p the mean of point p over its R_p replicates
        V_seeds = R/(R-1) sum_r (sum_p w_p (Y_pr - y_p)/R_p)^2

    for points that the design chose; see `_drawn` for points that it drew.
    """
    values, known = whole.values[rows], whole.known[rows]
    w = np.full(len(rows), 1.0 / len(rows)) if weights is None else weights
    y, n = whole.means[rows], known.sum(axis=1)
    mean = float(w @ y)
    apart = np.where(known, values - y[:, None], 0.0)
    n_seeds = int(known.any(axis=0).sum())
    pull = (w / n) @ apart
    seeds = n_seeds / (n_seeds - 1) * float(pull @ pull) if n_seeds > 1 else float("nan")
    if is_drawn:
        return _drawn(mean, seeds, w * (y - mean), w**2 @ (1.0 / n), np.where(known, apart, np.nan))
    return Estimate(mean, seeds, n_seeds - 1, n_seeds, int(n.sum()))


def _drawn(
    mean: float,
    seeds: float,
    pull: NDArray[np.float64],
    per_run: float,
    apart: NDArray[np.float64],
) -> Estimate:
    """The same where the points, too, are draws.

        V = V_points + V_seeds - V_both,   V_points = P/(P-1) sum_p w_p^2 (y_p - m)^2

    V_both is what each of the two counts: the variance of a run without its point's and its seed's
    mean. Two-way clusters: Cameron, Gelbach and Miller (2011). Degrees of freedom: Satterthwaite.
    """
    known = np.isfinite(apart)
    n_points, n_seeds, n_runs = len(pull), int(known.any(axis=0).sum()), int(known.sum())
    if n_points == 1:
        return Estimate(mean, float("nan"), 0, 1, n_runs)
    points = n_points / (n_points - 1) * float(pull @ pull)
    if n_seeds == 1:
        return Estimate(mean, points, n_points - 1, n_points, n_runs)
    filled = np.where(known, apart, 0.0)
    rest = np.where(known, filled - filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    both = float((rest**2).sum()) / ((n_points - 1) * (n_seeds - 1)) * per_run
    total = max(points, seeds, points + seeds - both)
    parts = points**2 / (n_points - 1) + seeds**2 / (n_seeds - 1)
    freedom = total**2 / parts if parts > 0.0 else n_points - 1
    return Estimate(mean, total, freedom, n_points, n_runs)


def interval(found: Estimate, is_share: bool) -> tuple[float, float]:
    """95% interval of a mean: Wilson's for a share of runs, Student's for anything else."""
    if is_share:
        share = min(max(found.mean, 0.0), 1.0)
        low, high = intervals.wilson(share, n_independent(found, True))
    else:
        low, high = intervals.student(found.mean, found.variance, found.freedom)
    return float(low), float(high)


def n_independent(found: Estimate, is_share: bool) -> float:
    """Independent runs that an interval is as wide as that of; of a mean, its independent draws."""
    if not is_share:
        return float(found.n_clusters)
    share = min(max(found.mean, 0.0), 1.0)
    return intervals.effective_runs(share, found.variance, found.n_clusters, found.n_runs)


def curves(whole: Panel, is_drawn: bool = False) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Response curves of all factors that vary; and why there is none of some."""
    found, refused = {}, []
    for factor in varied(whole.points):
        try:
            found[factor] = response_curve(whole, factor, is_drawn)
        except InvalidInput as why:
            refused.append(str(why))
    return found, refused


def _summary(
    whole: Panel,
    rows: NDArray[np.int64],
    is_drawn: bool,
    weights: NDArray[np.float64] | None = None,
) -> dict[str, Any]:
    """One line of a table of means."""
    n_left_out = int((~whole.known[rows]).sum())
    counts = {"n_points": len(rows), "n_runs": int(whole.known[rows].sum())}
    if not counts["n_runs"]:
        empty = dict.fromkeys(("mean", "low", "high", "q05", "median", "q95"), float("nan"))
        return empty | counts | {"n_left_out": n_left_out, "n_independent": 0.0}
    found = estimate(whole, rows, is_drawn, weights)
    low, high = interval(found, whole.outcome.is_share)
    low = max(low, 0.0) if whole.outcome.is_not_negative else low
    runs = whole.values[rows][whole.known[rows]]
    q05, median, q95 = (float(q) for q in np.quantile(runs, [BAND[0], 0.5, BAND[1]]))
    line = {"mean": found.mean, "low": low, "high": high, "q05": q05, "median": median, "q95": q95}
    alike = {"n_independent": n_independent(found, whole.outcome.is_share)}
    return line | counts | {"n_left_out": n_left_out} | alike


def _group(
    usable: pd.DataFrame, factors: list[str], setting: Any, inside: NDArray[np.int64]
) -> Group:
    """Equal weight to each setting, and within it to each of its points."""
    settings, place, counts = np.unique(
        np.asarray(setting)[inside], return_inverse=True, return_counts=True
    )
    level = tuple(usable[name].iloc[inside[0]] for name in factors)
    weights = 1.0 / (len(settings) * counts[place])
    return Group(level, usable.index.to_numpy()[inside], weights)


def settings_of(points: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """Factors that make up a setting: all others, less those that hang on a level of these."""
    level = points.groupby(list(factors)).ngroup()
    kept = []
    for name in (str(n) for n in points.columns if n not in factors):
        applies = points[name].notna().groupby(level).mean()
        hangs = bool(applies.isin([0.0, 1.0]).all()) and applies.nunique() > 1
        if not (hangs or any(are_linked(points, name, factor) for factor in factors)):
            kept.append(name)
    return kept


def class_shares(table: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Share of each class at each level of the factors, a row for each pair of levels.

    Of the runs that `abm.measures.classes` counts, as everywhere.
    """
    if "class" not in table or not (table["status"] == "done").any():
        raise InvalidInput("no run has a class; a sweep with measure = cascade gives one")
    return classes.class_shares(table, factors).reset_index()
