"""`abm.calibrate`: search, choice, report, inference, accepted set, in this order."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from abm.calibration.accepted import AcceptedSet, accepted_set
from abm.calibration.evaluations import Evaluations, Progress, scores_of
from abm.calibration.folder import Place, find_table, open_place, write_manifest
from abm.calibration.inference import (
    Identification,
    Profile,
    Test,
    class_of,
    error_covariance,
    error_draws,
    identification,
    interval_of,
    j_test,
    jacobian,
    profiles,
    sandwich,
)
from abm.calibration.problem import Array, Cube, Model, Problem, Range, mean_of
from abm.calibration.reading import load_study
from abm.calibration.recovery import Recovered, recover
from abm.calibration.search import search
from abm.calibration.simulating import SPARE_TASKS, model_of
from abm.calibration.study import Study
from abm.calibration.targets import targets_of
from abm.errors import InvalidInput
from abm.measures.moments import MOMENTS
from abm.sweep import locks, pool

LOCK = "shard-1-of-1"


class Fit(NamedTuple):
    """The estimate and what is known of it."""

    u: Array
    runs: Array  # (R, K) on the seeds of report
    gradient: Array  # (K, P) per range
    covariance: Array  # (P, P) of u
    test: Test
    identification: Identification
    profiles: list[Profile]


class Calibration(NamedTuple):
    """The result of a calibration."""

    folder: Path
    """Folder of all tables."""
    estimates: pd.DataFrame
    """One row per parameter: value, standard error, class, interval, collinearity."""
    moments: pd.DataFrame
    """One row per moment: target, model, standard error, t."""
    accepted: pd.DataFrame
    """One row per accepted point, best first; empty where none fits within sampling error."""
    test: Test
    """The J test at the estimate."""
    n_evaluations: int
    """Points evaluated."""
    n_failed_runs: int
    """Runs that failed, of all of them."""


def calibrate(
    study: Study | str | Path,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    recover: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Calibration:
    """Fit a study's parameters by simulated moments; calling it again goes on where it stopped.

    Parameters
    ----------
    study
        A Study, or the path of its file.
    out
        Folder of the results; by default `results/<name>`.
    workers
        Processes on this machine, by default one for each core. The results do not depend on it.
    recover
        Synthetic records on which planted parameters are found again; by default as the study says.
    progress
        Called every few seconds with a Progress.

    Returns
    -------
    Calibration
        Its tables, which the folder holds as Parquet files.

    Raises
    ------
    UnreadableFile
        If there is no such file, or it is not TOML.
    ScenarioFaults
        With every fault of the study.
    OutputRefused
        If the folder holds other things or another calibration, or a process is at work on it.
    InvalidInput
        If an argument is out of range, or no point of the search could be run.
    """
    chosen = study if isinstance(study, Study) else load_study(study)
    n_workers = _counted("workers", workers, pool.n_cores())
    n_records = chosen.recovery.records if recover is None else _counted("recover", recover, 0)
    problem = problem_of(chosen)
    place = open_place(Path(out) if out else Path("results") / chosen.name, chosen, problem)
    with locks.only_runner(place.folder, LOCK), pool.own_processes(n_workers) as executor:
        model = model_of(chosen, executor, n_workers + SPARE_TASKS)
        return calibrate_model(chosen, problem, model, place, n_records, progress)


def problem_of(study: Study) -> Problem:
    """A study in numbers. Raises InvalidInput where targets have no value."""
    question = study.question
    ranges = []
    for name, one in study.parameters.items():
        assert one.low is not None and one.high is not None
        own = question.start_of(name)
        start = float(own) if isinstance(own, int | float) else None
        ranges.append(Range(name, one.low, one.high, one.scale == "log", start))
    targets = targets_of(study)
    for name, value in zip(study.moments, targets.values, strict=True):
        if not np.isfinite(value):
            raise InvalidInput(f"moment {name}: has no value in its record")
    names = tuple(study.moments)
    in_record = np.array([one.runs_in_record for one in study.moments.values()])
    return Problem(
        Cube(ranges), names, targets.values, targets.covariance, targets.draws, in_record
    )


def calibrate_model(
    study: Study,
    problem: Problem,
    model: Model,
    place: Place,
    n_records: int = 0,
    progress: Callable[[Progress], None] | None = None,
) -> Calibration:
    """The same of any model: nothing from here on knows the simulator."""
    start, began = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    points = Evaluations(
        problem, model, study.seeds, study.search.most_failed, place.folder,
        study.search.evaluations, progress,
    )  # fmt: skip
    try:
        best = _chosen_point(study, points, place)
        fit = _fit(study, points, best, place)
        accepted = _accepted(study, points, fit)
        _write_tables(study, points, fit, accepted, place)
        if n_records:
            place.write("recovery", recovery_table(points, recover(points, study, n_records)))
    finally:  # an interruption too
        points.write()
    write_manifest(
        place,
        study,
        {
            "n_evaluations": len(points.known),
            "n_failed_runs": points.n_failed_runs,
            "j_test": fit.test._asdict(),
            "singular_values": fit.identification.singular_values.tolist(),
            "collinearity_index": _number(fit.identification.collinearity_index),
            "accepted": {"n": len(accepted.rows), "n_tried": accepted.n_tried},
            "started": began,
            "wall_seconds": round(time.monotonic() - start, 1),
        },
    )
    return Calibration(
        place.folder, _table(place, "estimates"), _table(place, "moments"),
        _table(place, "accepted"), fit.test, len(points.known), points.n_failed_runs,
    )  # fmt: skip


def _chosen_point(study: Study, points: Evaluations, place: Place) -> Array:
    """The best of the search's finalists, on draws that the search has not seen."""

    def score(u: Array) -> Array:
        return scores_of(points.at(u, "search", "search"))

    found = search(score, points.problem.cube.start, study.search)
    place.write_search({"generations": [one._asdict() for one in found.generations]})
    ranked = sorted(points.history(), key=lambda row: (row.objective, row.number))
    finalists = [row for row in ranked[: study.search.finalists] if np.isfinite(row.objective)]
    if not finalists:
        error = next((row.error for row in ranked if row.error), "a moment has no value")
        raise InvalidInput(f"no point of the search has all moments; the first error: {error}")
    inside = points.problem.cube.inside(np.array([row.values for row in finalists]))
    judged = scores_of(points.at(np.clip(inside, 0.0, 1.0), "choice", "choice"))
    best: Array = np.clip(inside[int(judged.argmin())], 0.0, 1.0)
    return best


