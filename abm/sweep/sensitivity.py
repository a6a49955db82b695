"""Sensitivity of outcomes to each factor: Sobol' indices, Morris effects, PAWN.

Replicates are averaged at every point first: the indices are those of the mean over the draws that
were made. All points have the same draws, so what a draw adds everywhere cancels; how a draw
responds to the factors does not, and other draws have other indices. Intervals are over points and
draws (`draws.py`); what is left of chance in the means is said by `noise`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput
from abm.sweep.analysis import slices
from abm.sweep.draws import single_draws, widened, with_range, without_draws
from abm.sweep.intervals import CONFIDENCE
from abm.sweep.outcomes import Panel, varied
from abm.words import counted, is_or_are

if TYPE_CHECKING:
    import pandas as pd

N_RESAMPLES = 1000
MOST_DROPPED = 0.2  # of the blocks or trajectories: beyond, those that are left are another design
N_SHUFFLES = 200
FEWEST_RESAMPLES = 2  # where the intervals of SALib are not wanted
_TAILS = ((1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0)
_TWO_SIDED = 1.96
POINTS_ALONE = "intervals are over the points alone"
Numbers = NDArray[np.float64]
Problem = Mapping[str, Any]
T = TypeVar("T")


class Blocks(NamedTuple):
    """Means of the points that are analysed together, (n_blocks, n_points_per_block)."""

    means: Numbers
    kept: NDArray[np.int64]  # which blocks of the design these are
    n_dropped: int
    n_replicates_dropped: int


class Indices(NamedTuple):
    """A table of indices, one of pairs where they were sampled, and what was left out."""

    table: pd.DataFrame
    pairs: pd.DataFrame | None
    said: str


class Noise(NamedTuple):
    """The share of the variance from chance rather than from factors; NaN with one replicate."""

    of_a_run: float  # share of the variance of single runs that no factor explains
    of_the_means: float  # share of the variance of the points' means that averaging has left


def sobol_indices(
    whole: Panel, problem: Problem, second_order: bool = False, seed: int = 1
) -> Indices:
    """First and total Sobol' indices with 95% intervals over points and draws.

    Saltelli et al. (2010); the bootstrap over points, a jackknife over draws.

    Parameters
    ----------
    whole
        The outcome at every point of a saltelli design, in the order of the design.
    problem
        What `problem_of` returns; with `groups`, indices are those of the groups.
    second_order
        The design has the points for pairs (2k + 2 a block instead of k + 2).
    seed
        Of the bootstrap, at least 1.

    `first_least`, `first_most` and the same of `total` are the lowest and the highest index that
    one draw alone has.

    A block is a base point with its k + 2 (2k + 2) variations. A block with a point of which no
    replicate was done is dropped whole; where only some replicates are missing, the block is
    averaged over those that all its points have.
    """
    found = _sobol(whole, problem, second_order, (N_RESAMPLES, seed))
    with_fewer = _told(without_draws(whole), lambda part: _sobol(part, problem, second_order))
    said = _and_draws(found.said, whole, len(with_fewer))
    table = widened(found.table, ("first", "total"), [one.table for one in with_fewer])
    alone = _told(single_draws(whole), lambda part: _sobol(part, problem, second_order).table)
    table = _within_one(with_range(table, ("first", "total"), alone))
    if found.pairs is None:
        return Indices(table, None, said)
    pairs = [one.pairs for one in with_fewer if one.pairs is not None]
    return Indices(table, widened(found.pairs, ("second",), pairs), said)


def morris_effects(
    whole: Panel, problem: Problem, unit_points: pd.DataFrame, n_levels: int = 4, seed: int = 1
) -> Indices:
    """Morris' mu*, mu and sigma with 95% bootstrap intervals over trajectories.

    mu* is the mean size of the change in the outcome, per whole range of the factor; sigma its
    standard deviation from place to place: interactions or curvature. `unit_points` is the design
    in the unit cube, as `unit_points` of the designs returns it. A trajectory with a point of which
    no replicate was done is dropped whole. Morris (1991), Campolongo et al. (2007).
    """
    import pandas as pd

    names = _names(problem)
    blocks, effects, sizes = _effects(whole, problem, unit_points, n_levels)
    draws = np.random.Generator(np.random.PCG64(seed)).integers(
        len(effects), size=(N_RESAMPLES, len(effects))
    )
    measures = _morris_measures(problem)
    table = pd.DataFrame({"factor": names})
    for name, of in measures.items():
        low, high = np.quantile(of(effects[draws], sizes[draws]), _TAILS, axis=0)
        table[name], table[f"{name}_low"], table[f"{name}_high"] = of(effects, sizes), low, high
    with_fewer = _told(
        without_draws(whole), lambda part: _effects(part, problem, unit_points, n_levels)[1:]
    )
    left_out = [pd.DataFrame({n: of(*one) for n, of in measures.items()}) for one in with_fewer]
    said = _and_draws(_said(blocks, "trajectories"), whole, len(with_fewer))
    table = widened(table, tuple(measures), left_out)
    sizes_low = ["mu_star_low", "sigma_low"]  # neither can be negative; mu can
    table[sizes_low] = table[sizes_low].clip(lower=0.0)
    return Indices(table, None, said)


def _morris_measures(problem: Problem) -> dict[str, Callable[[Numbers, Numbers], Numbers]]:
    """mu*, mu and sigma from the effects and their sizes, (..., n_trajectories, n_factors)."""
    is_single = np.array([_size(problem, name) == 1 for name in _names(problem)])
    return {
        "mu_star": lambda e, s: s.mean(axis=-2),
        "mu": lambda e, s: e.mean(axis=-2),
        # The members of a group move together: their effects have no spread of their own.
        "sigma": lambda e, s: np.where(is_single, e.std(axis=-2, ddof=1), np.nan),
    }


def _effects(
    whole: Panel, problem: Problem, unit_points: pd.DataFrame, n_levels: int
) -> tuple[Blocks, Numbers, Numbers]:
    """Elementary effects and their sizes of the means over a panel's replicates."""
    length = len(_names(problem)) + 1
    blocks = _blocks(whole, length, "trajectories")
    x = unit_points[list(problem["names"])].to_numpy(dtype=np.float64)
    x = x.reshape(-1, length, x.shape[1])[blocks.kept]
    return blocks, *_elementary_effects(problem, x, blocks.means, n_levels)


