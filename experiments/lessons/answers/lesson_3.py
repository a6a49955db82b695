"""Answers to lesson 3. Try the exercises first."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from abm.errors import InvalidInput
from experiments.lessons.frame import Exercise, Mistake

if TYPE_CHECKING:
    import pandas as pd

HALF = 0.5
_STANDARD_ERRORS = 2.0


def surprise_of_half(n_broken: pd.Series, n_runs: int) -> Exercise:
    """3.1: surprise at which half of the runs break the dam [bp].

    The share strays by its standard error, the surprise by that over the slope of the curve.
    """
    levels, shares = n_broken.index.to_numpy(dtype=float), n_broken.to_numpy() / n_runs
    above = int((shares > HALF).argmax())
    if above == 0:
        raise InvalidInput(
            f"shares from {shares[0]:g} at {levels[0]:g}bp to {shares[-1]:g} at {levels[-1]:g}bp"
            " do not cross one half: choose other SURPRISES_BP"
        )
    below = above - 1
    slope = (shares[above] - shares[below]) / (levels[above] - levels[below])
    right = levels[below] + (HALF - shares[below]) / slope
    return Exercise(
        right=float(right),
        tolerance=_STANDARD_ERRORS * standard_error(HALF, n_runs) / slope,
        why=f"A straight line gives {right:.1f}bp; {n_runs} runs cannot tell you much closer.",
        hint="Look for the two neighbouring surprises with shares below and above one half.",
        mistakes=(
            Mistake(levels[-1], f"There the dam breaks in {shares[-1]:.0%} of the runs."),
            Mistake(levels[0], f"There the dam breaks in {shares[0]:.0%} of the runs."),
            Mistake(right / 100.0, "In basis points: 25 of them are a quarter of one per cent."),
        ),
    )


def standard_error(share: float, n: int) -> float:
    """Standard error of a share seen in n runs: sqrt(p (1 - p) / n)."""
    return sqrt(share * (1.0 - share) / n)


def error_of_share(share: float, n: int) -> Exercise:
    """3.2: standard error of a share."""
    right = standard_error(share, n)
    return Exercise(
        right=right,
        tolerance=0.0005,
        why="Two samples of a hundred may well differ by a tenth and mean the same.",
        hint="Put p and n into the formula of the exercise.",
        mistakes=(
            Mistake(right**2, "That is the variance: take its square root."),
            Mistake(
                sqrt(share * (1.0 - share)),
                "That is the error of a single run: divide by the root of n.",
            ),
            Mistake(sqrt(share * (1.0 - share)) / n, "It is n under the root, not outside."),
            Mistake(100.0 * right, "That is in per cent; the answer is a share."),
        ),
    )


def runs_needed(share: float, error: float) -> Exercise:
    """3.3: runs that bring a standard error down to a size."""
    variance = share * (1.0 - share)
    return Exercise(
        right=variance / error**2,
        tolerance=1.0,
        why="Ten times as precise costs a hundred times as many runs.",
        hint="Solve the formula of 3.2 for n.",
        mistakes=(
            Mistake(sqrt(variance) / error, "The root of n is in the formula: square that."),
            Mistake(variance / error, "The error has to be squared, too."),
            Mistake(1.0 / error**2, "That leaves out p (1 - p)."),
        ),
    )


def is_odd(seen: float, share: float, n: int) -> Exercise:
    """3.4: whether a share lies more than two standard errors from the truth."""
    error = standard_error(share, n)
    distance = abs(seen - share) / error
    odd = bool(distance > _STANDARD_ERRORS)
    return Exercise(
        right=odd,
        why=f"It is {distance:.1f} standard errors of {error:.2f} away: {n} runs say very little.",
        hint="How large is one standard error of ten runs, and how often does it go into 0.2?",
        mistakes=(Mistake(not odd, "How many standard errors of ten runs are 0.2?"),),
    )


EXERCISES = {
    "3.1": surprise_of_half,
    "3.2": error_of_share,
    "3.3": runs_needed,
    "3.4": is_odd,
}
