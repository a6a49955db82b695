"""The state of a sweep: done, failed, speed, for each level of each factor; and whether its files
are as they were written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from abm.errors import UnreadableFile
from abm.sweep import locks, store
from abm.sweep.plan import read_description, read_points
from abm.sweep.store import DAYS, EVENTS, StoredChunk
from abm.sweep.work import FAILED

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 12  # a factor of more values is not broken down
RECENT_FILES = 20  # from which the rate of a sweep at work is told
MOST_ERRORS = 5


class Level(NamedTuple):
    """One value of one factor."""

    factor: str
    value: object
    n_rows: int
    n_done: int
    n_failed: int


class Status(NamedTuple):
    """The content of a folder against its plan."""

    name: str
    n_rows: int
    n_done: int  # run, failed ones included
    n_failed: int
    seconds_per_run: float  # mean
    rows_per_second: float  # of late, by the times of the files
    runners: list[str]  # shards that a process is at work on
    levels: list[Level]
    errors: dict[str, int]  # the commonest, with the number of runs
    damaged: list[str]

    @property
    def n_missing(self) -> int:
        return self.n_rows - self.n_done

    @property
    def seconds_left(self) -> float:
        """Time left at the rate of late; NaN where no process is at work."""
        if not self.runners or not self.rows_per_second > 0.0:
            return float("nan")
        return self.n_missing / self.rows_per_second


def status(folder: str | Path) -> Status:
    """The state of the sweep in a folder."""
    where = Path(folder)
    plan = read_description(where)
    files = store.kept_files(where)
    damaged = [f"{kept.path.name}" for kept in files if not _is_readable(kept)]
    sound = [kept for kept in files if kept.path.name not in damaged]
    runs = _runs(where, sound)
    failed = runs["status"] == FAILED
    return Status(
        name=str(plan["name"]),
        n_rows=int(plan["n_rows"]),
        n_done=len(runs),
        n_failed=int(failed.sum()),
        seconds_per_run=float(runs["seconds"].mean()) if len(runs) else float("nan"),
        rows_per_second=_recent_rate(sound),
        runners=locks.holders(where),
        levels=_levels(read_points(where), runs, int(plan["n_rows"]), failed),
        errors={
            str(k): int(n)
            for k, n in runs["error"][failed].value_counts().head(MOST_ERRORS).items()
        },
        damaged=damaged,
    )


def verify(folder: str | Path) -> list[str]:
    """Check every file against its hash; what is damaged gets another name and counts as missing.

    Returns what was found, one sentence for each file.
    """
    where = Path(folder)
    outputs = read_description(where)["experiment"]["outputs"]
    wanted = ((DAYS, outputs["series"]), (EVENTS, outputs["events"]))
    sides = [kind for kind, is_wanted in wanted if is_wanted]
    found = []
    for kept in store.kept_files(where):
        fault = store.check(kept, sides, where, whole=True)
        if fault:
            store.set_aside(kept, where)
            found.append(fault)
    return found


def _is_readable(kept: StoredChunk) -> bool:
    try:
        return store.n_failed_in(kept) >= 0
    except (OSError, ValueError):
        return False


def _runs(folder: Path, files: list[StoredChunk]) -> pd.DataFrame:
    import pandas as pd

    columns = ["point", "status", "error", "seconds"]
    if not files:
        return pd.DataFrame({name: [] for name in columns})
    try:
        return store.pandas_of(store.glanced_at(files, columns))
    except FileNotFoundError:  # a compaction took it away meanwhile
        table = store.read_tables(folder, columns=columns)
        if table is None:
            raise UnreadableFile(f"{folder}: its files are being moved; ask again") from None
        return store.pandas_of(table)


def _recent_rate(files: list[StoredChunk]) -> float:
    """Runs per second over the files written last."""
    dated = sorted((kept.path.stat().st_mtime, kept.chunk.n_rows) for kept in files)[-RECENT_FILES:]
    if len(dated) < 2 or dated[-1][0] <= dated[0][0]:
        return float("nan")
    return sum(n for _, n in dated[1:]) / (dated[-1][0] - dated[0][0])


def _levels(
    points: pd.DataFrame, runs: pd.DataFrame, n_rows: int, failed: pd.Series
) -> list[Level]:
    """Done and failed by value of those factors that take few."""
    replicates = n_rows // max(len(points), 1)
    at = runs["point"].to_numpy(dtype=int)
    levels = []
    for factor in points.columns:
        values = points[factor]
        if values.nunique() > MOST_LEVELS:
            continue
        of_run = values.iloc[at].reset_index(drop=True)
        for value in sorted(values.dropna().unique()):
            is_here = (of_run == value).to_numpy()
            n_planned = int((values == value).sum()) * replicates
            n_failed = int((failed.to_numpy() & is_here).sum())
            levels.append(Level(str(factor), value, n_planned, int(is_here.sum()), n_failed))
    return levels
