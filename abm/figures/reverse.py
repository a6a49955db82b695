"""Figure of a reverse stress test: reweighted paths beside all, and the surprise that is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.figures import style
from abm.figures.sweep_cells import Words, boxed, need

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCHES = 2.3
_ALL, _TILTED = style.QUIET, style.CLASS_COLOURS["dam break"]
_SURPRISE = style.SIMULATED
_BETWEEN = style.ACTOR_COLOURS["retail_fx"]


class Enough(NamedTuple):
    """The surprise that is enough."""

    surprises: np.ndarray
    """(n,) the smallest on each path [bp], infinite for none."""
    half: float
    """On half of the paths [bp]."""
    interval: tuple[float, float]
    """Of that [bp]."""
    own: float
    """Of the scenario [bp]."""
    farthest: float
    """Looked at [bp]."""


def reverse_figure(days: pd.DataFrame, enough: Enough, loss: float, caption: str) -> Figure:
    """Own money and yen by day, on all paths and on those reweighted until they lose a share of the
    own money, and the share of paths that a surprise is enough for.

    `days` is the table `reverse_days` of `abm.stress`.
    """
    need(len(days), "no days")
    with style.house_style():
        spans = [(0.07, 0.22), (0.41, 0.22), (0.78, 0.19)]
        figure, panels = boxed(Words(_title(days, enough, loss), caption), spans, _INCHES, 0.3)
        _draw_fan(panels[0], days, "own_money")
        _draw_fan(panels[1], days, "yen")
        panels[0].axhline(-100.0 * loss, color=style.INK, linewidth=0.8, linestyle=(0, (3, 2)))
        panels[0].set_title("own money since the eve, %", loc="left", pad=4.0)
        panels[1].set_title("yen against the dollar, %", loc="left", pad=4.0)
        for axes in panels[:2]:
            axes.set_xlabel("trading day")
        _draw_surprises(panels[2], enough)
    return figure


def _title(days: pd.DataFrame, enough: Enough, loss: float) -> str:
    share = f"{loss:.3g}".rstrip("0").rstrip(".") if loss < 0.01 else f"{100 * loss:.4g}%"
    if np.isfinite(enough.half) and enough.half != 0.0:
        size = f"{enough.half:.0f}".replace("-", "−")
        return f"A surprise of {size}bp alone loses {share} of the own money on half of the paths"
    if enough.half == 0.0:
        return f"Half of the paths lose {share} of the own money without any surprise"
    if "tilted" in set(days["ensemble"]):
        return f"No surprise alone loses {share} of the own money on half of the paths"
    return f"No path loses {share} of the own money, and no surprise does on half of them"


def _draw_fan(axes: Axes, days: pd.DataFrame, series: str) -> None:
    """Median and 5 to 95% of both ensembles."""
    of_series, ends = days[days["series"] == series], []
    scaled = np.expm1 if series == "yen" else np.asarray
    for name, label, colour in (("all", "all paths", _ALL), ("tilted", "reweighted", _TILTED)):
        table = of_series[of_series["ensemble"] == name]
        if not len(table):
            continue
        low, middle, high = (100.0 * scaled(table[q].to_numpy()) for q in ("q05", "q50", "q95"))
        axes.fill_between(table["day"], low, high, color=colour, alpha=0.22, linewidth=0)
        axes.plot(table["day"], middle, color=colour, linewidth=1.4)
        ends.append((float(middle[-1]), label, colour))
    axes.axhline(0.0, color=style.QUIET, linewidth=0.6)
    axes.set_xlim(0, int(of_series["day"].max()))
    style.label_line_ends(axes, ends, gap=0.1)


def _draw_surprises(axes: Axes, enough: Enough) -> None:
    """Share of paths that lose enough, over the surprise."""
    n, top = len(enough.surprises), abs(enough.farthest)
    sizes = np.sort(np.abs(enough.surprises[np.isfinite(enough.surprises)]))
    steps = np.concatenate([[0.0], sizes, [top]])
    shares = 100.0 * np.concatenate([[0.0], np.arange(1, len(sizes) + 1), [len(sizes)]]) / n
    axes.step(steps, shares, where="post", color=_SURPRISE, linewidth=1.4)
    if np.isfinite(enough.half):
        low, high = (min(abs(end), top) for end in enough.interval)
        axes.plot([low, high], [50.0, 50.0], color=_BETWEEN, linewidth=2.4)
        axes.plot(abs(enough.half), 50.0, "o", color=_BETWEEN, markersize=4.0)
    if enough.own * np.sign(enough.farthest) > 0.0:
        axes.axvline(abs(enough.own), color=style.QUIET, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.text(
            abs(enough.own), 103.0, "scenario", ha="center", fontsize=6.8, color=style.QUIET
        )  # fmt: skip
    axes.set_ylim(0.0, 100.0)
    axes.set_xlim(0.0, top)
    axes.set_title("paths that lose it, %", loc="left", pad=12.0)
    kind = "surprise, bp" if enough.farthest > 0.0 else "easing by surprise, bp"
    axes.set_xlabel(kind)
