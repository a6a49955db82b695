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
MOVED: Mapping[str, tuple[str, str, str]] = {
    "liquidity.dealers.capital_exponent": ("capacity", "capital", "exponent"),
}
"""Keys that belong to a choice beside them now: its name, the kind that reads them, their name."""
_KEPT_BESIDE = ("manifest.json", "plan.json")  # of a result, of a sweep


def is_kept(path: Path) -> bool:
    """True for a scenario in the folder of a result or of a sweep."""
    return any((path.parent / name).is_file() for name in _KEPT_BESIDE)


def why_retired(key: str) -> str:
    """Advice on a key that has left; empty for any other."""
    if key in RETIRED:
        return NO_EFFECT
    if key in MOVED:
        return _why_moved(key)
    return next((why for name, (_, why) in NOW_A_RULE.items() if matching([key], name)), "")


def is_retired(why: str) -> bool:
    """True for what a fault says about a key that has left."""
    said = [NO_EFFECT, *(said for _, said in NOW_A_RULE.values()), *map(_why_moved, MOVED)]
    return why in said


def _why_moved(key: str) -> str:
    choice, kind, name = MOVED[key]
    now = f"{key.rpartition('.')[0]}.{choice}.{name}"
    return f'has left: with kind "{kind}" it is {now}; remove it'


def without_retired(raw: dict[str, Any]) -> dict[str, Any]:
    """A scenario as a file has it, less the keys that have left, where they choose nothing else;
    those that moved are where they belong, or nowhere if nothing read them.
    """
    rules = {key: value for key, (value, _) in NOW_A_RULE.items()}
    for table, name, value in _tables(raw, {**RETIRED, **rules}):
        if table.get(name) == value:
            del table[name]
    for table, name, (choice, kind, now) in _tables(raw, MOVED):
        if name in table:
            chosen = table.setdefault(choice, {"kind": kind})
            value = table.pop(name)
            if isinstance(chosen, dict) and chosen.get("kind") == kind:
                chosen[now] = value
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
