"""Folders and files for results: refused before the run, written whole or not at all."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from abm.cli.answers import writing
from abm.cli.terminal import ENDS
from abm.errors import OutputRefused
from abm.files import write_whole

_MANIFEST = "manifest.json"


def refuse_folder(out: Path, force: bool) -> None:
    """Raise OutputRefused where a result folder cannot be made, before any time is spent."""
    try:
        str(out).encode()
    except UnicodeEncodeError:  # Parquet's library takes no other
        raise OutputRefused(f"{str(out)!r} is not UTF-8; give another --out") from None
    with writing(out):
        if out.is_dir():
            held = sorted(entry.name for entry in out.iterdir())
            if held and not force:
                what = "a result" if _MANIFEST in held else f"other things ({_listed(held)})"
                raise OutputRefused(
                    f"{out} exists and holds {what}; give another --out, or --force to overwrite"
                )
        elif os.path.lexists(out):
            raise OutputRefused(f"{out} is a file; give a folder with --out")
    above = out if out.is_dir() else next(p for p in out.absolute().parents if os.path.lexists(p))
    if not above.is_dir():
        raise OutputRefused(f"{out} cannot be made: {above} is not a folder")
    import tempfile

    with writing(out), tempfile.TemporaryDirectory(prefix=".unwind-", dir=above):
        pass  # the only sure way to know that something can be written there


def refuse_file(path: Path, force: bool) -> None:
    """Raise OutputRefused where a file is there already."""
    if os.path.isdir(path):
        raise OutputRefused(f"{path} is a folder; give the name of a file")
    if os.path.lexists(path) and not force:
        raise OutputRefused(f"{path} exists; --force overwrites it")


@contextmanager
def all_or_nothing(out: Path) -> Iterator[None]:
    """Let a whole result folder be written: who ends us waits for it, a failure leaves nothing."""
    made = [folder for folder in out.absolute().parents if not folder.exists()]
    try:
        with writing(out), _uninterrupted():
            yield
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()  # only where it stayed empty


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all."""
    with writing(path):
        write_whole(path, content.encode() if isinstance(content, str) else content)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and its like are heard when this is over, not in the middle of it."""
    is_main = threading.current_thread() is threading.main_thread()
    heard: list[int] = []
    # Only the main thread can listen; and who ignores Ctrl-C goes on ignoring it.
    ends = [n for n in ENDS if is_main and signal.getsignal(n) is signal.default_int_handler]
    for number in ends:
        signal.signal(number, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        for number in ends:
            signal.signal(number, signal.default_int_handler)
    if heard:
        raise KeyboardInterrupt


def _listed(names: list[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
