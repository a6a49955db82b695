"""A scenario written out: as plain mappings and as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

WORDS = ("name", "title", "about")  # said about a scenario, not chosen in it
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
