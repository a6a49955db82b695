"""The work on a chunk of runs: run each, catch what goes wrong, return columns."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from abm.errors import FailedRun
from abm.population.shared import SCRIPTED
from abm.population.time_limit import time_limit
from abm.runs import OutputRequest, RunOutput, watched_cascade, watched_run
from abm.runs.pasts import Pasts
from abm.sweep.experiment import Experiment
from abm.sweep.question import scenario_at

if TYPE_CHECKING:
    from abm.scenario import Scenario

MEASURES = {"run": watched_run, "cascade": watched_cascade}
DONE, FAILED = "done", "failed"
PILOT_SECONDS = 1.0
LONGEST_ERROR = 500  # characters
PASTS = Pasts()  # of this process, from one chunk of rows to the next

Point = Mapping[str, Any]


class Task(NamedTuple):
    """Rows to be run, with all that is needed for it: nothing is read from a folder."""

    experiment: Experiment
    rows: tuple[int, ...]
    points: Mapping[int, Point]  # those of the rows, by number
    timeout: float | None = None  # seconds for each run, its counterfactual runs included


class Finished(NamedTuple):
    """The result of a task, as columns: one row per run, and on request its days and events."""

    runs: pa.Table
    days: pa.Table | None
    events: pa.Table | None


def run_task(task: Task) -> Finished:
    """Run all rows of a task. A run that raises is a row that says so."""
    experiment = task.experiment
    scenarios = _Scenarios(task)
    records: list[dict[str, Any]] = []
    kept: dict[str, list[pa.Table]] = {"days": [], "events": []}
    for row in task.rows:
        record, output = _run_row(task, row, scenarios)
        records.append(record)
        for name, tables in kept.items():
            columns = getattr(output, name) if output else {}
            if columns:
                tables.append(_with_row(row, columns))
    outputs = experiment.outputs
    return Finished(
        runs=columns_of(records),
        days=_joined(kept["days"]) if outputs.series else None,
        events=_joined(kept["events"]) if outputs.events else None,
    )


class Pilot(NamedTuple):
    """A few runs that show what one takes in a process that is warm [s], and what came of them."""

    seconds_per_row: float
    finished: Mapping[int, Finished]  # by row


def pilot(task: Task) -> Pilot:
    """Run a few of the task's rows, each by itself, until a second is over."""
    run_task(task._replace(rows=task.rows[:1]))  # loads the compiled kernels
    start, finished = time.perf_counter(), {}
    for row in task.rows:
        finished[row] = run_task(task._replace(rows=(row,)))
        if time.perf_counter() - start > PILOT_SECONDS:
            break
    return Pilot((time.perf_counter() - start) / len(finished), finished)


def output_of(
    experiment: Experiment, scenario: Scenario, replicate: int = 0, pasts: Pasts | None = None
) -> RunOutput:
    """Run a scenario as a row of the experiment does, and keep what the row keeps."""
    outputs = experiment.outputs
    request = OutputRequest(outputs.series, outputs.stride, outputs.events)
    return MEASURES[outputs.measure](scenario, experiment.seed, replicate, request, pasts)


def shared_pasts(experiment: Experiment) -> Pasts | None:
    """The pasts that this process keeps for rows of an experiment; None where no two rows can
    have the same one, so that keeping them would only take memory.
    """
    keys = [target.key for factor in experiment.targets.values() for target in factor]
    varies_script = any(key.partition(".")[0] in SCRIPTED for key in keys)
    return PASTS if varies_script else None


def failed_record(row: int, experiment: Experiment, error: str) -> dict[str, Any]:
    """A run of which nothing is known but how it ended."""
    return _record(row, experiment) | {"status": FAILED, "error": error, "seconds": 0.0}


def columns_of(records: list[dict[str, Any]]) -> pa.Table:
    """Records as columns; one that lacks a column has none of it."""
    names = dict.fromkeys(name for record in records for name in record)
    return pa.table({name: [record.get(name) for record in records] for name in names})


def _run_row(
    task: Task, row: int, scenarios: _Scenarios
) -> tuple[dict[str, Any], RunOutput | None]:
    experiment, start = task.experiment, time.perf_counter()
    record = _record(row, experiment)
    try:
        scenario = scenarios.at(record["point"], record["replicate"])
        with time_limit(task.timeout):
            output = output_of(experiment, scenario, record["replicate"], shared_pasts(experiment))
    except Exception as bad:
        end = {"status": FAILED, "error": said(bad), "seconds": time.perf_counter() - start}
        return record | end, None
    end = {"status": DONE, "error": "", "seconds": time.perf_counter() - start}
    return record | end | output.scalars, output


def _record(row: int, experiment: Experiment) -> dict[str, Any]:
    point, replicate = divmod(row, experiment.replicates)
    return {"row": row, "point": point, "replicate": replicate, "seed": experiment.seed}


class _Scenarios:
    """The scenario of each point of a task in each world; replicates share it."""

    def __init__(self, task: Task) -> None:
        self.task, self.point = task, -1
        self.by_world: dict[int, Scenario] = {}

    def at(self, point: int, replicate: int) -> Scenario:
        if point != self.point:
            self.point, self.by_world = point, {}
        experiment = self.task.experiment
        world = replicate % experiment.n_worlds
        if world not in self.by_world:
            self.by_world[world] = scenario_at(experiment, self.task.points[point], world)
        return self.by_world[world]


def said(bad: Exception) -> str:
    """Type, message and place of what was raised, on one line; of a failed run the message."""
    if isinstance(bad, FailedRun):
        return str(bad).replace("\n", " ")[:LONGEST_ERROR]
    trace = traceback.extract_tb(bad.__traceback__)
    where = f" ({trace[-1].name}, line {trace[-1].lineno})" if trace else ""
    return f"{type(bad).__name__}: {bad}{where}".replace("\n", " ")[:LONGEST_ERROR]


def _with_row(row: int, columns: Mapping[str, Any]) -> pa.Table:
    n = len(next(iter(columns.values())))
    return pa.table({"row": pa.array([row] * n, pa.int64()), **columns})


def _joined(tables: list[pa.Table]) -> pa.Table:
    """All in one; without any, no columns but the row's number."""
    if not tables:
        return pa.table({"row": pa.array([], pa.int64())})
    return pa.concat_tables(tables).combine_chunks()
