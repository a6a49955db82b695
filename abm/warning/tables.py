"""The tables of a study, from the panels of its histories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from abm.warning.columns import (
    ALL,
    BY_NAME,
    CROSS,
    HAWKISH_BP,
    INDICATORS,
    NOT_COMBINED,
    PUBLIC,
    TOMORROW,
    YEN,
)
from abm.warning.combining import Combined, combine
from abm.warning.labelling import Days, joined, labelled
from abm.warning.scoring import (
    COVERAGE,
    DAYS_PER_YEAR,
    N_RESAMPLES,
    RESAMPLING_SEED,
    score_all,
    thresholds,
    warning_of,
    with_constant,
)

Array = np.ndarray

N_PERCENTILES = 101
NEAR_PERCENTILES = 5
"""What followed a value is counted on days within five percentiles of it."""
BEFORE_DAYS, AFTER_DAYS = 250, 120
"""Days drawn of one history, before its event and after."""


@dataclass(frozen=True, eq=False)
class Tables:
    """What a study keeps."""

    NAMES: ClassVar[tuple[str, ...]] = ("scores", "distribution", "coefficients", "sample")
    tables: dict[str, pd.DataFrame]
    counts: dict[str, Any]
    names: tuple[str, ...]
    """Indicators that the panels have."""


def tables_of(panels: list[pd.DataFrame]) -> Tables:
    """Scores of the odd histories, by thresholds and weights of the even ones; and the rest."""
    names = tuple(one.name for one in INDICATORS if one.name in panels[0])
    days = joined([labelled_panel(n, panel, (*names, TOMORROW)) for n, panel in enumerate(panels)])
    tomorrow = days.values[TOMORROW]
    days = days._replace(values={name: days.values[name] for name in names})
    chosen_on = days.of_series(range(0, len(panels), 2))
    combined = [name for name in names if name not in NOT_COMBINED]
    models = {
        PUBLIC: combine(chosen_on, [name for name in combined if BY_NAME[name].is_public]),
        ALL: combine(chosen_on, combined),
    }
    days = days._replace(values=combined_values(days, models))
    is_scored = days.series % 2 == 1
    chosen_on, scored = (days.of_series(range(n, len(panels), 2)) for n in (0, 1))
    at = {
        name: thresholds(chosen_on, warning_of(name, values))
        for name, values in chosen_on.values.items()
    }
    scores = score_all(scored, at)
    eves = picked(scored, tomorrow[is_scored] >= HAWKISH_BP)
    told = score_all(eves, at)
    for column in ("auroc", "auroc_low", "auroc_high"):
        given = told.get(column, pd.Series(np.nan, index=told.index))
        scores[f"{column}_on_eves"] = given.to_numpy()
    coefficients = pd.DataFrame([row for name, model in models.items() for row in model.rows(name)])
    sample = sample_of(panels, models, names)
    counts = {
        "n_days": len(days.day),
        "n_days_scored": len(scored.day),
        "n_events": days.n_events,
        "n_events_scored": scored.n_events,
        "event_share": days.event_share,
        "calm_years_scored": float((~scored.is_ahead).sum() / DAYS_PER_YEAR),
        "n_eves_scored": len(eves.day),
        "n_eves_scored_with_event": int(eves.is_ahead.sum()),
    }
    tables = {
        "scores": scores,
        "distribution": distribution_of(days),
        "coefficients": coefficients,
        "sample": sample,
    }
    return Tables(tables, counts, names)


def labelled_panel(number: int, panel: pd.DataFrame, names: tuple[str, ...]) -> Days:
    """Labelled days of one history."""
    values = {name: panel[name].to_numpy(float) for name in names}
    return labelled(number, panel[YEN].to_numpy(float), panel[CROSS].to_numpy(float), values)


def combined_values(days: Days, models: dict[str, Combined]) -> dict[str, Array]:
    """The columns, the one without information and the combined ones."""
    values = {name: model.of(days.values) for name, model in models.items()}
    return with_constant(days.values, len(days.day)) | values


def picked(days: Days, rows: Array) -> Days:
    """Some of the days, each a block of its own: they are far apart."""
    return Days(
        {name: values[rows] for name, values in days.values.items()},
        days.series[rows], days.day[rows], days.is_ahead[rows], np.arange(int(rows.sum())),
        {},
    )  # fmt: skip


def distribution_of(days: Days) -> pd.DataFrame:
    """Values by percentile, and the share of days near each with an event ahead.

    Bands resample whole histories.
    """
    series, place = np.unique(days.series, return_inverse=True)
    random = np.random.default_rng(RESAMPLING_SEED)
    n = len(series)
    draws = np.vstack([np.ones(n), random.multinomial(n, np.full(n, 1.0 / n), N_RESAMPLES)])
    tail = 50.0 * (1.0 - COVERAGE)
    parts = []
    for name, values in days.values.items():
        known = np.isfinite(values)
        if not known.any() or np.ptp(values[known]) == 0.0:
            continue
        grid = np.quantile(values[known], np.linspace(0.0, 1.0, N_PERCENTILES))
        near = list(_near(values[known], grid))
        ahead, of_all = (
            draws
            @ np.array([np.bincount(place[known][rows & side], minlength=n) for rows in near]).T
            for side in (days.is_ahead[known], True)
        )
        with np.errstate(invalid="ignore"):  # none of the drawn histories may have such a day
            share = ahead / of_all
        low, high = np.nanpercentile(share[1:], (tail, 100.0 - tail), axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "indicator": name,
                    "percentile": np.arange(N_PERCENTILES),
                    "value": grid,
                    "event_share": share[0],
                    "event_share_low": low,
                    "event_share_high": high,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _near(values: Array, grid: Array) -> Iterator[Array]:
    """By percentile, the days whose value is within `NEAR_PERCENTILES` of it."""
    for percentile in range(N_PERCENTILES):
        low = grid[max(percentile - NEAR_PERCENTILES, 0)]
        high = grid[min(percentile + NEAR_PERCENTILES, N_PERCENTILES - 1)]
        yield (values >= low) & (values <= high)


def sample_of(
    panels: list[pd.DataFrame], models: dict[str, Combined], names: tuple[str, ...]
) -> pd.DataFrame:
    """Days around the first event of a scored history that has calm before it."""
    for number in range(1, len(panels), 2):
        panel = panels[number]
        found = labelled_panel(number, panel, names)
        late = [
            event
            for event in found.events[number]
            if BEFORE_DAYS <= event.crossing_day < len(panel) - AFTER_DAYS
        ]
        if late:
            crossing = late[0].crossing_day
            rows = slice(crossing - BEFORE_DAYS, crossing + AFTER_DAYS)
            cut = panel.iloc[rows]
            ahead = np.zeros(len(panel), dtype=bool)
            ahead[found.day[found.is_ahead]] = True
            values = {name: cut[name].to_numpy(float) for name in names}
            return pd.DataFrame(
                {
                    "history": number,
                    "day": cut["day"].to_numpy(),
                    YEN: cut[YEN].to_numpy(),
                    CROSS: cut[CROSS].to_numpy(),
                    "is_ahead": ahead[rows],
                    "is_crossing": np.arange(rows.start, rows.stop) == crossing,
                    **values,
                    **{name: model.probability(values) for name, model in models.items()},
                }
            )
    return pd.DataFrame(columns=["history", "day", YEN, CROSS, "is_ahead", "is_crossing", *names])
