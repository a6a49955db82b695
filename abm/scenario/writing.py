"""A scenario written out: as plain mappings, as TOML, as the hash of what was chosen."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from abm.scenario.fields import note
from abm.scenario.graph_files import hash_of
from abm.scenario.places import leaves

if TYPE_CHECKING:
    from abm.scenario.schema import Scenario

SCHEMA_VERSION = 1
WORDS = ("name", "title", "about")  # said about a scenario, not chosen in it
DAY_KEYS = ("day", "shock_day")
BARE_KEY = re.compile(r"^[A-Za-z0-9_-]+\Z")


def to_dict(part: BaseModel) -> dict[str, Any]:
    """Nested mappings, lists, numbers, words and dates; what is not set is left out."""
    return {name: _plain(value) for name, value in part if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return to_dict(value)
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def to_toml(raw: Mapping[str, Any]) -> str:
    """Nested mappings as a TOML file: values first, then tables."""
    return "\n".join(_table(raw, ())).strip("\n") + "\n"


def _table(raw: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    below = {
        key: value for key, value in raw.items() if _is_table(value) or _is_list_of_tables(value)
    }
    for key, value in raw.items():
        if key not in below:
            yield f"{toml_key(key)} = {toml_value(value)}"
    for key, value in below.items():
        here = (*path, key)
        header = ".".join(toml_key(step) for step in here)
        for entry in value if isinstance(value, list) else [value]:
            yield ""
            yield f"[[{header}]]" if isinstance(value, list) else f"[{header}]"
            yield from _table(entry, here)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def toml_key(key: str) -> str:
    return key if BARE_KEY.match(key) else _quoted(key)


def _quoted(text: str) -> str:
    """JSON's quotes are TOML's, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_value(value: Any) -> str:
    """One value as TOML spells it; floats with every digit that matters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(entry) for entry in value)}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{toml_key(k)} = {toml_value(v)}" for k, v in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return repr(value)


def canonical_hash(scenario: Scenario) -> str:
    """SHA-256 of canonical JSON: sorted keys, one spelling for every number, day and pair.

    The order of `instruments` and of `funds.styles` is kept, for it numbers the columns and the
    funds; a graph file counts by what is in it, not by where it lies. A choice that came later
    than the first scenarios counts where it is made: at its default the hash stays what it was.
    """
    raw = {key: value for key, value in to_dict(scenario).items() if key not in WORDS}
    for leaf in leaves(scenario):
        if note(leaf.field, "came_later") and leaf.value == leaf.field.default:
            _drop(raw, leaf.key.split("."))
    raw["instruments"] = _in_order(raw["instruments"])
    raw["funds"]["styles"] = _in_order(raw["funds"]["styles"])
    raw["correlations"] = {
        "-".join(sorted(pair.split("-"))): value for pair, value in raw["correlations"].items()
    }
    for end in raw["network"].values():
        if end["kind"] == "file":
            end["path"] = hash_of(end["path"])
    canonical = json.dumps(
        {"schema": SCHEMA_VERSION, "scenario": _canonical(raw, "", scenario)},
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _drop(raw: dict[str, Any], steps: list[str]) -> None:
    *path, last = steps
    for step in path:
        raw = raw[step]
    del raw[last]


def _in_order(table: Mapping[str, Any]) -> list[list[Any]]:
    return [[name, entry] for name, entry in table.items()]


def _canonical(value: Any, key: str, scenario: Scenario) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(v, k, scenario) for k, v in value.items()}
    if isinstance(value, list):
        return [_canonical(v, key, scenario) for v in value]
    if key in DAY_KEYS and isinstance(value, date):
        return scenario.day_index(value)
    if isinstance(value, date):
        return value.isoformat()
    return value + 0.0 if isinstance(value, float) else value  # -0.0 is 0.0
