"""The time a run may take: an argument of the run, never of its scenario.

Looked at between two days, so that the day at work is finished. With twins, all of them share it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from abm.errors import InvalidInput


class TimeLimit(NamedTuple):
    """When what is at work now has to be over."""

    seconds: float
    """How long it may take."""
    end: float
    """When it is over, of `time.monotonic`."""

    @property
    def is_over(self) -> bool:
        """Whether no further day may begin."""
        return time.monotonic() >= self.end

    def __str__(self) -> str:
        return f"{self.seconds:g} s"


_AT_WORK: ContextVar[TimeLimit | None] = ContextVar("time limit", default=None)


def limit_at_work() -> TimeLimit | None:
    """The limit that holds here; None where there is none."""
    return _AT_WORK.get()


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
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not (math.isfinite(seconds) and seconds > 0.0):
        raise InvalidInput(f"{name} = {seconds!r}, must be a number of seconds above 0")
    return float(seconds)
