"""Panels side by side under a title that says the finding: the papers' common figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abm.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def panels(
    title: str, caption: str, boxes: Sequence[tuple[float, float]], height_inches: float = 2.9
) -> tuple[Figure, list[Axes]]:
    """A figure with its title and caption, and its panels; to be called in the house style.

    boxes : left edge and width of each panel, shares of the figure's width
    """
    top, bottom = style.title_height(title) + 0.42, style.caption_height(caption) + 0.5
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
