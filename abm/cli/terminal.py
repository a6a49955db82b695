"""Output of every command and the signals that end it: stdout, stderr, Ctrl-C."""

from __future__ import annotations

import errno
import signal
import sys
from contextlib import suppress

from abm.errors import one_line

INTERRUPTED = 130  # exit code
# Ctrl-C, and how a batch system or a closed terminal ends a program.
NAMES_OF_ENDS = ("SIGINT", "SIGTERM", "SIGHUP")
LONGEST_LINE = 100_000  # characters
ENDS = [getattr(signal, name) for name in NAMES_OF_ENDS if hasattr(signal, name)]
FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your disk quota is used up"}


def tell(*lines: object) -> None:
    """Lines on stdout, as a terminal shows them and does not obey: all that commands print."""
    print(*(one_line(str(line), LONGEST_LINE) for line in lines), sep="\n", flush=True)


def say(*lines: object) -> None:
    """The same on stderr; without a listener the work goes on."""
    with suppress(OSError, ValueError):
        spelt = (one_line(str(line), LONGEST_LINE) for line in lines)
        print(*spelt, sep="\n", file=sys.stderr, flush=True)


def warned(message: object, *_: object, **__: object) -> None:
    """A library's warning in one line: it may quote a name that a user gave."""
    say(f"warning: {message}")