def _fit(study: Study, points: Evaluations, best: Array, place: Place) -> Fit:
    settings, problem, seed = study.inference, points.problem, study.search.seed
    objective = points.objective_on("report")
    reported = points.at(best, "report", "report")[0]
    runs = _report_runs(study, points, best, place)
    gradient = jacobian(points, best, settings.step)
    covariance = sandwich(gradient, objective, error_covariance(problem, runs, len(runs)))
    draws = error_draws(problem, runs, len(runs), seed)
    test = j_test(reported.objective, gradient, objective, draws, settings.level)
    found = profiles(points, best, gradient, settings, seed)
    told = identification(gradient, objective)
    return Fit(best, runs, gradient, covariance, test, told, found)


def _report_runs(study: Study, points: Evaluations, best: Array, place: Place) -> Array:
    """Moments of every run at the estimate, (R, K): kept, for their spread is needed."""
    values = points.problem.cube.values(best)
    names = list(points.problem.moments)
    kept = find_table(place.folder, "runs")
    if kept is not None and np.array_equal(kept.iloc[0][points.problem.cube.names], values):
        return np.ascontiguousarray(kept[names].to_numpy(dtype=np.float64))
    seeds = study.seeds.report.range
    runs = next(iter(points.model(values[None], seeds))).moments
    columns: dict[str, Any] = {"seed": list(seeds)}
    columns |= dict(zip(points.problem.cube.names, values.tolist(), strict=True))
    place.write("runs", pd.DataFrame(columns | dict(zip(names, runs.T, strict=True))))
    return np.ascontiguousarray(runs)


def _accepted(study: Study, points: Evaluations, fit: Fit) -> AcceptedSet:
    critical = {}
    for stage in ("search", "choice"):
        n = getattr(study.seeds, stage).n
        draws = error_draws(points.problem, fit.runs, n, study.search.seed)
        none = np.zeros_like(fit.gradient)
        told = j_test(0.0, none, points.objective_on(stage), draws, study.inference.level)
        critical[stage] = told.critical_at_a_point
    wanted = (study.accepted.least, study.accepted.most_tried)
    return accepted_set(points, fit.u, fit.covariance, critical, wanted, study.search.seed)


