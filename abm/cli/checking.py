"""`unwind check EXPERIMENT`: what it would run, how long that takes and how large it gets."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import abm
from abm.cli.progress import Progress
from abm.errors import InvalidInput, UnreadableFile, one_line, show
from abm.files import MOST_OF_EXPERIMENT
from abm.scenario.files import read_toml
from abm.scenario.patterns import is_pattern
from abm.sweep.designs import design_points
from abm.sweep.experiment import Experiment, is_missing, load_experiment, scenario_at
from abm.sweep.kinds import Factor, Link, ListOfPoints
from abm.sweep.outcomes import varied
from abm.sweep.reading import OF_AN_EXPERIMENT

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

N_PILOT = 6  # points, spread over the design
PILOT_SECONDS = 20.0  # after which no other point is tried
WORKER_SHARE = 0.95  # of a second worker's time that is not lost
CHUNK_SECONDS = 3.0  # of runs in one file
BYTES_OF_NUMBER = 9  # in a Parquet file of results, compressed
BYTES_OF_EVENT = 40
N_OWN_COLUMNS = 7  # row, point, replicate, seed, status, error, seconds
PLACE = 20


class Pilot(NamedTuple):
    """A few runs: how long each took, what it gave, and what went wrong."""

    seconds: list[float]
    outputs: list[Mapping[str, Any]]
    n_events: list[int]
    failures: list[str]


def is_experiment(name: str) -> bool:
    """Whether a name on the command line is an experiment's file, by the keys that it has."""
    if not name.endswith(".toml"):
        return False
    try:
        return not OF_AN_EXPERIMENT.isdisjoint(
            read_toml(Path(name).absolute(), MOST_OF_EXPERIMENT)[0]
        )
    except UnreadableFile:
        return False  # said by whoever reads it as a scenario


def check_experiment(
    name: str, settings: Sequence[str] | None = None, max_runs: int | None = None
) -> str:
    """The answer of `unwind check` to an experiment, after a timed pilot of a few runs."""
    if settings:
        raise InvalidInput("--set changes a scenario; an experiment's changes stand in [changes]")
    with Progress(1) as progress:
        read = partial(load_experiment, name, max_runs)
        experiment = progress.do("checking every point of the design", read)
    points = design_points(experiment)
    pilot = pilot_runs(experiment, points)
    lines = [*_what(experiment, points), *_how_much(experiment, len(points), pilot)]
    return "\n".join(map(one_line, lines))


def pilot_runs(experiment: Experiment, points: pd.DataFrame) -> Pilot:
    """Runs at points spread over the design, after one that is not timed: it may compile."""
    places = np.unique(np.linspace(0, len(points) - 1, min(N_PILOT, len(points))).astype(int))
    pilot = Pilot([], [], [], [])
    with Progress(len(places) + 1) as progress:
        progress.do("a first run, not timed", lambda: _tried(experiment, points, 0))
        start = time.monotonic()
        for place in places:
            if pilot.seconds and time.monotonic() - start > PILOT_SECONDS:
                break
            run = partial(_tried, experiment, points, int(place))
            seconds, outcome = progress.do(f"pilot run at point {place:,}", run)
            _add(pilot, seconds, outcome, int(place), points)
    return pilot


def _add(
    pilot: Pilot, seconds: float, outcome: tuple[Any, int] | Exception, place: int, points: Any
) -> None:
    if isinstance(outcome, Exception):
        what = f"{type(outcome).__name__}: {outcome}".split("\n")[0]
        pilot.failures.append(f"point {place:,} ({_point_words(points, place)}): {what}")
        return
    pilot.seconds.append(seconds)
    pilot.outputs.append(outcome[0])
    pilot.n_events.append(outcome[1])


def _tried(
    experiment: Experiment, points: pd.DataFrame, place: int
) -> tuple[float, tuple[Mapping[str, Any], int] | Exception]:
    """Seconds and outcome of a run; a run that fails is an outcome."""
    point = {str(key): value for key, value in points.iloc[place].items()}
    scenario = scenario_at(experiment, point)
    start = time.perf_counter()
    try:
        outcome = _run(experiment, scenario)
    except Exception as bad:  # whatever it is, the sweep would have it too
        return time.perf_counter() - start, bad
    return time.perf_counter() - start, outcome


def _run(experiment: Experiment, scenario: Scenario) -> tuple[Mapping[str, Any], int]:
    """Scalars of one run as the sweep would make it, and its number of events."""
    from abm.runs import fast_run

    outputs, seed = experiment.outputs, experiment.seed
    if outputs.measure == "cascade":
        cascade = abm.cascade(scenario, rng=seed)
        return dict(cascade), len(cascade.run.events)
    if outputs.events or outputs.series:
        run = abm.run(scenario, rng=seed)
        return run.summary, len(run.events)
    return fast_run(scenario, seed), 0


