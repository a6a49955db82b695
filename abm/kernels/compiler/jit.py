"""Compilation of the kernels, and the folder of their machine code.

Compiled code is kept in a folder of our own, named after the bytes of all kernel sources. Numba
looks only at the file of the function it loads: a caller in another file would go on using old
code of a kernel that it calls.
"""

import contextlib
import hashlib
import importlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from filelock import lock_descriptor
from llvmlite import binding
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])
_APPLICATION = "carry-unwind"
_KEPT_SECONDS = 30 * 24 * 3600
_decorating = Lock()


def _user_cache() -> Path:
    """Folder in which this user's programs keep what they can make again."""
    override = os.environ.get("CARRY_UNWIND_CACHE")
    if override:
        return Path(override)
    return user_cache_path(_APPLICATION, appauthor=False, opinion=False)


def _fingerprint() -> str:
    """Hash of everything that compiled code depends on."""
    digest = hashlib.sha256()
    kernels = Path(__file__).parents[1]
    for source in sorted(kernels.rglob("*.py")):
        digest.update(source.relative_to(kernels).as_posix().encode())
        digest.update(source.read_bytes())
    versions = (numba.__version__, np.__version__, platform.python_version())
    digest.update(repr((versions, binding.get_host_cpu_name())).encode())
    return digest.hexdigest()[:20]


def _writable(folder: Path) -> bool:
    """True if a file can be made in the folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # used today, see forget_old_kernels
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _cache_folder() -> Path:
    """Folder of the compiled kernels; a temporary one where the user's cannot be written."""
    name = f"kernels-{_fingerprint()}"
    try:
        folder = _user_cache() / name
    except RuntimeError:  # no home directory
        folder = Path(tempfile.gettempdir()) / _APPLICATION / name
    if _writable(folder):
        return folder
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"{_APPLICATION}-{user}" / name


CACHE_FOLDER = _cache_folder()


def forget_old_kernels() -> None:
    """Remove what other versions compiled and no run has used for a month."""
    for folder in CACHE_FOLDER.parent.glob("kernels-*"):
        with contextlib.suppress(OSError):
            unused = time.time() - folder.stat().st_mtime
            if folder != CACHE_FOLDER and unused > _KEPT_SECONDS:
                shutil.rmtree(folder)


def is_kept(kernel: Any) -> bool:
    """True if some version of this kernel's door is kept from an earlier run, or none will be made.

    Each copy of the package has its own files in the folder of kernels.
    """
    if numba.config.DISABLE_JIT:
        return True
    name = f"{kernel.__module__.rpartition('.')[2]}.{kernel.__name__}"
    return any(Path(door(kernel).stats.cache_path).glob(f"{name}-*.nbi"))


@contextlib.contextmanager
def one_at_a_time(kernel: Any, work: str) -> Iterator[None]:
    """Of all processes and threads with a kernel's folder one does this work, the others wait.

    The lock is the operating system's, which lets go of it when a process dies. Where the folder
    takes no lock, each does the work.
    """
    folder = Path(kernel.stats.cache_path)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            handle = os.open(folder / f"{work}.lock", os.O_RDWR | os.O_CREAT, 0o666)
            held.callback(os.close, handle)
            lock_descriptor(handle)
        yield


def kernel(function: Function) -> Function:
    """Compile a kernel: strict arithmetic, x/0 gives inf, no lock held while it runs.

    Other kernels call it by its symbol: it is compiled once, whoever calls it.
    """
    compiled: Function = _by_symbol(_compiled(function))
    return compiled


def allocating_kernel(function: Function) -> Function:
    """A kernel that makes arrays, or calls one that returns an array."""
    compiled: Function = _by_symbol(_compiled(function, allocates=True))
    return compiled


def inlined(function: Function) -> Function:
    """A kernel that becomes part of every kernel that calls it.

    For small ones, and for those that call none by its symbol and have one caller: code that lies
    together in memory is found sooner, and a day runs through most of it once.
    """
    compiled: Function = _compiled(function)
    return compiled


def _compiled(function: Callable[..., Any], allocates: bool = False) -> Any:
    """Numba's dispatcher of a function, with our cache, for other kernels; Python has its door.

    Only what allocates counts references to arrays. Numbers written in the source are variables
    like others: one version of a kernel serves them all.
    """
    options = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True, "_nrt": allocates}
    dispatcher = _dispatcher(function, CACHE_FOLDER, options | {"no_cpython_wrapper": True})
    if not numba.config.DISABLE_JIT:
        template = dispatcher.get_call_template
        dispatcher.get_call_template = lambda arguments, names: template(
            tuple(types.unliteral(each) for each in arguments), names
        )
        dispatcher._insert = lambda *version: None  # among what Python may call
        dispatcher._compile_for_args = _Door(function, options)
    return dispatcher


