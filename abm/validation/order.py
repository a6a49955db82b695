"""Order of contagion after a surprise of 50bp: which market moves on which day."""

from __future__ import annotations

from functools import partial

import numpy as np

from abm.validation.claims import Claim, Group, Runs, at_least, at_most
from abm.validation.estimates import Estimate, exact, resampled
from abm.validation.surprises import HAWKISH, HORIZONS

LATEST = {"JPY": 0, "JGB": 0, "UST": 1, "SPX": 3, "NKY": 3, "HY": 3, "EM": 3, "MXN": 3, "AUD": 3}
"""Day by which a market must have moved; first currency and bonds of Japan, last the periphery."""
BEYOND = 2.0  # daily standard deviations
SURPRISE = (HAWKISH[50],)


def first_day(name: str, runs: Runs) -> Estimate:
    """First day on which the mean effect is beyond two daily standard deviations."""

    effects = runs.table[[f"effect {name} {h}" for h in HORIZONS]].to_numpy()
    sd = runs.table[f"sd {name}"].to_numpy()

    def of(moves: np.ndarray, daily: np.ndarray) -> float:
        beyond = np.flatnonzero(np.abs(moves.mean(axis=0)) > BEYOND * daily.mean())
        return float(HORIZONS[beyond[0]]) if beyond.size else float("inf")

    day = of(effects, sd)
    if np.isinf(day):
        return exact(day, "never within 20 days")
    return resampled((effects, sd), of)


def t_of_move(name: str, runs: Runs) -> Estimate:
    """Size of the mean effect on the day by which it must have moved, over its standard error."""
    effect = runs.table[f"effect {name} {LATEST[name]}"]
    if len(effect) < 2:
        return exact(float("nan"))
    t = abs(effect.mean()) / (effect.std() / np.sqrt(len(effect)))
    return exact(t, f"mean move {effect.mean():+.4f} log")


GROUP = Group(
    "order",
    "Order of contagion",
    "Model analysis",
    (
        *(Claim(f"{name}: first day beyond two daily sd", at_most(day), SURPRISE,
                partial(first_day, name), "after +50bp") for name, day in LATEST.items()),
        *(Claim(f"{name}: |t| of the mean move by day {day}", at_least(3.0), SURPRISE,
                partial(t_of_move, name), "after +50bp") for name, day in LATEST.items()),
    ),
)  # fmt: skip
