"""An unwind of the record and the band of its simulated runs, in one picture."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from abm.figures import style
from abm.figures.panels import panels_in_threes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FALLS = "largest falls"
_N_TICKS = 4
_DIGIT, _GAP = 0.018, 0.016  # widths along the top, shares of a panel


def episode_figure(
    band: pd.DataFrame,
    scores: pd.DataFrame,
    title: str,
    caption: str,
    labels: Mapping[str, str],
    marks: Sequence[str] = (),
) -> Figure:
    """Paths of pairs and the yen short by day, and largest falls, runs beside the record.

    Parameters
    ----------
    band, scores
        Tables of `abm.episodes.forecast`.
    labels
        Panels by series in their order, with what stands above each; `FALLS` is that of falls.
    marks
        Dates of announcements, numbered along the top.
    """
    by_series = dict(tuple(band.groupby("series", sort=False)))

    def draw_panel(axes: Axes, name: str) -> None:
        if name == FALLS:
            draw_falls(axes, scores)
        else:
            draw_band(axes, by_series[name], marks)

    return panels_in_threes(title, caption, dict(labels), draw_panel, below=0.38)


def draw_band(axes: Axes, table: pd.DataFrame, marks: Sequence[str]) -> None:
    """Median and 5 to 95% of runs, frozen positions, and the record where it has a quote."""
    is_path = bool(table["walk_mean"].notna().any())
    scale = 100.0 if is_path else 1.0
    x = np.arange(len(table))
    axes.fill_between(
        x, scale * table["low"], scale * table["high"], color=style.SIMULATED, alpha=0.16,
        linewidth=0,
    )  # fmt: skip
    if table["frozen_median"].notna().any():
        frozen = style.TWIN_COLOURS["frozen"]
        axes.plot(x, scale * table["frozen_median"], color=frozen, linewidth=1.0, linestyle="--")
    axes.plot(x, scale * table["median"], color=style.SIMULATED, linewidth=1.8)
    real = np.flatnonzero(table["real"].notna())
    few = 0 < len(real) < len(table) / 2
    axes.plot(
        real, scale * table["real"].to_numpy()[real], color=style.REAL, linewidth=1.0,
        marker="o" if few else None, markersize=2.5,
    )  # fmt: skip
    dates = table["date"].tolist()
    numbered = [(dates.index(date), str(n)) for n, date in enumerate(marks, 1) if date in dates]
    for (place, number), row in zip(numbered, rows_of(numbered, len(dates) - 1), strict=True):
        axes.axvline(place, color=style.QUIET, linewidth=0.4, alpha=0.6)
        axes.text(
            place, 0.995 - 0.045 * row, number, transform=axes.get_xaxis_transform(), ha="left",
            va="top", fontsize=6.0, color=style.QUIET,
        )  # fmt: skip
    ticks = np.linspace(1, len(dates) - 1, _N_TICKS).round().astype(int)
    axes.set_xticks(ticks, labels=[_short(dates[tick]) for tick in ticks])
    axes.set_xlim(0, len(dates) - 1)
    if not is_path and (table["median"] < 0.0).any():  # a basis
        axes.set_ylim(top=0.0)
    elif not is_path:
        axes.set_ylim(bottom=0.0)


def rows_of(numbered: Sequence[tuple[int, str]], width: int) -> list[int]:
    """The row of each number along the top, the first in which it touches none before it.

    numbered : (place, number), from left to right; width : of the panel, in places
    """
    taken: list[float] = []  # up to where, by row
    rows = []
    for place, number in numbered:
        row = next((r for r, end in enumerate(taken) if place >= end), len(taken))
        taken[row : row + 1] = [place + width * (_GAP + _DIGIT * len(number))]
        rows.append(row)
    return rows


def draw_falls(axes: Axes, scores: pd.DataFrame) -> None:
    """Largest falls from peak to trough: 5 to 95% of runs, their median, and the record."""
    rows = scores.to_dict("records")
    for place, row in enumerate(reversed(rows)):
        low, median, high = (100.0 * row[f"fall_{which}"] for which in ("low", "median", "high"))
        axes.plot([low, high], [place, place], color=style.SIMULATED, alpha=0.35, linewidth=5.0)
        axes.plot(median, place, color=style.SIMULATED, marker="o", markersize=5.0)
        if math.isfinite(row["fall_real"]):
            axes.plot(100.0 * row["fall_real"], place, color=style.REAL, marker="D", markersize=4.0)
        axes.text(
            0.01, place + 0.2, row["series"], transform=axes.get_yaxis_transform(), va="bottom",
            color=style.QUIET, fontsize=7.5,
        )  # fmt: skip
    axes.set_yticks([])
    axes.set_ylim(-0.5, len(rows) - 0.3)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")


def _short(date: str) -> str:
    day = dt.date.fromisoformat(date)
    return f"{day.day} {style.MONTHS[day.month - 1]}"