def pawn_indices(whole: Panel, seed: int = 1) -> Indices:
    """PAWN: how far the distribution of the outcome moves when one factor is held in a slice.

        T = median over slices of sup_y |F(y | slice) - F(y)|

    For any design. A factor has up to ten slices with equally many points, or its levels where
    they are few. `dummy` is what 95% of factors without any influence would stay below: the index
    after shuffling the outcomes. The interval is the index and 1.96 bootstrap standard errors.
    Points without a run are left out. Pianosi and Wagener (2018).
    """
    import pandas as pd

    generator = np.random.Generator(np.random.PCG64(seed))
    lines = []
    for factor in varied(whole.points):
        usable = np.isfinite(whole.means) & whole.points[factor].notna().to_numpy()
        y = np.sort(whole.means[usable])
        _check_varies(whole, y)
        code = slices(whole.points[factor][usable])[0][np.argsort(whole.means[usable])]
        n, once = len(y), np.ones(len(y))
        index, largest = _pawn(code, y, once)
        shuffled = [_pawn(generator.permutation(code), y, once)[0] for _ in range(N_SHUFFLES)]
        counts = (np.bincount(generator.integers(n, size=n), minlength=n) for _ in shuffled)
        error = float(np.std([_pawn(code, y, drawn)[0] for drawn in counts], ddof=1))
        low, high = max(0.0, index - _TWO_SIDED * error), min(1.0, index + _TWO_SIDED * error)
        lines.append(
            {"factor": factor, "pawn": index, "pawn_low": low, "pawn_high": high}
            | {"largest": largest, "dummy": float(np.quantile(shuffled, CONFIDENCE))}
            | {"n_points": n}
        )
    left_out = _told(without_draws(whole), _pawn_alone)
    table = widened(pd.DataFrame(lines), ("pawn",), left_out)
    table["pawn_low"] = table["pawn_low"].clip(lower=0.0)
    table["pawn_high"] = table["pawn_high"].clip(upper=1.0)
    n_empty = int((~np.isfinite(whole.means)).sum())
    said = f"left out for want of a run: {n_empty:,} of {counted(len(whole.means), 'point')}"
    return Indices(table, None, _and_draws(said if n_empty else "", whole, len(left_out)))


def _pawn_alone(whole: Panel) -> pd.DataFrame:
    """The index of every factor without its interval."""
    import pandas as pd

    lines = []
    for factor in varied(whole.points):
        usable = np.isfinite(whole.means) & whole.points[factor].notna().to_numpy()
        order = np.argsort(whole.means[usable])
        code = slices(whole.points[factor][usable])[0][order]
        y = whole.means[usable][order]
        _check_varies(whole, y)
        lines.append({"factor": factor, "pawn": _pawn(code, y, np.ones(len(y)))[0]})
    return pd.DataFrame(lines)


