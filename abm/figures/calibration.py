"""Figures of a calibration: the fit, moment by moment, and a profile for each parameter."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.figures import style
from abm.figures.sweep_axes import axis_words, name_words
from abm.figures.sweep_cells import Words, boxed, need
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_INCHES, _PANEL_INCHES, _GAP_INCHES = 0.24, 1.35, 0.85
_ACROSS = 4  # profiles side by side
_BEYOND = 2.0  # standard errors beyond which a moment is missed
_FARTHEST = 6.0  # standard errors that are drawn
_ABOVE = 3.0  # how much of J is drawn, in heights of the threshold over the least


def fit_figure(moments: pd.DataFrame, name: str) -> Figure:
    """Model less record by moment, in standard errors, beside both numbers."""
    need(len(moments), "no moments")
    t = moments["t"].to_numpy(float)
    n_near = int((np.abs(t) <= _BEYOND).sum())
    title = (
        f"{n_near} of {counted(len(t), 'moment')} within {_BEYOND:g} standard errors of the record"
    )
    caption = (
        f"{name}. Mean of the runs on the seeds of report less the record, over the standard error "
        "of both. Right: record and model."
    )
    y = np.arange(len(t))[::-1]
    drawn = np.clip(np.nan_to_num(t), -_FARTHEST, _FARTHEST)
    colours = [style.SIMULATED if abs(one) <= _BEYOND else _MISSED for one in t]
    with style.house_style():
        figure, (axes,) = boxed(Words(title, caption), [(0.30, 0.46)], _ROW_INCHES * len(t), 0.1)
        axes.axvspan(-_BEYOND, _BEYOND, color=style.SIMULATED, alpha=0.08, linewidth=0)
        axes.axvline(0.0, color=style.QUIET, linewidth=0.8)
        axes.hlines(y, 0.0, drawn, color=colours, linewidth=1.6)
        axes.scatter(drawn, y, s=16.0, c=colours, zorder=3)
        axes.set_yticks(y, labels=moments["moment"].tolist())
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.grid(axis="y", visible=False)
        axes.set_xlim(-_FARTHEST - 0.4, _FARTHEST + 0.4)
        axes.set_ylim(-0.7, len(t) - 0.3)
        axes.set_xlabel("model less record, standard errors")
        for place, row in zip(y, moments.to_dict("records"), strict=True):
            axes.text(
                1.03, place, f"{row['target']:.3g} → {row['model']:.3g} {_unit(row['unit'])}",
                transform=axes.get_yaxis_transform(), va="center", fontsize=7.2, color=style.INK,
            )  # fmt: skip
    return figure


def profiles_figure(profiles: pd.DataFrame, estimates: pd.DataFrame, name: str) -> Figure:
    """J along each parameter, the others free; what lies below the line is not rejected."""
    need(len(estimates), "no parameters")
    n_bounded = int((estimates["class"] == "bounded").sum())
    title = f"The moments bound {n_bounded} of {counted(len(estimates), 'parameter')} on both sides"
    caption = (
        f"{name}. Lowest J found at each value of a parameter with the others free, on the draws "
        "of the search. Dot: the estimate. Line: the least J plus the quantile of chi-squared with "
        "one degree of freedom."
    )
    n_rows = math.ceil(len(estimates) / _ACROSS)
    inches = n_rows * _PANEL_INCHES + (n_rows - 1) * _GAP_INCHES
    with style.house_style():
        figure, (whole,) = boxed(Words(title, caption), [(0.06, 0.92)], inches, 0.3)
        place, height = whole.get_position(), figure.get_figheight()
        whole.remove()
        width = place.width / _ACROSS
        for p, row in enumerate(estimates.to_dict("records")):
            down, across = divmod(p, _ACROSS)
            top = place.y1 - down * (_PANEL_INCHES + _GAP_INCHES) / height
            box = (place.x0 + across * width, top - _PANEL_INCHES / height,
                   0.8 * width, _PANEL_INCHES / height)  # fmt: skip
            axes = figure.add_axes(box)
            _draw_profile(axes, profiles[profiles["parameter"] == row["parameter"]], row)
            if across == 0:
                axes.set_ylabel("J")
    return figure


def _draw_profile(axes: Axes, profile: pd.DataFrame, row: dict[Any, Any]) -> None:
    x, j = profile["value"].to_numpy(float), profile["objective"].to_numpy(float)
    threshold = float(profile["threshold"].iloc[0])
    least = float(j[np.isfinite(j)].min())
    axes.plot(x, j, color=style.SIMULATED, linewidth=1.4, marker="o", markersize=2.4)
    axes.axhline(threshold, color=style.QUIET, linewidth=0.8)
    axes.plot([row["value"]], [np.interp(row["value"], x, j)], marker="o", markersize=5.0,
              color=style.REAL)  # fmt: skip
    rise = threshold - least
    axes.set_ylim(least - 0.3 * rise, least + _ABOVE * rise)
    axes.set_title(row["class"], loc="left", color=_CLASS_COLOURS[row["class"]])
    key = row["parameter"]
    label = f"{name_words(key)}, × the scenario's" if row["is_multiple"] else axis_words(key)
    axes.set_xlabel(textwrap.fill(label, 30), fontsize=6.8)
    axes.tick_params(labelsize=6.8)


def _unit(unit: str) -> str:
    return "" if unit in ("-", "log", "share", "per year") else unit


_MISSED = style.CLASS_COLOURS["dam break"]
_CLASS_COLOURS = {
    "bounded": style.SIMULATED,
    "one-sided": style.ACTOR_COLOURS["retail_fx"],
    "flat": _MISSED,
}
