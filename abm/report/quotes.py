"""The dollar in the funding currency: as a run has it, and as it really was."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from abm.episodes.record import real_path
from abm.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

_DAYS_BEFORE = 10  # of the record, so that a fixing lies before the first day of the run


def usd_quotes(scenario: Scenario, days: pd.DataFrame) -> tuple[float, list[float]]:
    """Units of the funding currency per dollar: at the opening, and at every close."""
    name = scenario.funding_currency
    part = scenario.currencies[name]
    opening = part.opening_quote if part.per_usd else 1.0 / part.opening_quote
    return opening, [opening * math.exp(-x) for x in days[f"log_{name}"]]


def real_quotes(scenario: Scenario) -> pd.Series | None:
    """The real path of the dollar in the funding currency; None without dates or without record."""
    dates = scenario.calendar.dates()
    if not dates:
        return None
    pair = f"USD{scenario.funding_currency}"
    try:
        return real_path(pair, dates[0] - timedelta(days=_DAYS_BEFORE), dates[-1])
    except InvalidInput:
        return None
