"""Panels side by side under a title that says the finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def panels_in_threes(
    title: str,
    caption: str,
    labels: dict[str, str],
    draw_panel: Callable[[Axes, str], None],
    below: float = 0.35,
) -> Figure:
    """Rows of three panels under one title, each drawn by its name; room below the last row."""
    n_rows = -(-len(labels) // 3)
    with style.house_style():
        top, bottom = style.title_height(title) + 0.3, style.caption_height(caption) + below
        height = top + bottom + n_rows * 2.1 + (n_rows - 1) * 0.62
        figure = style.new_figure(height)
        style.write_title(figure, title)
        style.write_caption(figure, caption)
        for i, (name, label) in enumerate(labels.items()):
            left, row = 0.055 + (i % 3) * 0.323, i // 3
            base = height - top - 2.1 - row * (2.1 + 0.62)
            axes = figure.add_axes((left, base / height, 0.27, 2.1 / height))
            draw_panel(axes, name)
            axes.set_title(label, loc="left", pad=6.0, color=style.INK)
    return figure


def write_header(axes: Axes, text: str) -> None:
    """Write a panel's subject and unit, flush left above it."""
    axes.set_title(text, loc="left", pad=6.0, color=style.INK, linespacing=1.3)
