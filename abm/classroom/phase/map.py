"""The phase diagram of the page: a cell for each surprise and leverage cap, to be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d, TapTool

from abm.classroom.phase.study import CLASSES, WITHOUT, Held, cells, half_line, read_study
from abm.classroom.verdict import class_words
from abm.classroom.widgets.charts import new_chart
from abm.figures.phase import LEVERAGE_CAP, SURPRISE
from abm.figures.style import INK, PAPER
from abm.figures.sweep_cells import SHARE_COLOURS
from abm.words import key_of

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from abm.words import Words

HEIGHT = 470  # pixels
DARK_FROM = 0.75  # share from which on the number in a cell is written in white
EDGE = 0.5  # of a cell, from its middle
COLUMNS = ("surprise_bp", "leverage_cap", "share", "low", "high", "n_runs")  # of the CSV


class PhaseMap:
    """Cells side by side, whatever the distance of their levels; the line of one half over them."""

    def __init__(self, say: Words, clicked: Callable[[float, float], None]) -> None:
        study = read_study()
        self.say, self.clicked = say, clicked
        self.across, self.up = study.levels(SURPRISE), study.levels(LEVERAGE_CAP)
        self.cells = ColumnDataSource(self._cell_columns(()))
        self.line, self.beyond, self.chosen = (ColumnDataSource() for _ in range(3))
        self.show_line(())
        self.chart = self._chart()
        self.cells.selected.on_change("indices", self._was_clicked)

    def show(self, held: Held) -> None:
        """The map at other levels of the other factors."""
        self.cells.data = self._cell_columns(held)
        self.show_line(held)

    def choose(self, surprise_bp: float, leverage_cap: float) -> None:
        """Frame one cell."""
        place = [self.across.index(surprise_bp)], [self.up.index(leverage_cap)]
        self.chosen.data = {"x": place[0], "y": place[1]}

    def show_line(self, held: Held) -> None:
        """The surprise at which half of the runs break the dam, cap by cap, with its interval."""
        found = half_line(held)
        row = np.array([self.up.index(cap) for cap in found[LEVERAGE_CAP]], dtype=float)
        low, high = (self._place(found[name].to_numpy(float)) for name in ("low", "high"))
        threshold = found["threshold"].to_numpy(float)
        x = np.where(np.isfinite(threshold), self._place(threshold), np.nan)
        self.line.data = {"x": x, "y": row, "low": low, "high": high}
        is_beyond = (found["status"] == "below throughout").to_numpy()
        n = int(is_beyond.sum())
        self.beyond.data = {"x": np.full(n, len(self.across) - EDGE - 0.15), "y": row[is_beyond]}

    def _place(self, surprise_bp: Any) -> Any:
        """The place of a surprise among the cells: straight between their middles."""
        levels = np.array(self.across)
        index = np.arange(len(levels), dtype=float)
        inside = np.interp(surprise_bp, levels, index)
        beyond = np.where(np.asarray(surprise_bp) > levels[-1], index[-1] + EDGE, inside)
        return np.where(np.asarray(surprise_bp) < levels[0], -EDGE, beyond)

    def _cell_columns(self, held: Held) -> dict[str, Any]:
        found = cells(held)
        share = found["share"].to_numpy(float)
        x = np.array([self.across.index(level) for level in found[SURPRISE]])
        y = np.array([self.up.index(level) for level in found[LEVERAGE_CAP]])
        return {
            "x": x,
            "y": y,
            "left": x - EDGE,  # where numbers stand: the line, from middle to middle, seldom comes
            "top": y + EDGE,
            "surprise_bp": found[SURPRISE].to_numpy(float),
            "leverage_cap": found[LEVERAGE_CAP].to_numpy(float),
            "share": share,
            "low": found["low"].to_numpy(float),
            "high": found["high"].to_numpy(float),
            "n_runs": found["n_runs"].to_numpy(int),
            "colour": [share_colour(value) for value in share],
            "ink": [PAPER if value > DARK_FROM else INK for value in share],
            "text": [f"{100.0 * value:.0f}" if np.isfinite(value) else "" for value in share],
            **{key_of(name): found[name].to_numpy(int) for name in (*CLASSES, *WITHOUT)},
        }

    def _was_clicked(self, _: str, __: Sequence[int], new: Sequence[int]) -> None:
        if new:
            self.clicked(self.across[self.cells.data["x"][new[0]]],
                         self.up[self.cells.data["y"][new[0]]])  # fmt: skip
            self.cells.selected.indices = []

    def _chart(self) -> Figure:
        say = self.say
        chart = new_chart(
            say("phase.axis_cap"), height=HEIGHT, x_label=say("phase.axis_surprise"),
            x_range=Range1d(-EDGE, len(self.across) - EDGE),
            y_range=Range1d(-EDGE, len(self.up) - EDGE),
        )  # fmt: skip
        boxes = chart.rect(
            "x", "y", 1.0, 1.0, source=self.cells, fill_color="colour", line_color=PAPER,
            line_width=2, nonselection_fill_alpha=1.0, nonselection_fill_color="colour",
            nonselection_line_color=PAPER, nonselection_line_alpha=1.0,
        )  # fmt: skip
        self._draw_line(chart)
        # The line gives way to a number: each stands on its own cell's colour.
        chart.text(
            "left", "top", "text", source=self.cells, text_color="ink", text_font_size="15px",
            text_baseline="top", x_offset=5, y_offset=4, background_fill_color="colour", padding=1,
        )  # fmt: skip
        chart.rect(
            "x", "y", 0.96, 0.95, source=self.chosen, fill_color=None, line_color=INK, line_width=4
        )
        chart.add_tools(HoverTool(renderers=[boxes], tooltips=self._tooltips()))
        chart.add_tools(TapTool(renderers=[boxes]))
        for axis, levels in ((chart.xaxis[0], self.across), (chart.yaxis[0], self.up)):
            axis.ticker = FixedTicker(ticks=list(range(len(levels))))
            axis.major_label_overrides = {i: f"{level:g}" for i, level in enumerate(levels)}
            axis.major_label_text_font_size = axis.axis_label_text_font_size = "13px"
        chart.ygrid.grid_line_color = None
        return chart

    def _draw_line(self, chart: Figure) -> None:
        chart.segment("low", "y", "high", "y", source=self.line, line_color=INK, line_width=1.5)
        chart.line("x", "y", source=self.line, line_color=INK, line_width=3)
        chart.scatter("x", "y", source=self.line, size=8, color=INK)
        chart.scatter(
            "x", "y", source=self.beyond, size=13, marker="triangle", angle=-np.pi / 2.0,
            fill_color=PAPER, line_color=INK, line_width=1.5,
        )  # fmt: skip

    def _tooltips(self) -> list[tuple[str, str]]:
        say = self.say
        classes = [(class_words(name, say), f"@{key_of(name)}") for name in read_study().kinds]
        return [
            (say("phase.axis_surprise"), "@surprise_bp{0.#}"),
            (say("phase.axis_cap"), "@leverage_cap{0.#}"),
            (say("phase.share"), "@share{0%}"),
            (say("phase.interval"), "@low{0%} – @high{0%}"),
            *classes,
        ]


def share_colour(share: float) -> str:
    """The colour of a share, as in the printed figure: SHARE_COLOURS at even distances."""
    if not np.isfinite(share):
        return "#FFFFFF"
    stops = np.linspace(0.0, 1.0, len(SHARE_COLOURS))
    parts = [[int(colour[i : i + 2], 16) for colour in SHARE_COLOURS] for i in (1, 3, 5)]
    return "#" + "".join(f"{round(float(np.interp(share, stops, part))):02X}" for part in parts)
