"""A scenario with other values under dotted keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel

from abm.errors import NOT_GIVEN, Fault, InvalidInput, Nearest, ScenarioFaults
from abm.files import parse_toml
from abm.scenario.faults import UNKNOWN, validated
from abm.scenario.fields import Part, Table
from abm.scenario.instruments import additions_in_order
from abm.scenario.patterns import spelled_out
from abm.scenario.places import entry_name, leaves, part_of_entries
from abm.scenario.writing import to_dict

Changed = TypeVar("Changed", bound=Part)


def changed(scenario: Changed, changes: Mapping[str, Any], where: str) -> Changed:
    """A validated copy. Kinds and whole tables are set before the keys inside them."""
    if not isinstance(changes, Mapping) or not all(isinstance(key, str) for key in changes):
        raise InvalidInput(f"{where} must be values by dotted key, as {{'funds.leverage_cap': 5}}")
    changes, faults = spelled_out(changes, _values(scenario))
    raw = _opened(scenario)
    instruments_before = raw["instruments"]
    seen = set()
    begun = new_entries(changes, type(scenario))
    for key in sorted(changes, key=_depth):
        steps = tuple(_same_pair(raw, key.split(".")))
        if steps in seen:
            faults.append(Fault("", key, changes[key], "names a pair that was named before"))
        seen.add(steps)
        fault = _set(scenario, raw, key, plain(changes[key]), begun)
        if fault is not None:
            faults.append(fault)
    raw["instruments"] = additions_in_order(instruments_before, raw["instruments"])
    try:
        copy = validated(type(scenario), raw, where)
    except ScenarioFaults as refused:
        faults.extend(_with_hint(scenario, fault) for fault in refused.faults)
    if faults:
        raise ScenarioFaults([replace(fault, where=where) for fault in faults])
    return copy


def _with_hint(scenario: Part, fault: Fault) -> Fault:
    """An unknown key for which its own table knows no better: look in all of them."""
    if fault.allowed == UNKNOWN and isinstance(fault.near, Nearest):
        return replace(fault, near=replace(fault.near, otherwise=_near(scenario, fault.key)))
    return fault


def parse_setting(setting: str) -> tuple[str, Any]:
    """ "policy.boj.hike_bp=25" as key and value; the value is read as TOML, or else as text.

    Raises InvalidInput for what is not KEY=VALUE.
    """
    if not setting.isprintable():
        raise InvalidInput(f"{setting!r} holds characters that cannot be printed")
    key, sign, text = setting.partition("=")
    key, text = key.strip(), text.strip()
    if not sign or not key or not text:
        raise InvalidInput(f"'{setting}' is not KEY=VALUE, as in funds.leverage_cap=5")
    try:
        return key, parse_toml(f"value = {text}")["value"]
    except (ValueError, KeyError):
        return key, text


def _depth(key: str) -> tuple[int, bool]:
    steps = key.split(".")
    return len(steps), steps[-1] != "kind"


def plain(value: Any) -> Any:
    """Parts, tuples and numpy scalars as what a TOML file holds."""
    if isinstance(value, BaseModel):
        return to_dict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if type(value).__module__ == "numpy":
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def new_entries(changes: Mapping[str, Any], schema: type[Part]) -> set[tuple[str, ...]]:
    """Entries of lists, as `policy.mof.interventions.october`, that changes say enough of.

    All keys that an entry must have are given: it is begun where the list has none of that name,
    and a slip of the pen in a name stays an unknown key.
    """
    given: dict[tuple[str, ...], set[str]] = {}
    for key in changes:
        steps = tuple(key.split("."))
        for n in range(1, len(steps) - 1):
            if part_of_entries(schema, steps[:n]) is not None:
                given.setdefault(steps[: n + 1], {"name"}).add(steps[n + 1])
    enough = set()
    for entry, names in given.items():
        part = part_of_entries(schema, entry[:-1])
        assert part is not None
        if {name for name, field in part.model_fields.items() if field.is_required()} <= names:
            enough.add(entry)
    return enough


def _begin(node: Any, steps: tuple[str, ...], begun: set[tuple[str, ...]]) -> Any:
    """The list that a new entry goes into, the entry, or a table in it; None where no change
    begins one."""
    if isinstance(node, list) and steps in begun:
        node.append({"name": steps[-1]})
        return node[-1]
    if isinstance(node, dict) and steps[:-1] in begun:
        return node.setdefault(steps[-1], {})
    if isinstance(node, dict) and any(entry[:-1] == steps for entry in begun):
        return node.setdefault(steps[-1], [])
    return None


def _set(
    scenario: Part, raw: dict[str, Any], key: str, value: Any, begun: set[tuple[str, ...]]
) -> Fault | None:
    """Put one value where its key points; the fault, if there is no such place."""
    *path, last = _same_pair(raw, key.split("."))
    node: Any = raw
    for n, step in enumerate(path, start=1):
        child = _open(node, step)
        node = _begin(node, tuple(path[:n]), begun) if child is None else child
        if node is None:
            return _unknown(scenario, key, value)
    if isinstance(node, list):
        index = _index(node, last)
        if index is None:
            return _unknown(scenario, key, value)
        node[index] = value
    elif not isinstance(node, dict):
        return _unknown(scenario, key, value)
    elif value is None:
        node.pop(last, None)
    elif last == "kind" and node.get("kind", value) != value:
        node.clear()  # another kind has other keys and starts from its defaults
        node["kind"] = value
    else:
        node[last] = value
    return None


def _open(node: Any, step: str) -> Any:
    """One step down, to a copy that can be written to; what no key leads to stays as it is, sound
    and unchecked."""
    place: str | int | None = step if isinstance(node, dict) and step in node else None
    if isinstance(node, list):
        place = _index(node, step)
    if place is None:
        return None
    node[place] = _opened(node[place])
    return node[place]


def _opened(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_opened(entry) for entry in value]
    return dict(value) if isinstance(value, BaseModel | Table) else value


def _index(entries: list[Any], step: str) -> int | None:
    """Position of the entry of a list that has this name or number."""
    for index in range(len(entries)):
        if step in (entry_name(entries, index), str(index)):
            return index
    return None


def _same_pair(raw: dict[str, Any], steps: list[str]) -> list[str]:
    """ "correlations.AUD-JPY" is the pair the scenario may have written as "JPY-AUD"."""
    if len(steps) == 2 and steps[0] == "correlations":
        turned = "-".join(reversed(steps[1].split("-")))
        if turned in raw["correlations"]:
            return [steps[0], turned]
    return steps


def _unknown(scenario: Part, key: str, value: Any) -> Fault:
    """A key that leads nowhere, with the nearest of those that lead somewhere."""
    given = NOT_GIVEN if value is None else value
    return Fault("", key, given, UNKNOWN, _near(scenario, key))


def _near(scenario: Part, key: str) -> str | Nearest:
    """The one key of the same name, or else the nearest."""
    same = _by_name(scenario).get(key.rpartition(".")[2], [])
    if len(same) == 1:
        return f"did you mean {same[0]}?"
    return Nearest(key, tuple(_values(scenario)))


@lru_cache(maxsize=8)
def _values(scenario: Part) -> dict[str, Any]:
    """Values of a scenario by dotted key."""
    return {leaf.key: leaf.value for leaf in leaves(scenario)}


@lru_cache(maxsize=8)
def _by_name(scenario: Part) -> dict[str, list[str]]:
    """Dotted keys by their last part."""
    found: dict[str, list[str]] = {}
    for key in _values(scenario):
        found.setdefault(key.rpartition(".")[2], []).append(key)
    return found