def _what(experiment: Experiment, points: pd.DataFrame) -> list[str]:
    """Name, design and factors."""
    n_runs, n_factors = len(points) * experiment.replicates, len(varied(points))
    scenario, outputs = experiment.base.name, experiment.outputs
    listed = "" if not experiment.changes else f", {_count(len(experiment.changes), 'change')}"
    lines = [
        f"ok: {experiment.name}, {experiment.design.kind} of {_count(n_factors, 'factor')} "
        f"on {scenario}{listed}: {_count(len(points), 'point')} × "
        f"{_count(experiment.replicates, 'replicate')} = {_count(n_runs, 'run')} "
        f"of measure {outputs.measure}"
    ]
    width = max(len(key) for key in points.columns) + 2
    for key in experiment.factor_keys:
        lines.append(f"  {key:<{width}}{_values_words(experiment, key, points)}")
    return lines


def _values_words(experiment: Experiment, key: str, points: pd.DataFrame) -> str:
    """What a factor does, in one line."""
    factor = experiment.design.factors.get(key)
    if isinstance(factor, Factor) and factor.values is None:
        details = [factor.scale] * (factor.scale != "linear") + ["whole"] * factor.whole
        words = f"{factor.low:g} to {factor.high:g}{_in_brackets(details)}"
    elif isinstance(experiment.design, ListOfPoints):
        words = _count(points[key].nunique(), "value")
    else:
        assert isinstance(factor, Factor), "every other design has factors"
        words = show(list(factor.values or ())).strip("[]")
    n_own = len(experiment.own_keys(key))
    if isinstance(factor, Factor) and factor.times:
        words += " times the scenario's own"
    if is_pattern(key):
        words += f", at {_count(n_own, 'key')}"
    return words + _link_words(experiment.links[key], len(experiment.targets[key]) - n_own)


def _link_words(link: Link, n_linked: int) -> str:
    words = ""
    if n_linked:
        how = "in proportion" if link.in_proportion else "alike"
        words += f"; {_count(n_linked, 'other key')} {how}"
    for key, wanted in link.when.items():
        words += f"; where {key} is {' or '.join(str(value) for value in wanted)}"
    return words


def _in_brackets(details: list[str]) -> str:
    return f" ({', '.join(details)})" if details else ""


def _how_much(experiment: Experiment, n_points: int, pilot: Pilot) -> list[str]:
    """Time and space, from the runs that did not fail."""
    lines = []
    n_pilot = len(pilot.seconds) + len(pilot.failures)
    if pilot.seconds:
        each = float(np.mean(pilot.seconds))
        alone = each * n_points * experiment.replicates
        spread = f"{min(pilot.seconds):.2g} to {max(pilot.seconds):.2g} s"
        timed = _count(len(pilot.seconds), "point")
        lines += [
            f"{'One run':<{PLACE}}{each:.2g} s ({spread} at {timed})",
            f"{'Time':<{PLACE}}about {_duration(alone)} with 1 worker, "
            f"{_duration(alone / (1 + WORKER_SHARE))} with 2",
            f"{'On disk':<{PLACE}}about {_size(_n_bytes(experiment, n_points, pilot))}",
        ]
    if pilot.failures:
        lines.append(f"{len(pilot.failures)} of {_count(n_pilot, 'pilot run')} failed:")
        lines += [f"  {failure}" for failure in pilot.failures]
    return lines


def _n_bytes(experiment: Experiment, n_points: int, pilot: Pilot) -> float:
    """Compressed numbers of all runs, and what each file of a chunk costs besides."""
    n_runs, outputs = n_points * experiment.replicates, experiment.outputs
    n_columns = N_OWN_COLUMNS + len(experiment.factor_keys) + len(pilot.outputs[0])
    n_days = -(-experiment.base.calendar.days // outputs.stride)
    numbers = n_runs * (n_columns + n_days * len(outputs.series)) * BYTES_OF_NUMBER
    n_chunks = max(1.0, float(np.mean(pilot.seconds)) * n_runs / CHUNK_SECONDS)
    events = n_runs * float(np.mean(pilot.n_events)) * BYTES_OF_EVENT if outputs.events else 0.0
    return numbers + events + min(n_chunks, n_runs) * _bytes_of_file(pilot.outputs[0], n_columns)


def _bytes_of_file(scalars: Mapping[str, Any], n_columns: int) -> float:
    """A Parquet file of one row: its footer describes every column."""
    import pandas as pd

    file = io.BytesIO()
    pd.DataFrame([dict(scalars)]).to_parquet(file, index=False)
    return file.getbuffer().nbytes * n_columns / len(scalars)


def _point_words(points: pd.DataFrame, place: int) -> str:
    row = {key: points[key].iloc[place] for key in points.columns}
    return ", ".join(f"{k} = {show(v)}" for k, v in row.items() if not is_missing(v))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86_400.0), ("hours", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{_two_digits(seconds / length)} {unit}"
    return f"{_two_digits(seconds)} s"


def _size(n_bytes: float) -> str:
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= length:
            return f"{_two_digits(n_bytes / length)} {unit}"
    return f"{max(1.0, n_bytes / 1e3):.0f} kB"


def _two_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"
