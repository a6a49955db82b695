"""`abm.sweep`: every run of an experiment, once, whatever is killed on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc

from abm.errors import InvalidInput, OutputRefused
from abm.population.streams import Rng, root_seed
from abm.population.time_limit import seconds_allowed
from abm.runs.crate import CRATE, ODD
from abm.scenario.graph_files import FOLDER as GRAPHS
from abm.sweep import locks, pool, store
from abm.sweep.compaction import MOST_FILES, compact
from abm.sweep.experiment import Experiment, load_experiment
from abm.sweep.plan import (
    EXPERIMENT,
    PLAN,
    POINTS,
    SCENARIO,
    Chunk,
    Plan,
    files_of,
    plan_of,
    refuse_other_plan,
)
from abm.sweep.reading import reseeded
from abm.sweep.session import INTERRUPTED, Job, Progress, SweepSession, interruptible
from abm.sweep.store import DAYS, EVENTS, Covered, StoredChunk
from abm.sweep.work import FAILED, Pilot
from abm.words import counted, is_or_are

CHUNK_SECONDS = 3.0
LEAST_CHUNKS = 16  # so that workers end at about the same time
MOST_CHUNK_ROWS = 20_000
SPARE_CHUNKS = 2  # waiting, so that no worker does
NO_PILOT = Pilot(0.0, {})


class Summary(NamedTuple):
    """The result of a session."""

    folder: Path
    """The folder of the results."""
    progress: Progress
    """Its progress at the end."""

    @property
    def is_complete(self) -> bool:
        """True if every run of its shard is done."""
        return self.progress.n_done == self.progress.n_rows


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C; what was finished is kept, and the same call goes on from there."""

    def __init__(self, summary: Summary) -> None:
        """After what was done."""
        n_done, n = summary.progress.n_done, summary.progress.n_rows
        super().__init__(f"{n_done:,} of {counted(n, 'run')} {is_or_are(n)} done")
        self.summary = summary
        """Progress of the session until then."""


