"""The shocks that a reverse stress test may move: a surprise of the Bank of Japan, and the news of
every instrument on the first days and on the days after them.

A point y counts all of them in standard deviations, independent of one another; 0 is a scenario
without a surprise and with no other news than it has.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.population.script import news_factor
from abm.warning.simulating import SURPRISE_SD_BP

if TYPE_CHECKING:
    from abm.scenario import Scenario

Array = np.ndarray

FIRST_DAYS = 5
"""Days of news from the shock on that are moved as one. Assumed: the surprise and the payrolls of
2024 were two trading days apart, the surprise and the reassurance five."""
PREFIX, TITLE = "reverse_", "added news, days {first} to {last}"  # of news that are added


class Shocks(NamedTuple):
    """What may be moved in a scenario up to a horizon [trading days after the eve]."""

    scenario: Scenario
    horizon: int

    @property
    def periods(self) -> tuple[tuple[int, int], ...]:
        """First and last day after the eve of each stretch of days whose news are moved as one."""
        first = min(FIRST_DAYS, self.horizon)
        return ((1, first), (first + 1, self.horizon))[: 1 + (self.horizon > first)]

    @property
    def n(self) -> int:
        """Number of shocks: one surprise, and the news of each instrument in each period."""
        return 1 + len(self.periods) * len(self.scenario.instruments)

    def news(self, y: Array) -> Array:
        """Sum of the news that are added in each period [log], (n_periods, K).            (M183)

        sqrt(N) L y,    L: Cholesky factor of a day's news, N days
        """
        factor = news_factor(self.scenario)
        by_period = y[1:].reshape(len(self.periods), -1)
        lengths = np.array([last - first + 1 for first, last in self.periods], float)
        moved: Array = np.sqrt(lengths)[:, None] * (by_period @ factor.T)
        return moved

    def at(self, y: Array) -> Scenario:
        """The scenario with these shocks: the same news on every day of a period."""
        shock_day, names = self.scenario.shock_day, self.scenario.instrument_names
        added: list[dict[str, Any]] = []
        for (first, last), moved in zip(self.periods, self.news(y), strict=True):
            if moved.any():
                moves = dict(zip(names, (moved / (last - first + 1)).tolist(), strict=True))
                title = TITLE.format(first=first, last=last)
                added += [
                    {"name": f"{PREFIX}{day}", "day": shock_day + day - 1, "title": title,
                     "moves": moves}
                    for day in range(first, last + 1)
                ]  # fmt: skip
        changes: dict[str, Any] = surprise_of(self.scenario, SURPRISE_SD_BP * float(y[0]))
        if added:
            changes["news"] = [*self.scenario.news, *added]
        return self.scenario.with_changes(changes)

    def rows(self, y: Array) -> list[dict[str, Any]]:
        """A row for each shock: `shock`, `first_day`, `last_day`, `size`, `unit`, `sd`, `in_sd`."""
        bp = SURPRISE_SD_BP * float(y[0])
        rows: list[dict[str, Any]] = [
            {"shock": "surprise", "first_day": 1, "last_day": 1, "size": bp, "unit": "bp",
             "sd": SURPRISE_SD_BP, "in_sd": float(y[0])}
        ]  # fmt: skip
        daily = np.linalg.norm(news_factor(self.scenario), axis=1)
        for (first, last), moved in zip(self.periods, self.news(y), strict=True):
            for name, log, sd in zip(self.scenario.instrument_names, moved, daily, strict=True):
                whole = float(sd) * math.sqrt(last - first + 1)
                share = float(log) / whole if whole else 0.0
                rows.append(
                    {"shock": name, "first_day": first, "last_day": last, "size": float(log),
                     "unit": "log", "sd": whole, "in_sd": share}
                )  # fmt: skip
        return rows


def surprise_of(scenario: Scenario, bp: float) -> dict[str, Any]:
    """The changes that make the surprise on the shock day so large [bp].

    It is the scenario's own: its shock, or what the Bank of Japan is scripted to do on that day. A
    scenario without either gets a shock.
    """
    boj = scenario.policy.boj
    if scenario.shock.kind == "surprise":
        return {"shock.surprise_bp": bp}
    if boj.kind == "script" and scenario.day_index(boj.day) == scenario.shock_day:
        return {"policy.boj.surprise_bp": bp}
    return {"shock.kind": "surprise", "shock.surprise_bp": bp}


def own_surprise_bp(scenario: Scenario) -> float:
    """The surprise that the scenario has on its shock day [bp]."""
    (key,) = (key for key in surprise_of(scenario, 0.0) if key.endswith("surprise_bp"))
    part = scenario.shock if key.startswith("shock") else scenario.policy.boj
    return float(getattr(part, "surprise_bp", 0.0))


def entropy_of(distance: float) -> float:
    """Relative entropy of normal variables shifted by so many standard deviations [nats]. (M183)

    d^2 / 2
    """
    return 0.5 * distance**2


def one_in(distance: float) -> float:
    """The N of an event that is one in N: as rare as a move of so many standard deviations or
    more in one direction.                                                                  (M184)

        N = 1 / F(-d),    F: standard normal distribution
    """
    return 2.0 / math.erfc(distance / math.sqrt(2.0))
