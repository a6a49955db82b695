"""From a design to the table of its points.

Designs that are sampled are drawn in the unit cube, one dimension for each factor in alphabetical
order: the order of a file changes no value. A unit coordinate becomes a value by `values_at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.errors import InvalidInput
from abm.sweep.kinds import (
    MOST_POINTS,
    Factor,
    Grid,
    LatinHypercube,
    Link,
    ListOfPoints,
    Morris,
    OneAtATime,
    Saltelli,
    SobolSequence,
    Value,
    scalar,
    sort_of,
)
from abm.sweep.question import is_missing

if TYPE_CHECKING:
    import pandas as pd

    from abm.sweep.question import Question

Array = np.ndarray
Columns = dict[str, Array]
SAMPLED = (LatinHypercube, SobolSequence, Saltelli, Morris)
STREAM = 0x64657369676E  # "design": its draws are not those of any run


def design_points(experiment: Question) -> pd.DataFrame:
    """The points, (n_points, n_factors): columns by dotted key in the order of the file.

    A factor that does not apply is missing: NaN among numbers and words, None among truths.
    """
    import pandas as pd

    design = experiment.design
    if isinstance(design, Grid):
        columns = _grid(design)
    elif isinstance(design, SAMPLED):
        columns = _sampled(experiment)
    else:
        rows = design.points if isinstance(design, ListOfPoints) else _one_at_a_time(experiment)
        columns = _columns(rows, experiment.factor_keys)
    return pd.DataFrame({key: _typed(columns[key]) for key in experiment.factor_keys})


def count_points(experiment: Question, most: int) -> int:
    """Number of points, without making them; of a grid with conditions at most `most` + 1."""
    design = experiment.design
    if isinstance(design, Grid):
        if any(factor.when for factor in design.factors.values()):
            return _count_with_conditions(design, most)
        return prod(len(factor.values or ()) for factor in design.factors.values())
    if isinstance(design, Saltelli):
        return design.n_base_points * _block_length(design)
    if isinstance(design, Morris):
        return design.n_trajectories * (_n_moves(design.factors) + 1)
    if isinstance(design, ListOfPoints):
        return len(design.points)
    if isinstance(design, OneAtATime):
        return len(_one_at_a_time(experiment))
    return design.n_points


def problem_of(experiment: Question) -> dict[str, Any]:
    """The problem that SALib's samplers and analyses ask for, in the unit cube.

    `names` are factors in alphabetical order, which is the order of the dimensions in the rows of
    a saltelli or morris design; `unit_points` has a column for each, in this order. Every bound is
    0 to 1, so that an elementary effect is that of a factor's whole range, whatever its unit.
    `groups` is there where a factor has one; a factor without a group is one by itself.
    """
    factors = _sampled_factors(experiment)
    problem: dict[str, Any] = {
        "num_vars": len(factors),
        "names": list(factors),
        "bounds": [[0.0, 1.0]] * len(factors),
    }
    if any(factor.group for factor in factors.values()):
        problem["groups"] = [factor.group or key for key, factor in factors.items()]
    return problem


def unit_points(experiment: Question) -> pd.DataFrame:
    """Points of a sampled design in the unit cube, columns as in `problem_of`; what the analyses
    of SALib take as X. A factor has a coordinate also where it does not apply."""
    import pandas as pd

    return pd.DataFrame(_unit_cube(experiment), columns=list(_sampled_factors(experiment)))


def values_at(factor: Factor, unit: Array) -> Array:
    """Values of a factor at unit coordinates: every value of a list, and every whole number, has an
    equal share of the unit interval."""
    if factor.values is not None:
        n_values = len(factor.values)
        place = np.minimum((unit * n_values).astype(int), n_values - 1)
        values: Array = np.array(factor.values, dtype=object)[place]
        return values
    assert factor.low is not None and factor.high is not None, "checked by Factor"
    top = factor.high + 1.0 if factor.whole else factor.high
    if factor.scale == "log":
        spread = factor.low * (top / factor.low) ** unit
    else:
        spread = factor.low + (top - factor.low) * unit
    value: Array = np.clip(np.floor(spread) if factor.whole else spread, factor.low, factor.high)
    return value.astype(np.int64 if factor.whole else np.float64).astype(object)


def _count_with_conditions(design: Grid, most: int) -> int:
    try:
        return len(next(iter(_grid(design, most).values())))
    except _TooMany:
        return most + 1


def in_order(links: Mapping[str, Link]) -> list[str]:
    """Factors as in the file, but each after those it depends on; those that wait for one another
    are left out."""
    done: list[str] = []
    while True:
        ready = (
            key
            for key, link in links.items()
            if key not in done and all(k in done for k in link.when if k in links)
        )
        key = next(ready, None)
        if key is None:
            return done
        done.append(key)


def applies(link: Link, columns: Mapping[str, Array], n_points: int) -> Array:
    """At which points a factor applies, (n_points,)."""
    mask = np.ones(n_points, dtype=bool)
    for key, wanted in link.when.items():
        mask &= np.fromiter((value in wanted for value in columns[key]), bool, n_points)
    return mask


class _TooMany(Exception):
    """A design of more points than are wanted."""


def _grid(design: Grid, most: int = MOST_POINTS) -> Columns:
    """Factor by factor: a point becomes as many as the factor has values, if it applies there."""
    columns: Columns = {}
    n_points = 1
    for key in in_order(design.factors):
        factor = design.factors[key]
        values = np.array([*(factor.values or ()), None], dtype=object)
        mask = applies(factor, columns, n_points)
        copies = np.where(mask, len(values) - 1, 1)
        n_points = int(copies.sum())
        if n_points > most:
            raise _TooMany
        place = np.arange(n_points) - np.repeat(np.cumsum(copies) - copies, copies)
        columns = {name: np.repeat(column, copies) for name, column in columns.items()}
        columns[key] = values[np.where(np.repeat(mask, copies), place, -1)]
    return columns


def _sampled(experiment: Question) -> Columns:
    """Values at the points of the unit cube, each factor where it applies."""
    cube, factors = _unit_cube(experiment), _sampled_factors(experiment)
    place = {key: column for column, key in enumerate(factors)}
    columns: Columns = {}
    for key in in_order(factors):
        values = values_at(factors[key], cube[:, place[key]])
        values[~applies(factors[key], columns, len(cube))] = None
        columns[key] = values
    return columns


def _unit_cube(experiment: Question) -> Array:
    """Points of a sampled design, (n_points, n_factors), factors in alphabetical order."""
    from scipy.stats import qmc

    design, n_factors = experiment.design, len(experiment.design.factors)
    chance = np.random.SeedSequence([STREAM, experiment.seed])
    if isinstance(design, LatinHypercube):
        cube = qmc.LatinHypercube(n_factors, seed=np.random.default_rng(chance))
        return np.asarray(cube.random(design.n_points))
    if isinstance(design, SobolSequence):
        sequence = qmc.Sobol(n_factors, seed=np.random.default_rng(chance))
        return np.asarray(sequence.random(design.n_points))
    problem, seed = problem_of(experiment), int(chance.generate_state(1)[0])
    if not isinstance(design, Saltelli | Morris):
        raise InvalidInput(f'a design of kind "{design.kind}" has no points in a unit cube')
    sobol, morris = _samplers()
    if isinstance(design, Saltelli):
        second = design.second_order
        rows = sobol.sample(problem, design.n_base_points, calc_second_order=second, seed=seed)
    else:
        rows = morris.sample(problem, design.n_trajectories, design.n_levels, seed=seed)
    return np.asarray(rows)


def _samplers() -> tuple[Any, Any]:
    """SALib's samplers for Sobol' and for Morris, or the sentence that says how to come by them."""
    try:
        from SALib.sample import morris, sobol
    except ImportError:
        wanted = "saltelli and morris designs need SALib: install carry-unwind[analysis]"
        raise InvalidInput(wanted) from None
    return sobol, morris


def _sampled_factors(experiment: Question) -> dict[str, Factor]:
    """Factors by key, in alphabetical order: that of the dimensions of the unit cube."""
    design = experiment.design
    if not isinstance(design, SAMPLED):
        raise InvalidInput(f'a design of kind "{design.kind}" has no points in a unit cube')
    return dict(sorted(design.factors.items()))


def _n_moves(factors: Mapping[str, Factor]) -> int:
    """Factors, each group counted once."""
    return len({factor.group or key for key, factor in factors.items()})


def _block_length(design: Saltelli) -> int:
    """Points for each base point: A, B, and A with each column of B (and B with each of A)."""
    n_moves = _n_moves(design.factors)
    return 2 * n_moves + 2 if design.second_order else n_moves + 2


def _one_at_a_time(experiment: Question) -> list[dict[str, Value | None]]:
    """The base point, then each value of each factor; a factor that does not apply at the base is
    varied where it does. No point comes twice."""
    design = experiment.design
    assert isinstance(design, OneAtATime), "called for such designs alone"
    factors, order = design.factors, in_order(design.factors)
    starts = {key: experiment.start_of(key) for key in factors}
    base = {key: value for key, value in starts.items() if value is not None}
    start = _completed({}, factors, order, base)
    rows = [start]
    for key, factor in factors.items():
        setting = _setting(key, factors, start)
        for value in factor.values or ():
            chosen = {**setting, key: value}
            rows.append(_completed(chosen, factors, order, base))
    return list({tuple(row.items()): row for row in rows}.values())


def _completed(
    chosen: Mapping[str, Value],
    factors: Mapping[str, Factor],
    order: list[str],
    base: Mapping[str, Any],
) -> dict[str, Value | None]:
    """A point where all that is not chosen is as in the base, or takes its first value where only
    the choice makes it apply."""
    point: dict[str, Value | None] = {}
    for key in order:
        values = factors[key].values or ()
        if all(point[k] in wanted for k, wanted in factors[key].when.items()):
            own = base.get(key, values[0])
            point[key] = chosen.get(key, scalar(own))
        else:
            point[key] = None
    return point


def _setting(
    key: str, factors: Mapping[str, Factor], start: Mapping[str, Value | None]
) -> dict[str, Value]:
    """The setting under which a factor applies that does not apply at the base."""
    setting: dict[str, Value] = {}
    for name, wanted in factors[key].when.items():
        if start[name] not in wanted:
            setting |= {**_setting(name, factors, start), name: wanted[0]}
    return setting


def _columns(rows: Sequence[Mapping[str, Value | None]], keys: Sequence[str]) -> Columns:
    return {key: np.array([row.get(key) for row in rows], dtype=object) for key in keys}


def _typed(column: Array) -> Array:
    """Whole numbers, numbers, truths or words, as what is there allows."""
    present = [value for value in column if not is_missing(value)]
    sorts = {sort_of(value) for value in present}
    is_full = len(present) == len(column)
    if sorts <= {"numbers"}:
        is_whole = is_full and all(isinstance(value, int) for value in present)
        return column.astype(np.int64 if is_whole else np.float64)
    return column.astype(bool) if sorts == {"true/false"} and is_full else column
