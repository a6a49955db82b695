"""Graph files that a scenario names, and what makes a folder hold its own copies of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from abm.errors import UnreadableFile
from abm.files import MOST_OF_GRAPH, read_bytes
from abm.scenario.fields import Part
from abm.scenario.writing import to_dict

ENDS = ("brokers", "interbank")  # of `network`, each of which may be a file
KEYS = tuple(f"network.{end}.path" for end in (*ENDS, "*"))  # each, and both by a pattern
FOLDER = "graphs"  # where copies lie, beside the scenario that names them


class Portable(NamedTuple):
    """A scenario as a folder keeps it: it names copies, which lie in that folder."""

    raw: dict[str, Any]
    """Nested mappings, for `to_toml`."""
    files: dict[str, bytes]
    """The copies, by their name in the folder."""


def portable(scenario: Part) -> Portable:
    """A scenario whose graph files lie in its own folder. Raises UnreadableFile if one has gone."""
    raw, files = to_dict(scenario), {}
    for end in ENDS:
        part = raw["network"][end]
        if part["kind"] == "file":
            name = f"{FOLDER}/{end}{Path(part['path']).suffix.lower()}"
            files[name] = content_of(part["path"])
            part["path"] = name
    return Portable(raw, files)


def paths_in(raw: Any) -> set[str]:
    """Every path of a graph file that changes, factors or points name."""
    found: set[str] = set()

    def noted(path: str) -> str:
        found.add(path)
        return path

    each_path(raw, noted)
    return found


def each_path(raw: Any, change: Callable[[str], str], key: str = "") -> Any:
    """Nested mappings and lists with every path of a graph file in them changed.

    Keys may be dotted, and a path may be one of a factor's values.
    """
    if isinstance(raw, Mapping):
        return {
            name: each_path(value, change, f"{key}.{name}".lstrip("."))
            for name, value in raw.items()
        }
    if isinstance(raw, list | tuple):
        return type(raw)(each_path(entry, change, key) for entry in raw)
    is_path = isinstance(raw, str) and key.removesuffix(".values").endswith(KEYS)
    return change(raw) if is_path else raw


def copies_of(paths: set[str]) -> Iterator[tuple[str, str, bytes]]:
    """(path, name in the folder, content) of each; equal contents of one ending have one name."""
    for path in sorted(paths):
        content = content_of(path)
        suffix = Path(path).suffix.lower()
        yield path, f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:16]}{suffix}", content


def content_of(path: str) -> bytes:
    """A graph file. Raises UnreadableFile where it cannot be read."""
    try:
        return read_bytes(path, MOST_OF_GRAPH)
    except FileNotFoundError:
        raise UnreadableFile(f"{path}: the graph file of the scenario has gone") from None
    except (OSError, ValueError) as bad:
        reason = getattr(bad, "strerror", None) or str(bad)
        raise UnreadableFile(f"{path}: the graph file cannot be read: {reason}") from None


def hash_of(path: str) -> str:
    """SHA-256 of a graph file; the path itself where it cannot be read."""
    try:
        return hashlib.sha256(read_bytes(path, MOST_OF_GRAPH)).hexdigest()
    except (OSError, ValueError):
        return path
