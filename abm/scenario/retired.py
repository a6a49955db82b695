"""Keys that have left because they had no effect, and how scenarios that were kept still load.

Results and sweeps of before spell out every choice, these included. At the values that they had by
default they are passed over there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

RETIRED: Mapping[str, float] = {
    "insurers.hedge_per_basis": 2.0,
    "funding.basis_slope_per_year": 0.01,
    "funding.basis_floor_per_year": 0.03,
    "funding.capacity_share": 0.3,
    "policy.swap_line.basis_ceiling_per_year": 0.0075,
}
"""The default that each had."""
NO_EFFECT = "has left until the cross-currency basis moves: it has no effect; remove it"
_KEPT_BESIDE = ("manifest.json", "plan.json")  # of a result, of a sweep


def is_kept(path: Path) -> bool:
    """True for a scenario in the folder of a result or of a sweep."""
    return any((path.parent / name).is_file() for name in _KEPT_BESIDE)


def without_retired(raw: dict[str, Any]) -> dict[str, Any]:
    """A scenario as a file has it, less the keys that have left, where they choose nothing."""
    for table, name, default in _tables(raw):
        if table.get(name) == default:
            del table[name]
    return raw


def _tables(raw: Any) -> Iterator[tuple[dict[str, Any], str, float]]:
    """The table of each key that has left, where there is one, its name there and its default."""
    for key, default in RETIRED.items():
        *path, name = key.split(".")
        table = raw
        for step in path:
            table = table.get(step) if isinstance(table, dict) else None
        if isinstance(table, dict):
            yield table, name, default
