"""Scores of indicators on labelled days, with bands from resampled events and blocks of calm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.measures.warning import (
    auroc,
    lead_days,
    n_alarms,
    partial_auroc,
    precision,
    relative_usefulness,
    roc,
)
from abm.warning.columns import BY_NAME, CONSTANT, LABELS

if TYPE_CHECKING:
    import pandas as pd

    from abm.warning.labelling import Days

Array = np.ndarray

N_RESAMPLES, COVERAGE, RESAMPLING_SEED = 400, 0.95, 1
N_BINS = 1000
"""Steps of a curve, at most: of equally many days."""
FALSE_ALARM_RATE = 0.05
"""Share of calm days with an alarm at which precision is told."""
PREFERENCE = 0.9
"""Weight of a missed event day beside a balanced one (Sarlin 2013 finds .8 to .9 in use)."""
NAN, DAYS_PER_YEAR = float("nan"), 250.0


class Thresholds(NamedTuple):
    """Values from which on an indicator warns, chosen on the days that it is not scored on."""

    balanced: float
    """Most useful where both kinds of error weigh alike, each as a share of its days."""
    wary: float
    """Most useful at a weight of `PREFERENCE` on missed days."""
    rare: float
    """Reached on a share `FALSE_ALARM_RATE` of calm days."""


def warning_of(name: str, values: Array) -> Array:
    """An indicator, turned so that high warns."""
    return values * BY_NAME[name].sign if name in BY_NAME else values


def thresholds(days: Days, warning: Array) -> Thresholds:
    """Thresholds chosen on these days."""
    known = np.isfinite(warning)
    ahead, level = days.is_ahead[known], warning[known]
    edges = _edges(level)
    bins = _bins(level, edges)
    told, false = roc(*(np.bincount(bins[side], minlength=len(edges)) for side in (ahead, ~ahead)))
    share = float(ahead.mean())
    # At step s the s highest bins warn: from the lower edge of the last of them on.
    lower = np.concatenate([[np.inf], edges[::-1]])
    balanced, wary = (
        float(lower[np.argmax(relative_usefulness(1.0 - told, false, share, preference))])
        for preference in (1.0 - share, PREFERENCE)
    )
    rare = float(np.quantile(level[~ahead], 1.0 - FALSE_ALARM_RATE, method="higher"))
    if (level == level[0]).all():  # says the same every day: never warns
        rare = np.inf
    return Thresholds(balanced, wary, rare)


def score(name: str, days: Days, warning: Array, at: Thresholds) -> dict[str, Any]:
    """Every score of one indicator, with bands."""
    known = np.isfinite(warning)
    ahead, level, block = days.is_ahead[known], warning[known], days.block[known]
    row: dict[str, Any] = {
        "indicator": name,
        "label": LABELS.get(name, name),
        "is_public": BY_NAME[name].is_public if name in BY_NAME else name != "combined_all",
        "n_days": int(known.sum()),
    }
    if not (ahead.any() and (~ahead).any()):
        return row
    share = float(ahead.mean())
    draws = _draws(ahead, block)
    edges = _edges(level)
    told, false = roc(*draws.summed(_bins(level, edges), len(edges)))
    row |= _banded("auroc", auroc(told, false))
    row |= _banded("partial_auroc", partial_auroc(told, false))
    row["event_share"] = share
    for key, threshold, preference in (
        ("usefulness", at.balanced, 1.0 - share),
        ("usefulness_wary", at.wary, PREFERENCE),
    ):
        told, false = _rates_at(level >= threshold, draws)
        row |= {f"threshold_{key}": threshold}
        row |= _banded(key, relative_usefulness(1.0 - told, false, share, preference))
    told, false = _rates_at(level >= at.rare, draws)
    row |= {"threshold_rare": at.rare} | _banded("precision", precision(told, false, share))
    row |= _banded("false_alarm_rate", false)
    return row | _alarms(days, np.where(known, warning, -np.inf) >= at.rare)


def _alarms(days: Days, is_alarm: Array) -> dict[str, Any]:
    """Alarms at the rare threshold: events told, how long before, false ones in a calm year."""
    leads, n_false = [], 0
    for number, events in days.events.items():
        mine = days.series == number
        alarm, ahead = days.day[mine & is_alarm], days.day[mine & days.is_ahead]
        leads += [lead_days(np.intersect1d(alarm, ahead), event) for event in events]
        n_false += n_alarms(np.setdiff1d(alarm, ahead))
    found = np.array(leads)
    is_told = np.isfinite(found)
    calm_years = float((~days.is_ahead).sum()) / DAYS_PER_YEAR
    return {
        "n_events": len(leads),
        "n_events_told": int(is_told.sum()),
        "lead_days": float(np.median(found[is_told])) if is_told.any() else NAN,
        "calm_years": calm_years,
        "false_alarms_per_calm_year": n_false / calm_years if calm_years else NAN,
    }


class _Draws(NamedTuple):
    """Blocks of days, and how often each is drawn: all once first, then at random."""

    n_blocks: int
    place: Array  # of each day among the blocks
    is_ahead: Array  # (n_days,)
    counts: Array  # (1 + N_RESAMPLES, n_blocks)

    def summed(self, bins: Array, n_bins: int) -> tuple[Array, Array]:
        """Days in each bin by draw, of event days and of calm days, (n_draws, n_bins) each."""
        sums = []
        for side in (self.is_ahead, ~self.is_ahead):
            flat = self.place[side] * n_bins + bins[side]
            table = np.bincount(flat, minlength=self.n_blocks * n_bins)
            sums.append(self.counts @ table.reshape(self.n_blocks, n_bins).astype(np.float64))
        return sums[0], sums[1]


def _draws(is_ahead: Array, block: Array) -> _Draws:
    """Events are drawn among events, stretches of calm among stretches of calm."""
    names, place = np.unique(block, return_inverse=True)
    is_event = np.zeros(len(names), dtype=bool)
    is_event[place[is_ahead]] = True
    random = np.random.default_rng(RESAMPLING_SEED)
    counts = np.ones((1 + N_RESAMPLES, len(names)))
    for side in (is_event, ~is_event):
        n = int(side.sum())
        counts[1:, side] = random.multinomial(n, np.full(n, 1.0 / n), N_RESAMPLES)
    return _Draws(len(names), place.ravel(), is_ahead, counts)


def _edges(level: Array) -> Array:
    """Lower edges of the bins of an indicator: every value, or equally many days to each."""
    values = np.unique(level)
    if len(values) > N_BINS:
        values = np.unique(np.quantile(level, np.arange(N_BINS) / N_BINS, method="lower"))
    return values


def _bins(level: Array, edges: Array) -> Array:
    """Bin of every day."""
    bins: Array = np.searchsorted(edges, level, side="right") - 1
    return bins


def _rates_at(is_alarm: Array, draws: _Draws) -> tuple[Array, Array]:
    """Shares of event days and of calm days with an alarm, by draw."""
    ahead, calm = draws.summed(is_alarm.astype(np.int64), 2)
    return ahead[:, 1] / ahead.sum(axis=1), calm[:, 1] / calm.sum(axis=1)


def _banded(key: str, by_draw: Array) -> dict[str, float]:
    """The figure of all blocks, and the band of the resampled ones."""
    others = by_draw[1:][np.isfinite(by_draw[1:])]
    tail = 50.0 * (1.0 - COVERAGE)
    low, high = np.percentile(others, (tail, 100.0 - tail)) if others.size else (NAN, NAN)
    return {key: float(by_draw[0]), f"{key}_low": float(low), f"{key}_high": float(high)}


def score_all(days: Days, at: Mapping[str, Thresholds]) -> pd.DataFrame:
    """A row for each indicator of the days, in their order."""
    import pandas as pd

    rows = [
        score(name, days, warning_of(name, values), at[name])
        for name, values in days.values.items()
        if name in at
    ]
    return pd.DataFrame(rows)


def with_constant(values: Mapping[str, Array], n_days: int) -> dict[str, Array]:
    """Indicators beside the one that says the same every day."""
    return {CONSTANT: np.zeros(n_days), **values}
