"""The command `unwind`. This file is light: what a command needs loads when it is given."""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from typing import NoReturn

from abm.cli.terminal import ENDS, FULL, INTERRUPTED, say, warned

INTERRUPTED_LINE = "unwind: interrupted; nothing half-written stays behind"


def main() -> NoReturn:
    """Entry point of `unwind`: exit code 0 done, 2 a user's mistake, 1 internal error."""
    try:
        _prepare()
        from abm.cli.commands import app

        app(prog_name="unwind")
        code: object = 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as done:
        # A reader who has seen enough is no fault; Typer and Rich think it is one.
        code = 0 if isinstance(done.__context__, BrokenPipeError) else done.code
    if code == INTERRUPTED:
        say(INTERRUPTED_LINE)
    code = _flushed(code)
    number = code if isinstance(code, int) else int(code is not None)
    if "concurrent.futures.process" in sys.modules:
        sys.exit(number)  # worker processes leave things to tidy up
    # All is done and said. Taking the libraries down would cost half a second, and a compiled run
    # that was interrupted may still be at work in its thread.
    os._exit(number)


def _prepare() -> None:
    """Streams that take whatever is printed, and every polite end as Ctrl-C."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller: >&-
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (as long as we live)
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = warned
    for number in ENDS:
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores hang-ups
            signal.signal(number, signal.default_int_handler)


def _flushed(code: object) -> object:
    """The exit code, after what is still to be printed has been; a reader gone is no fault."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as bad:
            _silence(stream.fileno())
            if not isinstance(bad, BrokenPipeError) and code == 0:
                reason = FULL.get(getattr(bad, "errno", 0), str(bad))
                say(f"unwind: {reason}")
                code = 2
    return code


def _silence(descriptor: int) -> None:
    """Send the rest nowhere, so that the interpreter's own last flush is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
