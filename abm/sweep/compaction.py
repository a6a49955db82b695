"""Many small files into a few large ones: the same rows in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from abm.sweep import store
from abm.sweep.plan import Chunk
from abm.sweep.store import KINDS, ROWS, StoredChunk

MOST_FILES = 16  # a sweep of fewer is left as it is
MOST_CELLS = 5_000_000  # numbers in one file: what is held in memory at once


def compact(folder: Path, label: str, most_cells: int = MOST_CELLS) -> int:
    """Join neighbouring files; returns how many files of rows there are then.

    A joined file is written and named before its parts are removed: whoever is killed in between
    leaves parts that are passed over, and removed by the next runner.
    """
    for group in list(_groups(store.kept_files(folder), most_cells)):
        whole = Chunk(group[0].chunk.first, group[-1].chunk.last)
        for kind in KINDS:
            _join(folder, kind, whole, label)
    store.remove_covered(folder)
    return len(store.kept_files(folder))


def _groups(files: list[StoredChunk], most_cells: int) -> Iterator[list[StoredChunk]]:
    """Runs of neighbours, at least two, that are not too large together."""
    group: list[StoredChunk] = []
    cells = 0
    for kept in files:
        n = kept.chunk.n_rows * store.n_columns(kept)
        is_neighbour = bool(group) and kept.chunk.first == group[-1].chunk.last + 1
        if group and (not is_neighbour or cells + n > most_cells):
            if len(group) > 1:
                yield group
            group, cells = [], 0
        group, cells = [*group, kept], cells + n
    if len(group) > 1:
        yield group


def _join(folder: Path, kind: str, whole: Chunk, label: str) -> None:
    parts = [
        kept
        for kept in store.kept_files(folder, kind)
        if whole.first <= kept.chunk.first and kept.chunk.last <= whole.last
    ]
    if parts:
        table = store.joined(parts)
        assert kind != ROWS or table.num_rows == whole.n_rows, "rows are missing between files"
        store.write_table(table, store.path_of(folder, kind, whole), label)
