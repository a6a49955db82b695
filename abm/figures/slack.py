"""Margin slack as a colour: orange for who is called, blue for who has room to spare."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_SLACK = "#DADADA"
_MOST_CALLED, _MOST_SLACK = -0.5, 4.0  # margin slack at which the colours end
_CALLED_SHARE = 0.2  # of the colour bar below no slack
_TICKS = (-0.5, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
_CALLED_COLOURS = ("#8A2F00", "#D55E00", "#F2A65A")
_SPARE_COLOURS = ("#F6EFDC", "#BFD9E6", "#74B0D6", "#2A7FBC", "#0B4F8A", "#06294D")


def slack_colours() -> Any:
    """A function from margin slack to its colour."""
    mapped = _slack_map()

    def colour(slack: float | None) -> Any:
        if slack is None or math.isnan(slack) or slack == math.inf:
            return NO_SLACK  # a bank, or without margin
        # Clipped here: who owes and has nothing is infinitely far below.
        return mapped.to_rgba(max(_MOST_CALLED, min(_MOST_SLACK, slack)))

    return colour


def draw_slack_bar(figure: Figure, box: tuple[float, float, float, float]) -> None:
    """The colour bar with its words at both ends; `box` is that of the bar alone."""
    axes = figure.add_axes(box)
    bar = figure.colorbar(_slack_map(), cax=axes, orientation="horizontal")
    bar.outline.set_visible(False)
    bar.minorticks_off()
    labels = [f"{100.0 * tick:+.0f}%".replace("-", "−") if tick else "0" for tick in _TICKS]
    bar.set_ticks(_TICKS, labels=labels)
    axes.tick_params(length=0, pad=2)
    axes.set_title(
        "margin slack: maintenance leverage over leverage, less 1", fontsize=7.5, pad=3.5
    )
    axes.text(-0.04, 0.5, "margin call", transform=axes.transAxes, ha="right", va="center")
    axes.text(1.03, 0.5, "room to spare", transform=axes.transAxes, ha="left", va="center")


def bar_share(slack: Any) -> Any:
    """Place on the colour bar: below zero in proportion, above by the share of the limit unused.

    The share unused is slack / (1 + slack), so that 10% and 30% differ, and 100% and 400% too.
    """
    import numpy as np

    s = np.clip(np.asarray(slack, dtype=float), _MOST_CALLED, _MOST_SLACK)
    unused = s / (1.0 + s) * (1.0 + _MOST_SLACK) / _MOST_SLACK
    called = _CALLED_SHARE * (1.0 - s / _MOST_CALLED)
    return np.where(s < 0.0, called, _CALLED_SHARE + (1.0 - _CALLED_SHARE) * unused)


def slack_at(share: Any) -> Any:
    """The inverse of `bar_share`."""
    import numpy as np

    t = np.clip(np.asarray(share, dtype=float), 0.0, 1.0)
    unused = (t - _CALLED_SHARE) / (1.0 - _CALLED_SHARE) * _MOST_SLACK / (1.0 + _MOST_SLACK)
    return np.where(t < _CALLED_SHARE, _MOST_CALLED * (1.0 - t / _CALLED_SHARE),
                    unused / (1.0 - unused))  # fmt: skip


def _slack_map() -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import FuncNorm, LinearSegmentedColormap

    stops = [_CALLED_SHARE * i / 2 for i in range(3)]  # a step at no slack, then one more colour
    n = len(_SPARE_COLOURS) - 1
    stops += [_CALLED_SHARE + (1.0 - _CALLED_SHARE) * i / n for i in range(n + 1)]
    colours = (*_CALLED_COLOURS, *_SPARE_COLOURS)
    colour_map = LinearSegmentedColormap.from_list(
        "margin_slack", list(zip(stops, colours, strict=True)), N=1024
    )
    norm = FuncNorm((bar_share, slack_at), vmin=_MOST_CALLED, vmax=_MOST_SLACK, clip=True)
    return ScalarMappable(norm, colour_map)
