"""The store of runs: one Parquet file per chunk, named by its rows, there whole or not at all.

    DIR/runs/rows-<first>-<last>.parquet     one row per run
    DIR/runs/days-<first>-<last>.parquet     series, where wanted
    DIR/runs/events-<first>-<last>.parquet   events, where wanted

What is done is what has a file of rows, which is written last. A file whose rows lie within those
of another is a leftover of a compaction and is passed over. DuckDB reads the same files:

    duckdb.sql("SELECT * FROM 'DIR/runs/rows-*.parquet'")
"""

from __future__ import annotations

import errno
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.files import MOST_OF_TABLE, refuse_irregular
from abm.runs.columns import OF_A_SWEEP_ROW, described, typed
from abm.runs.described import Entries
from abm.runs.manifest import platform_tag, table_hash
from abm.sweep.plan import Chunk, read_description
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd

RUNS = "runs"
ROWS, DAYS, EVENTS = "rows", "days", "events"
DESCRIBED = {ROWS: OF_A_SWEEP_ROW, DAYS: (DAYS,), EVENTS: (EVENTS,)}  # by which tables
KINDS = (DAYS, EVENTS, ROWS)  # in the order they are written
SHA256, PLATFORM, N_FAILED = b"abm.sha256", b"abm.platform", b"abm.n_failed"
UNFINISHED = ".unfinished-"
DAMAGED = "damaged-"
# How a full or locked disk is said.
REASONS = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your disk quota is used up"}
TIMES = ("seconds",)  # columns that no two runs of the same row agree on
_NAME = re.compile(r"^(rows|days|events)-(\d+)-(\d+)\.parquet\Z")
_TRIES = 3


class StoredChunk(NamedTuple):
    """A file of rows and what it covers."""

    chunk: Chunk
    path: Path


def path_of(folder: Path, kind: str, chunk: Chunk) -> Path:
    return folder / RUNS / f"{kind}-{chunk.first:012d}-{chunk.last:012d}.parquet"


def kept_files(folder: Path, kind: str = ROWS) -> list[StoredChunk]:
    """All files of a kind in the order of their rows, leftovers of compactions passed over."""
    found = []
    for name in _names(folder):
        match = _NAME.match(name)
        if match and match[1] == kind:
            found.append(StoredChunk(Chunk(int(match[2]), int(match[3])), folder / RUNS / name))
    found.sort(key=lambda kept: (kept.chunk.first, -kept.chunk.last))
    outer: list[StoredChunk] = []
    for kept in found:
        if not outer or kept.chunk.last > outer[-1].chunk.last:
            outer.append(kept)
    return outer


class Covered:
    """The rows that have a file."""

    def __init__(self, files: Iterable[StoredChunk]) -> None:
        self.chunks = [kept.chunk for kept in files]
        self.firsts = [chunk.first for chunk in self.chunks]

    @property
    def n_rows(self) -> int:
        return sum(chunk.n_rows for chunk in self.chunks)

    def missing(self, chunk: Chunk) -> Iterator[Chunk]:
        """The parts of a chunk that have none."""
        at, first = max(0, bisect_right(self.firsts, chunk.first) - 1), chunk.first
        for other in self.chunks[at:]:
            if other.first > chunk.last:
                break
            if other.first > first:
                yield Chunk(first, other.first - 1)
            first = max(first, other.last + 1)
        if first <= chunk.last:
            yield Chunk(first, chunk.last)


def write_chunk(folder: Path, chunk: Chunk, tables: dict[str, pa.Table], label: str) -> None:
    """Keep a chunk: side tables first, its rows last. `label` marks what is unfinished as ours."""
    for kind in KINDS:
        if kind in tables:
            write_table(
                described(tables[kind], *DESCRIBED[kind]), path_of(folder, kind, chunk), label
            )


def write_table(table: pa.Table, path: Path, label: str) -> None:
    """A Parquet file, with the hash of its columns, there whole or not at all."""
    stamp = {SHA256: table_hash(pandas_of(table)).encode(), PLATFORM: platform_tag().encode()}
    if "status" in table.column_names and not path.name.startswith(DAYS):  # whose is another
        stamp[N_FAILED] = str(pc.sum(pc.equal(table["status"], "failed")).as_py() or 0).encode()
    stamped = table.replace_schema_metadata(stamp)
    words = [f.name for f in table.schema if not pa.types.is_floating(f.type)]
    sink = pa.BufferOutputStream()
    pq.write_table(stamped, sink, use_dictionary=words)
    write_bytes(path, sink.getvalue(), label)