def _write_tables(
    study: Study, points: Evaluations, fit: Fit, accepted: AcceptedSet, place: Place
) -> None:
    place.write("estimates", estimates_table(study, points, fit))
    place.write("moments", moments_table(study, points, fit))
    place.write("profiles", profiles_table(points, fit))
    found = accepted_table(points, accepted)
    place.write("accepted", found)
    place.write_csv("accepted", changes_table(study, found))


def estimates_table(study: Study, points: Evaluations, fit: Fit) -> pd.DataFrame:
    """One row per parameter."""
    cube = points.problem.cube
    slope, values = cube.slope(fit.u), cube.values(fit.u)
    rows = []
    for p, one in enumerate(cube.ranges):
        ends = interval_of(fit.profiles[p])
        low, high = (cube.values(np.where(np.arange(len(fit.u)) == p, e, fit.u))[p] for e in ends)
        rows.append(
            {
                "parameter": one.name,
                "value": values[p],
                "se": slope[p] * np.sqrt(fit.covariance[p, p]),
                "class": class_of(fit.profiles[p]),
                "low": low,
                "high": high,
                "range_low": one.low,
                "range_high": one.high,
                "is_multiple": study.parameters[one.name].times,
                "sensitivity": fit.identification.sensitivity[p],
                "collinearity": fit.identification.collinearity[p],
            }
        )
    return pd.DataFrame(rows)


def moments_table(study: Study, points: Evaluations, fit: Fit) -> pd.DataFrame:
    """One row per moment."""
    problem = points.problem
    model = mean_of(fit.runs)
    error = error_covariance(problem, fit.runs, len(fit.runs))
    rows = []
    for k, (name, one) in enumerate(study.moments.items()):
        rows.append(
            {
                "moment": name,
                "measure": one.measure,
                "unit": MOMENTS[one.measure].unit,
                "target": problem.target[k],
                "model": model[k],
                "sd_of_runs": np.nanstd(fit.runs[:, k]),
                "se": np.sqrt(problem.covariance[k, k]),
                "t": (model[k] - problem.target[k]) / np.sqrt(error[k, k]),
                "source": one.source or (one.record.file if one.record else ""),
            }
        )
    return pd.DataFrame(rows)


def profiles_table(points: Evaluations, fit: Fit) -> pd.DataFrame:
    """One row per parameter and value."""
    cube, rows = points.problem.cube, []
    for p, profile in enumerate(fit.profiles):
        at = np.repeat(fit.u[None], len(profile.u), axis=0)
        at[:, p] = profile.u
        rows.append(
            pd.DataFrame(
                {
                    "parameter": cube.names[p],
                    "value": cube.values(at)[:, p],
                    "objective": profile.objective,
                    "threshold": profile.threshold,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def accepted_table(points: Evaluations, accepted: AcceptedSet) -> pd.DataFrame:
    """One row per accepted point, best first."""
    names = points.problem.cube.names
    values = np.array([row.values for row in accepted.rows]).reshape(-1, len(names))
    table = pd.DataFrame({"evaluation": np.array([row.number for row in accepted.rows], np.int64)})
    for p, name in enumerate(names):
        table[name] = values[:, p]
    table["objective"] = scores_of(accepted.rows)
    table["critical"] = accepted.critical
    return table


def changes_table(study: Study, accepted: pd.DataFrame) -> pd.DataFrame:
    """The changes that make each accepted point, as an experiment's `accepted` reads them."""
    changes = accepted[list(study.parameters)].copy()
    for name, one in study.parameters.items():
        if one.times:
            changes[name] = [f"{value!r}x" for value in changes[name].tolist()]
    return changes


def recovery_table(points: Evaluations, recovered: Recovered) -> pd.DataFrame:
    """One row per synthetic record and parameter; NaN where the record could not be made."""
    cube = points.problem.cube
    planted, found = cube.values(recovered.planted), cube.values(recovered.found)
    error = recovered.found - recovered.planted
    n, names = len(planted), cube.names
    return pd.DataFrame(
        {
            "record": np.repeat(np.arange(n), len(names)),
            "parameter": np.tile(np.array(names, dtype=object), n),
            "planted": planted.ravel(),
            "estimate": found.ravel(),
            "error_share_of_range": error.ravel(),
        }
    )


def _table(place: Place, name: str) -> pd.DataFrame:
    found = find_table(place.folder, name)
    assert found is not None
    return found


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _counted(name: str, given: int | None, default: int) -> int:
    if given is None:
        return default
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise InvalidInput(f"{name} = {given!r}, must be a whole number, at least 1")
    return given
