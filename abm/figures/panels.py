"""Panels side by side under a title that says the finding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abm.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def panels(
    title: str,
    caption: str,
    boxes: Sequence[tuple[float, float]],
    height_inches: float = 2.9,
    header_inches: float = 0.42,
) -> tuple[Figure, list[Axes]]:
    """A figure with its title and caption, and its panels; to be called in the house style.

    boxes : left edge and width of each panel, shares of the figure's width
    header_inches : room above the panels, for two lines of header unless said
    """
    top, bottom = style.title_height(title) + header_inches, style.caption_height(caption) + 0.5
    height = top + height_inches + bottom
    figure = style.new_figure(height)
    style.write_title(figure, title)
    style.write_caption(figure, caption)
    drawn = [
        figure.add_axes((left, bottom / height, width, height_inches / height))
        for left, width in boxes
    ]
    return figure, drawn


def write_header(axes: Axes, text: str) -> None:
    """Write a panel's subject and unit, flush left above it."""
    axes.set_title(text, loc="left", pad=6.0, color=style.INK, linespacing=1.3)
