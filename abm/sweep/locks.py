"""One runner for each shard of a folder: locks of the operating system, which die with it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from abm.errors import OutputRefused
from abm.sweep.store import said_plainly

LOCKS = ".locks"
_TRIES, _TRIES_OF_A_TURN, _BETWEEN_SECONDS = 5, 500, 0.05
_MOST_OF_HOLDER = 500  # bytes
_LOCKED = b" "
"""Windows locks the first byte, against reading too: what a lock says of its holder follows it."""


@contextmanager
def only_runner(folder: Path, label: str) -> Iterator[None]:
    """Hold the lock `label` (as "shard-1-of-4") in a folder.

    Raises OutputRefused where another runner holds it, or one that divides the folder into another
    number of shards. A lock whose runner was killed holds up no other.
    """
    place = folder / LOCKS
    with said_plainly(folder):
        place.mkdir(parents=True, exist_ok=True)
        handle = _take_patiently(place / label)
    if handle is None:
        raise OutputRefused(f"{folder}: {_holder(place / label)} is at work on this")
    try:
        for other in holders(folder):
            if other != label and of(other) != of(label):
                raise OutputRefused(
                    f"{folder}: {_holder(place / other)} is at work on {other}; "
                    "all runners of a folder must be given the same number of shards"
                )
        holder = json.dumps({"host": socket.gethostname(), "pid": os.getpid()})
        os.ftruncate(handle, 0)
        os.write(handle, _LOCKED + holder.encode())
        yield
    finally:
        _give_back(handle)


@contextmanager
def taking_turns(folder: Path) -> Iterator[None]:
    """Hold a folder for a moment: its runners take turns."""
    handle = _take_patiently(folder / LOCKS / "turn", _TRIES_OF_A_TURN)
    if handle is None:
        raise OutputRefused(f"{folder}: another runner keeps it locked; try again")
    try:
        yield
    finally:
        _give_back(handle)


def holders(folder: Path) -> list[str]:
    """Labels of the locks that a process holds now."""
    held = []
    for path in sorted((folder / LOCKS).glob("shard-*")):
        if not path.is_file():
            continue  # a pipe would be waited for
        try:
            handle = _take(path, os.O_RDONLY)  # who may only read a folder sees who is at work
        except OSError:
            continue  # not ours to look at
        if handle is None:
            held.append(path.name)
        else:
            _give_back(handle)
    return held


def of(label: str) -> str:
    """The number of shards that a label speaks of."""
    return label.rpartition("-of-")[2]


def _take(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int | None:
    """An open, locked file; None where another process holds it."""
    handle = os.open(path, flags, 0o666)
    is_ours = False
    try:
        is_ours = lock_descriptor(handle, blocking=False)
    finally:
        if not is_ours:
            os.close(handle)
    return handle if is_ours else None


def _take_patiently(path: Path, n_tries: int = _TRIES) -> int | None:
    """Take a lock that another process may hold for a moment, only to look at it."""
    for _ in range(n_tries):
        handle = _take(path)
        if handle is not None:
            return handle
        time.sleep(_BETWEEN_SECONDS)
    return None


def _give_back(handle: int) -> None:
    with suppress(OSError):
        unlock_descriptor(handle)
    os.close(handle)


def _holder(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(len(_LOCKED))
            said = json.loads(file.read(_MOST_OF_HOLDER))
        return f"another runner (process {said['pid']} on {said['host']})"
    except (OSError, ValueError, LookupError, TypeError):
        return "another runner"
