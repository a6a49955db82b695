"""`abm.validate`: every claim's runs, figure and verdict, in one table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from abm.runs.manifest import current_versions
from abm.sweep import locks, pool, studies
from abm.sweep.store import write_bytes
from abm.sweep.studies import whole_within
from abm.validation.claims import HOLDS, MISSES, UNKNOWN, Claim, Group, judge
from abm.validation.estimates import NAN, Estimate
from abm.validation.groups import find_groups
from abm.validation.sampling import LABEL, Sampler
from abm.validation.worlds import World, world_of

FOLDER = Path("results/validation")
ROWS = "rows.csv"
SEED = 31_072_024
"""Used for no calibration and no choice between variants."""
SEEDS, QUICK_SEEDS = 200, 20
SCHEMA_VERSION = 1
COLUMNS = (
    "group", "claim", "figure", "low", "high", "bar", "verdict", "reason", "note", "seeds",
    "n_runs", "n_failed",
)  # fmt: skip


class Progress(NamedTuple):
    """Progress of a validation."""

    group: str
    """The group at work."""
    sample: str
    """The runs at work."""
    n_done: int
    """Runs that have ended, those of earlier sessions included."""
    n_planned: int
    """Runs in all."""
    seconds: float
    """Since the start of this session."""


class Validation(NamedTuple):
    """The result of a validation."""

    folder: Path
    """Folder of the table and of all runs."""
    rows: pd.DataFrame
    """One row per claim: figure and interval, bar, verdict, reason, runs."""
    groups: tuple[Group, ...]
    """Groups that were asked for."""
    manifest: dict[str, Any]
    """Scenarios, seeds, versions."""

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of claims that hold, miss, or are not identified."""
        return {word: int((self.rows["verdict"] == word).sum()) for word in VERDICTS}


VERDICTS = (HOLDS, MISSES, UNKNOWN)


def validate(
    scenario: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    seeds: int | None = None,
    quick: bool = False,
    only: Iterable[str] = (),
    out: str | Path = FOLDER,
    seed: int = SEED,
    workers: int | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Validation:
    """Run every claim's runs and judge it; calling it again goes on where it stopped.

    Parameters
    ----------
    scenario
        Name or file of a scenario whose world is validated under the scripts of `hike`, `calm` and
        `august-2024`; by default those three as they are shipped.
    changes
        Values by dotted key, in all three.
    seeds
        Seeds of a sample of surprises, 200 by default: August has six times as many runs, ten
        undisturbed years a quarter.
    quick
        Twenty seeds; every row says so.
    only
        Names of groups; all without one.
    out
        Folder of the results.
    seed
        Random seed of all runs.
    workers
        Processes, by default one for each core. The table does not depend on it.
    force
        True to discard the validation of another world, seed or version that the folder holds.
    progress
        Called with a Progress as runs end.

    Returns
    -------
    Validation
        Its table, which the folder holds as rows.csv.

    Raises
    ------
    InvalidInput
        If an argument is out of range, or there is no such group.
    UnreadableFile
        If there is no such scenario.
    ScenarioFaults
        If the changes are not possible.
    OutputRefused
        If the folder holds other things, or another validation.
    """
    groups = find_groups(only)
    n_seeds = studies.number_of_seeds(seeds, quick, 2, SEEDS, QUICK_SEEDS)
    n_workers = whole_within("workers", workers, 1, 10_000) or pool.n_cores()
    whole_within("seed", seed, 0, 10**18 - 1)
    world = world_of(scenario, changes)
    folder = studies.open_folder(Path(out), _identity(world, seed), force, LABEL, (ROWS,))
    begun = time.monotonic()
    with locks.only_runner(folder, studies.LOCK), pool.own_processes(n_workers) as executor:
        sampler = Sampler(world, seed, n_seeds, folder, executor, n_workers)
        rows = _rows(groups, sampler, quick, progress)
    manifest = _manifest(world, seed, n_seeds, quick, time.monotonic() - begun)
    write_bytes(folder / studies.MANIFEST, studies.as_json(manifest), LABEL)
    return Validation(folder, rows, groups, manifest)


def _rows(
    groups: tuple[Group, ...],
    sampler: Sampler,
    quick: bool,
    progress: Callable[[Progress], None] | None,
) -> pd.DataFrame:
    """Rows of all groups; the table is kept after each group."""
    begun = time.monotonic()
    samples = dict.fromkeys(sample for group in groups for sample in group.samples)
    planned = sum(sample.n_runs(sampler.seeds) for sample in samples)
    n_done, rows = 0, []
    for group in groups:

        def tell(sample: str, n: int, group: Group = group) -> None:
            nonlocal n_done
            n_done += n
            if progress is not None:
                spent = time.monotonic() - begun
                progress(Progress(group.title, sample, n_done, planned, spent))

        sampler.tell = tell
        rows += [row_of(group, claim, sampler, quick) for claim in group.claims]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_bytes(sampler.folder / ROWS, text.encode(), LABEL)
    return table


def row_of(group: Group, claim: Claim, sampler: Sampler, quick: bool) -> dict[str, Any]:
    """A row of the table: the claim judged by its runs."""
    runs = [sampler.runs_of(sample) for sample in claim.samples]
    n_failed = sum(one.n_failed for one in runs)
    error = next((one.error for one in runs if one.error), "")
    estimate, fault = Estimate(NAN, NAN, NAN), ""
    if all(len(one.table) for one in runs):
        try:
            estimate = claim.figure(*runs)
        except KeyError as missing:
            fault = f"the runs have no {missing.args[0]}"
    verdict = judge(estimate, claim.bar, n_failed, error, claim.if_missed)
    n_runs = [len(one.table) + one.n_failed for one in runs]
    told = "; ".join(part for part in (estimate.note, claim.note) if part)
    return {
        "group": group.name,
        "claim": claim.claim,
        "figure": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "bar": str(claim.bar),
        "verdict": verdict.word,
        "reason": fault or verdict.reason,
        "note": told,
        "seeds": f"{'quick: ' if quick else ''}{_told(n_runs)} of seed {sampler.seed}",
        "n_runs": sum(n_runs),
        "n_failed": n_failed,
    }


def _told(n_runs: list[int]) -> str:
    """Runs of each sample: "200", "4 x 200", or "200 + 10 + 400"."""
    if len(set(n_runs)) == 1:
        return f"{len(n_runs)} x {n_runs[0]}" if len(n_runs) > 1 else str(n_runs[0])
    return " + ".join(map(str, n_runs))


def _identity(world: World, seed: int) -> dict[str, Any]:
    """All that the runs follow from, but how many there are."""
    hashes = {role: one.canonical_hash() for role, one in world.items()}
    return studies.identity_of(SCHEMA_VERSION, seed, scenario_hashes=hashes)


def _manifest(world: World, seed: int, seeds: int, quick: bool, seconds: float) -> dict[str, Any]:
    return {
        "command": "unwind validate",
        "scenarios": {role: one.name for role, one in world.items()},
        **_identity(world, seed),
        "seeds": seeds,
        "quick": quick,
        "seconds": round(seconds, 1),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **current_versions(),
    }
