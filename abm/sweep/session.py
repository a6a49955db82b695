"""One runner at work: chunks handed out, results kept, failures and interruptions lived with."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from abm.sweep import pool, store
from abm.sweep.experiment import Experiment
from abm.sweep.plan import Chunk, Plan
from abm.sweep.store import DAYS, EVENTS, ROWS, StoredChunk
from abm.sweep.work import (
    FAILED,
    Finished,
    Pilot,
    Task,
    columns_of,
    failed_record,
    pilot,
    run_task,
)
from abm.words import counted

PILOT_ROWS = 4
LOOK_EVERY_SECONDS = 0.5
LEAST_ROWS_TO_JUDGE = 20  # before a share of failed runs stops a sweep
FIRST_COLUMNS = ("row", "point", "replicate", "seed")
RUN_COLUMNS = ("status", "error", "seconds")
INTERRUPTED = "interrupted"


class Progress(NamedTuple):
    """Progress of a session: rows of its shard, done before and now."""

    n_rows: int
    """Runs there are to do."""
    n_done: int
    """Of these done, failed ones included."""
    n_failed: int
    """Of these failed."""
    n_new: int
    """Run in this session."""
    seconds: float
    """Since its first chunk was handed out."""
    stopped: str = ""
    """The reason that no more is handed out before the last row; empty if there is none."""

    @property
    def rows_per_second(self) -> float:
        """Runs per second of this session; 0 before the first."""
        return self.n_new / self.seconds if self.seconds > 0.0 else 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds to the last row at this pace; nan before the first."""
        rate = self.rows_per_second
        return (self.n_rows - self.n_done) / rate if rate > 0.0 else float("nan")


@dataclass(frozen=True)
class Job:
    """Rows to be run; `into` is the file whose rows they replace, if they are run again."""

    rows: tuple[int, ...]
    into: StoredChunk | None = None

    @property
    def chunk(self) -> Chunk:
        return self.into.chunk if self.into else Chunk(self.rows[0], self.rows[-1])


