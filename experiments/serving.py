"""The page's server as a process of its own, for experiments that watch its memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psutil


class Served(NamedTuple):
    """A server that answers."""

    url: str
    pid: int


@contextmanager
def served_classroom() -> Iterator[Served]:
    """`unwind classroom` on a free port of 127.0.0.1, ended with the block."""
    server = subprocess.Popen(
        [sys.executable, "-m", "abm.cli", "classroom", "--no-browser"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        yield Served(server.stdout.readline().split()[2], server.pid)
    finally:
        server.terminate()


def resident_mb(pid: int) -> float:
    """Resident memory of a process [MB]."""
    return float(psutil.Process(pid).memory_info().rss / 2**20)