def noise(whole: Panel) -> Noise:
    """Shares of variance that are chance.

    Of a run: the variance between replicates at a point over that of all runs. Of the means: what
    is left of it in them, less what every seed adds at all points alike.
    """
    enough = whole.known.sum(axis=1) > 1
    if enough.sum() < 2:
        return Noise(float("nan"), float("nan"))
    known, y, n = whole.known[enough], whole.means[enough], whole.known[enough].sum(axis=1)
    apart = np.where(known, whole.values[enough] - y[:, None], 0.0)
    within = float((apart**2).sum() / (n - 1).sum())
    of_seed = apart.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    rest = np.where(known, apart - of_seed, 0.0)
    n_seeds = int(known.any(axis=0).sum())
    unshared = float((rest**2).sum()) / ((len(y) - 1) * (n_seeds - 1))
    between, left = float(y.var(ddof=1)), unshared * float((1.0 / n).mean())
    if not between > 0.0:
        return Noise(1.0 if within > 0.0 else float("nan"), float("nan"))
    of_factors = max(between - left, 0.0)
    return Noise(within / (within + of_factors), min(left / between, 1.0))


def _sobol(
    whole: Panel,
    problem: Problem,
    second_order: bool = False,
    resampled: tuple[int, int] = (FEWEST_RESAMPLES, 1),
) -> Indices:
    """Indices of the means over a panel's replicates; the intervals are over its points alone.

    `resampled`: how often for the intervals, and with which seed.
    """
    import pandas as pd

    names = _names(problem)
    k = len(names)
    blocks = _blocks(whole, 2 * k + 2 if second_order else k + 2, "blocks")
    y = blocks.means.ravel()
    _check_varies(whole, y)
    n_resamples, seed = resampled
    sobol, _ = _analyses()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a draw is the same at many points
        found = sobol.analyze(
            dict(problem), y, calc_second_order=second_order, num_resamples=n_resamples,
            conf_level=CONFIDENCE, seed=seed,
        )  # fmt: skip
    table = pd.DataFrame({"factor": names})
    for ours, theirs in (("first", "S1"), ("total", "ST")):
        index, half = np.asarray(found[theirs]), np.asarray(found[f"{theirs}_conf"])
        table[ours], table[f"{ours}_low"], table[f"{ours}_high"] = index, index - half, index + half
    return Indices(table, _pairs(names, found) if second_order else None, _said(blocks, "blocks"))


def _pairs(names: Sequence[str], found: Mapping[str, Any]) -> pd.DataFrame:
    """Second-order indices, each pair once."""
    import pandas as pd

    i, j = np.triu_indices(len(names), 1)
    index, half = np.asarray(found["S2"])[i, j], np.asarray(found["S2_conf"])[i, j]
    found_pairs = {"factor": [names[int(a)] for a in i], "with": [names[int(b)] for b in j]}
    ends = {"second": index, "second_low": index - half, "second_high": index + half}
    return pd.DataFrame({**found_pairs, **ends})


def _blocks(whole: Panel, length: int, what: str) -> Blocks:
    """Means over the replicates that all points of a block have; blocks without any are dropped."""
    n_points, n_replicates = whole.values.shape
    if n_points % length or n_points < 2 * length:
        raise InvalidInput(
            f"{counted(n_points, 'point')} {is_or_are(n_points)} not two or more {what} of "
            f"{length}: not this design"
        )
    values = whole.values.reshape(-1, length, n_replicates)
    common: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))
    n_common = common.sum(axis=1)
    kept = np.flatnonzero(n_common)
    n_dropped = len(values) - len(kept)
    if n_dropped > MOST_DROPPED * len(values) or len(kept) < 2:
        lacking = "a value" if whole.n_undefined.any() else "a run"
        raise InvalidInput(
            f"{whole.outcome.name}: {n_dropped:,} of {len(values):,} {what} have a point without "
            f"{lacking} ({whole.left_out()}); at most {MOST_DROPPED:.0%} may be dropped: "
            f"{whole.advice()}"
        )
    chosen = values[kept] - _seed_effects(values[n_common == n_replicates])
    means = np.where(common[kept][:, None, :], chosen, 0.0).sum(axis=2) / n_common[kept][:, None]
    return Blocks(means, kept, n_dropped, int((n_replicates - n_common[kept]).sum()))


