"""`abm.warning.study`: simulated histories, the scores of every indicator, and what followed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abm.errors import FailedRun, UnreadableFile, one_line
from abm.files import MOST_OF_TABLE, refuse_irregular
from abm.runs.manifest import current_versions
from abm.scenario import Scenario, load_scenario
from abm.scenario.files import PACKAGE
from abm.sweep import locks, pool, studies
from abm.sweep.store import said_plainly, write_bytes, write_table
from abm.sweep.studies import MANIFEST, RUNS, whole_within
from abm.warning.columns import INDICATORS
from abm.warning.simulating import (
    N_DAYS,
    RATE_SHARE,
    SURPRISE_SD_BP,
    SURPRISES_PER_YEAR,
    WARM_UP_DAYS,
    history,
    surprises,
    with_surprises,
)
from abm.warning.tables import Tables, tables_of

NAME = "early-warning"
FOLDER = Path("results") / NAME
SCENARIO = "world-2024"
SEED = 20_240_731
"""Used for no calibration and no choice between variants."""
SEEDS, QUICK_SEEDS, LEAST_SEEDS = 200, 20, 4
LABEL = "study"
SCHEMA_VERSION = 1
MADE_BY = "unwind indicators"


class Progress(NamedTuple):
    """Progress of a study."""

    n_done: int
    """Histories that have ended, those of earlier sessions included."""
    n_planned: int
    """Histories in all."""
    seconds: float
    """Since the start of this session."""


class Study(NamedTuple):
    """The result of a study."""

    folder: Path
    """Folder of the tables."""
    scores: pd.DataFrame
    """One row per indicator: scores on the seeds that thresholds were not chosen on."""
    distribution: pd.DataFrame
    """Values of each indicator by percentile, and what followed them."""
    coefficients: pd.DataFrame
    """The combined indicators."""
    sample: pd.DataFrame
    """One history with an event in the middle, day by day, for the figure."""
    manifest: dict[str, Any]
    """Scenario, seeds, numbers of days and events, versions."""


def study(
    scenario: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    seeds: int | None = None,
    quick: bool = False,
    out: str | Path = FOLDER,
    seed: int = SEED,
    workers: int | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Study:
    """Simulate the histories of a study and score every indicator; goes on where it stopped.

    Parameters
    ----------
    scenario
        Name or file of a world in which nothing is scripted, by default `world-2024`.
    changes
        Values by dotted key.
    seeds
        Histories of ten years, 200 by default: thresholds and weights are chosen on the even ones,
        scores are those of the odd ones.
    quick
        Twenty histories.
    out
        Folder of the results.
    seed
        Random seed of all histories.
    workers
        Processes, by default one for each core. No table depends on it.
    force
        True to discard the study of another world, seed or version that the folder holds.
    progress
        Called with a Progress as histories end.

    Returns
    -------
    Study
        Its tables, which the folder holds as CSV and as Parquet.

    Raises
    ------
    InvalidInput
        If an argument is out of range, or something is scripted in the scenario.
    UnreadableFile
        If there is no such scenario.
    ScenarioFaults
        If the changes are not possible.
    OutputRefused
        If the folder holds other things, or another study.
    """
    n_seeds = studies.number_of_seeds(seeds, quick, LEAST_SEEDS, SEEDS, QUICK_SEEDS)
    n_workers = whole_within("workers", workers, 1, 10_000) or pool.n_cores()
    whole_within("seed", seed, 0, 10**18 - 1)
    world = load_scenario(SCENARIO if scenario is None else scenario).with_changes(changes or {})
    with_surprises(world, surprises(seed, 0))  # refuses a script before any time is spent
    tables = tuple(f"{name}.{kind}" for name in Tables.NAMES for kind in ("csv", "parquet"))
    folder = studies.open_folder(Path(out), _identity(world, seed), force, LABEL, tables)
    begun = time.monotonic()
    with locks.only_runner(folder, studies.LOCK):
        panels = _panels(world, seed, n_seeds, n_workers, folder, progress)
        found = tables_of(panels)
        manifest = _manifest(world, seed, n_seeds, found, time.monotonic() - begun)
        for name, table in found.tables.items():
            text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
            write_bytes(folder / f"{name}.csv", text.encode(), LABEL)
            write_table(
                pa.Table.from_pandas(table, preserve_index=False), folder / f"{name}.parquet", LABEL
            )
        write_bytes(folder / MANIFEST, studies.as_json(manifest), LABEL)
    return Study(folder, **found.tables, manifest=manifest)


def load_study(folder: str | Path | None = None) -> Study:
    """A study that was kept; without a folder the one that the package brings.

    Raises UnreadableFile where there is none, or one of its files is not whole.
    """
    places = [PACKAGE / "_studies" / NAME] if folder is None else [Path(folder)]
    if folder is None and (PACKAGE.parent / "pyproject.toml").is_file():
        places.insert(0, PACKAGE.parent / FOLDER)
    where = next((place for place in places if (place / MANIFEST).is_file()), places[0])
    if not (where / MANIFEST).is_file():
        raise UnreadableFile(f"{where}: no study of early warning; {MADE_BY} makes one")
    manifest = studies.read_part(where / MANIFEST, LABEL)
    tables = {name: _table(where / f"{name}.parquet") for name in Tables.NAMES}
    return Study(where, **tables, manifest=manifest)


def _panels(
    scenario: Scenario,
    seed: int,
    n_seeds: int,
    n_workers: int,
    folder: Path,
    progress: Callable[[Progress], None] | None,
) -> list[pd.DataFrame]:
    """The panel of every history, made where it is not kept."""
    begun = time.monotonic()
    with said_plainly(folder):
        (folder / RUNS).mkdir(parents=True, exist_ok=True)
    paths = [folder / RUNS / f"{replicate:06d}.parquet" for replicate in range(n_seeds)]
    missing = [replicate for replicate, path in enumerate(paths) if not path.is_file()]
    n_done = n_seeds - len(missing)
    if missing:
        with pool.own_processes(n_workers) as executor:
            for replicate, panel in _made(executor, scenario, seed, missing, n_workers):
                made = pa.Table.from_pandas(panel, preserve_index=False)
                write_table(made, paths[replicate], LABEL)
                n_done += 1
                if progress is not None:
                    progress(Progress(n_done, n_seeds, time.monotonic() - begun))
    return [_table(path) for path in paths]


def _made(
    executor: Executor, scenario: Scenario, seed: int, replicates: list[int], n_workers: int
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Panels as they come. A history that fails ends the study: what is left out is no sample."""
    waiting = list(reversed(replicates))
    running: dict[Future[pd.DataFrame], int] = {}
    while waiting or running:
        while waiting and len(running) < 2 * n_workers:
            replicate = waiting.pop()
            running[executor.submit(history, scenario, seed, replicate)] = replicate
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            replicate, bad = running.pop(future), pool.fault_of(future)
            if bad is not None:
                what = one_line(str(bad).split("\n")[0], 300)
                raise FailedRun(f"history {replicate} of seed {seed} failed: {what}")
            yield replicate, future.result()


def _table(path: Path) -> pd.DataFrame:
    try:
        refuse_irregular(path, MOST_OF_TABLE)
        found: pd.DataFrame = pq.read_table(path).to_pandas()
    except (OSError, ValueError, pa.ArrowException):
        raise UnreadableFile(f"{path} is not whole; without it {MADE_BY} makes it again") from None
    return found


def _identity(scenario: Scenario, seed: int) -> dict[str, Any]:
    """All that the histories follow from, but how many there are."""
    return studies.identity_of(SCHEMA_VERSION, seed, scenario_hash=scenario.canonical_hash())


def _manifest(
    scenario: Scenario, seed: int, seeds: int, found: Tables, seconds: float
) -> dict[str, Any]:
    return {
        "command": MADE_BY,
        "scenario": scenario.name,
        **_identity(scenario, seed),
        "seeds": seeds,
        "days": N_DAYS,
        "warm_up_days": WARM_UP_DAYS,
        "surprises_per_year": SURPRISES_PER_YEAR,
        "surprise_sd_bp": SURPRISE_SD_BP,
        "rate_share": RATE_SHARE,
        **found.counts,
        "left_out": [one.name for one in INDICATORS if one.name not in found.names],
        "seconds": round(seconds, 1),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **current_versions(),
    }
