"""The state of a world in a file: arrays by name and a description, nothing that can run.

A file is read as data and never trusted: headers are looked at before content, and every array is
compared with what its own scenario's world must have (`abm.population.state_schema`).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput, OutputRefused, ScenarioFaults, UnreadableFile, UnwindError
from abm.files import parse_toml
from abm.population.advance import InitialState, with_room
from abm.population.archive import Archive, Refused, opened, quoted
from abm.population.institutions import number_of_institutions
from abm.population.origin import Origin, branches_as_json, branches_from_json
from abm.population.past import lineage_faults
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

# 4: chance, script, record and scratch apart; traits; days and events by name
SCHEMA_VERSION = 12
LARGEST_DESCRIPTION_BYTES = 2**24  # a whole scenario has some 20 kB
MOST_FAULTS = 10
_DESCRIPTION = "description"  # name of the JSON text among the arrays
_WHAT = "a saved state"
# Mandates that say what an institution opened with: a branch changes nothing about that.
_OF_THE_OPENING = ("mandates.opening_wealth", "mandates.size_usd_bn")


class Saved(NamedTuple):
    """Content of a state file."""

    scenario_toml: str
    seed: int
    replicate: int
    day: int  # days traded since the burn-in
    was_written_to: bool
    origin: Origin | None  # where a branch comes from
    arrays: dict[str, Array]


def write_state(path: Path, saved: Saved) -> None:
    """Write a state file whole or not at all."""
    said = {name: value for name, value in saved._asdict().items() if name != "arrays"}
    said["origin"] = None if saved.origin is None else _origin_as_json(saved.origin)
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
        origin = _origin_from_json(described["origin"], scenario, described["day"])
        saved = Saved(**described | {"origin": origin}, arrays={})
        first = scenario if origin is None else origin.scenario
        _refuse(_size_faults(scenario, saved.day, archive))
        _refuse(_size_faults(first, saved.day, archive))
        try:
            before = build_world(scenario, saved.seed, saved.replicate)
            opening = before
            if origin is not None:
                opening = build_world(first, saved.seed, saved.replicate)
        except ScenarioFaults as refused:  # a graph file that has gone or changed
            told = str(refused).splitlines()
            raise UnreadableFile(f"{path} cannot be opened here:", *told) from None
        saved.arrays.update(_sound_arrays(archive, before, saved.day))
        _refuse(balance_faults(opening, saved.arrays, saved.was_written_to))
        return Checked(saved, scenario, before)


def _sound_arrays(archive: Archive, before: World, day: int) -> dict[str, Array]:
    """All arrays of a state, each of which is what it must be in this world."""
    next_day = before.burn_in + day
    columns = columns_of(before, next_day)
    strangers = archive.headers.keys() - columns.keys() - {_DESCRIPTION}
    _refuse(f"{quoted(name)} is not an array of a state" for name in sorted(strangers))
    _refuse(header_faults(columns, archive.headers))
    arrays = {name: archive.read(name) for name in columns}
    _refuse(value_faults(columns, arrays))
    _refuse(record_faults(before, arrays, next_day))
    return arrays


def _described(archive: Archive, path: Path) -> dict[str, Any]:
    """Description that a state file gives of itself, each thing of its own type."""
    header = archive.headers[_DESCRIPTION]
    if header.dtype.kind != "U" or header.shape != ():
        raise Refused(f"{_DESCRIPTION} is not text")
    if max(header.dtype.itemsize, header.n_bytes) > LARGEST_DESCRIPTION_BYTES:
        raise Refused(f"{_DESCRIPTION} has {header.n_bytes:,} bytes")
    said = json.loads(str(archive.read(_DESCRIPTION)))
    version = said.pop("schema_version")
    if version != SCHEMA_VERSION:
        raise UnreadableFile(
            f"{path} has schema version {version!r:.20}, this version reads {SCHEMA_VERSION}"
        )
    kinds: dict[str, type] = {"scenario_toml": str, "seed": int, "replicate": int, "day": int}
    kinds["was_written_to"] = bool
    names = {*kinds, "origin"}
    if said.keys() != names or any(type(said[name]) is not kinds[name] for name in kinds):
        raise Refused(f"{_DESCRIPTION} does not say {', '.join(sorted(names))}")
    for name in ("seed", "replicate", "day"):
        if said[name] < 0:
            raise Refused(f"{name} is {said[name]}, must be at least 0")
    return dict(said)


def _scenario_in(described: dict[str, Any], path: Path) -> Scenario:
    """The scenario of a state file; its day must lie in it."""
    try:
        scenario = Scenario.from_dict(parse_toml(described["scenario_toml"]), "its scenario")
    except ScenarioFaults as refused:
        raise UnreadableFile(f"{path} is not {_WHAT}: {refused}") from None
    day, n_days = described["day"], scenario.calendar.days
    if day > n_days:
        raise Refused(f"day is {day}, must be a day of its scenario: 0 to {n_days}")
    return scenario


def _origin_as_json(origin: Origin) -> dict[str, Any]:
    branches = branches_as_json(origin.branches)
    return {"scenario_toml": origin.scenario.to_toml(), "branches": branches}


def _origin_from_json(said: Any, scenario: Scenario, day: int) -> Origin | None:
    """Origin of a saved branch, which must lead to its own scenario."""
    if said is None:
        return None
    if not isinstance(said, dict) or said.keys() != {"scenario_toml", "branches"}:
        raise Refused("origin does not say scenario_toml and branches")
    try:
        first = Scenario.from_dict(parse_toml(said["scenario_toml"]), "its parent's scenario")
        origin = Origin(first, branches_from_json(said["branches"]))
        faults = lineage_faults(origin, scenario)
    except (ValueError, TypeError, UnwindError) as bad:
        raise Refused(f"origin: {bad}") from None
    if origin.branches[-1].day > day:
        faults.append(f"it branched off after day {day}, of which it is")
    _refuse(f"origin: {fault}" for fault in faults)
    return origin


def _size_faults(scenario: Scenario, day: int, archive: Archive) -> Iterable[str]:
    """Faults that would make a world much larger than the file, before that world is built."""
    n_banks = scenario.banks.n_core + scenario.banks.n_periphery
    shapes = {
        "books.wealth": (number_of_institutions(scenario),),
        "graph.liabilities": (n_banks, n_banks),
        "record.days": (scenario.calendar.burn_in_days + day,),
    }
    for name, shape in shapes.items():
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


def arrays_of(world: World, opening: InitialState, next_day: int) -> dict[str, Array]:
    """Everything that later days depend on, and the record so far, by name."""
    arrays = state_of(world)
    for name in BY_DAY:
        arrays[f"record.{name}"] = getattr(world.record, name)[:next_day]
    n_written = min(int(world.record.n_events[0]), len(world.record.events))
    arrays["record.events"] = world.record.events[:n_written]
    return arrays | {f"opening.{name}": np.asarray(a) for name, a in opening._asdict().items()}


def state_hash(arrays: Mapping[str, Array]) -> str:
    """SHA-256 of a state: of each array, by name, its type, its shape and its bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def restored(
    world: World, before: World, arrays: Mapping[str, Array]
) -> tuple[World, InitialState]:
    """A world built anew with the saved state in it; the world, and how the record opened.

    `before` is the world as the saved scenario builds it: rules that are kept by institution or
    bank (mandates, leverage limits) follow the new scenario where that differs from the old, and
    the saved state elsewhere. Raises InvalidInput where the state does not fit the world.
    """
    n_events = len(arrays["record.events"])
    world = with_room(world, max(n_events, len(world.record.events)))
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
        if _is_rule(name):
            is_changed = array != old[name]
            array[...] = np.where(is_changed, array, arrays[name])
        else:
            array[...] = arrays[name]
    for name in WRITTEN:
        table = getattr(world.record, name)
        kept = arrays[f"record.{name}"]
        table[: len(kept)] = kept
    opening = InitialState(**{name: arrays[f"opening.{name}"] for name in InitialState._fields})
    return world, opening


def _is_rule(name: str) -> bool:
    """True for an array of what institutions shall do, not of what they have."""
    is_mandate = name.startswith("mandates.") and name not in _OF_THE_OPENING
    return is_mandate or name == "graph.leverage_max"
