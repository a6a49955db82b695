"""Arrays by name in one file (npz), read as untrusted data.

Names, types and sizes are looked at in the directory and in each header before anything is
allocated; nothing is inflated (what this package writes is stored, not compressed) or unpickled.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from abm.errors import LONGEST_KEY, UnreadableFile, one_line
from abm.files import MEGABYTE, refuse_irregular

Array = np.ndarray

SUFFIX = ".npy"
LONGEST_HEADER = 10_000  # characters: headers of plain arrays have about a hundred
MOST_MEMBERS = 1_000
MOST_OF_ARCHIVE = 8192 * MEGABYTE  # a million institutions have one of these
# What zipfile and numpy raise where a file is damaged or made to harm.
DAMAGED = (
    ValueError, KeyError, TypeError, EOFError, SyntaxError, OverflowError, RecursionError,
    NotImplementedError, RuntimeError, MemoryError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
_ENCRYPTED = 0x1


class Header(NamedTuple):
    """Type and size of one array, as its header declares them."""

    dtype: np.dtype
    shape: tuple[int, ...]
    n_bytes: int  # bytes behind the header, by the directory


class Archive(NamedTuple):
    """An open file of arrays, all of whose headers have been looked at."""

    file: zipfile.ZipFile
    headers: Mapping[str, Header]

    def read(self, name: str) -> Array:
        """One array. Its header must have been found acceptable: this allocates what it says."""
        with self.file.open(name + SUFFIX) as member:
            header = _header(member, name, self.headers[name].n_bytes)
            content = member.read()
        return np.frombuffer(content, header.dtype).reshape(header.shape).copy()


@contextmanager
def opened(path: Path, what: str) -> Iterator[Archive]:
    """A file of arrays; UnreadableFile where it is missing, damaged, or not `what` ("a saved
    state")."""
    try:
        refuse_irregular(path, MOST_OF_ARCHIVE)
        with zipfile.ZipFile(path) as file:
            yield Archive(file, _headers(file, path.stat().st_size))
    except OSError as bad:
        raise UnreadableFile(f"{path} cannot be read: {bad.strerror or bad}") from None
    except DAMAGED as bad:
        detail = f": {bad}" if isinstance(bad, Refused) else ""
        raise UnreadableFile(f"{path} is not {what}{detail}") from None


class Refused(ValueError):
    """An array is not what it must be; the message names it and says what is wrong."""


def _headers(file: zipfile.ZipFile, n_bytes: int) -> dict[str, Header]:
    """Every header, by the name of its array; what cannot be in a file of so many bytes refused."""
    members = file.infolist()
    declared = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS:
        raise Refused(f"it holds {len(members):,} arrays, at most {MOST_MEMBERS:,} are read")
    _refuse_packed(members)
    if declared > n_bytes:
        raise Refused(f"its arrays declare {declared:,} bytes, the file has {n_bytes:,}")
    headers: dict[str, Header] = {}
    for member in members:
        name = member.filename.removesuffix(SUFFIX)
        if name in headers or name == member.filename:
            raise Refused(f"{quoted(member.filename)} is there twice or is not an array")
        with file.open(member) as content:
            header = _header(content, name, member.file_size)
            headers[name] = header._replace(n_bytes=member.file_size - content.tell())
    return headers


def _refuse_packed(members: list[zipfile.ZipInfo]) -> None:
    """Nothing is inflated or deciphered: what this package writes is neither."""
    for member in members:
        is_stored = member.compress_type == zipfile.ZIP_STORED
        if not is_stored or member.file_size != member.compress_size:
            name, size = quoted(member.filename), member.file_size
            raise Refused(f"{name} is compressed ({size:,} bytes when inflated), must be stored")
        if member.flag_bits & _ENCRYPTED:
            raise Refused(f"{quoted(member.filename)} is encrypted")


def quoted(text: str) -> str:
    """Text from the file as a message shows it: in quotes, on one line, shortened."""
    return f"'{one_line(text, LONGEST_KEY)}'"


def _is_plain(dtype: np.dtype) -> bool:
    """True for numbers, text, and records of them."""
    parts = [dtype[name] for name in dtype.names] if dtype.names else [dtype]
    return not any(part.hasobject or part.names or part.subdtype for part in parts)


def _header(content: IO[bytes], name: str, n_bytes: int) -> Header:
    """The header of one array, no object among its types and no order but C's."""
    version = np.lib.format.read_magic(content)
    if version == (1, 0):
        read = np.lib.format.read_array_header_1_0
    elif version == (2, 0):
        read = np.lib.format.read_array_header_2_0
    else:
        raise Refused(f"{quoted(name)} has version {version} of numpy's format, must be 1.0 or 2.0")
    shape, is_fortran, dtype = read(content, max_header_size=LONGEST_HEADER)
    if not _is_plain(dtype):
        raise Refused(f"{quoted(name)} has type {dtype!s:.40}, must be numbers or text")
    if is_fortran:
        raise Refused(f"{quoted(name)} is stored by columns, must be by rows")
    return Header(dtype, shape, n_bytes)
