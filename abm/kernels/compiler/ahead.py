"""The first compile ever, on two processors: a second process fills the cache with one half.

    python -m abm.kernels.compiler.ahead < signature

Compiling is Python's work under one lock, so that threads would not help.
"""

import gc
import importlib
import inspect
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba

from abm.kernels.compiler.jit import forget_old_kernels, is_kept, one_at_a_time
from abm.kernels.compiler.reference import Reference


def compile_ahead(
    door: Any, here: tuple[Any, ...], elsewhere: Any, references: tuple[Reference, ...]
) -> None:
    """Compile `door` and what it calls before it is first called, unless an earlier run kept it.

    Kernels take references by the names of their columns (``books``, ``market``) and whole numbers
    otherwise. A second process compiles `elsewhere`, this one meanwhile all of `here`. Whatever
    goes wrong over there is compiled later over here. Another run that comes meanwhile waits.
    """
    if getattr(door, "overloads", None) or is_kept(door):
        return
    kinds = {_snake(type(each.columns).__name__): each.kind for each in references}
    with one_at_a_time(door, "compiling"):
        if is_kept(door) or door.overloads:
            return
        forget_old_kernels()
        child = _start(elsewhere, _arguments(elsewhere, kinds))
        with _without_collector():
            for kernel in here:
                kernel.compile(_arguments(kernel, kinds))
            if child is not None:
                child.wait()
            door.compile(_arguments(door, kinds))


def _snake(name: str) -> str:
    """Name of an argument that holds columns of a class: UserOrders is user_orders."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _arguments(kernel: Any, kinds: dict[str, Any]) -> tuple[Any, ...]:
    """Types of a kernel's arguments, by their names."""
    return tuple(kinds.get(name, numba.int64) for name in inspect.signature(kernel).parameters)


def _start(kernel: Any, arguments: tuple[Any, ...]) -> subprocess.Popen[bytes] | None:
    """A process that compiles a kernel; None where it would not help or cannot be had."""
    if (os.cpu_count() or 1) < 2 or getattr(sys, "frozen", False) or not sys.executable:
        return None
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with child.stdin as pipe:  # type: ignore[union-attr]
            pickle.dump((kernel.__module__, kernel.__name__, arguments), pipe)
    except OSError:
        return None
    return child


@contextmanager
def _without_collector() -> Iterator[None]:
    """Compiling makes millions of objects that live: looking for dead ones takes a tenth of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _compile_here() -> None:
    """Compile the kernel that the parent process names."""
    module, name, arguments = pickle.load(sys.stdin.buffer)
    with _without_collector():
        getattr(importlib.import_module(module), name).compile(arguments)


if __name__ == "__main__":
    _compile_here()
