"""Days of a study or of a record, with what lay ahead of each and the block that it is drawn in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from abm.measures.warning import Event, event_ahead, event_complete, events_of, scored_days

Array = np.ndarray

BLOCK_DAYS = 60
"""Days of a block of calm, far beyond the memory of an event's horizon."""


class Days(NamedTuple):
    """Scored days of one or more series, one after the other; (n,) each."""

    values: Mapping[str, Array]
    """Indicators by name, NaN where one is not known."""
    series: Array
    """Number of the series that a day is of."""
    day: Array
    """Its place in the series."""
    is_ahead: Array
    """True where an event lies ahead."""
    block: Array
    """Number of the block: the days before one event, or a stretch of calm."""
    events: Mapping[int, tuple[Event, ...]]
    """Events of each series, of those with a scored day before them."""

    @property
    def n_events(self) -> int:
        return sum(map(len, self.events.values()))

    @property
    def event_share(self) -> float:
        """Share of days with an event ahead."""
        return float(self.is_ahead.mean()) if len(self.is_ahead) else float("nan")

    def of_series(self, numbers: Iterable[int]) -> Days:
        """The days of some of the series."""
        wanted = set(numbers)
        rows = np.isin(self.series, list(wanted))
        return Days(
            {name: column[rows] for name, column in self.values.items()},
            self.series[rows], self.day[rows], self.is_ahead[rows], self.block[rows],
            {number: events for number, events in self.events.items() if number in wanted},
        )  # fmt: skip


def labelled(
    number: int, yen: Array, cross: Array, values: Mapping[str, Array], first_day: int = 0
) -> Days:
    """Scored days of one series of log prices, from `first_day` on."""
    ahead = event_ahead(yen, cross)
    events = events_of(event_complete(yen, cross), first_day)
    scored = scored_days(ahead, events)
    scored[:first_day] = False
    day = np.flatnonzero(scored)
    is_ahead = ahead[day] == 1.0
    crossings = np.array([event.crossing_day for event in events], dtype=np.int64)
    following = np.searchsorted(crossings, day, side="right")
    # Blocks of events are counted below 0, so that they never meet those of calm.
    block = np.where(is_ahead, -1 - following, day // BLOCK_DAYS)
    warned = set(following[is_ahead].tolist())
    kept = tuple(event for n, event in enumerate(events) if n in warned)
    series = np.full(len(day), number)
    columns = {name: np.asarray(column, dtype=np.float64)[day] for name, column in values.items()}
    return Days(columns, series, day, is_ahead, block, {number: kept})


def joined(parts: list[Days]) -> Days:
    """Days of several series, with blocks of their own numbers."""
    series = np.concatenate([part.series for part in parts])
    block = np.concatenate([part.block for part in parts])
    pairs = np.column_stack([series, block])
    _, numbers = np.unique(pairs, axis=0, return_inverse=True)
    return Days(
        {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values},
        series,
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.is_ahead for part in parts]),
        numbers.ravel(),
        {number: events for part in parts for number, events in part.events.items()},
    )