def sweep(
    experiment: Experiment | str | Path,
    out: str | Path | None = None,
    *,
    rng: Rng | None = None,
    workers: int | None = None,
    shard: str | tuple[int, int] | None = None,
    cluster: str | None = None,
    max_runs: int | None = None,
    retry_failed: bool = False,
    timeout: float | None = None,
    chunk_rows: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Run what is missing of an experiment; calling it again goes on where it stopped.

    Parameters
    ----------
    experiment
        An Experiment, or the path of its file.
    out
        Folder of the results; by default `results/<name>`.
    rng
        Seed in place of the experiment's own, as in `abm.run`: a whole number, a
        numpy.random.SeedSequence or a numpy.random.Generator. The folder keeps the whole number, in
        `experiment.toml`; to go on with a sweep that a Generator began, give that number.
    workers
        Processes on this machine, by default one for each core.
    shard
        "K/N": only the K-th of N parts, for job arrays that share the folder.
    cluster
        Address of a Dask scheduler, whose workers run instead of processes here.
    max_runs
        Refuse a design of more runs than this.
    retry_failed
        Also run again what failed before.
    timeout
        Seconds for each run with its counterfactuals; one that takes longer is a failed row. None
        for no limit.
    chunk_rows
        Runs kept in one file, in a new folder; by default about 3 seconds of them.
    progress
        Called about twice a second with a Progress.

    Returns
    -------
    Summary
        The folder, for `load_sweep`, and how far it came. A run that fails is a row that says so.

    Raises
    ------
    UnreadableFile
        If there is no such file, or it is not TOML.
    ScenarioFaults
        With every fault of the experiment, each point of its design checked.
    OutputRefused
        If the folder holds other things or another sweep, a process is at work on it, or the disk
        refuses.
    InvalidInput
        If an argument is out of range, or the design has more runs than allowed.
    SweepInterrupted
        On Ctrl-C (a KeyboardInterrupt); what was finished is kept.
    """
    part = shard_of(shard)
    n_workers = _counted("workers", workers, pool.n_cores())
    seconds = None if timeout is None else seconds_allowed(timeout)
    plan = _allowed_plan(experiment, max_runs, rng)
    folder = Path(out) if out is not None else Path("results") / plan.experiment.name
    label = f"shard-{part[0]}-of-{part[1]}"
    with ExitStack() as stack:
        if cluster is not None:  # one that does not answer leaves no folder behind
            executor, in_flight = stack.enter_context(pool.cluster(cluster))
        _make(folder)
        if (folder / PLAN).is_file():
            refuse_other_plan(plan, folder)
        stack.enter_context(locks.only_runner(folder, label))
        if cluster is None:
            executor = stack.enter_context(pool.own_processes(n_workers))
            in_flight = partial(int, n_workers + SPARE_CHUNKS)
        session = SweepSession(plan, folder, label, executor, in_flight, progress, seconds)
        session.n_rows = plan.n_rows
        with interruptible(session):
            session.plan = _settled(session, chunk_rows)
            return _run_missing(session, part, retry_failed)


def _allowed_plan(
    experiment: Experiment | str | Path, max_runs: int | None, rng: Rng | None
) -> Plan:
    """The plan, if it is not of more runs than are allowed."""
    if isinstance(experiment, Experiment):
        chosen = experiment
    else:
        chosen = load_experiment(experiment, max_runs)
    if rng is not None:
        chosen = reseeded(chosen, root_seed(rng), max_runs)
    plan = plan_of(chosen)
    most = chosen.stop.max_runs if max_runs is None else max_runs
    if plan.n_rows > most:
        raise InvalidInput(
            f"{counted(plan.n_rows, 'run')} ({counted(len(plan.points), 'point')} x "
            f"{counted(chosen.replicates, 'replicate')}), must be at most max_runs = {most:,}"
        )
    return plan


def shard_of(given: str | tuple[int, int] | None) -> tuple[int, int]:
    """(K, N) of "K/N"."""
    if given is None:
        return 1, 1
    words = given.split("/") if isinstance(given, str) else [str(word) for word in given]
    if len(words) == 2 and all(word.isdecimal() and len(word) < 10 for word in words):
        part, n_parts = int(words[0]), int(words[1])
        if 1 <= part <= n_parts:
            return part, n_parts
    said = given if isinstance(given, str) else "/".join(words)
    raise InvalidInput(f"shard = {said}, must be K/N with K from 1 to N, as 1/8 to 8/8")


def _run_missing(session: SweepSession, part: tuple[int, int], retry_failed: bool) -> Summary:
    """Find what is missing, run it, and leave the folder tidy."""
    plan, folder = session.plan, session.folder
    with store.said_plainly(folder):
        store.clean(folder, _dead_labels(folder, session.label))
        store.remove_covered(folder)
    sides = _sides(plan)
    files = [kept for kept in store.kept_files(folder) if not _is_damaged(kept, sides, folder)]
    covered = Covered(files)
    chunks = list(plan.chunks(part))
    missing = [piece for chunk in chunks for piece in covered.missing(chunk)]
    session.n_rows = sum(chunk.n_rows for chunk in chunks)
    session.n_done = session.n_rows - sum(piece.n_rows for piece in missing)
    ours = [kept for kept in files if kept.chunk.first // plan.chunk_rows % part[1] == part[0] - 1]
    n_failed = sum(store.n_failed_in(kept) for kept in ours)
    if retry_failed:
        session.n_done -= n_failed
    else:
        session.n_failed = n_failed
    del files, covered, chunks
    session.run(_jobs(missing, ours if retry_failed else []))
    summary = Summary(folder, session.progress)
    if session.stopped == INTERRUPTED:
        raise SweepInterrupted(summary)
    _tidy(session)
    return summary


def _jobs(missing: list[Chunk], failed_in: list[StoredChunk]) -> Iterator[Job]:
    for piece in missing:
        yield Job(tuple(range(piece.first, piece.last + 1)))
    for kept in failed_in:
        if store.n_failed_in(kept):
            table = store.joined([kept])
            rows = table.filter(pc.equal(table["status"], FAILED))["row"].to_pylist()
            yield Job(tuple(rows), kept)


def _tidy(session: SweepSession) -> None:
    """Join the small files of a sweep of which every row is there; one of the runners does."""
    folder, label = session.folder, session.label
    files = store.kept_files(folder)
    is_alone = all(other == label for other in locks.holders(folder))
    if not is_alone or Covered(files).n_rows < session.plan.n_rows:
        return
    if len(files) > MOST_FILES:
        compact(folder, label)
    with store.said_plainly(folder):
        store.remove_set_aside(folder)


def _settled(session: SweepSession, chunk_rows: int | None) -> Plan:
    """The plan with the size of its chunks, written beside the results before the first of them.

    The runs of the pilot are kept where Ctrl-C was heard meanwhile: they may be all there is.
    """
    plan, folder = session.plan, session.folder
    made = NO_PILOT
    if not (folder / PLAN).is_file():
        rows = _counted("chunk_rows", chunk_rows, 0)
        if not rows and plan.n_rows > LEAST_CHUNKS:
            made = session.pilot()
            rows = _chunk_rows(plan.n_rows, made.seconds_per_row)
        mine = replace(plan, chunk_rows=rows or 1)
        with locks.taking_turns(folder):
            if not (folder / PLAN).is_file():  # of several runners the first one's is kept
                for name, content in files_of(mine).items():
                    (folder / name).parent.mkdir(exist_ok=True)
                    store.write_bytes(folder / name, content, session.label)
    settled = replace(plan, chunk_rows=int(refuse_other_plan(plan, folder)["chunk_rows"]))
    if session.stopped:
        session.keep_pilot(made)
    return settled


def _chunk_rows(n_rows: int, seconds_per_row: float) -> int:
    """Runs in a chunk: about three seconds of work, and not less than sixteen chunks."""
    most = min(math.ceil(n_rows / LEAST_CHUNKS), MOST_CHUNK_ROWS)
    return max(1, min(most, int(CHUNK_SECONDS / max(seconds_per_row, 1e-6))))


def _make(folder: Path) -> None:
    """The folder, where it may be written and holds nothing else."""
    if folder.exists() and not folder.is_dir():
        raise OutputRefused(f"{folder} is a file; give a folder with --out")
    with store.said_plainly(folder):
        held = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        others = [name for name in held if not name.startswith(".") and name not in _OWN]
        if PLAN not in held and others:
            raise OutputRefused(
                f"{folder} exists and holds other things ({', '.join(others[:3])}); "
                "give another --out"
            )
        (folder / store.RUNS).mkdir(parents=True, exist_ok=True)


def _dead_labels(folder: Path, label: str) -> set[str]:
    """Labels of runners that are no more, and our own."""
    known = {path.name for path in (folder / locks.LOCKS).glob("shard-*")}
    return (known - set(locks.holders(folder))) | {label}


def _is_damaged(kept: StoredChunk, sides: list[str], folder: Path) -> bool:
    fault = store.check(kept, sides, folder, whole=False)
    if fault:
        store.set_aside(kept, folder)
    return bool(fault)


def _sides(plan: Plan) -> list[str]:
    outputs = plan.experiment.outputs
    wanted = ((DAYS, bool(outputs.series)), (EVENTS, outputs.events))
    return [kind for kind, is_wanted in wanted if is_wanted]


_OWN = {store.RUNS, EXPERIMENT, SCENARIO, POINTS, GRAPHS, ODD, CRATE}


def _counted(name: str, given: int | None, default: int) -> int:
    if given is None:
        return default
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise InvalidInput(f"{name} = {given!r}, must be a whole number, at least 1")
    return given
