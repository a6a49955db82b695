"""The phase diagram: where the dam breaks over two factors, and what happens elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from abm.errors import InvalidInput
from abm.figures import style
from abm.figures.sweep_axes import Scale, scale_of
from abm.figures.sweep_cells import (
    SHARE_COLOURS,
    Words,
    boxed,
    draw_cells,
    label_cells,
    need,
    write_numbers,
)
from abm.measures.classes import (
    BROKEN_BEFORE,
    BUILD_UP,
    CLASSES,
    DAM_BREAK,
    DE_RISKING,
    UNDETERMINED,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# From the bottom of a cell.
_STACKED = (DAM_BREAK, "leak", DE_RISKING, "absorbed", BUILD_UP, BROKEN_BEFORE, UNDETERMINED)
_LETTERS_IN_ROW, _LETTERS_OF_MARK = 60, 4  # of a legend: what fits side by side, a mark included
_ROW_INCHES, _POINTS_PER_INCH = 0.17, 72.0


def phase_diagram(
    cells: pd.DataFrame,
    across: str,
    up: str,
    words: Words,
    boundary: pd.DataFrame | None = None,
) -> Figure:
    """The share of dam breaks over two factors, and the shares of all classes beside it.

    Parameters
    ----------
    cells
        A row for each pair of levels: both factors, and a share for each class (`class_shares`).
    across, up
        The factor along the horizontal and along the vertical axis.
    words
        Title and caption.
    boundary
        The table of `boundary` along `across` by `up`: where half of the runs break the dam.
    """
    need(len(cells), "no cells")
    known = [name for name in CLASSES if name in cells.columns]
    if not known:
        raise InvalidInput("cells: no column with the share of a class")
    note = "" if boundary is None else _boundary_note(boundary)
    share = cells[DAM_BREAK] if DAM_BREAK in cells else cells[known[0]] * 0.0
    grid = cells.assign(share=share).pivot(index=up, columns=across, values="share")
    said = Words(words.title, f"{words.caption} {note}".strip())
    more_rows = _ROW_INCHES * (math.ceil(len(known) / _legend_columns(known)) - 1)
    with style.house_style():
        figure, (left, right) = boxed(said, [(0.07, 0.43), (0.55, 0.43)], 3.6, 0.5 + more_rows)
        mesh = draw_cells(left, grid, SHARE_COLOURS, (0.0, 1.0))
        write_numbers(left, grid, mesh, True)
        if boundary is not None:
            _draw_boundary(left, boundary, scale_of(grid.columns), scale_of(grid.index), up)
        _class_cells(right, cells, across, up, known)
        titles = "P(dam break), % of runs", "Class of run, share of cell height"
        for axes, title in zip((left, right), titles, strict=True):
            axes.set_title(
                title, loc="left", pad=18.0 + _POINTS_PER_INCH * more_rows, color=style.INK
            )
    return figure


def _legend_columns(classes: Sequence[str]) -> int:
    """Entries of a legend side by side: all of them if they fit, else three."""
    letters = sum(len(name) + _LETTERS_OF_MARK for name in classes)
    return len(classes) if letters <= _LETTERS_IN_ROW else 3


def _draw_boundary(
    axes: Axes, boundary: pd.DataFrame, across: Scale, up: Scale, up_key: str
) -> None:
    """The line at one half with its band; a mark on the edge where it lies beyond the range."""
    table = boundary.set_index(up_key).reindex(up.levels)
    y = np.asarray(up.at, dtype=float)
    first, last = float(across.edges[0]), float(across.edges[-1])
    low, high = (table[c].to_numpy(dtype=float) for c in ("low", "high"))
    x, status = table["threshold"].to_numpy(dtype=float), table["status"].to_numpy()
    axes.fill_betweenx(
        y, np.clip(low, first, last), np.clip(high, first, last), where=np.isfinite(x),
        color=style.INK, alpha=0.16, linewidth=0,
    )  # fmt: skip
    axes.hlines(
        y, np.clip(low, first, last), np.clip(high, first, last), color=style.INK, linewidth=0.8
    )
    axes.plot(x, y, color=style.INK, linewidth=1.8, marker="o", markersize=3.6)
    rises = _rises(table, across)
    for place, is_beyond, mark in (
        (across.edges[-1], status == ("below throughout" if rises else "above throughout"), ">"),
        (across.edges[0], status == ("above throughout" if rises else "below throughout"), "<"),
    ):
        axes.plot(
            np.full(int(is_beyond.sum()), place), y[is_beyond], linestyle="", marker=mark,
            markersize=5.0, markerfacecolor=style.PAPER, markeredgecolor=style.INK, clip_on=False,
        )  # fmt: skip


def _rises(table: pd.DataFrame, across: Scale) -> bool:
    """True if the share grows along the axis: read off where an uncrossed half lies."""
    below = table[table["status"] == "below throughout"]
    above = table[table["status"] == "above throughout"]
    falls = (below["low"] == -np.inf).any() or (above["high"] == np.inf).any()
    return not falls


def _boundary_note(boundary: pd.DataFrame) -> str:
    note = "Line: half of the runs break the dam; band: 95% bootstrap interval over seeds"
    crossed = boundary[boundary["status"] == "crossed"]
    if np.isinf(crossed[["low", "high"]].to_numpy(dtype=float)).any():
        note += ", open where it meets the edge"
    if boundary["status"].isin(["below throughout", "above throughout"]).any():
        note += "; triangles: half is not crossed within the range"
    if boundary["status"].isin(["crosses more than once", "too few levels"]).any():
        note += "; no point where it crosses more than once or levels are missing"
    return f"{note}."


def _class_cells(
    axes: Axes, cells: pd.DataFrame, across_key: str, up_key: str, classes: Sequence[str]
) -> None:
    """Stacked shares of the classes in every cell, dam breaks at the bottom."""
    across, up = scale_of(cells[across_key].tolist()), scale_of(cells[up_key].tolist())
    column = [across.levels.index(level) for level in cells[across_key]]
    row = [up.levels.index(level) for level in cells[up_key]]
    width, height = np.diff(across.edges), np.diff(up.edges)
    bottom = up.edges[:-1][row] + 0.04 * height[row]
    for name in sorted(classes, key=_STACKED.index):
        tall = 0.92 * height[row] * cells[name].to_numpy(dtype=float)
        axes.bar(
            across.edges[:-1][column] + 0.5 * width[column], tall, 0.92 * width[column],
            bottom=bottom, color=style.CLASS_COLOURS[name], label=name, linewidth=0,
            hatch=style.CLASS_HATCHES.get(name), edgecolor=style.PAPER,
        )  # fmt: skip
        bottom = bottom + tall
    label_cells(axes, across, up, across_key, up_key)
    axes.tick_params(labelleft=False)  # the panel to the left has them
    axes.set_ylabel("")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], loc="lower left", bbox_to_anchor=(-0.015, 0.995),
        ncols=_legend_columns(classes), handlelength=0.8, handleheight=0.8, handletextpad=0.4,
        columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip
