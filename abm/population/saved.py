"""The state of a world in a file: arrays by name and a description, nothing that can run.

A file is read as data and never trusted: headers are looked at before content, and every array is
compared with what its own scenario's world must have (`abm.population.state_schema`).
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput, OutputRefused, ScenarioFaults, UnreadableFile
from abm.population.advance import Opening, with_room
from abm.population.archive import Archive, Refused, opened, quoted
from abm.population.institutions import number_of_institutions
from abm.population.state_schema import (
    BY_DAY,
    WRITTEN,
    balance_faults,
    columns_of,
    header_faults,
    record_faults,
    state_of,
    value_faults,
)
from abm.population.world import World, build_world
from abm.scenario import Scenario

Array = np.ndarray

SCHEMA_VERSION = 3  # 3: days have two more columns, the opening its yen short
LARGEST_DESCRIPTION_BYTES = 2**24  # a whole scenario has some 20 kB
MOST_FAULTS = 10
_DESCRIPTION = "description"  # name of the JSON text among the arrays
_WHAT = "a saved state"


class Saved(NamedTuple):
    """What a state file holds."""

    scenario_toml: str
    seed: int
    replicate: int
    day: int  # days traded since the burn-in
    was_written_to: bool
    arrays: dict[str, Array]


def write_state(path: Path, saved: Saved) -> None:
    """Write a state file whole or not at all."""
    said = {name: value for name, value in saved._asdict().items() if name != "arrays"}
    description = json.dumps({"schema_version": SCHEMA_VERSION} | said)
    content: dict[str, Any] = {_DESCRIPTION: np.array(description), **saved.arrays}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, stage = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **content)
            os.replace(stage, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(stage)
            raise
    except OSError as bad:
        raise OutputRefused(f"{path} cannot be written: {bad.strerror or bad}") from None


class Checked(NamedTuple):
    """A state file that has been found sound, and the world it belongs to."""

    saved: Saved
    scenario: Scenario
    before: World  # as the scenario, the seed and the replicate build it


def read_state(path: Path) -> Checked:
    """A state file, every array of which has the type, shape and range it must have.

    Raises UnreadableFile where it is missing, damaged, of another version, or where an array is
    not what it must be: the message names the array and says what is wrong.
    """
    with opened(path, _WHAT) as archive:
        described = _described(archive, path)
        scenario = _scenario_in(described, path)
        _refuse(_size_faults(scenario, archive))
        seed, replicate, day = (described[name] for name in ("seed", "replicate", "day"))
        try:
            before = build_world(scenario, seed, replicate)
        except ScenarioFaults as refused:  # a graph file that has gone or changed
            raise UnreadableFile(f"{path} cannot be opened here: {refused}") from None
        columns = columns_of(before, before.draws.burn_in + day)
        strangers = archive.headers.keys() - columns.keys() - {_DESCRIPTION}
        _refuse(f"{quoted(name)} is no array of a state" for name in sorted(strangers))
        _refuse(header_faults(columns, archive.headers))
        arrays = {name: archive.read(name) for name in columns}
        _refuse(value_faults(columns, arrays))
        _refuse(record_faults(before, arrays, before.draws.burn_in + day))
        _refuse(balance_faults(before, arrays, described["was_written_to"]))
        return Checked(Saved(**described, arrays=arrays), scenario, before)


def _described(archive: Archive, path: Path) -> dict[str, Any]:
    """What a state file says of itself, each thing of its own type."""
    header = archive.headers[_DESCRIPTION]
    if header.dtype.kind != "U" or header.shape != ():
        raise Refused(f"{_DESCRIPTION} is no text")
    if max(header.dtype.itemsize, header.n_bytes) > LARGEST_DESCRIPTION_BYTES:
        raise Refused(f"{_DESCRIPTION} has {header.n_bytes:,} bytes")
    said = json.loads(str(archive.read(_DESCRIPTION)))
    version = said.pop("schema_version")
    if version != SCHEMA_VERSION:
        raise UnreadableFile(
            f"{path} has schema version {version!r:.20}, this version reads {SCHEMA_VERSION}"
        )
    kinds = {"scenario_toml": str, "seed": int, "replicate": int, "day": int}
    kinds["was_written_to"] = bool
    if said.keys() != kinds.keys() or any(type(said[name]) is not kinds[name] for name in kinds):
        raise Refused(f"{_DESCRIPTION} does not say {', '.join(kinds)}")
    for name in ("seed", "replicate", "day"):
        if said[name] < 0:
            raise Refused(f"{name} is {said[name]}, must be at least 0")
    return dict(said)


def _scenario_in(described: dict[str, Any], path: Path) -> Scenario:
    """The scenario of a state file; its day must lie in it."""
    try:
        scenario = Scenario.from_dict(tomllib.loads(described["scenario_toml"]), "its scenario")
    except ScenarioFaults as refused:
        raise UnreadableFile(f"{path} is not {_WHAT}: {refused}") from None
    day, n_days = described["day"], scenario.calendar.days
    if day > n_days:
        raise Refused(f"day is {day}, must be a day of its scenario: 0 to {n_days}")
    return scenario


def _size_faults(scenario: Scenario, archive: Archive) -> Iterable[str]:
    """What would make a world much larger than the file, before that world is built."""
    n = number_of_institutions(scenario)
    n_banks = scenario.banks.n_core + scenario.banks.n_periphery
    for name, shape in (("books.wealth", (n,)), ("graph.liabilities", (n_banks, n_banks))):
        header = archive.headers.get(name)
        if header is None:
            yield f"{name} is missing"
        elif header.shape != shape:
            yield f"{name} has shape {quoted(str(header.shape))}, its scenario has {shape}"


def _refuse(faults: Iterable[str]) -> None:
    """Raise where there is a fault, the first of them named."""
    found = list(faults)
    if found:
        more = len(found) - MOST_FAULTS
        rest = [f"and {more:,} more"] if more > 0 else []
        raise Refused("; ".join([*found[:MOST_FAULTS], *rest]))


def arrays_of(world: World, opening: Opening, next_day: int) -> dict[str, Array]:
    """Everything that later days depend on, and the record so far, by name."""
    arrays = state_of(world)
    for name in BY_DAY:
        arrays[f"diary.{name}"] = getattr(world.diary, name)[:next_day]
    n_written = min(int(world.diary.n_events[0]), len(world.diary.events))
    arrays["diary.events"] = world.diary.events[:n_written]
    return arrays | {f"opening.{name}": np.asarray(a) for name, a in opening._asdict().items()}


def restored(world: World, before: World, arrays: dict[str, Array]) -> tuple[World, Opening]:
    """A world built anew with the saved state in it; the world, and how the record opened.

    `before` is the world as the saved scenario builds it: what institutions are (their mandates)
    follows the new scenario where that differs from the old, and the saved state elsewhere.
    Raises InvalidInput where the state does not fit the world.
    """
    n_events = len(arrays["diary.events"])
    world = with_room(world, max(n_events, len(world.diary.events)))
    live, old = state_of(world), state_of(before)
    faults = [
        f"{name} has shape {arrays[name].shape}, here it is {live[name].shape}"
        for name in live
        if name in arrays and arrays[name].shape != live[name].shape
    ]
    missing = sorted(live.keys() - arrays.keys())
    if faults or missing:
        faults += [f"{name} is missing" for name in missing]
        told = (f"  {fault}" for fault in faults)
        raise InvalidInput("the saved state does not fit this scenario:", *told)
    for name, array in live.items():
        if name.startswith("mandates."):
            is_changed = array != old[name]
            array[...] = np.where(is_changed, array, arrays[name])
        else:
            array[...] = arrays[name]
    for name in WRITTEN:
        table = getattr(world.diary, name)
        kept = arrays[f"diary.{name}"]
        table[: len(kept)] = kept
    opening = Opening(**{name: arrays[f"opening.{name}"] for name in Opening._fields})
    return world, opening
