"""The first compile ever, on two processors: a second process fills the cache with one half.

    python -m abm.kernels.compiler.ahead < signatures

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
from numba import types
from numba.core.compiler_lock import global_compiler_lock

from abm.kernels.compiler.jit import door, forget_old_kernels, is_kept, one_at_a_time
from abm.kernels.compiler.reference import Reference


def compile_ahead(
    kernel: Any,
    here: tuple[Any, ...],
    elsewhere: tuple[Any, ...],
    references: tuple[Reference, ...],
) -> None:
    """Compile a kernel and what it calls before Python first calls it, unless a run has kept it.

    Kernels take references by the names of their columns (``books``, ``market``) and whole numbers
    otherwise. A second process compiles `elsewhere`, this one meanwhile all of `here`. Whatever
    goes wrong over there is compiled later over here. Another run that comes meanwhile waits.
    """
    if getattr(door(kernel), "overloads", None) or is_kept(kernel):
        return
    kinds = {_snake(type(each.columns).__name__): each.kind for each in references}
    with one_at_a_time(door(kernel), "compiling"):
        if is_kept(kernel) or door(kernel).overloads:
            return
        forget_old_kernels()
        child = _start([(part, _arguments(part, kinds)) for part in elsewhere])
        with _fast():
            for part in here:
                part.compile(_arguments(part, kinds))
        if child is not None:
            child.wait()
        with _fast():
            door(kernel).compile(_arguments(kernel, kinds))


def _snake(name: str) -> str:
    """Name of an argument that holds columns of a class: UserOrders is user_orders."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _arguments(kernel: Any, kinds: dict[str, Any]) -> tuple[Any, ...]:
    """Types of a kernel's arguments, by their names."""
    return tuple(kinds.get(name, numba.int64) for name in inspect.signature(kernel).parameters)


def _start(parts: list[tuple[Any, tuple[Any, ...]]]) -> subprocess.Popen[bytes] | None:
    """A process that compiles kernels; None where it would not help or cannot be had."""
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
            names = [(part.__module__, part.__name__, arguments) for part, arguments in parts]
            pickle.dump(names, pipe)
    except OSError:
        return None
    return child


@contextmanager
def _fast() -> Iterator[None]:
    """Compile without the collector, and ask for the type of a sum of two numbers once.

    Compiling makes millions of objects that live: looking for dead ones takes a tenth of it. What
    a built-in function gives for arguments of given types Numba finds by trying some ten rules,
    again at every call. Other threads wait meanwhile with what they compile.
    """
    known: dict[tuple[Any, ...], Any] = {}
    find = types.Function.get_call_type

    def get_call_type(function: Any, context: Any, arguments: Any, names: Any) -> Any:
        asked = (function, tuple(arguments), tuple(names.items()))
        if asked not in known:
            known[asked] = find(function, context, arguments, names)
        return known[asked]

    was_on = gc.isenabled()
    with global_compiler_lock:
        gc.disable()
        types.Function.get_call_type = get_call_type
        try:
            yield
        finally:
            types.Function.get_call_type = find
            if was_on:
                _make_old()
                gc.enable()


def _make_old() -> None:
    """Put all objects among the old ones, through which the collector seldom looks."""
    if not gc.get_freeze_count():  # else the user has frozen objects
        gc.freeze()
        gc.unfreeze()


def _compile_here() -> None:
    """Compile the kernels that the parent process names."""
    with _fast():
        for module, name, arguments in pickle.load(sys.stdin.buffer):
            getattr(importlib.import_module(module), name).compile(arguments)


if __name__ == "__main__":
    _compile_here()