@dataclass
class SweepSession:
    """One runner at work on its shard of a folder."""

    plan: Plan
    folder: Path
    label: str
    executor: Executor
    in_flight: Callable[[], int]  # chunks handed out at once; a cluster may grow
    on_progress: Callable[[Progress], None] | None = None
    timeout: float | None = None  # seconds for each run
    n_rows: int = 0
    n_done: int = 0
    n_failed: int = 0
    n_new: int = 0
    stopped: str = ""
    start: float = field(default_factory=time.monotonic)
    alone: deque[Job] = field(default_factory=deque)

    @property
    def progress(self) -> Progress:
        seconds = time.monotonic() - self.start
        return Progress(self.n_rows, self.n_done, self.n_failed, self.n_new, seconds, self.stopped)

    def run(self, jobs: Iterator[Job]) -> None:
        """Hand out jobs, a few at a time, and keep what comes back."""
        running: dict[Future[Finished], Job] = {}
        self.start = time.monotonic()
        while True:
            most = self.in_flight()
            while not self.stopped and len(running) < most:
                job = self.alone.popleft() if self.alone else next(jobs, None)
                if job is None:
                    break
                running[self.executor.submit(run_task, self._task(job.rows))] = job
            if not running:
                return
            ended, _ = wait(running, timeout=LOOK_EVERY_SECONDS, return_when=FIRST_COMPLETED)
            for future in ended:
                self._keep(running.pop(future), future)
            self._look_at_stop_rules()
            if self.on_progress is not None:
                self.on_progress(self.progress)

    def pilot(self) -> Pilot:
        """A pilot of a few rows; Ctrl-C waits for it."""
        n = self.plan.n_rows
        rows = sorted({k * (n - 1) // (PILOT_ROWS - 1) for k in range(PILOT_ROWS)})
        future = self.executor.submit(pilot, self._task(tuple(rows)))
        while not wait([future], timeout=LOOK_EVERY_SECONDS).done:
            if self.on_progress is not None:
                self.on_progress(self.progress)
        bad = pool.fault_of(future)
        if bad is None:
            return future.result()
        if not pool.is_death(bad):
            raise bad
        return Pilot(math.inf, {})  # one row to a chunk: something in there kills

    def keep_pilot(self, made: Pilot) -> None:
        """Keep the pilot runs of a session that ended that early, each row in a file of its own."""
        for row, finished in made.finished.items():
            self._write(Job((row,)), finished)

    def _task(self, rows: tuple[int, ...]) -> Task:
        points = dict.fromkeys(self.plan.point_of(row) for row in rows)
        values = {point: self.plan.values_at(point) for point in points}
        return Task(self.plan.experiment, rows, values, self.timeout)

    def _keep(self, job: Job, future: Future[Finished]) -> None:
        bad = pool.fault_of(future)
        if bad is None:
            self._write(job, future.result())
        elif not pool.is_death(bad):
            raise bad
        elif len(job.rows) > 1:  # one of them did it; the others need not suffer
            self.alone.extend(Job((row,), job.into) for row in job.rows)
        else:
            error = f"{bad}: out of memory, ended from outside, or a crash in compiled code"
            record = failed_record(job.rows[0], self.plan.experiment, error)
            self._write(job, _nothing_but(record, self.plan.experiment))

    def _write(self, job: Job, finished: Finished) -> None:
        """A finished job on the disk; rows that were run again take the place of the old ones."""
        tables = {ROWS: with_factors(finished.runs, self.plan)}
        tables |= {
            kind: table
            for kind, table in ((DAYS, finished.days), (EVENTS, finished.events))
            if table is not None
        }
        n_failed = _n_failed(tables[ROWS])
        if job.into is not None:
            tables = {k: _replaced(self.folder, k, job, table) for k, table in tables.items()}
        store.write_chunk(self.folder, job.chunk, tables, self.label)
        self.n_done += len(job.rows)
        self.n_new += len(job.rows)
        self.n_failed += n_failed

    def _look_at_stop_rules(self) -> None:
        stop = self.plan.experiment.stop
        if self.stopped:
            return
        if stop.max_hours is not None and time.monotonic() - self.start > 3600 * stop.max_hours:
            self.stopped = f"max_hours = {stop.max_hours:g} is over"
        share = self.n_failed / max(self.n_done, 1)
        if share > stop.max_failed and self.n_done >= min(LEAST_ROWS_TO_JUDGE, self.n_rows):
            self.stopped = (
                f"{self.n_failed:,} of {counted(self.n_done, 'run')} failed, more than the share "
                f"max_failed = {stop.max_failed:g}"
            )


@contextmanager
def interruptible(session: SweepSession) -> Iterator[None]:
    """The first Ctrl-C stops handing out, the second also drops what is running."""
    ends = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    is_main = threading.current_thread() is threading.main_thread()
    heard = [
        number
        for number in ends
        if number and is_main and signal.getsignal(number) is signal.default_int_handler
    ]

    def stop(number: int, frame: Any) -> None:
        if session.stopped:
            raise KeyboardInterrupt
        session.stopped = INTERRUPTED

    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.default_int_handler)


def with_factors(runs: pa.Table, plan: Plan) -> pa.Table:
    """A table of runs with the factors of their points, columns in their order."""
    factors = plan.factors.take(runs["point"])
    outputs = [n for n in runs.column_names if n not in (*FIRST_COLUMNS, *RUN_COLUMNS)]
    columns = {name: runs[name] for name in FIRST_COLUMNS}
    columns |= {name: factors[name] for name in factors.column_names}
    columns |= {name: runs[name] for name in (*RUN_COLUMNS, *outputs)}
    return pa.table(columns)


def _nothing_but(record: dict[str, Any], experiment: Experiment) -> Finished:
    empty = pa.table({"row": pa.array([], pa.int64())})
    outputs = experiment.outputs
    return Finished(
        columns_of([record]),
        empty if outputs.series else None,
        empty if outputs.events else None,
    )


def _n_failed(runs: pa.Table) -> int:
    return int(pc.sum(pc.equal(runs["status"], FAILED)).as_py() or 0)


def _replaced(folder: Path, kind: str, job: Job, fresh: pa.Table) -> pa.Table:
    """A file's table with the rows of a job replaced, in order."""
    old = store.joined([StoredChunk(job.chunk, store.path_of(folder, kind, job.chunk))])
    others = old.filter(pc.invert(pc.is_in(old["row"], pa.array(job.rows, pa.int64()))))
    both = pa.concat_tables([others, fresh], promote_options="permissive")
    order = pa.array(pc.sort_indices(both, [("row", "ascending")]))
    return both.take(order)
