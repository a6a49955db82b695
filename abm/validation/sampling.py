"""Runs of samples: measured in the processes of the sweep's pool, kept by sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abm.errors import UnreadableFile, UnwindError
from abm.files import MOST_OF_TABLE, refuse_irregular
from abm.scenario import Scenario
from abm.sweep import pool
from abm.sweep.store import said_plainly, write_table
from abm.sweep.studies import RUNS
from abm.sweep.work import said
from abm.validation.claims import Measure, Runs, Sample
from abm.validation.worlds import World

LABEL = "validation"
CHUNKS_PER_WORKER = 4
MOST_IN_CHUNK = 25
REPLICATE, ERROR = "replicate", "error of the run"

Record = dict[str, Any]


class Task(NamedTuple):
    """Some runs of a sample, with all that is needed for them."""

    measure: Measure
    scenario: Scenario
    seed: int
    replicates: tuple[int, ...]


def run_task(task: Task) -> list[Record]:
    """A record of each run. One that raises says so and has no values."""
    records = []
    for replicate in task.replicates:
        try:
            values = task.measure(task.scenario, task.seed, replicate)
            records.append({REPLICATE: replicate, ERROR: "", **values})
        except Exception as bad:
            records.append({REPLICATE: replicate, ERROR: said(bad)})
    return records


@dataclass
class Sampler:
    """The runs of one validation: those that are kept, and the processes that make the others."""

    world: World
    seed: int
    seeds: int
    folder: Path
    executor: Executor
    n_workers: int
    tell: Callable[[str, int], None] = lambda sample, n: None
    """Told the sample at work and the runs that have just ended."""
    known: dict[str, Runs] = field(default_factory=dict)

    def runs_of(self, sample: Sample) -> Runs:
        """Runs of a sample, made where they are not kept."""
        if sample.name not in self.known:
            wanted = range(sample.n_runs(self.seeds))
            kept = self._kept(sample)
            missing = tuple(n for n in wanted if n not in kept)
            self.tell(sample.name, len(wanted) - len(missing))
            if missing:
                kept |= {record[REPLICATE]: record for record in self._made(sample, missing)}
                self._keep(sample, kept)
            self.known[sample.name] = runs_from([kept[n] for n in wanted])
        return self.known[sample.name]

    def _made(self, sample: Sample, replicates: tuple[int, ...]) -> list[Record]:
        try:
            scenario = sample.scenario_of(self.world[sample.role])
        except UnwindError as refused:  # a world without that parameter
            self.tell(sample.name, len(replicates))
            words = " ".join(str(refused).split())
            return [{REPLICATE: n, ERROR: words} for n in replicates]
        if sample.workers is None:
            return list(self._done(sample, scenario, replicates, self.executor))
        with pool.own_processes(sample.workers) as own:
            return list(self._done(sample, scenario, replicates, own))

    def _done(
        self, sample: Sample, scenario: Scenario, replicates: tuple[int, ...], executor: Executor
    ) -> Iterator[Record]:
        """Records as they come; runs that kill their worker have failed."""
        workers = sample.workers or self.n_workers
        size = -(-len(replicates) // (CHUNKS_PER_WORKER * workers))
        size = min(MOST_IN_CHUNK, size)
        chunks = [replicates[i : i + size] for i in range(0, len(replicates), size)]
        running: dict[Future[list[Record]], tuple[int, ...]] = {
            executor.submit(run_task, Task(sample.measure, scenario, self.seed, chunk)): chunk
            for chunk in chunks
        }
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                chunk, bad = running.pop(future), pool.fault_of(future)
                if bad is None:
                    yield from future.result()
                elif pool.is_death(bad):
                    yield from ({REPLICATE: n, ERROR: str(bad)} for n in chunk)
                else:
                    raise bad
                self.tell(sample.name, len(chunk))

    def _kept(self, sample: Sample) -> dict[int, Record]:
        path = self._path(sample)
        if not path.is_file():
            return {}
        records: list[Record] = read_records(path)
        return {record[REPLICATE]: record for record in records}

    def _keep(self, sample: Sample, records: dict[int, Record]) -> None:
        path = self._path(sample)
        table = pd.DataFrame([records[n] for n in sorted(records)])
        with said_plainly(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_table(pa.Table.from_pandas(table, preserve_index=False), path, LABEL)

    def _path(self, sample: Sample) -> Path:
        plain = "".join(c if c.isalnum() or c in "-." else "-" for c in sample.name)
        return self.folder / RUNS / f"{plain}.parquet"


def read_records(path: Path) -> list[Record]:
    """Records of a kept sample. Raises UnreadableFile where its file is not whole."""
    try:
        refuse_irregular(path, MOST_OF_TABLE)
        found: list[Record] = pq.read_table(path).to_pylist()
    except (OSError, ValueError, pa.ArrowException):
        raise UnreadableFile(f"{path} is not whole; without it its runs are made again") from None
    return found


def runs_from(records: list[Record]) -> Runs:
    """Records as a table of the runs that ended well, and what is known of the others."""
    table = pd.DataFrame(records).set_index(REPLICATE)
    failed = table[ERROR] != ""
    error = str(table.loc[failed, ERROR].iloc[0]) if failed.any() else ""
    return Runs(table[~failed].drop(columns=ERROR), int(failed.sum()), error)
