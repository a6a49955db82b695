"""Cells over two factors, and the page they stand on: what heat map and phase diagram share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.sweep_axes import Scale, axis_words, scale_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHARE_COLOURS = ("#FAF5F1", "#FBE3D3", "#EFA67C", style.CLASS_COLOURS["dam break"])
VALUE_COLOURS = ("#F3F6F9", "#D5E4F1", "#7FAFD6", style.SIMULATED)
_MOST_NUMBERS = 120  # cells, beyond which numbers in them cannot be read
_STROKE_POINTS = 3.0  # of a number, in the colour of its cell
_DARK_FROM = 0.72  # of the colours: from there on ink cannot be read


class Words(NamedTuple):
    """The texts of a figure: its finding, scenario, seeds, and the runs left out."""

    title: str
    caption: str = ""


def draw_cells(
    axes: Axes, grid: pd.DataFrame, colours: Sequence[str], limits: tuple[float, float]
) -> Any:
    """Coloured cells at the true places of the levels, edges half-way between."""
    from matplotlib.colors import LinearSegmentedColormap

    across, up = scale_of(grid.columns), scale_of(grid.index)
    placed = ordered(grid, across, up)
    mesh = axes.pcolormesh(
        across.edges, up.edges, np.ma.masked_invalid(placed),
        cmap=LinearSegmentedColormap.from_list("house", list(colours)),
        vmin=limits[0], vmax=limits[1], edgecolors=style.PAPER, linewidth=0.8,
    )  # fmt: skip
    label_cells(axes, across, up, str(grid.columns.name), str(grid.index.name))
    return mesh


def label_cells(axes: Axes, across: Scale, up: Scale, across_key: str, up_key: str) -> None:
    across.apply(axes, "x", with_levels=True)
    up.apply(axes, "y", with_levels=True)
    axes.set_xlim(across.edges[0], across.edges[-1])
    axes.set_ylim(up.edges[0], up.edges[-1])
    axes.set_xlabel(axis_words(across_key))
    axes.set_ylabel(axis_words(up_key))
    axes.grid(False)
    axes.tick_params(length=0)


def write_numbers(axes: Axes, grid: pd.DataFrame, mesh: Any, is_share: bool) -> None:
    """The mean of each cell of `draw_cells`, low in it; a line that crosses one stops around it."""
    from matplotlib.patheffects import withStroke

    if grid.size > _MOST_NUMBERS:
        return
    across, up = scale_of(grid.columns), scale_of(grid.index)
    placed = ordered(grid, across, up)
    for row, bottom in enumerate(up.edges[:-1]):
        for column, left in enumerate(across.edges[:-1]):
            value = placed[row, column]
            if not np.isfinite(value):
                continue
            dark = mesh.norm(value) > _DARK_FROM
            axes.annotate(
                f"{100 * value:.0f}" if is_share else f"{value:.2g}", (left, bottom), (4, 4),
                textcoords="offset points", fontsize=6.8, ha="left", va="bottom",
                color=style.PAPER if dark else style.INK, zorder=5,
                path_effects=[withStroke(linewidth=_STROKE_POINTS, foreground=mesh.to_rgba(value))],
            )  # fmt: skip


def ordered(grid: pd.DataFrame, across: Scale, up: Scale) -> NDArray[np.float64]:
    return grid.reindex(index=up.levels, columns=across.levels).to_numpy(dtype=np.float64)


def boxed(
    words: Words, spans: Sequence[tuple[float, float]], inches: float, head_inches: float = 0.5
) -> tuple[Figure, list[Axes]]:
    """Panels side by side: left edge and width of each, as shares of the figure."""
    top = style.title_height(words.title) + head_inches
    bottom = style.caption_height(words.caption) + 0.5
    height = top + inches + bottom
    figure = style.new_figure(height)
    style.write_title(figure, words.title)
    style.write_caption(figure, words.caption)
    boxes = [(left, bottom / height, width, inches / height) for left, width in spans]
    return figure, [figure.add_axes(box) for box in boxes]


def need(something: object, words: str) -> None:
    if not something:
        raise InvalidInput(f"nothing to draw: {words}")
