"""Points that have been run, kept: asked again, a point is read instead of run.

A calibration is a deterministic program over this memory. Killed and started again, it asks for
the same points in the same order, finds those that were finished, and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from abm.calibration.problem import Array, Model, Objective, Problem, mean_of, n_failed_in
from abm.errors import OutputRefused, UnreadableFile
from abm.files import MOST_OF_TABLE, refuse_irregular
from abm.sweep.store import write_table

if TYPE_CHECKING:
    from abm.calibration.study import SeedPlan

FILE = "evaluations.parquet"
WRITE_EVERY_SECONDS = 2.0  # more than that is never lost
SAME = 1e-9  # to which a point that is run again is the same
LABEL = "calibration"
MOMENT = "moment "  # before the name of a moment, so that no parameter has its column
HEAD = ("number", "stage", "seeds")


class Evaluated(NamedTuple):
    """A point and what came of it."""

    number: int  # in the order in which they were first asked for
    stage: str
    seeds: str
    values: tuple[float, ...]
    n_runs: int
    n_failed: int
    objective: float
    means: tuple[float, ...]
    error: str


class Progress(NamedTuple):
    """Progress of a calibration."""

    stage: str
    """The stage at work: search, choice, report and so on."""
    n_done: int
    """Points evaluated, those of earlier sessions included."""
    n_new: int
    """Of these in this session."""
    n_planned: int
    """Points of the search at most."""
    best: float
    """Lowest J so far, on the seeds of the search."""
    n_failed_runs: int
    """Runs that failed."""
    seconds: float
    """Since the start of this session."""


@dataclass
class Evaluations:
    """The memory of a calibration, and the model that fills it."""

    problem: Problem
    model: Model
    seeds: SeedPlan
    most_failed: float = 0.05
    folder: Path | None = None
    n_planned: int = 0
    on_progress: Callable[[Progress], None] | None = None
    known: dict[tuple[str, bytes], Evaluated] = field(default_factory=dict)
    n_asked: int = 0
    n_new: int = 0
    begun: float = field(default_factory=time.monotonic)
    written: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.folder is not None and (self.folder / FILE).is_file():
            for row in self._read(self.folder / FILE):
                self.known[_key(row.seeds, np.array(row.values))] = row
        self._to_check = min(self.known.values(), default=None)
        self._asked: set[tuple[str, bytes]] = set()

    def objective_on(self, seeds: str) -> Objective:
        """J for means on the seeds of a stage."""
        return Objective(self.problem, getattr(self.seeds, seeds).n)

    def at(self, u: Array, stage: str, seeds: str) -> list[Evaluated]:
        """Points of the cube, (B, P), evaluated on the seeds of a stage."""
        values = self.problem.cube.values(np.atleast_2d(u))
        keys = [_key(seeds, row) for row in values]
        numbers = [self._number(key) for key in keys]
        first = {key: i for i, key in reversed(list(enumerate(keys)))}
        missing = sorted(i for key, i in first.items() if key not in self.known)
        if missing:
            self._refuse_changed_model()
        score = self.objective_on(seeds)
        drawn = getattr(self.seeds, seeds).range
        for done in self.model(values[missing], drawn) if missing else ():
            i = missing[done.point]
            n_failed = n_failed_in(done.moments)
            means = mean_of(done.moments)
            is_refused = n_failed > self.most_failed * len(drawn)
            found = np.inf if is_refused else float(score(means))
            self.known[keys[i]] = Evaluated(
                numbers[i], stage, seeds, tuple(values[i].tolist()), len(drawn), n_failed, found,
                tuple(means.tolist()), done.error,
            )  # fmt: skip
            self.n_new += 1
            self._keep(stage)
        self._tell(stage)
        return [self.known[key] for key in keys]

    def _refuse_changed_model(self) -> None:
        """Run the first point again before others join those of an earlier session.

        Raises OutputRefused where it comes out differently: a set of points is of one model.
        """
        first, self._to_check = self._to_check, None
        if first is None:
            return
        seeds = getattr(self.seeds, first.seeds).range
        again = mean_of(next(iter(self.model(np.array([first.values]), seeds))).moments)
        if not np.allclose(again, first.means, rtol=SAME, atol=SAME, equal_nan=True):
            raise OutputRefused(
                f"{self.folder} holds points of another state of the model: run again, the first "
                "comes out differently; give another --out"
            )

    def history(self, seeds: str = "search") -> list[Evaluated]:
        """All points asked for so far on the seeds of a stage, in the order of asking."""
        found = [self.known[key] for key in self._asked if key[0] == seeds and key in self.known]
        return sorted(found)

    @property
    def n_failed_runs(self) -> int:
        return sum(row.n_failed for row in self.known.values())

    def table(self) -> pa.Table:
        """All points, in the order of asking."""
        rows = sorted(self.known.values())
        columns: dict[str, Any] = {name: [getattr(r, name) for r in rows] for name in HEAD}
        for p, name in enumerate(self.problem.cube.names):
            columns[name] = pa.array([row.values[p] for row in rows], pa.float64())
        columns |= {name: [getattr(r, name) for r in rows] for name in ("n_runs", "n_failed")}
        columns["objective"] = pa.array([row.objective for row in rows], pa.float64())
        for k, name in enumerate(self.problem.moments):
            columns[MOMENT + name] = pa.array([row.means[k] for row in rows], pa.float64())
        columns["error"] = pa.array([row.error for row in rows], pa.string())
        return pa.table(columns)

    def _number(self, key: tuple[str, bytes]) -> int:
        """The place of a point in the order of asking."""
        if key in self._asked:
            return self.known[key].number if key in self.known else -1
        self._asked.add(key)
        number, self.n_asked = self.n_asked, self.n_asked + 1
        return number

    def write(self) -> None:
        """Keep all points, the file there whole or not at all."""
        self.written = time.monotonic()
        if self.folder is not None and self.known:
            write_table(self.table(), self.folder / FILE, LABEL)

    def _keep(self, stage: str) -> None:
        if time.monotonic() - self.written >= WRITE_EVERY_SECONDS:
            self.write()
            self._tell(stage)

    def _tell(self, stage: str) -> None:
        if self.on_progress is None:
            return
        searched = [row.objective for row in self.known.values() if row.seeds == "search"]
        self.on_progress(
            Progress(
                stage, len(self.known), self.n_new, self.n_planned,
                min(searched, default=float("nan")), self.n_failed_runs,
                time.monotonic() - self.begun,
            )
        )  # fmt: skip

    def _read(self, path: Path) -> list[Evaluated]:
        try:
            refuse_irregular(path, MOST_OF_TABLE)
            table = pq.read_table(path).to_pylist()
            names = self.problem.cube.names
            return [
                Evaluated(
                    row["number"], row["stage"], row["seeds"], tuple(row[n] for n in names),
                    row["n_runs"], row["n_failed"], row["objective"],
                    tuple(row[MOMENT + n] for n in self.problem.moments), row["error"],
                )
                for row in table
            ]  # fmt: skip
        except (OSError, ValueError, KeyError, pa.ArrowException):
            raise UnreadableFile(
                f"{path} is not whole, or of another calibration; without it all is run again"
            ) from None


def _key(seeds: str, values: Array) -> tuple[str, bytes]:
    return seeds, np.ascontiguousarray(values, dtype="<f8").tobytes()


def means_of(rows: Sequence[Evaluated]) -> Array:
    """Means of the moments, (B, K)."""
    return np.array([row.means for row in rows], dtype=np.float64)


def scores_of(rows: Sequence[Evaluated]) -> Array:
    """J at each point, (B,)."""
    return np.array([row.objective for row in rows], dtype=np.float64)