def write_bytes(path: Path, content: bytes | pa.Buffer, label: str) -> None:
    """A file under a temporary name, on the disk, then under its own."""
    stage = path.with_name(f"{UNFINISHED}{label}-{path.name}")
    with said_plainly(path.parent):
        try:
            with open(stage, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(stage, path)
        finally:
            with suppress(OSError):
                stage.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Names of files on the disk too; Windows does that by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def said_plainly(folder: Path) -> Iterator[None]:
    """The disk's refusal in words; nothing that was kept is touched by it."""
    try:
        yield
    except OSError as bad:
        reason = REASONS.get(bad.errno or 0) or bad.strerror or str(bad)
        raise OutputRefused(
            f"{folder} cannot be written: {reason}; what was finished before is kept"
        ) from bad


def clean(folder: Path, is_ours: set[str]) -> None:
    """Remove what killed writers left, by the labels of locks that no other process holds."""
    for path in (*folder.glob(f"{UNFINISHED}*"), *(folder / RUNS).glob(f"{UNFINISHED}*")):
        label = re.match(r"(.+?-of-\d+)-", path.name.removeprefix(UNFINISHED))
        if label is None or label[1] in is_ours:
            path.unlink(missing_ok=True)


def remove_covered(folder: Path) -> None:
    """Remove files whose rows another file holds."""
    for kind in reversed(KINDS):
        outer = {kept.path.name for kept in kept_files(folder, kind)}
        for name in _names(folder):
            match = _NAME.match(name)
            if match and match[1] == kind and name not in outer:
                (folder / RUNS / name).unlink(missing_ok=True)


def remove_set_aside(folder: Path) -> None:
    """Remove damaged files, once their rows have been run again."""
    for name in _names(folder):
        if name.startswith(DAMAGED):
            (folder / RUNS / name).unlink(missing_ok=True)


def check(kept: StoredChunk, sides: Iterable[str], folder: Path, *, whole: bool) -> str:
    """Faults of a file of rows and of those beside it; empty if there are none.

    Quickly from its footer, or, `whole`, with the hash of all columns.
    """
    for kind in (*sides, ROWS):
        path = path_of(folder, kind, kept.chunk)
        try:
            refuse_irregular(path, MOST_OF_TABLE)
            table = pq.ParquetFile(path).read() if whole else None
            footer = pq.read_metadata(path)
        except FileNotFoundError:
            return f"{path.name} is missing"
        except (OSError, ValueError, pa.ArrowException):
            return f"{path.name} is not whole"
        if kind == ROWS and footer.num_rows != kept.chunk.n_rows:
            return (
                f"{path.name} has {counted(footer.num_rows, 'row', 'd')}, not {kept.chunk.n_rows}"
            )
        said = (footer.metadata or {}).get(SHA256, b"").decode()
        if table is not None and table_hash(pandas_of(table)) != said:
            return f"{path.name} has changed since it was written"
    return ""


def n_failed_in(kept: StoredChunk) -> int:
    """Failed runs of a file, from its footer."""
    refuse_irregular(kept.path, MOST_OF_TABLE)
    footer = pq.read_metadata(kept.path)
    return int((footer.metadata or {}).get(N_FAILED, b"0"))


def set_aside(kept: StoredChunk, folder: Path) -> None:
    """Give a damaged file a name under which its rows count as missing."""
    with said_plainly(folder):
        if kept.path.exists():
            os.replace(kept.path, kept.path.with_name(DAMAGED + kept.path.name))


def read_tables(
    folder: Path, kind: str = ROWS, columns: list[str] | None = None
) -> pa.Table | None:
    """All files of a kind as one table; None where there are none."""
    for attempt in range(_TRIES):
        try:
            with ThreadPoolExecutor() as threads:
                paths = [kept.path for kept in kept_files(folder, kind)]
                tables = list(threads.map(lambda path: _read(path, columns), paths))
            break
        except FileNotFoundError:  # a compaction was at work
            if attempt == _TRIES - 1:
                raise
    return _concatenated(tables) if tables else None


def load_sweep(folder: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The runs of a sweep: one row per run, in order, factors and outputs as columns.

    A run that failed has status "failed", its error, and no outputs.

    Parameters
    ----------
    folder
        Folder of the results, complete or not.
    columns
        Names of those to read, all by default.

    Returns
    -------
    pandas.DataFrame
        `row`, `point`, `replicate`, `seed`; the factors by dotted key; `status`, `error`,
        `seconds`; then what `abm.cascade` gives, or `abm.runs.fast_run` where the experiment
        measures runs alone. `status` and `class` are categories. The Parquet files say the unit
        and meaning of their columns.

    Raises
    ------
    UnreadableFile
        If it is no folder of a sweep, holds no run yet, or a file is not whole or has changed
        since it was written (the hash of its columns differs).
    InvalidInput
        If no run has a column of a name in `columns`.
    """
    where = Path(folder)
    read_description(where, Entries)  # a sweep's folder, of a schema that is read here
    table = read_tables(where, ROWS, columns)
    if table is None:
        raise UnreadableFile(f"{where} holds no run yet; unwind status {where} tells how it stands")
    unknown = [name for name in columns or () if name not in table.column_names]
    if unknown:
        raise InvalidInput(
            f"no run of {where} has a column {', '.join(map(repr, unknown))}; "
            f"abm.load_sweep({str(where)!r}).columns lists what there is"
        )
    # The table is given up column by column: half the memory, and a third of the time.
    runs: pd.DataFrame = table.to_pandas(
        split_blocks=True, self_destruct=True, ignore_metadata=True
    )
    return typed("runs", runs)


def load_days(folder: str | Path) -> pd.DataFrame | None:
    """The series of a sweep, by row and day; None where there are none."""
    table = read_tables(Path(folder), DAYS)
    return None if table is None else typed(DAYS, pandas_of(table))


def load_events(folder: str | Path) -> pd.DataFrame | None:
    """The events of a sweep, by row; None where there are none."""
    table = read_tables(Path(folder), EVENTS)
    return None if table is None else typed(EVENTS, pandas_of(table))


def digest(folder: str | Path) -> str:
    """SHA-256 of what `load_sweep` gives, less the time it took: equal for equal results."""
    table = load_sweep(folder)
    return table_hash(table.drop(columns=list(TIMES)))


def pandas_of(table: pa.Table) -> pd.DataFrame:
    """Columns as pandas has them everywhere: a missing whole number makes its column floats."""
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, ignore_metadata=True)
    return frame


def _read(path: Path, columns: list[str] | None) -> pa.Table:
    """A file whose columns have the hash that it was written with, all of them or some."""
    try:
        refuse_irregular(path, MOST_OF_TABLE)
        with pq.ParquetFile(path, memory_map=True) as file:
            table, said = file.read(), (file.metadata.metadata or {}).get(SHA256, b"").decode()
        is_same = table_hash(pandas_of(table)) == said
    except FileNotFoundError:
        raise
    except (OSError, ValueError, pa.ArrowException):
        raise _damaged(path, "is not whole") from None
    if not is_same:
        raise _damaged(path, "has changed since it was written (SHA-256 differs)")
    if columns is not None:
        table = table.select([name for name in columns if name in table.column_names])
    return table.replace_schema_metadata(None)


def _damaged(path: Path, what: str) -> UnreadableFile:
    mend = "unwind status DIR --verify sets it aside, and unwind sweep runs it again"
    return UnreadableFile(f"{path} {what}; {mend}")


def joined(files: list[StoredChunk]) -> pa.Table:
    """Files one behind the other."""
    return _concatenated([_read(kept.path, None) for kept in files])


def glanced_at(files: list[StoredChunk], columns: list[str]) -> pa.Table:
    """Some columns of files, for a look at how a sweep stands: no hash is compared."""
    tables = []
    for kept in files:
        refuse_irregular(kept.path, MOST_OF_TABLE)
        with pq.ParquetFile(kept.path, memory_map=True) as file:
            tables.append(file.read(columns).replace_schema_metadata(None))
    return _concatenated(tables)


def n_columns(kept: StoredChunk) -> int:
    return int(pq.read_metadata(kept.path).num_columns)


def _concatenated(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="permissive")


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder / RUNS))
    except FileNotFoundError:
        return []
