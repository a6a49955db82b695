"""Verification of the program: conservation, convergence, the same bytes, robustness of a claim."""

from __future__ import annotations

import numpy as np

from abm.validation.august import RUNS as AUGUST_RUNS
from abm.validation.claims import HIKE, Bar, Claim, Group, Runs, Sample, at_most
from abm.validation.estimates import Estimate, exact, paired, resampled
from abm.validation.histories import TEN_YEARS
from abm.validation.surprises import HAWKISH, QUICKER, surprise

TOLERANCE = 1e-9
ALL = (HAWKISH[50], TEN_YEARS, AUGUST_RUNS)


def largest_error(*samples: Runs) -> Estimate:
    """Largest conservation error of all days, relative."""
    found = [runs.table["error"].max() for runs in samples if len(runs.table)]
    return exact(max(found, default=float("nan")))


def failures(*samples: Runs) -> Estimate:
    """Runs that failed, and days that found no price."""
    days = sum(
        runs.table["n_days_failed_to_clear"].sum()
        for runs in samples
        if "n_days_failed_to_clear" in runs.table
    )
    return exact(days + sum(runs.n_failed for runs in samples))


def _same(workers: int) -> Sample:
    changes = QUICKER | {"shock.surprise_bp": 50.0}
    name = f"{workers} worker{'s' if workers > 1 else ''}"
    return Sample(name, HIKE, surprise, changes, least=6, most=6, workers=workers)


def differing(one: Runs, other: Runs) -> Estimate:
    """Numbers that are not the same, byte for byte."""
    if one.table.shape != other.table.shape or one.table.empty:
        return exact(float("nan"))
    pairs = zip(one.table.to_numpy().ravel(), other.table.to_numpy().ravel(), strict=True)
    return exact(sum(a != b and not (a != a and b != b) for a, b in pairs))


def _with(name: str, **changes: float | str) -> Sample:
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return Sample(name, HIKE, surprise, QUICKER | {"shock.surprise_bp": 50.0} | keys, 0.5, least=10)


def largest_difference(base: Runs, other: Runs) -> Estimate:
    """Largest difference of the yen's peak in a run [log]."""
    one, two = paired("peak", base.table, other.table)
    return exact(float(np.abs(one - two).max()) if len(one) else float("nan"))


def ratio_of_peaks(base: Runs, other: Runs) -> Estimate:
    """Mean peak over that of the base."""
    return resampled(
        paired("peak", base.table, other.table),
        lambda one, two: float(two.mean() / one.mean()),
    )


BASE = (HAWKISH[50],)
NEAR_ONE = Bar(0.85, 1.15)
ROBUST = {
    "twice as many institutions": _with("population scale 2", population__scale=2.0),
    "half of the trading rounds": _with("3 rounds", clearing__rounds=3),
    "orders frozen in a round": _with("orders frozen in a round", liquidity__mode="frozen"),
}
GROUP = Group(
    "conservation",
    "Conservation and convergence",
    "Implementation verification",
    (
        Claim("largest conservation error, relative", at_most(TOLERANCE), ALL, largest_error,
              "surprises of 50bp, ten undisturbed years, August 2024"),
        Claim("runs failed and days without a price", at_most(0.0), ALL, failures),
        Claim("numbers that differ between one worker and two", at_most(0.0),
              (_same(1), _same(2)), differing, "surprise of 50bp, six runs, byte for byte"),
        Claim("peak of the yen: largest change when the solver's tolerance goes from 1e-10 to "
              "1e-12", at_most(1e-6), (*BASE, _with("tolerance 1e-12", clearing__tolerance=1e-12)),
              largest_difference, "log"),
        *(Claim(f"peak of the yen with {name}, over the base", NEAR_ONE, (*BASE, sample),
                ratio_of_peaks, "robustness; the bar is ours") for name, sample in ROBUST.items()),
    ),
)  # fmt: skip
