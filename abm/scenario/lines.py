"""On which line of a TOML file each key stands (tomllib does not say)."""

from __future__ import annotations

import re
from typing import Any

from abm.scenario.places import Positions, entry_name

STEP = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
DOTTED = rf"{STEP}(?:\s*\.\s*{STEP})*"
HEADER = re.compile(rf"^\s*(\[\[?)\s*({DOTTED})\s*\]")
ASSIGNMENT = re.compile(rf"^\s*({DOTTED})\s*=")
STEPS = re.compile(STEP)
LONG_QUOTES = ('"""', "'''")


def lines_of_keys(text: str, raw: dict[str, Any]) -> dict[str, int]:
    """Line of every table and key; keys of inline tables stand where their table stands."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table: list[str] = []
    quote = ""
    positions = Positions()
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        header = HEADER.match(line)
        assignment = None if header else ASSIGNMENT.match(line)
        if header:
            table = _address(_steps(header[2]), header[1] == "[[", counts, raw)
            _note(found, table, number)
        elif assignment:
            steps = [*table, *_steps(assignment[1])]
            _note(found, steps, number)
            _note_inside(found, steps, _at(raw, steps, positions), number)
            quote = next((q for q in LONG_QUOTES if line.count(q) == 1), "")
    return found


def _note(found: dict[str, int], steps: list[str], number: int) -> None:
    """A key, and the tables above it that no header has named."""
    found[".".join(steps)] = number
    for depth in range(1, len(steps)):
        found.setdefault(".".join(steps[:depth]), number)


def _note_inside(found: dict[str, int], steps: list[str], value: Any, number: int) -> None:
    """Keys of an inline table."""
    if isinstance(value, dict):
        for name, entry in value.items():
            found[".".join([*steps, name])] = number
            _note_inside(found, [*steps, name], entry, number)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _note_inside(found, [*steps, entry_name(value, index)], entry, number)


def _at(raw: Any, steps: list[str], positions: Positions) -> Any:
    for step in steps:
        if isinstance(raw, list):
            place = positions.of(raw, step)
            raw = raw[place] if place is not None else None
        else:
            raw = raw.get(step) if isinstance(raw, dict) else None
    return raw


def _steps(dotted: str) -> list[str]:
    return [step.strip("\"'") for step in STEPS.findall(dotted)]


def _address(
    steps: list[str], is_entry: bool, counts: dict[str, int], raw: dict[str, Any]
) -> list[str]:
    """A header's dotted key, with the entries of lists by name."""
    if is_entry:
        key = ".".join(steps)
        counts[key] = counts.get(key, -1) + 1
    address: list[str] = []
    node: Any = raw
    for depth, step in enumerate(steps, start=1):
        address.append(step)
        node = node.get(step) if isinstance(node, dict) else None
        if isinstance(node, list):
            index = counts.get(".".join(steps[:depth]), 0)
            address.append(entry_name(node, index))
            node = node[index] if index < len(node) else None
    return address
