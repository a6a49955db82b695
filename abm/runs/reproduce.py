"""Running a result again from its manifest, and saying how far the two are apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.runs.branches import run_again
from abm.runs.folder import TABLES
from abm.runs.loading import load_result, read_manifest
from abm.runs.manifest import current_versions, hashes_of
from abm.runs.running import run

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from abm.runs.result import RunResult

#: Relative difference allowed where versions or platforms differ.
TOLERANCE = 1e-9
#: Columns that hold rounding and nothing else: compared as they stand, not over their size.
OF_ROUNDING = ("conservation_error", "residual")


class Gap(NamedTuple):
    """The largest difference of a table from the saved one."""

    table: str
    column: str  # "" where the tables have other rows or columns
    relative: float  # of the column's largest number; infinite where rows or words differ


class Reproduction(NamedTuple):
    """A result beside the same run made now."""

    same: tuple[str, ...]  # tables of the same bytes
    gaps: tuple[Gap, ...]  # of the others
    changed: tuple[str, ...]  # "numba 0.68.1 then, 0.63.1 now"

    @property
    def is_same(self) -> bool:
        """True if every table has the bytes it had."""
        return not self.gaps

    @property
    def agrees(self) -> bool:
        """The same bytes; with other versions or on another platform, the same to 1e-9."""
        is_near = all(gap.relative <= TOLERANCE for gap in self.gaps)
        return self.is_same or (bool(self.changed) and is_near)


def reproduce(folder: str | Path) -> Reproduction:
    """Run a saved result again and compare hashes of canonical column bytes.

    Raises UnreadableFile where the folder is no whole result or was changed since, InvalidInput
    for a run that its manifest cannot repeat (Python agents, numbers written through agents).
    """
    kept = load_result(folder)
    if not kept.is_repeatable:
        raise InvalidInput(
            f"{folder}: Python agents traded, or numbers were written through agents; "
            "the manifest alone cannot repeat that"
        )
    made, states = _made_again(kept)
    tables: tuple[str, ...] = TABLES
    if kept.kept_indicators is not None:
        made, tables = made.with_indicators(), (*TABLES, "indicators")
    said = read_manifest(Path(folder))
    then, now = said["sha256"], hashes_of(made)
    same = tuple(name for name in now if now[name] == then.get(name))
    gaps = [
        gap_of(name, getattr(kept, name), getattr(made, name))
        for name in tables
        if name not in same
    ]
    if "exposures" not in same:
        gaps.append(gap_of_graph("exposures", kept.exposures, made.exposures))
    changed = changed_versions(said, current_versions())
    if not changed:  # bytes of states are compared, and no other version's are the same
        gaps += _state_gaps(kept, states)
    return Reproduction(same, tuple(gaps), tuple(changed))


def _made_again(kept: RunResult) -> tuple[RunResult, tuple[str, ...]]:
    """The run made now, and the hashes of the states that a branch left on the way."""
    if kept.origin is None and len(kept.days) == kept.scenario.calendar.days:
        return run(kept.scenario, kept.seed, kept.replicate), ()
    made, again = run_again(kept)
    return made, again.hashes


def _state_gaps(kept: RunResult, states: tuple[str, ...]) -> list[Gap]:
    """States that a branch left and that its parent does not reach."""
    branches = () if kept.origin is None else kept.origin.branches
    return [
        Gap(f"state of day {branch.day}", "", float("inf"))
        for branch, found in zip(branches, states, strict=True)
        if branch.state_sha256 != found
    ]


def gap_of(name: str, kept: pd.DataFrame, made: pd.DataFrame) -> Gap:
    """The column of a table that is farthest from what was saved."""
    if list(kept.columns) != list(made.columns) or len(kept) != len(made):
        return Gap(name, "", float("inf"))
    gaps = [Gap(name, column, _apart(kept[column], made[column])) for column in kept.columns]
    return max(gaps, key=lambda gap: gap.relative, default=Gap(name, "", 0.0))


def gap_of_graph(name: str, kept: nx.DiGraph, made: nx.DiGraph) -> Gap:
    """The attribute of nodes or edges that is farthest from what was saved."""
    pairs = [
        (_nodes(kept), _nodes(made)),
        (_edges(kept), _edges(made)),
    ]
    gaps = [gap_of(name, *pair) for pair in pairs]
    return max(gaps, key=lambda gap: gap.relative)


def _nodes(graph: nx.DiGraph) -> pd.DataFrame:
    import pandas as pd

    rows = [{"node": node, **graph.nodes[node]} for node in sorted(graph.nodes)]
    return pd.DataFrame(rows).sort_index(axis=1)


def _edges(graph: nx.DiGraph) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"lender": edge[0], "borrower": edge[1], **graph.edges[edge]}
        for edge in sorted(graph.edges)
    ]
    return pd.DataFrame(rows).sort_index(axis=1)


def _apart(kept: pd.Series, made: pd.Series) -> float:
    """Largest difference of two columns over the largest number in them."""
    if kept.dtype.kind not in "iufb" or made.dtype.kind not in "iufb":
        return 0.0 if kept.astype(str).tolist() == made.astype(str).tolist() else float("inf")
    a, b = kept.to_numpy(np.float64), made.to_numpy(np.float64)
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return float("inf")
    finite = np.isfinite(a)
    if not finite.any():
        return 0.0
    scale = max(np.abs(a[finite]).max(), np.abs(b[finite]).max())
    if kept.name in OF_ROUNDING:
        scale = 1.0
    return float(np.abs(a[finite] - b[finite]).max() / scale) if scale > 0.0 else 0.0


def changed_versions(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Versions and platform that are not what they were."""
    pairs = [
        ("carry-unwind", then["package_version"], now["package_version"]),
        ("platform", then["platform"], now["platform"]),
        ("Python", then["python"], now["python"]),
    ]
    for name, version in now["dependencies"].items():
        pairs.append((name, then["dependencies"].get(name, version), version))
    return [
        f"{name} {before} then, {after} now" for name, before, after in pairs if before != after
    ]
