"""How every kernel is compiled, and where the machine code is kept.

Compiled code is kept in a folder of our own, named after the bytes of all kernel sources. Numba
looks only at the file of the function it loads: a caller in another file would go on using old
code of a kernel that it calls.
"""

import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import binding

Function = TypeVar("Function", bound=Callable[..., Any])

_APPLICATION = "carry-unwind"
_decorating = Lock()


def _user_cache() -> Path:
    """Folder in which this user's programs keep what they can make again."""
    override = os.environ.get("CARRY_UNWIND_CACHE")
    if override:
        return Path(override)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / _APPLICATION
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / _APPLICATION
    xdg = os.environ.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache") / _APPLICATION


def _fingerprint() -> str:
    """Hash of everything that compiled code depends on."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    versions = (numba.__version__, np.__version__, platform.python_version())
    digest.update(repr((versions, binding.get_host_cpu_name())).encode())
    return digest.hexdigest()[:20]


def _writable(folder: Path) -> bool:
    """Whether a file can be made in the folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
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


def is_warm() -> bool:
    """Whether compiled kernels are kept from an earlier run (if not, the first call is slow)."""
    return any(CACHE_FOLDER.glob("**/*.nbc"))


def kernel(function: Function) -> Function:
    """Compile a kernel: strict arithmetic, x/0 gives inf, no lock held while it runs."""
    return _compiled(function, inline="never")


def phase(function: Function) -> Function:
    """A kernel that is called from one place, and compiled into it.

    Numba compiles every function again inside each of its callers; a chain of phases would be
    compiled once for every link.
    """
    return _compiled(function, inline="always")


def _compiled(function: Function, inline: str) -> Function:
    """Numba's dispatcher of a function, with our cache.

    Numba reads the cache folder at decoration; it is set for ours only, so that other people's
    functions keep theirs.
    """
    with _decorating:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(CACHE_FOLDER)
        try:
            compiled = numba.njit(cache=True, error_model="numpy", nogil=True, inline=inline)(
                function
            )
        finally:
            numba.config.CACHE_DIR = before
    return compiled  # type: ignore[no-any-return]
