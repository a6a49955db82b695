"""The indicators of a run, each as it was known on the day, and whether an unwind lay ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.measures.warning import event_ahead
from abm.warning.columns import BY_NAME, POSITIONS, PUBLISHED_AFTER_DAYS, RATE_DAYS
from abm.warning.simulating import SECOND

if TYPE_CHECKING:
    from abm.runs import RunResult

Array = np.ndarray


def indicators_of_run(run: RunResult) -> dict[str, Array]:
    """Every indicator that a study has, by day; NaN where it is not known.

    Positions are known three days later, when they are published. Windows that the run and the days
    before it do not fill give nothing.

    Raises InvalidInput for a run that cannot be repeated.
    """
    table = run.indicators
    found = {name: table[name].to_numpy(np.float64) for name in BY_NAME if name in table}
    late = np.full(len(table), np.nan)
    late[PUBLISHED_AFTER_DAYS:] = found[POSITIONS][:-PUBLISHED_AFTER_DAYS]
    found[POSITIONS] = late
    rate = table["funding_rate_per_year"].to_numpy(np.float64)
    rise = np.full(len(table), np.nan)
    rise[RATE_DAYS:] = rate[RATE_DAYS:] - rate[:-RATE_DAYS]
    found["funding_rate_rise_per_year"] = rise
    return {name: found[name] for name in BY_NAME if name in found}


def ahead_in_run(run: RunResult) -> Array:
    """Days with an event ahead (M175): 1, 0, NaN where the run is too short to say, or trades no
    Australian dollar against the yen."""
    scenario, days = run.scenario, run.days
    if SECOND not in scenario.instrument_names or scenario.funding_currency != "JPY":
        return np.full(len(days), np.nan)
    yen = days["log_JPY"].to_numpy(np.float64)
    return event_ahead(yen, days[f"log_{SECOND}"].to_numpy(np.float64) - yen)
