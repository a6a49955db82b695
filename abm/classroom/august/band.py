"""July and August 2024, run many times: the band in which the real path should lie, and the path.

The runs are those of `python -m experiments.august august-2024`: the same scenario, seed and
replicates. Everything is counted from the closes of 28 June 2024, the eve of the first day.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm.classroom.choice import shipped
from abm.classroom.quotes import log_quote
from abm.episodes.record import KEY_DAYS_2024, real_path
from abm.runs.fast import OutputRequest, watched_run
from abm.runs.tables import FORCED_TYPES
from abm.scenario import Scenario

SCENARIO = "august-2024"
SEED = 2024
N_RUNS = 200
N_AT_ONCE = 10  # runs of one piece of work
BAND = (5.0, 50.0, 95.0)  # per cent
EVE, LAST = "2024-06-28", "2024-08-30"
Numbers = NDArray[np.float64]


class Path(NamedTuple):
    """A quote whose band is drawn."""

    name: str
    instrument: str
    closes: str  # its column of KEY_DAYS_2024

    @property
    def is_cross(self) -> bool:
        """True for a quote in yen, of which there is a fixing every day."""
        return self.name.endswith("JPY")


PATHS = (
    Path("USDJPY", "USD", "usdjpy"),
    Path("AUDJPY", "AUD", "audjpy"),
    Path("MXNJPY", "MXN", "mxnjpy"),
    Path("NKY", "NKY", "nikkei"),
    Path("SPX", "SPX", "sp500"),
)
PATH_NAMED = {path.name: path for path in PATHS}


class Runs(NamedTuple):
    """Some runs, each array (n_runs, n_days)."""

    logs: dict[str, Numbers]  # by path, since the eve
    forced_usd_bn: Numbers
    n_calls: Numbers


class Fan(NamedTuple):
    """5%, median and 95% of the runs on each day, (n_days,)."""

    low: Numbers
    median: Numbers
    high: Numbers


class Beside(NamedTuple):
    """One change of the record beside that of the runs [log]; NaN where the record has none."""

    real: float
    low: float
    median: float
    high: float

    @property
    def is_known(self) -> bool:
        return math.isfinite(self.real)

    @property
    def is_inside(self) -> bool:
        return self.low <= self.real <= self.high


@lru_cache(maxsize=1)
def august() -> Scenario:
    """The scenario, without the gains of the feedback, which cost time and are not shown."""
    return shipped(SCENARIO).with_changes({"outputs.feedback_gain_every_days": 0})


@lru_cache(maxsize=1)
def dates() -> tuple[str, ...]:
    """Trading days of the record, from the first of July on."""
    days = (day.isoformat() for day in august().calendar.dates())
    return tuple(day for day in days if day <= LAST)


def runs_so_far(n: int) -> Runs:
    """The first n runs, of which those are made that have not been before; n in whole pieces."""
    parts = [_piece(first) for first in range(0, n, N_AT_ONCE)]
    return Runs(
        {path.name: np.vstack([part.logs[path.name] for part in parts]) for path in PATHS},
        np.vstack([part.forced_usd_bn for part in parts]),
        np.vstack([part.n_calls for part in parts]),
    )


@lru_cache(maxsize=N_RUNS // N_AT_ONCE)
def _piece(first: int) -> Runs:
    """N_AT_ONCE runs from a replicate on; kept, so that a second page has them at once."""
    scenario, n_days = august(), len(dates())
    forced = [f"forced_{kind}_usd_bn" for kind in FORCED_TYPES]
    logs = [f"log_{name}" for name in scenario.instrument_names]
    request = OutputRequest(series=(*logs, *forced, "n_margin_calls"))
    found = [
        {
            name: column[:n_days]
            for name, column in watched_run(scenario, SEED, r, request).days.items()
        }
        for r in range(first, first + N_AT_ONCE)
    ]
    return Runs(
        {path.name: np.array([_log(path, days) for days in found]) for path in PATHS},
        np.array([sum(days[name] for name in forced) for days in found]),
        np.array([days["n_margin_calls"] for days in found]),
    )


def _log(path: Path, days: dict[str, Numbers]) -> Numbers:
    if path.is_cross:
        return log_quote(days, path.instrument, august().funding_currency)
    return days[f"log_{path.instrument}"]


def fan(values: Numbers) -> Fan:
    """The band of some runs, day by day."""
    return Fan(*np.percentile(values, BAND, axis=0))


def not_yet() -> Fan:
    """The band before any run."""
    return Fan(*np.full((len(BAND), len(dates())), np.nan))


@lru_cache(maxsize=len(PATHS))
def eve_quote(path: Path) -> float:
    """The real quote of 28 June 2024: the ECB's fixing, or the close that the scenario opens at."""
    if path.is_cross:
        return float(real_path(path.name, EVE, EVE).iloc[0])
    return august().instruments[path.instrument].opening_quote


@lru_cache(maxsize=len(PATHS))
def fixings(path: Path) -> Numbers:
    """The ECB's fixing of every day (14:15 CET), NaN where there is none, (n_days,)."""
    if not path.is_cross:
        return np.full(len(dates()), np.nan)
    found = real_path(path.name, dates()[0], LAST)
    by_date = dict(zip((str(day)[:10] for day in found.index), found, strict=True))
    return np.array([by_date.get(day, np.nan) for day in dates()])


@lru_cache(maxsize=len(PATHS))
def closes(path: Path) -> Numbers:
    """Closes of the key days (currencies: noon in New York), NaN on the others, (n_days,)."""
    by_date = {day.date: float(getattr(day, path.closes)) for day in KEY_DAYS_2024}
    return np.array([by_date.get(day, np.nan) for day in dates()])


def move_on(runs: Runs, path: Path, day: int) -> Beside:
    """The change of one day: fixing to fixing, or close to close where both are kept."""
    return _beside(
        np.diff(runs.logs[path.name], axis=1, prepend=0.0)[:, day], _real_move(path, day)
    )


def change_since_eve(runs: Runs, path: Path, day: int) -> Beside:
    """The change since 28 June."""
    level = (fixings(path) if path.is_cross else closes(path))[day]
    return _beside(runs.logs[path.name][:, day], math.log(level / eve_quote(path)))


def change_between(runs: Runs, path: Path, start: str, end: str) -> Beside:
    """The change between two key days, by their closes."""
    first, last = dates().index(start), dates().index(end)
    logs, real = runs.logs[path.name], closes(path)
    return _beside(logs[:, last] - logs[:, first], math.log(real[last] / real[first]))


def _real_move(path: Path, day: int) -> float:
    levels = np.concatenate([[eve_quote(path)], fixings(path) if path.is_cross else closes(path)])
    return math.log(levels[day + 1] / levels[day])


def _beside(runs: Numbers, real: float) -> Beside:
    return Beside(real, *(float(value) for value in np.percentile(runs, BAND)))
