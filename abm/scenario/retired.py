"""Keys that have left, and how scenarios that were kept still load.

Some had no effect; others chose a rule where the model has one now. Results and sweeps of before
spell out every choice, these included. Where the value chose nothing, or what is the rule now, it
is passed over there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from abm.scenario.patterns import ANY, matching

RETIRED: Mapping[str, float] = {
    "insurers.hedge_per_basis": 2.0,
    "funding.basis_slope_per_year": 0.01,
    "funding.basis_floor_per_year": 0.03,
    "funding.capacity_share": 0.3,
    "policy.swap_line.basis_ceiling_per_year": 0.0075,
}
"""The default that each had."""
NO_EFFECT = "has left: a basis that moves has keys of its own, below funding.basis; remove it"
NOW_A_RULE: Mapping[str, tuple[str, str]] = {
    "funds.risk.kind": (
        "own-losses",
        "has left: funds size by their own losses; remove it",
    ),
    "funds.preferences.kind": (
        "reference-rates",
        "has left: calm leverage is optimal at the rates of funds.preferences; remove it",
    ),
    "funds.flows.kind": (
        "performance",
        "has left: flows follow performance; remove it (funds.flows.sensitivity = 0: none do)",
    ),
    "funds.overlap_of": (
        "assets-and-loan",
        "has left: funds differ in assets and loan; remove it (funds.overlap = 1: in neither)",
    ),
    "liquidity.links.*.currency_effect": (
        "news",
        "has left: an index follows the news about its currency; remove it",
    ),
}
"""Keys that chose among rules: the choice that is the rule now, and what to do."""
_KEPT_BESIDE = ("manifest.json", "plan.json")  # of a result, of a sweep


def is_kept(path: Path) -> bool:
    """True for a scenario in the folder of a result or of a sweep."""
    return any((path.parent / name).is_file() for name in _KEPT_BESIDE)


def why_retired(key: str) -> str:
    """Advice on a key that has left; empty for any other."""
    if key in RETIRED:
        return NO_EFFECT
    return next((why for name, (_, why) in NOW_A_RULE.items() if matching([key], name)), "")


def is_retired(why: str) -> bool:
    """True for what a fault says about a key that has left."""
    return why == NO_EFFECT or any(why == said for _, said in NOW_A_RULE.values())


def without_retired(raw: dict[str, Any]) -> dict[str, Any]:
    """A scenario as a file has it, less the keys that have left, where they choose nothing else."""
    chosen = {key: value for key, (value, _) in NOW_A_RULE.items()}
    for table, name, value in _tables(raw, {**RETIRED, **chosen}):
        if table.get(name) == value:
            del table[name]
    return raw


def _tables(raw: Any, keys: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """The tables that may hold each key, its name there and its value."""
    for key, value in keys.items():
        *path, name = key.split(".")
        tables = [raw]
        for step in path:
            inside = [table for table in tables if isinstance(table, dict)]
            below = ([*table.values()] if step == ANY else [table.get(step)] for table in inside)
            tables = [entry for entries in below for entry in entries]
        for table in tables:
            if isinstance(table, dict):
                yield table, name, value
