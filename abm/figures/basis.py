"""The cross-currency basis by day, and the dollars that banks draw on the swap line, if any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abm.figures import style
from abm.figures.panels import panels, write_header
from abm.runs.columns import own_bases

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ALONE, BESIDE_LINE = ((0.07, 0.9),), ((0.07, 0.52), (0.68, 0.29))
_ROOM_BELOW = 1.14  # of the widest basis: for the words at the foot


def basis_figure(
    days: pd.DataFrame, title: str, caption: str = "", marks: Sequence[tuple[int, str]] = ()
) -> Figure:
    """Basis [bp] of a run, and the swap line [USD bn] where anything is drawn on it.

    Parameters
    ----------
    days
        Table `days` of a run in which the basis moves; dashed: the bases of other currencies.
    title, caption
        The finding; scenario and seed.
    marks
        (day, label) of what was done about the swap line.
    """
    dated, drawn = when(days), days["swap_line_usd_bn"]
    is_drawn = bool((drawn > 0.0).any())
    with style.house_style():
        figure, (left, *beside) = panels(title, caption, BESIDE_LINE if is_drawn else ALONE)
        left.plot(dated, days["basis_bp"], color=style.SIMULATED, linewidth=1.4)
        widest = float(days["basis_bp"].min())
        for currency, own in own_bases(days).items():
            left.plot(dated, own, color=style.QUIET, linewidth=1.4, linestyle="--")
            left.annotate(f"{currency} ", (dated[int(own.argmin())], own.min()), ha="right")
            widest = min(widest, float(own.min()))
        left.set_ylim(_ROOM_BELOW * widest, 0.0)
        write_header(left, "three-month cross-currency basis, bp\nbelow zero: dollars are dear")
        for right in beside:
            colour = style.ACTOR_COLOURS["central_bank"]
            right.fill_between(dated, 0.0, drawn, color=colour, alpha=0.25, linewidth=0.0)
            right.plot(dated, drawn, color=colour, linewidth=1.0)
            right.set_ylim(0.0, max(1.0, 1.1 * drawn.max()))
            write_header(right, "drawn on the dollar swap line,\nUSD bn")
        for axes in (left, *beside):
            write_days(axes, dated)
            for day, _ in marks:
                axes.axvline(dated[day], color=style.QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
        for day, label in marks:
            left.text(
                dated[day], 0.015, f" {label}", transform=left.get_xaxis_transform(),
                fontsize=7.2, color=style.INK, va="bottom",
                bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
    return figure


def when(days: pd.DataFrame) -> pd.Index:
    """Where a day stands on an axis: its date, or its number in a run without dates."""
    import pandas as pd

    return days.index if days.index.dtype.kind == "M" else pd.Index(days["day"])


def write_days(axes: Axes, days: pd.Index) -> None:
    """The days along the foot of a panel, from the first to the last."""
    axes.set_xlim(days.min(), days.max())
    if days.dtype.kind == "M":
        write_dates(axes)
    else:
        axes.set_xlabel("trading day")


def write_dates(axes: Axes) -> None:
    """Write a few dates below a panel, as short as they can be."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    dates = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates)
