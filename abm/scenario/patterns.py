"""All keys of a kind at once, and values relative to what a scenario has.

`funds.styles.*.leverage` stands for the leverage of every style: a * is any part of a dotted key.
`"1.2x"` is 1.2 times what the scenario has under a key, whatever that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from abm.errors import Fault, Nearest

ANY = "*"
TIMES = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)x\Z")
ROUNDING = 1e-9  # to which a multiple of a whole number is one


def is_pattern(key: str) -> bool:
    """True for a key that stands for all of a kind."""
    return ANY in key


def matching(keys: Iterable[str], pattern: str) -> list[str]:
    """The keys that fit a pattern, in their order; only the * is more than itself.

    A pair of the correlations fits either way round.
    """
    glob = re.sub(r"([?\[])", r"[\1]", pattern)
    return [key for key in keys if any(fnmatchcase(name, glob) for name in (key, turned(key)))]


def multiple_in(value: object) -> float | None:
    """1.2 of "1.2x"; None for what is no multiple."""
    found = TIMES.match(value) if isinstance(value, str) else None
    return float(found[1]) if found else None


def multiplied(value: int | float, multiple: float) -> int | float:
    """A number times a multiple; of a whole number a whole one where that is what comes out."""
    made = value * multiple
    if isinstance(value, int) and abs(made) < 1 / ROUNDING:
        whole = round(made)
        return whole if abs(made - whole) <= ROUNDING * max(1.0, abs(made)) else made
    return made


def nearest_pattern(pattern: str, keys: Iterable[str]) -> Nearest:
    """Nearest key to a pattern that fits nothing, with the * in the same places."""
    steps = pattern.split(".")
    made: dict[str, None] = {}
    for key in keys:
        parts = key.split(".")
        if len(parts) == len(steps):
            pairs = zip(steps, parts, strict=True)
            made[".".join(step if ANY in step else part for step, part in pairs)] = None
    made.pop(pattern, None)  # of one part, which is all star
    return Nearest(pattern, tuple(made))


def spelled_out(
    changes: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """Changes with every pattern written out key by key and every multiple as a number.

    `values` are those of the scenario by dotted key. A pattern that fits nothing, a key that is set
    twice and a multiple of what is not a number are faults, and left out.
    """
    plain: dict[str, Any] = {}
    set_by: dict[str, str] = {}
    faults: list[Fault] = []
    for key, value in changes.items():
        names = matching(values, key) if is_pattern(key) else [key]
        if not names:
            near = nearest_pattern(key, values)
            faults.append(Fault("", key, value, "fits no key of the scenario", near))
        for name in names:
            other = set_by.setdefault(name, key)
            if other != key:
                words = f"sets {name}, which {other} sets too: once is enough"
                faults.append(Fault("", key, value, words))
                continue
            multiple = multiple_in(value)
            own_name = named_by(name, values)
            own = values.get(own_name)
            if multiple is None or own_name not in values or isinstance(own, str | list | tuple):
                plain[name] = value
            elif isinstance(own, bool) or not isinstance(own, int | float):
                words = "cannot be multiplied: its value in the scenario is not a number"
                faults.append(Fault("", name, value, words))
            else:
                plain[name] = multiplied(own, multiple)
    return plain, faults


def named_by(key: str, values: Mapping[str, Any]) -> str:
    """A key as the scenario spells it: "correlations.AUD-JPY" may be its JPY-AUD."""
    return key if key in values or turned(key) not in values else turned(key)


def turned(key: str) -> str:
    """The other way to write a pair of the correlations; any other key as it is."""
    table, _, pair = key.rpartition(".")
    return f"{table}.{'-'.join(reversed(pair.split('-')))}" if table == "correlations" else key
