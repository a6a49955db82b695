"""Playing a kept attribution again, and saying how far the two are apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.attribution.result import SCHEMA_VERSION, TABLES, csv_of
from abm.attribution.running import Progress, shapley
from abm.errors import UnreadableFile
from abm.files import MOST_OF_TABLE, read_bytes, refuse_irregular
from abm.runs.described import AttributionManifest, read_description
from abm.runs.folder import MANIFEST
from abm.runs.manifest import current_versions, table_hash
from abm.runs.reproduce import Reproduction, changed_versions, gap_of
from abm.scenario import load_scenario

if TYPE_CHECKING:
    import pandas as pd

SCENARIO, CSV = "scenario.toml", "shares.csv"
Tick = Callable[[int, int], None]


def reproduce_attribution(
    folder: str | Path, tick: Tick = lambda done, total: None, workers: int | None = None
) -> Reproduction:
    """Play the game of a folder again and compare the bytes of its tables.

    Parameters
    ----------
    folder
        A folder that `Attribution.save` or `unwind attribute` wrote.
    tick
        Told how much is done: `tick(done, total)`, in coalitions.
    workers
        Processes, by default one for each core.

    Raises UnreadableFile where a file is missing or was changed since.
    """
    where = Path(folder)
    said = _manifest_in(where)
    kept = _kept(where, said)

    def told(progress: Progress) -> None:
        tick(progress.n_done, progress.n_planned)

    made = shapley(
        load_scenario(where / SCENARIO), said["target"], said["channels"],
        triggers=said["triggers"] or False, seeds=said["n_seeds"], rng=said["seed"],
        workers=workers, progress=told,
    )  # fmt: skip
    now = {"shares": made.table, "worths": made.by_draw}
    same = tuple(name for name in TABLES if table_hash(now[name]) == said["sha256"][name])
    gaps = tuple(gap_of(name, kept[name], now[name]) for name in TABLES if name not in same)
    return Reproduction(same, gaps, tuple(changed_versions(said, current_versions())))


def _manifest_in(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        return read_description(path, AttributionManifest, SCHEMA_VERSION)
    except FileNotFoundError:
        raise UnreadableFile(f"{folder} holds no attribution: there is no {MANIFEST}") from None
    except (OSError, ValueError) as bad:
        reason = getattr(bad, "strerror", None) or str(bad)
        raise UnreadableFile(f"{path} cannot be read: {reason}") from None


def _kept(folder: Path, said: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables of a folder, every file of it as the manifest has it."""
    files = (SCENARIO, CSV, *(f"{name}.parquet" for name in TABLES))
    missing = [name for name in files if not (folder / name).exists()]
    if missing:
        names = ", ".join(missing)
        raise UnreadableFile(f"{folder} is not a whole attribution: there is no {names}")
    kept = {name: _table(folder / f"{name}.parquet") for name in TABLES}
    is_same = {
        SCENARIO: load_scenario(folder / SCENARIO).canonical_hash() == said["scenario_hash"],
        **{f"{n}.parquet": table_hash(kept[n]) == said["sha256"].get(n) for n in TABLES},
    }
    # The same table once more for readers: it is checked against the first.
    text = read_bytes(folder / CSV, MOST_OF_TABLE).decode("utf-8", "replace")
    is_same[CSV] = not is_same["shares.parquet"] or text == csv_of(kept["shares"])
    changed = [name for name, is_right in is_same.items() if not is_right]
    if changed:
        raise UnreadableFile(
            f"{folder}: {', '.join(changed)} changed since it was saved (not what {MANIFEST} says)"
        )
    return kept


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    try:
        refuse_irregular(path, MOST_OF_TABLE)
        table: pd.DataFrame = pd.read_parquet(path)
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as bad:
        reason = getattr(bad, "strerror", None) or str(bad).splitlines()[0]
        raise UnreadableFile(f"{path} cannot be read: {reason}") from None
    return table
