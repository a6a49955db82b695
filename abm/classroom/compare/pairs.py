"""Two runs on one seed, and the same two on many: differences, no drawing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.classroom.live import LiveRun, forced_columns
from abm.classroom.verdict import shown
from abm.runs.fast import fast_cascade

if TYPE_CHECKING:
    from abm.classroom.choice import Choice

N_SEEDS = 20


class Difference(NamedTuple):
    """A measure's mean difference over the seeds on which both runs have it."""

    mean: float
    error: float  # of the mean
    n_seeds: int


class Pair:
    """The run of a choice and the run it is compared with, both whole."""

    def __init__(self, left: LiveRun, right: LiveRun) -> None:
        self.left, self.right = left, right
        for run in (left, right):
            run.finish()

    @classmethod
    def of(cls, choice: Choice) -> Pair:
        seed, replicate = choice.seed, choice.replicate
        return cls(
            LiveRun(choice.run_scenario, seed, replicate),
            LiveRun(choice.other_scenario, seed, replicate),
        )

    @cached_property
    def measures(self) -> dict[str, dict[str, Any]]:
        """The published numbers of both."""
        return {"left": self.left.measures, "right": self.right.measures}

    def columns(self, names: list[str]) -> dict[str, Any]:
        """Columns drawn of both by day, and right less left; `names` are those of the days."""
        left, right = _drawn(self.left), _drawn(self.right)
        n = len(names)
        made: dict[str, Any] = {"day": np.arange(n), "date": names}
        for key in left:
            made[f"{key}_left"], made[f"{key}_right"] = left[key], right[key]
            made[f"{key}_difference"] = right[key] - left[key]
        return made


def paired_differences(choice: Choice, keys: tuple[str, ...]) -> dict[str, Difference]:
    """Mean and standard error of right less left over N_SEEDS seeds, from the choice's on.

    Runs of one seed are one pair, so that what chance does to both leaves the difference alone. A
    measure that is undefined on some seed is averaged over the others.
    """
    left, right = choice.run_scenario, choice.other_scenario
    gaps: dict[str, list[float]] = {key: [] for key in keys}
    for seed in range(choice.seed, choice.seed + N_SEEDS):
        first = shown(left, fast_cascade(left, seed))
        second = shown(right, fast_cascade(right, seed))
        for key in keys:
            gaps[key].append(float(second[key]) - float(first[key]))
    return {
        key: Difference(*mean_and_error(np.array(found)), int(np.isfinite(found).sum()))
        for key, found in gaps.items()
    }


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error, s / sqrt(n), of what is finite; NaN of fewer than two."""
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return float("nan"), float("nan")
    return float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))


def _drawn(run: LiveRun) -> dict[str, np.ndarray]:
    days = run.days()
    forced = days[list(forced_columns(days).values())].sum(axis=1)
    return {
        "quote": np.array(run.quotes(days)),
        "leverage": days["leverage"].to_numpy(),
        "forced": forced.cumsum().to_numpy(),
        "short": days["yen_short_units"].to_numpy(),
    }
