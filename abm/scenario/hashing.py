"""The hash of what was chosen in a scenario, whatever the order and the spelling of its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from abm.scenario.fields import Part
from abm.scenario.graph_files import hash_of
from abm.scenario.writing import WORDS, to_dict

SCHEMA_VERSION = 1
LATER = ("channels", "companies")
LATER_CHOICES = (
    ("banks", "requirement", "leverage"),
    ("banks", "trading_book", "none"),
    ("banks", "funding_run", "none"),
    ("banks", "interbank_marks", "par"),
    ("liquidity.dealers", "capacity", "capital"),
    ("funding", "basis", "constant"),
    ("policy", "fed", "none"),
    ("", "trader", "none"),
    ("", "repo", "none"),
)
"""Choices that came later inside of a part (or of the whole: ""), and their default kinds."""
DAY_KEYS = ("day", "shock_day", "until", "open_day")
IndexOf = Callable[[date], int]


def canonical_hash(scenario: Part, index_of: IndexOf) -> str:
    """SHA-256 of canonical JSON: sorted keys, one spelling for every number, day and pair.

    The order of `instruments` and of `funds.styles` is kept, for it numbers the columns and the
    funds; a graph file counts by what is in it, not by where it lies. Of parts that came after
    results were kept only what is not as by default counts. `index_of` gives the trading day of a
    date.
    """
    raw = {key: value for key, value in to_dict(scenario).items() if key not in WORDS}
    spell_as_before(raw["liquidity"]["dealers"])
    for name in LATER:
        raw = _without_defaults(raw, name, scenario)
    for part, name, default in LATER_CHOICES:
        if _part(raw, part)[name] == {"kind": default}:
            del _part(raw, part)[name]
    _drop_later_moves(raw["policy"]["boj"])
    if raw["funding"].get("basis", {}).get("currencies") == {}:
        del raw["funding"]["basis"]["currencies"]
    for style in raw["funds"]["styles"].values():
        if not style["loan_shares"]:
            del style["loan_shares"]
        if style["repo_share"] == 0.0:
            del style["repo_share"]
    raw["instruments"] = _in_order(raw["instruments"])
    raw["funds"]["styles"] = _in_order(raw["funds"]["styles"])
    raw["correlations"] = {
        "-".join(sorted(pair.split("-"))): value for pair, value in raw["correlations"].items()
    }
    for end in raw["network"].values():
        if end["kind"] == "file":
            end["path"] = hash_of(end["path"])
    canonical = json.dumps(
        {"schema": SCHEMA_VERSION, "scenario": _canonical(raw, "", index_of)},
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _part(raw: dict[str, Any], dotted: str) -> dict[str, Any]:
    for name in filter(None, dotted.split(".")):
        raw = raw[name]
    return raw


def _without_defaults(raw: dict[str, Any], name: str, scenario: Part) -> dict[str, Any]:
    """The same without the choices of a part that are as by default, or without the part."""
    fields = type(getattr(scenario, name)).model_fields
    chosen = {key: value for key, value in raw[name].items() if value != fields[key].default}
    rest = {key: value for key, value in raw.items() if key != name}
    return rest | ({name: chosen} if chosen else {})


def spell_as_before(dealers: dict[str, Any]) -> None:
    """The exponent of dealers who look at capital stood beside that choice once."""
    if dealers["capacity"]["kind"] == "capital":
        dealers["capital_exponent"] = dealers["capacity"].pop("exponent")


def _drop_later_moves(boj: dict[str, Any]) -> None:
    """Leave out exits from yield-curve control that there are none of: they came later, too."""
    for move in [boj, *boj.get("path", [])]:
        if move.get("ycc_exit_bp") == 0.0:
            del move["ycc_exit_bp"]


def _in_order(table: Mapping[str, Any]) -> list[list[Any]]:
    return [[name, entry] for name, entry in table.items()]


def _canonical(value: Any, key: str, index_of: IndexOf) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(v, k, index_of) for k, v in value.items()}
    if isinstance(value, list):
        return [_canonical(v, key, index_of) for v in value]
    if key in DAY_KEYS and isinstance(value, date):
        return index_of(value)
    if isinstance(value, date):
        return value.isoformat()
    return value + 0.0 if isinstance(value, float) else value  # -0.0 is 0.0