class _Door:
    """Makes the door of a kernel when Python first calls it, in a folder of its own."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.function, self.options = function, options
        self.lock, self.made = Lock(), None

    def __call__(self, *arguments: Any, **names: Any) -> Any:
        """The door, which Numba then calls with the same arguments."""
        with self.lock:
            if self.made is None:
                self.made = _dispatcher(self.function, CACHE_FOLDER / "doors", self.options)
            return self.made


def door(kernel: Any) -> Any:
    """What a Python caller of a kernel calls: the same function, with a wrapper that unpacks.

    Most kernels are called by kernels alone; their wrappers were a fifth of the first compile.
    """
    return kernel if numba.config.DISABLE_JIT else kernel._compile_for_args()


def _dispatcher(function: Callable[..., Any], folder: Path, options: dict[str, Any]) -> Any:
    """Numba's dispatcher of a function that keeps its files in a folder.

    Numba reads the cache folder at decoration; it is set for ours only, so that other people's
    functions keep theirs.
    """
    with _decorating:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder)
        try:
            dispatcher: Any = numba.njit(cache=True, **options)(function)
        finally:
            numba.config.CACHE_DIR = before
    if not numba.config.DISABLE_JIT:
        _mend_cache(dispatcher)
    return dispatcher


def _mend_cache(dispatcher: Any) -> None:
    """Mend three things in Numba's cache.

    A version that a crash or a full disk has cut short is compiled again, whatever is wrong with
    it. A loaded version keeps the list of kernels that must be loaded before it, for the callers
    that it is linked into. Processes that save versions of one kernel take turns: each adds a line
    to its index, and two may choose the same file name.
    """
    load, save = dispatcher._cache.load_overload, dispatcher._cache.save_overload

    def load_overload(signature: Any, context: Any) -> Any:
        try:
            compiled = load(signature, context)
        except Exception:
            dispatcher._cache.flush()
            return None
        if compiled is not None:
            compiled.library._reload_init |= set(compiled.reload_init)
        return compiled

    def save_overload(signature: Any, compiled: Any) -> None:
        with one_at_a_time(dispatcher, "saving"):
            save(signature, compiled)

    dispatcher._cache.load_overload = load_overload
    dispatcher._cache.save_overload = save_overload


class _Load(NamedTuple):
    """A kernel that another one, loaded from the cache, needs first: one that it calls."""

    module: str
    name: str
    arguments: tuple[Any, ...]

    def __call__(self) -> None:
        dispatcher = getattr(importlib.import_module(self.module), self.name)
        dispatcher.compile(self.arguments)
        dispatcher.get_overload(self.arguments)


def _by_symbol(dispatcher: Any) -> Any:
    """Let compiled callers find a kernel by a symbol instead of taking in a copy of it.

    Numba links every callee, with all that it calls in turn, into each of its callers and
    optimises it there again; a day of four levels would be compiled four times.
    """
    if numba.config.DISABLE_JIT:
        return dispatcher
    symbols: dict[tuple[Any, ...], str] = {}

    def get_overload(signature: Any) -> str:
        arguments = tuple(signature)
        if arguments not in symbols:
            compiled = dispatcher.overloads[arguments]
            function, description = dispatcher.py_func, compiled.fndesc
            digest = hashlib.sha256(repr(arguments).encode()).hexdigest()[:16]
            symbol = f"{function.__module__}.{function.__name__}.{digest}"
            address = compiled.library.get_pointer_to_function(description.llvm_func_name)
            binding.add_symbol(symbol, address)
            load = _Load(function.__module__, function.__name__, arguments)
            lower_builtin(symbol, *arguments)(_caller(symbol, description, load))
            symbols[arguments] = symbol
        return symbols[arguments]

    dispatcher.get_overload = get_overload
    return dispatcher


def _caller(symbol: str, description: Any, load: _Load) -> Callable[..., Any]:
    """Code of a call of a kernel by its symbol."""

    def call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        convention = context.call_conv
        loaded_first = context.active_code_library._reload_init
        loaded_first.add(load)
        kind = convention.get_function_type(description.restype, description.argtypes)
        function = cgutils.get_or_insert_function(builder.module, kind, symbol)
        status, value = convention.call_function(
            builder, function, description.restype, description.argtypes, arguments
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return value

    return call
