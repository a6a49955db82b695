"""Answers to lesson 5. Try the exercises first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.lessons.frame import Exercise, Mistake

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_START, _EVE, _HIKE, _END = "2024-07-02", "2024-07-30", "2024-07-31", "2024-08-06"
_CRASH = "2024-08-05"


def closed_before_the_hike(tables: Sequence[pd.DataFrame]) -> Exercise:
    """5.1: share of what was closed by 6 August that had been closed by 30 July, median."""
    short = {
        date: np.array([days.at[date, "yen_short_units"] for days in tables])
        for date in (_START, _EVE, _HIKE, _END)
    }
    closed = short[_START] - short[_END]
    before = (short[_START] - short[_EVE]) / closed
    right = float(np.median(before))
    return Exercise(
        right=right,
        tolerance=0.006,
        why="As in the record, most had gone before the news that is blamed for it.",
        hint="For each run (closed from 2 to 30 July) / (closed from 2 July to 6 August).",
        mistakes=(
            Mistake(100.0 * right, "That is in per cent; the answer is a share."),
            Mistake(
                float(np.median((short[_START] - short[_EVE]) / short[_START])),
                "That is a share of the whole short; asked is the share of what was closed.",
            ),
            Mistake(1.0 - right, "That is what was closed afterwards."),
            Mistake(
                float(np.median(short[_START] - short[_EVE]) / np.median(closed)),
                "Close: that is a ratio of medians. Take the ratio in each run, then the median.",
            ),
        ),
    )


def worst_day(forced: pd.DataFrame) -> Exercise:
    """5.2: day of the largest mean forced sales."""
    right = f"{forced.sum(axis='columns').idxmax():%Y-%m-%d}"
    said = (
        Mistake(
            _CRASH,
            "That is the worst day of the real Nikkei. Add up the columns of `forced` and look"
            " at the largest sum.",
        ),
        Mistake("2024-07-31", "That is the day of the news; the sales come later. How much later?"),
    )
    return Exercise(
        right=right,
        why="Now look at `runs_forced`: a mean can be made by few runs. Other seeds may put another"
        " day first.",
        hint="`forced.sum(axis='columns').idxmax()` is a day; answer with its date in quotes.",
        mistakes=tuple(mistake for mistake in said if mistake.answer != right),
    )


def worst_sellers(forced: pd.DataFrame) -> Exercise:
    """5.3: type of institution with most of that day's forced sales."""
    of_day = forced.loc[forced.sum(axis="columns").idxmax()]
    return Exercise(
        right=str(of_day.idxmax()),
        why=f"They made {of_day.max() / of_day.sum():.0%} of them: it is those with brokers.",
        hint="Look at the row of that day, `forced.loc[date]`: which column is largest?",
        mistakes=(
            Mistake("risk_parity", "They sell when risk rises, of their own will: none is forced."),
            Mistake("retail_fx", "They are many, but their positions are small."),
        ),
    )


def inside_on_the_crash(fixing: pd.Series, band: pd.DataFrame) -> Exercise:
    """5.4: whether the ECB's fixing of 5 August lies in the band."""
    low, high = band.loc[_CRASH, ["low", "high"]]
    right = bool(low <= fixing[_CRASH] <= high)
    return Exercise(
        right=right,
        why=f"{fixing[_CRASH]:.1f} against {low:.1f} to {high:.1f}: but {high - low:.0f} yen is"
        " a wide band, so that says little.",
        hint="Compare fixing['2024-08-05'] with the row band.loc['2024-08-05'].",
        mistakes=(Mistake(not right, "Look again at low, high and the fixing of that very day."),),
    )


EXERCISES = {
    "5.1": closed_before_the_hike,
    "5.2": worst_day,
    "5.3": worst_sellers,
    "5.4": inside_on_the_crash,
}
