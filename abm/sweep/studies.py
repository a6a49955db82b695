"""The folder of a study, as of `unwind validate`: its question stands in it, and the same question
goes on with the runs that are there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from abm import version
from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.files import read_json
from abm.numbers import is_whole
from abm.runs.manifest import source_commit
from abm.sweep.store import said_plainly, write_bytes

QUESTION, MANIFEST, RUNS = "question.json", "manifest.json", "runs"
LOCK = "shard-1-of-1"
MOST_SEEDS = 100_000


def identity_of(schema_version: int, seed: int, **worlds: Any) -> dict[str, Any]:
    """All that the runs of a study follow from, but how many there are; and its hash."""
    what = {
        "schema_version": schema_version,
        "package_version": version.__version__,
        "source_commit": source_commit(),
        "seed": seed,
        **worlds,
    }
    return what | {"hash": hashlib.sha256(as_json(what)).hexdigest()}


def open_folder(
    folder: Path, identity: dict[str, Any], force: bool, what: str, tables: tuple[str, ...]
) -> Path:
    """The folder, made or found to be of the same question.

    With `force` the runs of another are discarded, and its tables and manifest, which would else
    be taken for those of this one. Raises OutputRefused for other things.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputRefused(f"{folder} is a file; give a folder with --out")
    with said_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
        held = [one.name for one in folder.iterdir() if not one.name.startswith(".")]
    if QUESTION in held:
        there = read_part(folder / QUESTION, what)
        if there.get("hash") == identity["hash"]:
            return folder
        if not force:
            names = [name for name in identity if name != "hash"]
            other = ", ".join(name for name in names if there.get(name) != identity[name])
            raise OutputRefused(
                f"{folder} holds another {what} (different: {other}); give another --out, or "
                "--force to discard it"
            )
        old = [folder / MANIFEST, *(folder / name for name in tables)]
        with said_plainly(folder):
            for path in (*old, *(folder / RUNS).glob("*.parquet")):
                with suppress(FileNotFoundError):
                    path.unlink()
    elif held:
        listed = ", ".join(sorted(held)[:3])
        raise OutputRefused(
            f"{folder} exists and holds other things ({listed}); give another --out"
        )
    write_bytes(folder / QUESTION, as_json(identity), what)
    return folder


def read_part(path: Path, what: str) -> dict[str, Any]:
    """A description that a study has written. Raises UnreadableFile where it is not whole."""
    with suppress(OSError, ValueError):
        there = read_json(path)
        if isinstance(there, dict):
            return there
    raise UnreadableFile(f"{path} is not whole: no {what}")


def number_of_seeds(seeds: int | None, quick: bool, least: int, usual: int, few: int) -> int:
    """Seeds that are asked for; `few` where the quick answer is."""
    if quick and seeds is not None:
        raise InvalidInput(f"seeds = {seeds} and quick: give one of them")
    return whole_within("seeds", seeds, least, MOST_SEEDS) or (few if quick else usual)


def whole_within(name: str, value: int | None, low: int, high: int) -> int | None:
    """A whole number in a range, or None as it is. Raises InvalidInput for all else."""
    if value is not None and not (is_whole(value) and low <= value <= high):
        raise InvalidInput(f"{name} = {value!r}, must be a whole number from {low:,} to {high:,}")
    return value


def as_json(content: Mapping[str, Any]) -> bytes:
    """A description as it is written."""
    return (json.dumps(content, indent=2) + "\n").encode()
