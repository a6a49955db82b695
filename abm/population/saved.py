"""The state of a world in a file: arrays by name and a description, nothing that can run."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.population.advance import Opening, with_room
from abm.population.world import World

Array = np.ndarray

SCHEMA_VERSION = 2  # 2: forced sales below 0, purchases above
_DESCRIPTION = "description"  # name of the JSON text among the arrays
_BY_DAY = ("days", "log_prices", "fundamentals")  # rows of the diary up to the day saved
_WRITTEN = (*_BY_DAY, "events")


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


def read_state(path: Path) -> Saved:
    """A state file. Raises UnreadableFile where it is missing, damaged or of another version."""
    try:
        with np.load(path, allow_pickle=False) as file:
            described = json.loads(str(file[_DESCRIPTION]))
            arrays = {name: file[name] for name in file.files if name != _DESCRIPTION}
        version = described.pop("schema_version")
        if version == SCHEMA_VERSION:
            return Saved(**described, arrays=arrays)
    except OSError as bad:
        raise UnreadableFile(f"{path} cannot be read: {bad.strerror or bad}") from None
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        raise UnreadableFile(f"{path} is not a saved state") from None
    raise UnreadableFile(
        f"{path} has schema version {version}, this version reads {SCHEMA_VERSION}"
    )


def arrays_of(world: World, opening: Opening, next_day: int) -> dict[str, Array]:
    """Everything that later days depend on, and the record so far, by name."""
    arrays = _state_of(world)
    for name in _BY_DAY:
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
    live, old = _state_of(world), _state_of(before)
    faults = [
        f"{name} has shape {arrays[name].shape}, here it is {live[name].shape}"
        for name in live
        if name in arrays and arrays[name].shape != live[name].shape
    ]
    missing = sorted(live.keys() - arrays.keys())
    if faults or missing:
        faults += [f"{name} is missing" for name in missing]
        raise InvalidInput("the saved state does not fit this scenario:\n  " + "\n  ".join(faults))
    for name, array in live.items():
        if name.startswith("mandates."):
            is_changed = array != old[name]
            array[...] = np.where(is_changed, array, arrays[name])
        else:
            array[...] = arrays[name]
    for name in _WRITTEN:
        table = getattr(world.diary, name)
        kept = arrays[f"diary.{name}"]
        table[: len(kept)] = kept
    opening = Opening(**{name: arrays[f"opening.{name}"] for name in Opening._fields})
    return world, opening


def _state_of(world: World) -> dict[str, Array]:
    """Arrays of fixed shape by room and name: `books.units`, `market.covariance`, …"""
    rooms: dict[str, Any] = {
        "books": world.books,
        "market": world.market,
        "graph": world.graph,
        "diary": world.diary,
        "mandates": world.rules.mandates,
    }
    return {
        f"{room}.{name}": value
        for room, columns in rooms.items()
        for name, value in columns._asdict().items()
        if isinstance(value, np.ndarray) and not (room == "diary" and name in _WRITTEN)
    }
