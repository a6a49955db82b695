"""Tasks for a worker without a model: light, so that a process is there at once."""

import os
import signal
from pathlib import Path

MARK = "UNWIND_TEST_MARK"  # a file: what happens once has happened


def die() -> None:
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def die_once() -> str:
    mark = Path(os.environ[MARK])
    if not mark.exists():
        mark.touch()
        die()
    return "alive"


def square(x: int) -> int:
    return x * x


def divide(x: int) -> float:
    return 1 / x


def environment(name: str) -> str | None:
    return os.environ.get(name)
