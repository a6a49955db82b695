"""Differences between neighbouring points of a sweep, each on the same draws."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abm.figures import style
from abm.figures.sweep_axes import axis_words, level_words, name_words, outcome_words
from abm.figures.sweep_cells import Words, boxed, need

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_GAP_INCHES, _LINE_INCHES, _LEAST_INCHES = 0.11, 0.12, 0.9  # of a step, and of its label's lines
_LETTERS = 48
_Z = 1.96
_MOST_STEPS = 40


def steps_figure(table: pd.DataFrame, outcome: str, words: Words, kind: str) -> Figure:
    """A mark for each step with two intervals: of paired runs, and as if they were independent.

    Parameters
    ----------
    table
        The table of `differences`. Beyond forty steps, the largest forty are drawn.
    outcome
        What `outcome` of the sweep reads, as "class=dam break" or "price_amplification".
    words
        Title and caption.
    kind
        Of the paired interval, in words.
    """
    need(len(table), "no steps")
    largest = table["difference"].abs().sort_values(ascending=False).index[:_MOST_STEPS]
    drawn = table.loc[sorted(largest)]
    is_share = "=" in outcome
    times = 100.0 if is_share else 1.0
    labels = [_label(line) for line in drawn.to_dict("records")]
    y, inches = _places(labels)
    x, low, high = (times * drawn[c].to_numpy(float) for c in ("difference", "low", "high"))
    half = _Z * times * drawn["se_unpaired"].to_numpy(float)
    note = (
        f"Dark: 95% interval of the paired difference ({kind}). Light: of as many independent runs."
    )
    if len(drawn) < len(table):
        note += f" The largest {len(drawn)} of {len(table)} steps."
    with style.house_style():
        said = Words(words.title, f"{words.caption} {note}".strip())
        figure, (axes,) = boxed(said, [(0.37, 0.60)], max(_LEAST_INCHES, inches))
        axes.hlines(y, x - half, x + half, color=style.SIMULATED, alpha=0.22, linewidth=5.0)
        axes.hlines(y, low, high, color=style.SIMULATED, linewidth=1.6)
        axes.plot(x, y, linestyle="", marker="o", markersize=4.0, color=style.SIMULATED)
        axes.axvline(0.0, color=style.QUIET, linewidth=0.8)
        axes.set_yticks(y, labels=labels)
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x")
        axes.set_ylim(0.0, inches)
        name, comma, unit = outcome_words(outcome).partition(",")
        unit = ", percentage points" if is_share else f"{comma}{unit}"
        axes.set_xlabel(f"difference of {name}{unit}")
    return figure


def _places(labels: list[str]) -> tuple[NDArray[np.float64], float]:
    """Heights of the steps, the first on top, with room for every line; and of all [inches]."""
    rooms = _GAP_INCHES + _LINE_INCHES * np.array([label.count("\n") + 1 for label in labels])
    inches = float(rooms.sum()) + _GAP_INCHES
    return inches - _GAP_INCHES / 2.0 - rooms.cumsum() + rooms / 2.0, inches


def _label(line: dict[Any, Any]) -> str:
    """The factor of a step and its two levels; two lines at most."""
    names = ", ".join(name_words(name) for name in str(line["factor"]).split(", "))
    if ", " not in str(line["factor"]):
        names = axis_words(str(line["factor"]))
    step = f"{level_words(line['from'])} → {level_words(line['to'])}".replace(" ", "\u00a0")
    wrapped = textwrap.wrap(
        f"{names}: {step}", _LETTERS, max_lines=2, placeholder=" …", break_on_hyphens=False
    )
    return "\n".join(wrapped)
