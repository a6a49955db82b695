"""One runner for each shard of a folder: locks of the operating system, which die with it."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from abm.errors import OutputRefused
from abm.files import read_json
from abm.sweep.store import said_plainly

LOCKS = ".locks"
HELD = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK)
# Who may only read a folder can still see who is at work on it.
LOOK = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY
_TRIES, _BETWEEN_SECONDS, _TURNS = 5, 0.05, 100
_FAR = 1 << 30  # Windows locks bytes, not files: one beyond all that is written


@contextmanager
def only_runner(folder: Path, label: str) -> Iterator[None]:
    """Hold the lock `label` (as "shard-1-of-4") in a folder.

    Raises OutputRefused where another runner holds it, or one that divides the folder into
    another number of shards. A lock whose runner was killed holds nobody up.
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
        os.lseek(handle, 0, os.SEEK_SET)
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode())
        yield
    finally:
        _give_back(handle)


@contextmanager
def taking_turns(folder: Path) -> Iterator[None]:
    """What runners of a folder do one after the other: a moment each."""
    handle = None
    for _ in range(_TURNS):
        handle = _take_patiently(folder / LOCKS / "turn")
        if handle is not None:
            break
    if handle is None:
        raise OutputRefused(f"{folder}: another runner keeps it locked; try again")
    try:
        yield
    finally:
        _give_back(handle)


def holders(folder: Path) -> list[str]:
    """Labels of the locks that somebody holds now."""
    held = []
    for path in sorted((folder / LOCKS).glob("shard-*")):
        if not path.is_file():
            continue  # a pipe would be waited for
        try:
            handle = _take(path, LOOK)
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
    try:
        _lock(handle)
    except OSError as bad:
        os.close(handle)
        if bad.errno in HELD:
            return None
        raise
    return handle


def _take_patiently(path: Path) -> int | None:
    """Who only looks whether a lock is held holds it for a moment."""
    for _ in range(_TRIES):
        handle = _take(path)
        if handle is not None:
            return handle
        time.sleep(_BETWEEN_SECONDS)
    return None


def _give_back(handle: int) -> None:
    with suppress(OSError):
        _unlock(handle)
    os.close(handle)


def _holder(path: Path) -> str:
    try:
        said = read_json(path)
        return f"another runner (process {said['pid']} on {said['host']})"
    except (OSError, ValueError, LookupError, TypeError):
        return "another runner"


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
