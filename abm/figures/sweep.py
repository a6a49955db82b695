"""Figures of a sweep: response curves, heat maps, the phase diagram, sensitivity.

Tables are those of `abm.sweep.analysis`, `thresholds` and `sensitivity`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.sweep_axes import axis_words, outcome_words, percent_axis, scale_of
from abm.figures.sweep_cells import (
    SHARE_COLOURS,
    VALUE_COLOURS,
    Words,
    boxed,
    draw_cells,
    need,
    write_numbers,
)
from abm.figures.sweep_phase import phase_diagram
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Words", "curves_figure", "heat_map_figure", "phase_diagram", "sensitivity_figure"]

_PANEL_INCHES, _GAP_INCHES, _BAR_INCHES = 1.75, 0.62, 0.34


def curves_figure(curves: Mapping[str, pd.DataFrame], outcome: str, words: Words) -> Figure:
    """One panel for each factor: mean, its 95% interval, and 5 to 95% of the runs.

    Parameters
    ----------
    curves
        By factor, the table of `response_curve`. Panels come in order of the range of the means.
    outcome
        What `outcome` of the sweep reads, as "class=dam break" or "price_amplification".
    words
        Title and caption.
    """
    need(curves, "no factor varies")
    is_share = _is_share(outcome)
    order = sorted(curves, key=lambda name: -float(np.ptp(curves[name]["mean"])))
    kind = "Wilson" if is_share else "Student"
    band = "" if is_share else "; light: 5 to 95% of the runs"
    caption = f"{words.caption} Line: mean over the other factors; band: its 95% {kind} interval"
    caption += f"{_n_independent(curves, is_share)}{band}."
    with style.house_style():
        figure, panels = _multiples(Words(words.title, caption.strip()), len(order))
        for i, (axes, name) in enumerate(zip(panels, order, strict=True)):
            draw_curve(axes, curves[name], name, is_share)
            axes.tick_params(labelleft=i % _per_row(len(order)) == 0)
        _same_height([curves[name] for name in order], panels, is_share)
        panels[0].set_title(outcome_words(outcome), loc="left", pad=5.0, color=style.INK)
    return figure


def _n_independent(curves: Mapping[str, pd.DataFrame], is_share: bool) -> str:
    """The number of independent runs behind the intervals, where the tables say so."""
    every = [n for curve in curves.values() for n in curve.get("n_independent", ())]
    if not every:
        return ""
    low, high = round(min(every)), round(max(every))
    up_to = "" if low == high else f"{low:,} to "
    return f" of {up_to}{counted(high, 'independent run' if is_share else 'independent draw')}"


def draw_curve(axes: Axes, curve: pd.DataFrame, factor: str, is_share: bool) -> None:
    """Mean and bands along a factor with numbers; points with whiskers for words."""
    scale = scale_of(curve[factor].tolist())
    x, colour = scale.places(curve[factor]), style.SIMULATED
    if scale.is_words:
        gap = curve["mean"] - curve["low"], curve["high"] - curve["mean"]
        axes.errorbar(
            x, curve["mean"], yerr=np.array(gap), fmt="o", color=colour, markersize=4.0,
            elinewidth=1.2,
        )  # fmt: skip
    else:
        if not is_share:
            axes.fill_between(x, curve["q05"], curve["q95"], color=colour, alpha=0.10, linewidth=0)
        axes.fill_between(x, curve["low"], curve["high"], color=colour, alpha=0.28, linewidth=0)
        axes.plot(x, curve["mean"], color=colour, linewidth=1.6, marker="o", markersize=2.6)
    if is_share:
        percent_axis(axes)
    scale.apply(axes, "x", with_levels="bin_low" not in curve)
    axes.set_xlabel(axis_words(factor))


def heat_map_figure(grid: pd.DataFrame, outcome: str, words: Words) -> Figure:
    """Means over two factors, in cells; what was not run stays empty.

    `grid` is the table of `heat_map`: columns along the horizontal axis, rows along the vertical.
    """
    need(grid.to_numpy().size, "no cells")
    is_share = _is_share(outcome)
    colours = SHARE_COLOURS if is_share else VALUE_COLOURS
    with style.house_style():
        figure, axes = boxed(words, [(0.09, 0.80)], 3.6)
        limits = (0.0, 1.0) if is_share else _limits(grid)
        mesh = draw_cells(axes[0], grid, colours, limits)
        write_numbers(axes[0], grid, mesh, is_share)
        axes[0].set_title(outcome_words(outcome), loc="left", pad=6.0, color=style.INK)
        bar = figure.add_axes((0.915, axes[0].get_position().y0, 0.014,
                               axes[0].get_position().height))  # fmt: skip
        figure.colorbar(mesh, cax=bar)
        bar.grid(False)
        if is_share:
            percent_axis(bar)
    return figure


def sensitivity_figure(
    table: pd.DataFrame, bars: Sequence[str], outcome: str, words: Words, over: str
) -> Figure:
    """Horizontal bars with intervals, one row for each factor, the most important on top.

    Parameters
    ----------
    table
        A row for each factor: `factor`, and for each of `bars` a column with its `_low` and
        `_high`; a column `dummy` is drawn as the mark that chance alone would reach.
    bars
        Columns by importance: the first decides the order, as "total", "mu_star", "pawn".
    outcome
        Of what, as "class=dam break" or "price_amplification".
    words
        Title and caption.
    over
        What the intervals are over, in words.
    """
    need(len(table), "no factors")
    missing = [c for c in bars if c not in table.columns]
    if missing:
        raise InvalidInput(f"table: column {', '.join(missing)} is missing")
    ranked = table.sort_values(bars[0]).reset_index(drop=True)
    note = f"Whiskers: 95% intervals over {over}."
    note += " Grey mark: 95% of factors without influence stay below." if "dummy" in ranked else ""
    names = ["\n".join(textwrap.wrap(axis_words(str(n)), 34)) for n in ranked["factor"]]
    with style.house_style():
        inches = max(1.2, _BAR_INCHES * len(ranked)) + 0.1
        caption = f"{words.caption} {note}".strip()
        figure, (axes,) = boxed(Words(words.title, caption), [(0.29, 0.66)], inches)
        _draw_bars(axes, ranked, bars)
        axes.set_yticks(range(len(ranked)), labels=names)
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.grid(axis="x")
        axes.grid(axis="y", visible=False)
        axes.set_ylim(-0.6, len(ranked) - 0.4)
        name, comma, unit = outcome_words(outcome).partition(",")
        axes.set_xlabel(_AXIS_NAMES.get(bars[0], "{}{}").format(name, f"{comma}{unit}"))
    return figure


_DARK, _LIGHT = "#4C86B8", "#BFD6EA"
_BAR_NAMES = {
    "first": ("first order: the factor alone", _DARK),
    "total": ("total: with its interactions", _LIGHT),
    "mu_star": ("μ*: mean size of the effect", _DARK),
    "sigma": ("σ: its spread, from interactions and curvature", _LIGHT),
    "pawn": ("PAWN: median distance of the distributions", "#8DB4D6"),
}
_AXIS_NAMES = {
    "total": "share of the variance of {}",
    "mu_star": "change of {} over the whole range of a factor{}",
    "pawn": "distance of the distributions of {}, 0 to 1",
}


def _draw_bars(axes: Axes, ranked: pd.DataFrame, bars: Sequence[str]) -> None:
    height = 0.74 / len(bars)
    places = np.arange(len(ranked), dtype=float)
    for i, name in enumerate(bars):
        label, colour = _BAR_NAMES.get(name, (name, style.SIMULATED))
        y, x = places + 0.37 - height * (i + 0.5), ranked[name].to_numpy(dtype=float)
        axes.barh(y, x, height * 0.92, color=colour, label=label)
        low, high = ranked[f"{name}_low"].to_numpy(float), ranked[f"{name}_high"].to_numpy(float)
        axes.hlines(y, low, high, color=style.INK, linewidth=0.9)
    if "dummy" in ranked:
        axes.vlines(ranked["dummy"], places - 0.37, places + 0.37, color=style.QUIET, linewidth=1.6)
    axes.axvline(0.0, color=style.QUIET, linewidth=0.6)
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(bars), handlelength=0.9,
        handleheight=0.9, handletextpad=0.5, columnspacing=1.6, borderaxespad=0.2,
    )  # fmt: skip


def _limits(grid: pd.DataFrame) -> tuple[float, float]:
    values = grid.to_numpy(dtype=float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (min(low, 0.0), high) if high > 0.0 and low < 0.5 * high else (low, high)


def _same_height(tables: Sequence[pd.DataFrame], panels: Sequence[Axes], is_share: bool) -> None:
    """One vertical range for all panels, so that a flat line looks flat."""
    if is_share:
        return
    low = min(float(np.nanmin(t[["low", "q05", "mean"]].to_numpy(float))) for t in tables)
    high = max(float(np.nanmax(t[["high", "q95", "mean"]].to_numpy(float))) for t in tables)
    edge = 0.04 * (high - low) or 1.0
    for axes in panels:
        axes.set_ylim(0.0 if 0.0 <= low < 0.5 * high else low - edge, high + edge)


def _per_row(n_panels: int) -> int:
    return n_panels if n_panels < 4 else 2 if n_panels == 4 else 3


def _multiples(words: Words, n_panels: int) -> tuple[Figure, list[Axes]]:
    """Panels of one size, at most three in a row."""
    per_row = _per_row(n_panels)
    n_rows, width = -(-n_panels // per_row), (0.945 - 0.03 * (per_row - 1)) / per_row
    top, bottom = style.title_height(words.title) + 0.42, style.caption_height(words.caption) + 0.5
    height = top + n_rows * _PANEL_INCHES + (n_rows - 1) * _GAP_INCHES + bottom
    figure = style.new_figure(height)
    style.write_title(figure, words.title)
    style.write_caption(figure, words.caption)
    panels = []
    for i in range(n_panels):
        row, column = divmod(i, per_row)
        down = top + row * (_PANEL_INCHES + _GAP_INCHES) + _PANEL_INCHES
        box = (0.065 + column * (width + 0.03) * 0.97, 1.0 - down / height, width * 0.97,
               _PANEL_INCHES / height)  # fmt: skip
        panels.append(figure.add_axes(box))
    return figure, panels


def _is_share(outcome: str) -> bool:
    return "=" in outcome
