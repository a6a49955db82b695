"""Worths of an attribution that has not ended, on disk: what is done is not done again."""

from __future__ import annotations

import glob
import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from abm.files import read_bytes, write_whole
from abm.runs.manifest import current_versions, source_commit

if TYPE_CHECKING:
    from abm.attribution.worths import Block, Game

_MOST_BYTES = 2**20


def is_begun(result: Path) -> bool:
    """True if something of a result that is not saved yet is kept beside its place."""
    return any(result.parent.glob(f".{glob.escape(result.name)}-*/*.npy"))


class Unfinished:
    """A hidden folder beside that of the result, its name of all that the worths follow from."""

    def __init__(self, result: Path, game: Game, seed: int) -> None:
        asked = {
            "scenario": game.scenario.canonical_hash(),
            "target": game.target,
            "players": game.players.names,
            "seed": seed,
            "made_with": [current_versions(), source_commit()],
        }
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        self.folder = result.parent / f".{result.name}-{digest[:16]}"

    def worths_of(self, block: Block) -> np.ndarray | None:
        """Worths of a block from an earlier session; None without a complete file."""
        try:
            raw = read_bytes(self._file(block), _MOST_BYTES)
            found = np.load(io.BytesIO(raw), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        is_whole = found.shape == (block.last - block.first,) and found.dtype == np.float64
        return found if is_whole else None

    def keep(self, block: Block, worths: np.ndarray) -> None:
        """Keep what a block has given. Raises OSError where that cannot be written."""
        sink = io.BytesIO()
        np.save(sink, worths, allow_pickle=False)
        write_whole(self._file(block), sink.getvalue())

    def discard(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, block: Block) -> Path:
        return self.folder / f"{block.replicate:06d}-{block.first:05d}-{block.last:05d}.npy"
