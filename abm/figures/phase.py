"""Absorbed, leak or dam break: what decides the class, from many runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.panels import panels, write_header
from abm.measures import classes
from abm.measures.cascade import AMPLIFICATION_WINDOW_DAYS
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SURPRISE = "shock.surprise_bp"
LEVERAGE_CAP = "funds.leverage_cap"
BAND = (0.05, 0.95)
_HEIGHT_INCHES = 3.0
_ROW_INCHES = 0.17  # of a legend
_BOXES = ((0.055, 0.27), (0.387, 0.27), (0.719, 0.27))
_N_IN_ROW = 3  # entries of a legend that fit side by side


def phase_figure(
    table: pd.DataFrame,
    title: str,
    caption: str = "",
    leverage_at: float | None = None,
    surprise_at: float | None = None,
) -> Figure:
    """Shares of the classes and the peak against the surprise; amplification against leverage.

    Parameters
    ----------
    table
        One row per run, with the columns shock.surprise_bp, funds.leverage_cap, class,
        peak_yen_appreciation, frozen_yen_appreciation, price_amplification.
    title, caption
        The finding; scenario and seeds. The number of runs behind each point is added.
    leverage_at
        The cap at which the surprise is varied; by default the one with most surprises.
    surprise_at
        The surprise [bp] at which the cap is varied; by default the one with most caps.
    """
    _check(table)
    cap = _most_varied(table, LEVERAGE_CAP, SURPRISE) if leverage_at is None else leverage_at
    surprise = _most_varied(table, SURPRISE, LEVERAGE_CAP) if surprise_at is None else surprise_at
    by_surprise = table[table[LEVERAGE_CAP] == cap]
    by_leverage = table[table[SURPRISE] == surprise]
    note = f"{caption} {_n_runs(by_surprise, SURPRISE)} a surprise, "
    note += f"{_n_runs(by_leverage, LEVERAGE_CAP)} a cap. Lines are medians, bands 5 to 95%."
    with style.house_style():
        n_classes = len(class_shares(by_surprise).columns)
        n_rows = math.ceil(n_classes / _legend_columns(n_classes))
        headroom = 0.5 + _ROW_INCHES * (n_rows - 1)
        figure, drawn = panels(title, note.strip(), _BOXES, _HEIGHT_INCHES, headroom)
        draw_class_shares(drawn[0], by_surprise)
        draw_peak(drawn[1], by_surprise)
        draw_amplification(drawn[2], by_leverage)
        write_header(drawn[0], f"Class of run, share of runs (cap {cap:g})" + "\n\u00a0" * n_rows)
        write_header(
            drawn[1], "Peak yen rise vs no-shock run, log %\n(same runs; frozen: positions held)"
        )
        within = f"within {AMPLIFICATION_WINDOW_DAYS} days"
        write_header(drawn[2], f"Amplification {within}, times\n(surprise of {surprise:g}bp)")
    return figure


def draw_class_shares(axes: Axes, table: pd.DataFrame) -> None:
    """Stacked shares of absorbed, leak and dam break, one bar for each surprise."""
    shares = class_shares(table)
    places = list(range(len(shares)))
    bottom = [0.0] * len(shares)
    for name in shares.columns:
        height = shares[name].tolist()
        axes.bar(
            places, height, bottom=bottom, width=0.88, color=style.CLASS_COLOURS[name],
            edgecolor=style.PAPER, linewidth=0.8, label=name,
            hatch=style.CLASS_HATCHES.get(name),
        )  # fmt: skip
        bottom = [b + h for b, h in zip(bottom, height, strict=True)]
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100%"])
    axes.set_xticks(places, labels=[f"{level:g}" for level in shares.index])
    axes.set_xlabel("BoJ surprise, bp")
    axes.tick_params(length=0)
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 0.995), ncols=_legend_columns(len(shares.columns)),
        handlelength=0.8, handleheight=0.8, handletextpad=0.4, columnspacing=1.0,
        borderaxespad=0.2,
    )  # fmt: skip


def class_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Share of each class among the runs at each surprise; rows sum to 1."""
    return classes.class_shares(table, [SURPRISE])


def draw_peak(axes: Axes, table: pd.DataFrame) -> None:
    """Peak yen move against the surprise, with the same had positions been frozen."""
    for column, name, colour in (
        ("frozen_yen_appreciation", "frozen", style.TWIN_COLOURS["frozen"]),
        ("peak_yen_appreciation", "simulated", style.SIMULATED),
    ):
        _draw_band(axes, 100.0 * quantiles(table, SURPRISE, column), name, colour)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("BoJ surprise, bp")


def draw_amplification(axes: Axes, table: pd.DataFrame) -> None:
    """Price amplification against the leverage cap; 1 is a market that adds nothing."""
    middle = quantiles(table, LEVERAGE_CAP, "price_amplification")
    axes.axhline(1.0, color=style.QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    _draw_band(axes, middle, "", style.SIMULATED)
    axes.text(
        float(middle.index.max()), 1.0, "no amplification", ha="right", va="bottom",
        fontsize=6.8, color=style.QUIET,
    )  # fmt: skip
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("leverage cap, times wealth")


def quantiles(table: pd.DataFrame, factor: str, outcome: str) -> pd.DataFrame:
    """Median and 5-95% band of an outcome at each level of a factor: columns low, median, high."""
    grouped = table.groupby(factor)[outcome]
    columns = {"low": BAND[0], "median": 0.5, "high": BAND[1]}
    frame = grouped.quantile(np.array(list(columns.values()))).unstack()
    frame.columns = list(columns)
    return frame


def _draw_band(axes: Axes, middle: pd.DataFrame, name: str, colour: str) -> None:
    x = middle.index.to_numpy(dtype=float)
    axes.fill_between(x, middle["low"], middle["high"], color=colour, alpha=0.16, linewidth=0)
    axes.plot(x, middle["median"], color=colour, linewidth=1.8, marker="o", markersize=3.5)
    if name:
        end = (x[-1], float(middle["median"].iloc[-1]))
        axes.annotate(
            name, end, (-2, 7), textcoords="offset points", ha="right", color=colour, fontsize=7.5
        )
    axes.set_xlim(x.min() - 0.03 * (x.max() - x.min()), x.max() + 0.04 * (x.max() - x.min()))


def _legend_columns(n_entries: int) -> int:
    """Side by side; of more than fit, the longest names have a column of their own."""
    return n_entries if n_entries <= _N_IN_ROW else 2


def _most_varied(table: pd.DataFrame, held: str, varied: str) -> float:
    """The level of `held` at which most levels of `varied` were run; the largest among equals."""
    levels = table.groupby(held)[varied].nunique()
    return float(levels[levels == levels.max()].index.max())


def _n_runs(table: pd.DataFrame, factor: str) -> str:
    counts = table.groupby(factor).size()
    low, high = int(counts.min()), int(counts.max())
    return counted(low, "run") if low == high else f"{low:,} to {counted(high, 'run')}"


def _check(table: pd.DataFrame) -> None:
    needed = (SURPRISE, LEVERAGE_CAP, "class", "peak_yen_appreciation", "frozen_yen_appreciation",
              "price_amplification")  # fmt: skip
    missing = [c for c in needed if c not in table.columns]
    if missing or table.empty:
        raise InvalidInput(
            f"table: {'column ' + ', '.join(missing) + ' is missing' if missing else 'no runs'}"
        )
