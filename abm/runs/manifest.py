"""The manifest of a result: origin, versions, and hashes that tell whether it is unchanged."""

from __future__ import annotations

import hashlib
import platform
import struct
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm import version
from abm.measures.table import iso_dates
from abm.population.origin import branches_as_json

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from abm.runs.result import RunResult

# 3: summary.json tells the run from what its shock did; days say more
# 4: dates are dates, closed lists categories; brokers are the table `edges`
SCHEMA_VERSION = 4
PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "networkx",
    "mesa",
    "pandas",
    "pyarrow",
    "pydantic",
)


def manifest_of(result: RunResult) -> dict[str, Any]:
    """Everything needed to make the result again and to see that it is the same."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": result.scenario.name,
        "scenario_hash": result.scenario.canonical_hash(),
        "seed": result.seed,
        "replicate": result.replicate,
        "n_days": len(result.days),
        "is_repeatable": result.is_repeatable,
        **_lineage(result),
        **current_versions(),
        "source_commit": source_commit(),
        "started": result.started,
        "wall_seconds": result.wall_seconds,
        "max_conservation_error": result.summary["max_conservation_error"],
        "sha256": hashes_of(result),
    }


def _lineage(result: RunResult) -> dict[str, Any]:
    """Of a branch the run it comes from and every turn since; nothing of an unbranched run."""
    if result.origin is None:
        return {"parent": None, "branches": []}
    first = result.origin.scenario
    parent = {
        "scenario": first.name,
        "scenario_hash": first.canonical_hash(),
        "seed": result.seed,
        "replicate": result.replicate,
    }
    return {"parent": parent, "branches": branches_as_json(result.origin.branches)}


def current_versions() -> dict[str, Any]:
    """Versions on which the bytes of a result may depend beside scenario and seed."""
    return {
        "package_version": version.__version__,
        "python": platform.python_version(),
        "dependencies": {name: _version(name) for name in PACKAGES},
        "platform": platform_tag(),
    }


def hashes_of(result: RunResult) -> dict[str, str]:
    """SHA-256 of the canonical column bytes of every table."""
    kept = result.kept_indicators
    return {
        "days": table_hash(result.days),
        "events": table_hash(result.events),
        "institutions": table_hash(result.institutions),
        "edges": table_hash(result.edges),
        "exposures": graph_hash(result.exposures),
        **({} if kept is None else {"indicators": table_hash(kept)}),
    }


def table_hash(table: pd.DataFrame) -> str:
    """SHA-256 of a table: per column its name, its type, its length and its bytes.

    Whole numbers as little-endian int64, numbers as float64 with one NaN, words as UTF-8 behind
    their length; a category as its word, or as its rank where categories rank; a date as its ISO
    text, empty for none. The Parquet file is not hashed: its footer names its writer.
    """
    digest = hashlib.sha256()
    for name in table.columns:
        kind, content = column_bytes(table[name])
        digest.update(_framed(name.encode()) + kind + struct.pack("<q", len(table)) + content)
    return digest.hexdigest()


def column_bytes(column: pd.Series) -> tuple[bytes, bytes]:
    """(type, bytes) of one column."""
    if getattr(column.dtype, "ordered", False):
        return b"i", column.cat.codes.to_numpy().astype("<i8").tobytes()
    if column.dtype.kind in "iub":
        return b"i", column.to_numpy().astype("<i8").tobytes()
    if column.dtype.kind == "f":
        values = column.to_numpy().astype("<f8")
        values[np.isnan(values)] = np.nan
        return b"f", values.tobytes()
    words = iso_dates(column) if column.dtype.kind == "M" else map(str, column)
    return b"s", b"".join(_framed(word.encode()) for word in words)


def graph_hash(graph: nx.DiGraph) -> str:
    """SHA-256 of nodes and edges in the order of their names, attributes in theirs."""
    digest = hashlib.sha256()
    for node in sorted(graph.nodes):
        digest.update(_framed(node.encode()) + _attributes(graph.nodes[node]))
    for lender, borrower in sorted(graph.edges):
        digest.update(_framed(lender.encode()) + _framed(borrower.encode()))
        digest.update(_attributes(graph.edges[lender, borrower]))
    return digest.hexdigest()


def _attributes(attributes: dict[str, Any]) -> bytes:
    parts = []
    for name in sorted(attributes):
        value = attributes[name]
        is_number = isinstance(value, float)
        content = struct.pack("<d", value) if is_number else str(value).encode()
        parts.append(_framed(name.encode()) + _framed(content))
    return b"".join(parts)


def _framed(content: bytes) -> bytes:
    """Bytes behind their length, so that no two lists of words look alike."""
    return struct.pack("<q", len(content)) + content


def platform_tag() -> str:
    """The platform that decides the bits of exp and log: system, processor, C library."""
    library = "".join(platform.libc_ver()) or "libc unknown"
    return f"{sys.platform}-{platform.machine()}-{library}"


def source_commit() -> str | None:
    """Commit of the checkout the package runs from, where there is one."""
    return commit_of(Path(__file__).resolve().parents[2])


def commit_of(checkout: Path) -> str | None:
    """The commit at which a folder stands, where git keeps it; git itself need not be there."""
    own = checkout / ".git"
    try:
        if own.is_file():  # one of several work trees, which share their branches
            own = checkout / own.read_text().removeprefix("gitdir: ").strip()
        is_shared = (own / "commondir").is_file()
        shared = own / (own / "commondir").read_text().strip() if is_shared else own
        head = (own / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        branch = head.removeprefix("ref: ")
        if (shared / branch).is_file():
            return (shared / branch).read_text().strip()
        for line in (shared / "packed-refs").read_text().splitlines():
            if line.endswith(f" {branch}"):
                return line.split()[0]
    except OSError:
        pass
    return None


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
