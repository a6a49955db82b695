"""Answers to a mistake: the message, and the exit code."""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec

import typer

from abm.cli.terminal import FULL, INTERRUPTED, say
from abm.errors import FailedRun, OutputRefused, UnwindError

Parameters = ParamSpec("Parameters")

DONE, OUR_FAULT, CHANGE_SOMETHING = 0, 1, 2
TRACEBACK = "UNWIND_TRACEBACK"


def answered(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """A command whose every way of failing is one clear message and an exit code."""

    @functools.wraps(command)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except UnwindError as refused:
            code = _say(str(refused), CHANGE_SOMETHING)
        except FailedRun as failed:
            code = _say(str(failed), OUR_FAULT)
        except KeyboardInterrupt:
            code = INTERRUPTED  # said by `main`, wherever it was heard
        except BrokenPipeError:
            code = DONE  # the reader has seen enough
        except MemoryError:
            code = _say(
                "unwind: not enough memory; make population.scale or calendar.days smaller",
                CHANGE_SOMETHING,
            )
        except Exception as bad:
            if type(bad).__module__.partition(".")[0] in ("typer", "click"):
                raise  # its own ways of saying done, or what was wrong with an option
            reason = FULL.get(getattr(bad, "errno", None) or 0)
            if isinstance(bad, OSError) and bad.filename and not reason:
                reason = f"{bad.filename}: {bad.strerror}"
            code = _say(f"unwind: {reason}", CHANGE_SOMETHING) if reason else _own_fault(bad)
        else:
            return
        raise typer.Exit(code)

    return guarded


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Whatever the disk refuses is said of the place given."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as bad:
        reason = FULL.get(bad.errno or 0) or bad.strerror or str(bad)
        raise OutputRefused(f"{place} cannot be written: {reason}") from bad


def _say(message: str, code: int) -> int:
    if os.environ.get(TRACEBACK):
        say(*traceback.format_exc().split("\n"))
    say(*message.split("\n"))
    return code


def _own_fault(bad: Exception) -> int:
    what = f"{type(bad).__name__}: {bad}".split("\n")[0][:200].rstrip(": ")
    hint = "" if os.environ.get(TRACEBACK) else f"; {TRACEBACK}=1 shows where, for a report"
    return _say(f"unwind: internal error ({what}){hint}", OUR_FAULT)