def _seed_effects(complete: Numbers) -> Numbers:
    """Effect of each seed at all points alike, (n_replicates,), from the blocks that have all: so
    that a block is not shifted by the seeds it lacks."""
    if not len(complete):
        return np.zeros(complete.shape[2])
    of_seed: Numbers = complete.mean(axis=(0, 1))
    effects: Numbers = of_seed - of_seed.mean()
    return effects


def _elementary_effects(
    problem: Problem, x: Numbers, y: Numbers, n_levels: int
) -> tuple[Numbers, Numbers]:
    """Effects and their sizes, (n_trajectories, n_factors): SALib's analysis of each trajectory."""
    _, morris = _analyses()
    options = {"num_levels": n_levels, "num_resamples": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one trajectory has no sigma, which is not wanted
        found = [
            morris.analyze(dict(problem), x[i], y[i], **options, seed=1) for i in range(len(y))
        ]
    effects = np.array([np.ma.filled(one["mu"], np.nan) for one in found], dtype=np.float64)
    sizes = np.array([np.ma.filled(one["mu_star"], np.nan) for one in found], dtype=np.float64)
    return effects, sizes


def _pawn(code: NDArray[np.int64], y: Numbers, times: NDArray[Any]) -> tuple[float, float]:
    """Median and largest Kolmogorov-Smirnov distance between the slices and the whole.

    Slice of each point, its outcome in rising order, and how many times it counts, all (n_points,).
    """
    is_last = np.append(np.diff(y) > 0.0, True)  # among equal outcomes
    whole = np.cumsum(times)[is_last] / times.sum()
    distances = []
    for inside in (np.where(code == i, times, 0.0) for i in range(code.max() + 1)):
        n_inside = inside.sum()
        if n_inside > 0.0:
            distances.append(np.abs(np.cumsum(inside)[is_last] / n_inside - whole).max())
    return float(np.median(distances)), float(np.max(distances))


def _names(problem: Problem) -> list[str]:
    """Factors, or their groups, in the order of SALib's results."""
    return list(dict.fromkeys(problem.get("groups") or problem["names"]))


def _size(problem: Problem, name: str) -> int:
    """Factors that move together under one name."""
    return list(problem.get("groups") or problem["names"]).count(name)


def _said(blocks: Blocks, what: str) -> str:
    words = []
    if blocks.n_dropped:
        n = blocks.n_dropped + len(blocks.kept)
        words.append(f"{blocks.n_dropped:,} of {n:,} {what} dropped: a point without a run")
    if blocks.n_replicates_dropped:
        words.append(
            f"{counted(blocks.n_replicates_dropped, 'replicate')} within {what} not used: "
            "missing at a point"
        )
    return "; ".join(words)


def _and_draws(said: str, whole: Panel, n_with_fewer: int) -> str:
    """Notes on what was left out, and on intervals that are over the points alone."""
    if n_with_fewer > 1:
        return said
    why = "one replicate" if whole.values.shape[1] == 1 else "too few replicates vary"
    words = f"{POINTS_ALONE} ({why}): other draws may give other indices"
    return f"{said}; {words}" if said else words


def _told(parts: Iterable[Panel], of: Callable[[Panel], T]) -> list[T]:
    """Findings of each part, less those that cannot tell: nothing varies, or too much is gone."""
    found = []
    for part in parts:
        with suppress(InvalidInput):
            found.append(of(part))
    return found


def _within_one(table: pd.DataFrame) -> pd.DataFrame:
    """Shares of a variance: their intervals end at 0 and 1, or at an estimate beyond."""
    for name in ("first", "total"):
        low, high = table[f"{name}_low"], table[f"{name}_high"]
        table[f"{name}_low"] = np.maximum(low, np.minimum(table[name], 0.0))
        table[f"{name}_high"] = np.minimum(high, np.maximum(table[name], 1.0))
    return table


def _check_varies(whole: Panel, y: Numbers) -> None:
    if not len(y):
        raise InvalidInput(f"{whole.outcome.name}: no run has a value; {whole.advice()}")
    if not np.ptp(y) > 1e-12 * max(1e-300, float(np.abs(y).max())):
        raise InvalidInput(f"{whole.outcome.name}: the same at every point, no factor matters")


def _analyses() -> tuple[Any, Any]:
    """SALib's analyses by Sobol' and by Morris, or the sentence that says how to come by them."""
    try:
        from SALib.analyze import morris, sobol
    except ImportError:
        raise InvalidInput(
            "Sobol' and Morris indices need SALib: install carry-unwind[analysis]"
        ) from None
    return sobol, morris
