"""The time a run may take: an argument of the run, never of its scenario.

Looked at every few days, so that those at work are finished. Counterfactual runs share that of
their run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

from abm.errors import InvalidInput

HUGE = 1e15
"""More seconds than a user waits."""


@dataclass
class TimeLimit:
    """The time limit of the work at hand."""

    seconds: float
    """Seconds it may take."""
    end: float
    """Its end, of `time.monotonic`."""

    @property
    def is_over(self) -> bool:
        """True once no further day may begin."""
        return time.monotonic() >= self.end

    @contextmanager
    def not_counted(self) -> Iterator[None]:
        """Let what is done inside take its time: compiling is no part of a run."""
        start = time.monotonic()
        yield
        self.end += time.monotonic() - start

    def __str__(self) -> str:
        return f"{self.seconds:g} s"


_AT_WORK: ContextVar[TimeLimit | None] = ContextVar("time limit", default=None)


def limit_at_work() -> TimeLimit | None:
    """The limit that holds here; None where there is none."""
    return _AT_WORK.get()


@contextmanager
def compiling_not_counted() -> Iterator[None]:
    """Compiling inside is not counted in the time limit, where there is one."""
    limit = limit_at_work()
    with nullcontext() if limit is None else limit.not_counted():
        yield


@contextmanager
def time_limit(seconds: float | None, name: str = "timeout") -> Iterator[None]:
    """Let all runs made inside take at most `seconds` together; None sets no limit.

    Raises InvalidInput, which calls the limit by `name`, for what is not a number above 0.
    """
    if seconds is None:
        yield
        return
    limit = TimeLimit(seconds_allowed(seconds, name), time.monotonic() + seconds)
    token = _AT_WORK.set(limit)
    try:
        yield
    finally:
        _AT_WORK.reset(token)


def seconds_allowed(seconds: object, name: str = "timeout") -> float:
    """A time limit: a number of seconds above 0. Raises InvalidInput."""
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0.0 < seconds < HUGE:
        return float(seconds)
    raise InvalidInput(f"{name} = {seconds!r}, must be a number of seconds above 0")
