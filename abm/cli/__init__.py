"""The command `unwind`. This file is light: what a command needs loads when it is given."""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

INTERRUPTED = 130
INTERRUPTED_LINE = "unwind: interrupted; nothing half-written stays behind"
FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your disk quota is used up"}


def main() -> NoReturn:
    """Entry point of `unwind`: exit code 0 done, 2 the user must change something, 1 our fault."""
    try:
        from abm.cli.commands import app

        app(prog_name="unwind")
        code: object = 0
    except KeyboardInterrupt:
        print(INTERRUPTED_LINE, file=sys.stderr)
        code = INTERRUPTED
    except SystemExit as done:
        code = done.code
    code = _flushed(code)
    if code == INTERRUPTED:
        os._exit(INTERRUPTED)  # a compiled run may still be at work in its thread
    raise SystemExit(code)


def _flushed(code: object) -> object:
    """The exit code, after what is still to be printed has been; a reader gone is no fault."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as bad:
            _silence(stream.fileno())
            if not isinstance(bad, BrokenPipeError) and code == 0:
                reason = FULL.get(getattr(bad, "errno", 0), str(bad))
                print(f"unwind: {reason}", file=sys.stderr)
                code = 2
    return code


def _silence(descriptor: int) -> None:
    """Send the rest nowhere, so that the interpreter's own last flush is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
