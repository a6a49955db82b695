"""Lines that several commands tell alike."""

from __future__ import annotations

import math

from abm.words import LABEL_LETTERS

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0  # seconds
LEAST_SECONDS = 0.01  # that are written


def labelled(label: str, text: str) -> str:
    """A line of a table of two columns: what it is, and the words; a longer label pushes them."""
    return f"{label:<{LABEL_LETTERS}}{text}" if len(label) < LABEL_LETTERS else f"{label}  {text}"


def duration(seconds: float) -> str:
    """Time of a sweep, past or to come, in the unit that suits it."""
    if math.isnan(seconds):
        return "some time"
    for unit, length in (("days", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds >= 2 * length:
            return f"{two_digits(seconds / length)} {unit}"
    return f"{two_digits(seconds) if seconds >= LEAST_SECONDS else '0'} s"


def two_digits(number: float) -> str:
    """Two digits that matter; of 10 and more the whole number."""
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"
