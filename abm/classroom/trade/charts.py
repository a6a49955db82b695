"""Charts of one's own trade: its quote and limits, its equity, and how it ends on many seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import BasicTicker, ColumnDataSource, NoOverlap, Span
from numpy.typing import NDArray

from abm.classroom.widgets.charts import (
    card,
    day_chart,
    day_names,
    hover_on,
    keep_in_sight,
    legend_below,
    new_chart,
    show_percent,
)
from abm.figures.style import CLASS_COLOURS, INK, QUIET, SIMULATED

if TYPE_CHECKING:
    import panel as pn
    from bokeh.plotting import figure as Figure

    from abm.classroom.trade.path import Course, Outcome
    from abm.scenario import Scenario
    from abm.words import Words

LIQUIDATED = CLASS_COLOURS["dam break"]
HEIGHT = 260  # pixels
BIN_WIDTHS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # of returns
MOST_BINS = 24
Numbers = NDArray[np.float64]


class PathCharts:
    """The trade along one run: quote above, equity beside it, the day it ends marked on both."""

    def __init__(self, scenario: Scenario, say: Words) -> None:
        self.say, self.names = say, [say("trade.eve"), *day_names(scenario, say)]
        columns = (
            "day",
            "date",
            "quote",
            "liquidation_quote",
            "break_even",
            "equity_usd_mn",
            "put_in",
        )
        self.source = ColumnDataSource({name: [] for name in columns})
        self.end = [
            Span(dimension="height", line_color=LIQUIDATED, line_width=2, visible=False)
            for _ in range(2)
        ]
        self.quote, self.equity = self._quote_chart(scenario), self._equity_chart(scenario)
        for chart, end in zip((self.quote, self.equity), self.end, strict=True):
            chart.add_layout(end)
            legend_below(chart)

    def view(self) -> list[pn.Column]:
        say, source = self.say, self.source
        return [
            card(say, say("trade.quote_title"), self.quote, source, "trade-quote",
                 ["day", "date", "quote", "liquidation_quote", "break_even"]),
            card(say, say("trade.equity_title"), self.equity, source, "trade-equity",
                 ["day", "date", "equity_usd_mn"]),
        ]  # fmt: skip

    def show(self, course: Course, held: Outcome, axis: str) -> None:
        """Another trade, or the same along another run; where it is liquidated is marked."""
        self.source.data = {
            **course._asdict(),
            "date": self.names,
            "liquidation_quote": np.where(
                course.liquidation_quote > 0.0, course.liquidation_quote, np.nan
            ),
            "put_in": np.full(len(self.names), course.equity_usd_mn[0]),
        }
        self.quote.yaxis[0].axis_label = axis
        for end in self.end:
            end.location, end.visible = float(held.last_day), bool(held.is_liquidated)

    def _quote_chart(self, scenario: Scenario) -> Figure:
        say, number = self.say, "{0,0.000}"
        tips = [("", "@date"), (say("trade.quote"), f"@quote{number}"),
                (say("trade.liquidation_quote"), f"@liquidation_quote{number}"),
                (say("trade.break_even"), f"@break_even{number}")]  # fmt: skip
        chart = day_chart(scenario, say, "", height=HEIGHT, tooltips=tips)
        lines = {
            name: chart.line(
                "day", name, source=self.source, line_width=width, color=colour, line_dash=dash,
                legend_label=say(f"trade.{name}"),
            )
            for name, colour, dash, width in (
                ("quote", SIMULATED, "solid", 2.5),
                ("break_even", QUIET, "dotted", 2.0),
                ("liquidation_quote", LIQUIDATED, [7, 3], 2.0),
            )
        }  # fmt: skip
        hover_on(chart, lines["quote"])
        return chart

    def _equity_chart(self, scenario: Scenario) -> Figure:
        say = self.say
        tips = [("", "@date"), (say("trade.equity"), "@equity_usd_mn{0,0.000}")]
        chart = day_chart(scenario, say, say("trade.equity_axis"), height=HEIGHT, tooltips=tips)
        equity = chart.line(
            "day", "equity_usd_mn", source=self.source, line_width=2.5, color=INK,
            legend_label=say("trade.equity"),
        )  # fmt: skip
        hover_on(chart, equity)
        chart.line(
            "day", "put_in", source=self.source, line_width=2, color=QUIET, line_dash="dotted",
            legend_label=say("trade.put_in"),
        )  # fmt: skip
        return chart


class ReturnsChart:
    """Final returns of the trade on many seeds, with those in which it is liquidated marked."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self.source = ColumnDataSource(
            {name: [] for name in ("left", "right", "kept", "liquidated")}
        )
        chart = new_chart(
            say("trade.n_seeds"), height=HEIGHT, x_label=say("trade.final_return"),
            tooltips=[("", "@left{0.0%} – @right{0.0%}"), (say("trade.kept"), "@kept"),
                      (say("trade.liquidated"), "@liquidated")],
        )  # fmt: skip
        self.source.data["top"] = []
        bars = {"line_color": "white", "source": self.source}
        kept = chart.quad(
            "left", "right", "kept", 0, fill_color=SIMULATED, legend_label=say("trade.kept"), **bars
        )
        chart.quad(
            "left", "right", "top", "kept", fill_color=LIQUIDATED,
            legend_label=say("trade.liquidated"), **bars,
        )  # fmt: skip
        self.here = Span(dimension="height", line_color=INK, line_width=2, line_dash=[4, 3])
        chart.add_layout(self.here)
        hover_on(chart, kept)
        keep_in_sight(chart, 0.0, 1.0)
        chart.y_range.start = 0
        show_percent(chart.xaxis[0])
        chart.xaxis[0].ticker = BasicTicker(desired_num_ticks=5)
        chart.xaxis[0].major_label_policy = NoOverlap()
        legend_below(chart)
        self.chart = chart

    def view(self) -> pn.Column:
        say = self.say
        return card(
            say, say("trade.returns_title"), self.chart, self.source, "trade-returns",
            ["left", "right", "kept", "liquidated"],
        )  # fmt: skip

    def show(self, returns: Numbers, is_liquidated: Any, here: float) -> None:
        """All seeds so far; `here` is the return along the page's own run."""
        edges = bin_edges(returns)
        kept, liquidated = (
            np.histogram(returns[chosen], edges)[0] for chosen in (~is_liquidated, is_liquidated)
        )
        self.source.data = {
            "left": edges[:-1], "right": edges[1:], "kept": kept, "liquidated": liquidated,
            "top": kept + liquidated,
        }  # fmt: skip
        self.here.location = here


def bin_edges(returns: Numbers) -> Numbers:
    """Edges at round numbers, as narrow as MOST_BINS allow."""
    low, high = float(returns.min()), float(returns.max())
    for width in BIN_WIDTHS:
        first, last = np.floor(low / width), np.floor(high / width) + 1.0
        if last - first <= MOST_BINS:
            break
    return np.arange(first, last + 1.0) * width
