"""A file that a user names: a regular one, of at most a stated size, read once; and how files are
written, whole or not at all.

A pipe would wait for a writer, a device never ends, and a file of gigabytes takes the memory of
the machine: each is refused before it is opened, by an OSError whose `strerror` says what it is,
as it does of a file that is missing.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

MEGABYTE = 1_000_000
# Most that is read of a file, by what it is [bytes].
MOST_OF_SCENARIO = MEGABYTE // 2
MOST_OF_EXPERIMENT = 8 * MEGABYTE  # it may list its points
MOST_OF_POINTS = 64 * MEGABYTE
MOST_OF_GRAPH = 64 * MEGABYTE
MOST_OF_DESCRIPTION = 8 * MEGABYTE  # manifest.json, summary.json, plan.json
MOST_OF_FIGURE = 64 * MEGABYTE
MOST_OF_TABLE = 4096 * MEGABYTE  # a Parquet file
DEEPEST = 32  # tables and lists in one another

TOO_DEEP = f"its tables and lists lie too deep in one another, more than {DEEPEST}"
_KINDS = (
    (stat.S_ISDIR, "is a folder, not a file"),
    (stat.S_ISFIFO, "is a pipe, not a regular file"),
    (stat.S_ISSOCK, "is a socket, not a regular file"),
    (stat.S_ISCHR, "is a device, not a regular file"),
    (stat.S_ISBLK, "is a device, not a regular file"),
)
# Text and comments of a TOML file, whose dots say nothing (to the end where one is not closed, so
# that each letter is read once); then a key of too many parts.
_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?|\'\'\'(?:[^\']|\'(?!\'\'))*+(?:\'\'\')?'
    r'|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|#[^\n]*+',
    re.DOTALL,
)
_BRACKET = re.compile(r"[\[\]{}]")
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEEPEST}}}", re.ASCII)


class TooDeep(ValueError):
    """Tables and lists lie too deep in one another."""

    def __init__(self) -> None:
        super().__init__(TOO_DEEP)


def refuse_irregular(path: str | os.PathLike[str], most_bytes: int) -> None:
    """Raise an OSError for what is no regular file of at most this size."""
    _refuse(os.stat(path), most_bytes, path)


def read_bytes(path: str | os.PathLike[str], most_bytes: int) -> bytes:
    """The content of a regular file of at most `most_bytes`; raises OSError for any other."""
    refuse_irregular(path, most_bytes)
    # Between the two looks a pipe may have taken its place: never wait for a writer.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        _refuse(os.fstat(handle), most_bytes, path)
        content = file.read(most_bytes + 1)  # what grows meanwhile, or tells no size
    if len(content) > most_bytes:
        raise _too_large(len(content), most_bytes, path)
    return content


def read_json(path: str | os.PathLike[str], most_bytes: int = MOST_OF_DESCRIPTION) -> Any:
    """The content of a JSON file; raises OSError, TooDeep or another ValueError."""
    text = read_bytes(path, most_bytes).decode("utf-8")
    try:
        content = json.loads(text)
    except RecursionError:
        raise TooDeep from None
    except ValueError:
        # How deep Python's parser goes depends on its version; a text that is cut off is deep too.
        if _opens_deep(text):
            raise TooDeep from None
        raise
    refuse_deep(content)
    return content


def _opens_deep(text: str) -> bool:
    """True if more than `DEEPEST` brackets are open at some place of a text."""
    n_open = 0
    for bracket in _BRACKET.findall(_QUOTED.sub("q", text)):
        n_open += 1 if bracket in "[{" else -1
        if n_open > DEEPEST:
            return True
    return False


def parse_toml(text: str) -> dict[str, Any]:
    """The content of a TOML text; raises TooDeep, or tomllib's TOMLDecodeError."""
    if _LONG_KEY.search(_QUOTED.sub("q", text)):
        raise TooDeep
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise TooDeep from None
    refuse_deep(content)
    return content


def refuse_deep(content: Any) -> None:
    """Raise TooDeep where tables and lists lie more than `DEEPEST` deep in one another."""
    level = [content]
    for _ in range(DEEPEST + 1):
        level = [
            entry
            for value in level
            if isinstance(value, dict | list)
            for entry in (value.values() if isinstance(value, dict) else value)
            if isinstance(entry, dict | list)
        ]
        if not level:
            return
    raise TooDeep


def exists(path: str | os.PathLike[str]) -> bool:
    """True if a file or folder of this name is there; false for a name that none can have."""
    try:
        return os.path.exists(path)
    except ValueError:
        return False


def folder_name(name: str) -> str:
    """A scenario's name as a folder's: whatever else it holds, no path."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    return kept.strip("-.")[:80] or "run"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, over one of the same name; folders above it are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, stage = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(stage, 0o666 & ~_mask())
        os.replace(stage, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(stage)
        raise


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files under a temporary name beside a folder, then move all of them into place.

    A folder that is not there or is empty has all of them or none. In one that holds things files
    of the same names are replaced, each whole, and everything else is left alone.
    """
    folder = folder.resolve()  # a link stays one, to what is written
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        stage.chmod(0o755)
        for name, content in files.items():
            (stage / name).write_bytes(content)
        if folder.is_dir() and any(folder.iterdir()):
            for name in files:
                os.replace(stage / name, folder / name)
            return
        if folder.is_dir():
            folder.rmdir()
        os.replace(stage, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _mask() -> int:
    """The user's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _refuse(found: os.stat_result, most_bytes: int, path: str | os.PathLike[str]) -> None:
    for is_kind, words in _KINDS:
        if is_kind(found.st_mode):
            code = errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EINVAL
            raise OSError(code, f"it {words}", os.fspath(path))
    if found.st_size > most_bytes:
        raise _too_large(found.st_size, most_bytes, path)


def _too_large(n_bytes: int, most_bytes: int, path: str | os.PathLike[str]) -> OSError:
    most, has = most_bytes / MEGABYTE, n_bytes / MEGABYTE
    words = f"it has {has:,.3g} MB; of such a file at most {most:,.3g} MB are read"
    return OSError(errno.EFBIG, words, os.fspath(path))
