"""Points of a study simulated: one task per point, in the processes of the sweep's pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, NamedTuple

import numpy as np

from abm.calibration.problem import Array, Model, Simulated
from abm.calibration.study import Study, choices_of
from abm.measures.moments import Choices, measured
from abm.runs.closes import run_closes
from abm.sweep import pool
from abm.sweep.question import Question, scenario_at
from abm.sweep.work import said

SPARE_TASKS = 2  # waiting, so that no worker does


class Part(NamedTuple):
    """The moments that are of one scenario, each with its place among all."""

    question: Question
    moments: tuple[tuple[int, str, Choices], ...]


class Task(NamedTuple):
    """A point on some seeds, with all that is needed for it."""

    parts: tuple[Part, ...]
    point: dict[str, float]
    seeds: tuple[int, ...]


def run_task(task: Task) -> tuple[Array, str]:
    """Moments of the runs of a point, (R, K), and the first error.

    On each seed one run of each scenario; where one raises, the seed is NaN.
    """
    found = np.full((len(task.seeds), sum(len(part.moments) for part in task.parts)), np.nan)
    error = ""
    try:
        scenarios = [scenario_at(part.question, task.point) for part in task.parts]
    except Exception as bad:
        return found, said(bad)
    for row, seed in zip(found, task.seeds, strict=True):
        try:
            for part, scenario in zip(task.parts, scenarios, strict=True):
                run = run_closes(scenario, seed)
                for place, name, choices in part.moments:
                    row[place] = measured(name, run, choices)
        except Exception as bad:
            row[:] = np.nan
            error = error or said(bad)
    return found, error


def parts_of(study: Study) -> tuple[Part, ...]:
    """The scenarios of a study of which some moment is, each with its moments."""
    moments: dict[str, list[tuple[int, str, Choices]]] = {name: [] for name in study.questions}
    for place, one in enumerate(study.moments.values()):
        moments[one.scenario].append((place, one.measure, choices_of(one, study.base_of(one))))
    return tuple(Part(study.questions[name], tuple(of)) for name, of in moments.items() if of)


def model_of(study: Study, executor: Executor, in_flight: int) -> Model:
    """The simulator as a `Model`, run by an executor."""
    names = list(study.parameters)
    parts = parts_of(study)
    for part in parts:
        scenario_at(part.question, {})  # what it looks up goes to the workers with it

    def tasks(values: Array, seeds: Sequence[int]) -> Iterator[tuple[int, Task]]:
        for index, row in enumerate(values):
            point = dict(zip(names, row.tolist(), strict=True))
            yield index, Task(parts, point, tuple(seeds))

    def simulate(values: Array, seeds: Sequence[int]) -> Iterator[Simulated]:
        shape = (len(seeds), len(study.moments))
        yield from _as_done(tasks(values, seeds), executor, in_flight, shape)

    return simulate


def _as_done(
    tasks: Iterator[tuple[int, Task]], executor: Executor, in_flight: int, shape: tuple[int, int]
) -> Iterator[Simulated]:
    """Results as they come; a point that kills its worker has failed on all seeds."""
    running: dict[Future[Any], int] = {}
    while True:
        while len(running) < in_flight and (following := next(tasks, None)) is not None:
            index, task = following
            running[executor.submit(run_task, task)] = index
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            index, bad = running.pop(future), pool.fault_of(future)
            if bad is None:
                yield Simulated(index, *future.result())
            elif pool.is_death(bad):
                yield Simulated(index, np.full(shape, np.nan), str(bad))
            else:
                raise bad


def simulate(study: Study, theta: Array, seeds: Sequence[int], workers: int | None = None) -> Array:
    """Moments at points of a study's parameters.

    Parameters
    ----------
    study
        Its scenario, parameters and moments; targets play no part.
    theta
        Values, (B, P), columns in the order of the study's parameters.
    seeds
        Seeds of the runs at each point, (R,): the same at all points.
    workers
        Processes; by default one for each core. The numbers do not depend on it.

    Returns
    -------
    Array
        Moments, (B, R, K). A run that failed is NaN in all of them.
    """
    points = np.atleast_2d(np.asarray(theta, dtype=np.float64))
    found = np.full((len(points), len(seeds), len(study.moments)), np.nan)
    with pool.own_processes(workers or pool.n_cores()) as executor:
        in_flight = (workers or pool.n_cores()) + SPARE_TASKS
        for done in model_of(study, executor, in_flight)(points, seeds):
            found[done.point] = done.moments
    return found
