"""One look for every figure: colours of actors, type sizes, titles and captions.

Colours are those of Okabe and Ito (2008), which readers of every common colour vision can tell
apart; the yellow is darkened to be seen on white. One colour per actor everywhere, the web page
included.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from abm.kernels.state import KIND_NAMES
from abm.words import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1A1A1A"
QUIET = "#6B6B6B"
PAPER = "#FFFFFF"

ACTOR_COLOURS: dict[str, str] = {
    "hedge_fund": "#D55E00",
    "risk_parity": "#0072B2",
    "volatility_target": "#56B4E9",
    "trend": "#009E73",
    "retail_fx": "#E69F00",
    "retail_equity": "#D7C447",
    "bank": "#CC79A7",
    "bank_desk": "#CC79A7",
    "insurer": "#8F8F8F",
    "value_investor": "#7A5C3E",
    "dealer": "#4D4D4D",
    "central_bank": "#000000",
    "custom": "#5B2A86",
}
_SPARE_COLOURS = ("#8C2D19", "#2F4B26", "#C2185B")  # of kinds without one of their own, in order
_WITHOUT = (kind for kind in KIND_NAMES if kind not in ACTOR_COLOURS)
ACTOR_COLOURS |= dict(zip(_WITHOUT, _SPARE_COLOURS, strict=False))
ACTOR_NAMES: dict[str, str] = words("en").group("actors")
CLASS_COLOURS: dict[str, str] = {
    "absorbed": "#A6CEE3",
    "leak": "#E69F00",
    "dam break": "#B5380B",
    "broken before the shock": "#6F4E7C",
    "de-risking": "#0072B2",
    "build-up": "#F0E442",
    "undetermined": "#D9D9D9",
}
# No outcome of the shock, and told from those by more than colour.
CLASS_HATCHES = {"broken before the shock": "////"}
SIMULATED = "#0B4F8A"
REAL = "#000000"
TWIN_COLOURS: dict[str, str] = {"no shock": "#8F8F8F", "frozen": "#009E73"}

_TITLE_POINTS = 10.0
_TITLE_LETTERS = 96  # of that size, bold, in the width of the figure

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

WIDTH_INCHES = 8.0
DOTS_PER_INCH = 150  # 8 inches: 1,200 pixels

_RC: Any = {
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: the same picture on every machine
    "font.size": 8.0,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8.0,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#ECECEC",
    "grid.linewidth": 0.7,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.hashsalt": "carry-unwind",  # the same bytes for the same figure
}


@contextmanager
def house_style() -> Iterator[None]:
    """The house look, for artists made inside; the user's own matplotlib is left alone."""
    import matplotlib

    with matplotlib.rc_context(_RC):
        yield


def new_figure(height_inches: float) -> Figure:
    """An empty Figure 1,200 pixels wide, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


def write_title(figure: Figure, title: str, left: float = 0.02) -> None:
    """The finding, bold, flush left, on one line where it fits, at the top of the figure."""
    figure.text(
        left,
        1.0 - 0.14 / figure.get_figheight(),
        "\n".join(_title_lines(title)),
        ha="left",
        va="top",
        fontsize=_TITLE_POINTS,
        fontweight="bold",
        linespacing=1.25,
    )


def write_caption(figure: Figure, caption: str, left: float = 0.02) -> None:
    """Scenario, seed and what is shown, small, at the foot of the figure."""
    figure.text(
        left,
        0.08 / figure.get_figheight(),
        textwrap.fill(caption, 138),
        ha="left",
        va="bottom",
        fontsize=6.8,
        color=QUIET,
        linespacing=1.3,
    )


def title_height(title: str) -> float:
    """Room that the title takes [inches]."""
    return 0.2 + 0.19 * len(_title_lines(title))


def caption_height(caption: str) -> float:
    """Room that the caption takes [inches]."""
    return 0.14 + 0.125 * len(textwrap.wrap(caption, 138))


def _title_lines(title: str) -> list[str]:
    """The title on one line where it fits; else broken after a colon or comma, or between words.

    A colon before a comma; of several commas that leave both lines short enough, the most even.
    """
    if len(title) <= _TITLE_LETTERS:
        return [title]
    halves = [(title[: m.end()].rstrip(), title[m.end() :]) for m in re.finditer("[:,] ", title)]
    fitting = [pair for pair in halves if max(map(len, pair)) <= _TITLE_LETTERS]
    if fitting:
        first, second = min(fitting, key=lambda pair: (pair[0][-1] != ":", max(map(len, pair))))
        return [first, second]
    return textwrap.wrap(title, _TITLE_LETTERS)


def spread_apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Label places moved, in their order, until each is `gap` from the next.

    Upwards first, then back down from `high`. Places come back in the order given.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for i in range(len(moved)):
        moved[i] = max(moved[i], low if i == 0 else moved[i - 1] + gap)
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], high if i == len(moved) - 1 else moved[i + 1] - gap)
    result = [0.0] * len(moved)
    for place, i in zip(moved, order, strict=True):
        result[i] = place
    return result


def label_line_ends(
    axes: Axes, ends: Sequence[tuple[float, str, str]], x: float = 1.012, gap: float = 0.09
) -> None:
    """Names of lines beside their ends, right of the panel: (value, name, colour) each."""
    low, high = axes.get_ylim()
    heights = [(value - low) / (high - low) for value, _, _ in ends]
    places = spread_apart(heights, gap, 0.02, 0.98)
    for place, (_, name, colour) in zip(places, ends, strict=True):
        axes.text(x, place, name, color=colour, transform=axes.transAxes, va="center", fontsize=8.0)
