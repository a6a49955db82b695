"""The cross-currency basis by day, and the dollars that banks have drawn on the swap line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm.figures import style
from abm.figures.panels import panels, write_header

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BOXES = ((0.07, 0.52), (0.68, 0.29))


def basis_figure(days: pd.DataFrame, title: str, caption: str = "") -> Figure:
    """Basis [bp] and swap line [USD bn] of a run.

    Parameters
    ----------
    days
        Table `days` of a run in which the basis moves.
    title, caption
        The finding; scenario and seed.
    """
    dated = days.index if days.index.dtype.kind == "M" else days["day"]
    with style.house_style():
        figure, (left, right) = panels(title, caption, BOXES)
        left.plot(dated, days["basis_bp"], color=style.SIMULATED, linewidth=1.4)
        left.set_ylim(top=0.0)
        write_header(left, "three-month cross-currency basis, bp\nbelow zero: dollars are dear")
        drawn = days["swap_line_usd_bn"]
        colour = style.ACTOR_COLOURS["central_bank"]
        right.fill_between(dated, 0.0, drawn, color=colour, alpha=0.25, linewidth=0.0)
        right.plot(dated, drawn, color=colour, linewidth=1.0)
        right.set_ylim(0.0, max(1.0, 1.1 * drawn.max()))
        write_header(right, "drawn on the dollar swap line,\nUSD bn")
        for axes in (left, right):
            axes.set_xlim(dated.min(), dated.max())
            if days.index.dtype.kind == "M":
                write_dates(axes)
            else:
                axes.set_xlabel("day")
    return figure


def write_dates(axes: Axes) -> None:
    """Write a few dates below a panel, as short as they can be."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    dates = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates)
