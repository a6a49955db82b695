"""Lines that several commands tell alike."""

from __future__ import annotations

import math

LABEL = 16  # letters
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0  # seconds


def labelled(label: str, text: str) -> str:
    """A line of a table of two columns: what it is, and the words; a longer label pushes them."""
    return f"{label:<{LABEL}}{text}" if len(label) < LABEL else f"{label}  {text}"


def duration(seconds: float) -> str:
    """Time of a sweep, past or to come, in the unit that suits it."""
    if math.isnan(seconds):
        return "some time"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / DAY:.1f} days"
