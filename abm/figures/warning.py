"""Figures of a study of early warning: what each indicator was worth, and one history by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.figures import style
from abm.figures.sweep_cells import Words, boxed, need

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_INCHES, _PANEL_INCHES, _GAP_INCHES = 0.24, 0.85, 0.2
_PUBLIC, _PRIVATE = style.SIMULATED, style.ACTOR_COLOURS["hedge_fund"]
_AHEAD = style.CLASS_COLOURS["dam break"]
_SPANS = ((0.28, 0.29), (0.66, 0.29))


def scores_figure(scores: pd.DataFrame, caption: str) -> Figure:
    """Area under the curve and usefulness of every indicator, each with its band."""
    rows = scores[scores["indicator"] != "constant"]
    need(len(rows), "no indicators")
    rows = rows.sort_values("auroc", kind="stable").reset_index(drop=True)
    n_better = int((rows["auroc_low"] > 0.5).sum())
    best = rows.iloc[-1]
    title = (
        f"{n_better} of {len(rows)} indicators beat chance; the best, {best['label']}, has an area "
        f"of {best['auroc']:.2f}"
    )
    y = np.arange(len(rows))
    with style.house_style():
        figure, (left, right) = boxed(Words(title, caption), _SPANS, _ROW_INCHES * len(rows))
        _draw_bands(left, rows, "auroc", 0.5)
        _draw_bands(right, rows, "usefulness", 0.0)
        left.set_yticks(y, labels=rows["label"].tolist())
        right.set_yticks(y, labels=[""] * len(y))
        for label, is_public in zip(left.get_yticklabels(), rows["is_public"], strict=True):
            label.set_color(_PUBLIC if is_public else _PRIVATE)
        left.set_xlabel("area under the ROC curve (.5: chance)")
        right.set_xlabel("relative usefulness (0: of no use, 1: perfect)")
        left.text(0.0, 1.04, "public", color=_PUBLIC, transform=left.transAxes, fontsize=7.5)
        left.text(0.2, 1.04, "in funds' books", color=_PRIVATE, transform=left.transAxes,
                  fontsize=7.5)  # fmt: skip
    return figure


def _draw_bands(axes: Axes, rows: pd.DataFrame, key: str, nothing: float) -> None:
    y = np.arange(len(rows))
    colours = [_PUBLIC if is_public else _PRIVATE for is_public in rows["is_public"]]
    axes.axvline(nothing, color=style.QUIET, linewidth=0.8)
    axes.hlines(y, rows[f"{key}_low"], rows[f"{key}_high"], color=colours, linewidth=1.6)
    axes.scatter(rows[key], y, s=16.0, c=colours, zorder=3)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_ylim(-0.7, len(rows) - 0.3)


def panel_figure(sample: pd.DataFrame, columns: dict[str, str], caption: str) -> Figure:
    """The yen and some indicators of one history, with the days before its event marked.

    `columns` are the indicators to draw, by name, with their labels.
    """
    need(len(sample), "no history with an event")
    day = sample["day"].to_numpy()
    crossing = int(day[sample["is_crossing"].to_numpy(bool)][0])
    drawn = {"log_yen": "yen, % since the start"} | columns
    title = "One history by day: indicators before and after an unwind"
    n, gap = len(drawn), _GAP_INCHES
    inches = n * _PANEL_INCHES + (n - 1) * gap
    with style.house_style():
        figure, (whole,) = boxed(Words(title, caption), [(0.09, 0.87)], inches, 0.1)
        place, height = whole.get_position(), figure.get_figheight()
        whole.remove()
        for row, (name, label) in enumerate(drawn.items()):
            top = place.y1 - row * (_PANEL_INCHES + gap) / height
            axes = figure.add_axes(
                (place.x0, top - _PANEL_INCHES / height, place.width, _PANEL_INCHES / height)
            )
            values = sample[name].to_numpy(float)
            if name == "log_yen":
                values = 100.0 * np.expm1(values - values[0])
            axes.plot(day, values, color=style.INK if name == "log_yen" else _PUBLIC, linewidth=1.1)
            _mark(axes, day, sample["is_ahead"].to_numpy(bool), crossing)
            axes.set_title(label, loc="left", pad=2.0)
            axes.set_xlim(day[0], day[-1])
            if row < n - 1:
                axes.tick_params(axis="x", labelbottom=False)
        axes.set_xlabel("trading day of the history")
    return figure


def _mark(axes: Axes, day: np.ndarray, is_ahead: np.ndarray, crossing: int) -> None:
    """Days with an event ahead shaded, the day on which it is complete a line."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_ahead, [False]]).astype(int)))
    for first, last in edges.reshape(-1, 2):
        axes.axvspan(day[first], day[last - 1] + 1, color=_AHEAD, alpha=0.15, linewidth=0)
    axes.axvline(crossing, color=_AHEAD, linewidth=1.0)
