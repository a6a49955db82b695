"""A waterfall: from what is there without any of the parts, part by part, to the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from abm.figures import style
from abm.figures.sweep_axes import axis_words
from abm.figures.sweep_cells import Words, boxed, need

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_ROW_INCHES = 0.26
_BAR = 0.62
_FALLS = style.ACTOR_COLOURS["risk_parity"]
_RISES = style.ACTOR_COLOURS["hedge_fund"]


def waterfall_figure(
    table: pd.DataFrame, target: str, labels: Mapping[str, str], caption: str
) -> Figure:
    """Shares of a number, largest first, between the bar without any and the bar with all.

    `table` has the columns part, share and se: a first row for none, one for each part, a last one
    for all. `labels` says each part in words.
    """
    need(len(table) > 2, "no parts")
    first, parts, last = table.iloc[:1], table.iloc[1:-1], table.iloc[-1:]
    ordered = parts.sort_values("share", ascending=False, kind="stable")
    share = ordered["share"].to_numpy(float)
    start = float(first["share"].iloc[0])
    ends = start + np.cumsum(share)
    left = [0.0, *(ends - share), 0.0]
    width = [start, *share, float(last["share"].iloc[0])]
    names = [labels[part] for part in (*first["part"], *ordered["part"], *last["part"])]
    errors = [*first["se"], *ordered["se"], *last["se"]]
    ends_drawn = [start, *ends, width[-1]]
    y = np.arange(len(names))[::-1]
    colours = [style.QUIET, *(_RISES if s > 0.0 else _FALLS for s in share), style.QUIET]
    spelled = [as_spelled(table, value) for value in (start, *share, width[-1])]
    words = Words(_title(table, labels), caption)
    with style.house_style():
        figure, (axes,) = boxed(words, [(0.30, 0.52)], _ROW_INCHES * len(names), 0.1)
        axes.barh(y, width, left=left, height=_BAR, color=colours, linewidth=0)
        known = np.isfinite(errors)  # of one draw none is
        axes.errorbar(
            np.array(ends_drawn)[known], y[known], xerr=np.array(errors)[known], fmt="none",
            ecolor=style.INK, elinewidth=0.9, capsize=1.8,
        )  # fmt: skip
        for upper, lower, x in zip(y[:-1], y[1:], ends_drawn[:-1], strict=True):
            axes.plot(
                [x, x], [upper - _BAR / 2, lower + _BAR / 2], color=style.QUIET, linewidth=0.6
            )
        axes.axvline(0.0, color=style.QUIET, linewidth=0.8)
        axes.set_yticks(y, labels=names)
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(axis_words(target))
        for place, value, se in zip(y, spelled, errors, strict=True):
            is_part = 0 < y[0] - place < len(y) - 1
            told = f"{'' if not is_part or value.startswith('−') else '+'}{value}"
            told += f" (s.e. {as_spelled(table, se)})" if np.isfinite(se) else ""
            axes.text(
                1.03, place, told, transform=axes.get_yaxis_transform(), va="center",
                fontsize=7.2, color=style.INK,
            )  # fmt: skip
    return figure


def as_spelled(table: pd.DataFrame, value: float) -> str:
    """A number of the table, all with as many decimals as give the largest three digits."""
    largest = float(np.nanmax(np.abs(table["share"].to_numpy(float))))
    decimals = max(0, 2 - math.floor(math.log10(largest))) if largest > 0.0 else 0
    rounded = round(value, decimals)
    return f"{rounded + 0.0:.{decimals}f}".replace("-", "−")  # -0.0 is 0.0


def _title(table: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """The finding: the part that moves it most, and what is there without any."""
    parts = table.iloc[1:-1]
    most = parts.iloc[int(np.nanargmax(np.abs(parts["share"].to_numpy(float))))]
    name, share = labels[most["part"]], as_spelled(table, float(most["share"]))
    start, whole = (as_spelled(table, float(table["share"].iloc[at])) for at in (0, -1))
    sign = "" if share.startswith("−") else "+"
    told = f"{name[:1].upper()}{name[1:]}: {sign}{share} of {whole}"
    return f"{told}; {start} without any of the parts"
