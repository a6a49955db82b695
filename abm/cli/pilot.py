"""Pilot runs of an experiment, timed to tell how long it would take. For `unwind check`."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.cli.lines import duration, labelled, two_digits
from abm.cli.progress import Progress
from abm.errors import show
from abm.sweep.experiment import Experiment
from abm.sweep.question import is_missing, scenario_at
from abm.words import counted

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


class Pilot(NamedTuple):
    """A few runs: how long each took, what it gave, and what went wrong."""

    seconds: list[float]
    outputs: list[Mapping[str, Any]]
    n_events: list[int]
    failures: list[str]


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


def how_much(experiment: Experiment, n_points: int, pilot: Pilot) -> list[str]:
    """Time and space, from the runs that did not fail."""
    lines = []
    n_pilot = len(pilot.seconds) + len(pilot.failures)
    if pilot.seconds:
        each = float(np.mean(pilot.seconds))
        alone = each * n_points * experiment.replicates
        spread = f"{min(pilot.seconds):.2g} to {max(pilot.seconds):.2g} s"
        timed = counted(len(pilot.seconds), "point")
        lines += [
            labelled("One run", f"{each:.2g} s ({spread} at {timed})"),
            labelled(
                "Time",
                f"about {duration(alone)} with 1 worker, "
                f"{duration(alone / (1 + WORKER_SHARE))} with 2",
            ),
            labelled("On disk", f"about {_size(_n_bytes(experiment, n_points, pilot))}"),
        ]
    if pilot.failures:
        lines.append(f"{len(pilot.failures)} of {counted(n_pilot, 'pilot run')} failed:")
        lines += [f"  {failure}" for failure in pilot.failures]
    return lines


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
    from abm.sweep.work import output_of

    output = output_of(experiment, scenario)
    return output.scalars, len(output.events.get("kind", ()))


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


def _size(n_bytes: float) -> str:
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= length:
            return f"{two_digits(n_bytes / length)} {unit}"
    return f"{max(1.0, n_bytes / 1e3):.0f} kB"
