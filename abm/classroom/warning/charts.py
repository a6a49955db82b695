"""Charts of early warning: an indicator through the run, what followed it, what each was worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import (
    BoxAnnotation,
    ColumnDataSource,
    FactorRange,
    Range1d,
    Span,
)

from abm.classroom.widgets.charts import (
    Card,
    day_chart,
    day_names,
    draw_bands,
    hover_on,
    key,
    legend_below,
    new_chart,
    show_percent,
)
from abm.figures.style import ACTOR_COLOURS, CLASS_COLOURS, INK, QUIET, SIMULATED
from abm.warning.columns import BY_NAME

if TYPE_CHECKING:
    import pandas as pd

    from abm.classroom.warning.reading import Readings
    from abm.scenario import Scenario
    from abm.warning import Study
    from abm.words import Words

AHEAD, PRIVATE = CLASS_COLOURS["dam break"], ACTOR_COLOURS["hedge_fund"]
HEIGHT = 280  # pixels
NO_KNOWLEDGE = 0.5  # area under the curve
MIDDLE = (5, 50, 95)  # percentiles of the simulated days


class RunChart:
    """One indicator through the run, over the middle of the simulated days."""

    def __init__(self, scenario: Scenario, say: Words) -> None:
        self.say, self.names = say, day_names(scenario, say)
        self.source = ColumnDataSource({name: [] for name in ("day", "date", "value", "ahead")})
        tips = [("", "@date"), (say("warning.value"), "@value{0.000}")]
        self.chart = chart = day_chart(scenario, say, " ", height=HEIGHT, tooltips=tips)
        chart.extra_y_ranges = {"whole": Range1d(0.0, 1.0)}
        chart.vbar(
            "day", 1.0, "ahead", source=self.source, y_range_name="whole", line_color=None,
            fill_color=AHEAD, fill_alpha=0.16, legend_label=say("warning.ahead_key"),
        )  # fmt: skip
        self.band = BoxAnnotation(fill_color=SIMULATED, fill_alpha=0.12, line_color=None)
        self.median = Span(
            dimension="width", line_color=SIMULATED, line_width=1.5, line_dash=[2, 3]
        )
        self.here = Span(dimension="height", line_color=INK, line_width=2, line_dash=[4, 3])
        for mark in (self.band, self.median, self.here):
            chart.add_layout(mark)
        key(chart, "line", say("warning.band_key"), color=SIMULATED, line_alpha=0.3, line_width=10)
        line = chart.line(
            "day", "value", source=self.source, line_width=2.5, color=INK,
            legend_label=say("warning.run_key"),
        )  # fmt: skip
        hover_on(chart, line)
        self.ends = chart.scatter([], [], size=0, fill_alpha=0.0, line_alpha=0.0)
        chart.y_range.renderers = [line, self.ends]
        legend_below(chart, 1)

    def show(self, readings: Readings, name: str, study: Study, day: int) -> None:
        """Another indicator, or another day of it."""
        values, ahead = readings.values[name], readings.ahead
        self.source.data = {
            "day": np.arange(len(values)), "date": self.names[: len(values)], "value": values,
            "ahead": np.where(ahead == 1.0, 1.0, np.nan),
        }  # fmt: skip
        table = study.distribution[study.distribution["indicator"] == name]
        low, middle, high = (float(table["value"].iloc[p]) for p in MIDDLE)
        self.band.bottom, self.band.top, self.median.location = low, high, middle
        self.ends.data_source.data = {"x": [0.0, 0.0], "y": [low, high]}
        self.here.location = day
        self.chart.yaxis[0].axis_label = self.say(f"warning.unit.{BY_NAME[name].unit}")


class FollowedChart:
    """Share of simulated days that an unwind followed, by the value's percentile."""

    COLUMNS = ("percentile", "value", "event_share", "event_share_low", "event_share_high")

    def __init__(self, study: Study, say: Words) -> None:
        self.say = say
        self.source = ColumnDataSource({name: [] for name in self.COLUMNS})
        tips = [(say("warning.percentile"), "@percentile"), (say("warning.value"), "@value{0.000}"),
                (say("warning.followed"), "@event_share{0.0%}"),
                ("95%", "@event_share_low{0.0%} – @event_share_high{0.0%}")]  # fmt: skip
        self.chart = chart = new_chart(
            say("warning.followed"), height=HEIGHT, x_label=say("warning.percentile_axis"),
            tooltips=tips, x_range=Range1d(0, 100),
        )  # fmt: skip
        band = ("event_share_low", "event_share_high", 0.18, say("warning.band_95"))
        middle = ("event_share", say("warning.near"))
        draw_bands(chart, "percentile", self.source, [band], middle)
        all_days = {"color": QUIET, "line_width": 2, "line_dash": [6, 3]}
        key(chart, "line", say("warning.all_days"), **all_days)
        base = Span(location=float(study.manifest["event_share"]), dimension="width",
                    line_color=QUIET, line_width=2, line_dash=[6, 3])  # fmt: skip
        self.here = Span(dimension="height", line_color=INK, line_width=2, line_dash=[4, 3])
        key(chart, "line", say("warning.this_day"), color=INK, line_width=2, line_dash=[4, 3])
        for mark in (base, self.here):
            chart.add_layout(mark)
        chart.y_range.start = 0
        show_percent(chart.yaxis[0])
        legend_below(chart, 2)

    def show(self, study: Study, name: str, row: Any) -> None:
        """Another indicator; `row` says where the day lies, None where it is not known."""
        table = study.distribution[study.distribution["indicator"] == name]
        self.source.data = {column: table[column].to_numpy() for column in self.COLUMNS}
        self.here.visible = row is not None
        if row is not None:
            self.here.location = row["percentile"]


class WorthChart:
    """Area under the curve of every indicator, with its band."""

    COLUMNS = ("label", "auroc", "auroc_low", "auroc_high")

    def __init__(self, rows: pd.DataFrame, labels: list[str], say: Words) -> None:
        ordered = np.argsort(rows["auroc"].to_numpy(), kind="stable")
        drawn = {name: rows[name].to_numpy()[ordered] for name in self.COLUMNS[1:]}
        names = [labels[at] for at in ordered]
        colours = [SIMULATED if public else PRIVATE for public in rows["is_public"].iloc[ordered]]
        self.source = ColumnDataSource({"label": names, **drawn, "colour": colours})
        tips = [("", "@label"), ("AUROC", "@auroc{0.00}"),
                ("95%", "@auroc_low{0.00} – @auroc_high{0.00}")]  # fmt: skip
        self.chart = chart = new_chart(
            "", height=HEIGHT + 70, x_label=say("warning.auroc_axis"), tooltips=tips,
            y_range=FactorRange(factors=names),
        )  # fmt: skip
        chart.add_layout(
            Span(location=NO_KNOWLEDGE, dimension="height", line_color=QUIET, line_width=2)
        )
        chart.segment("auroc_low", "label", "auroc_high", "label", source=self.source,
                      line_color="colour", line_width=3)  # fmt: skip
        dots = chart.scatter("auroc", "label", source=self.source, size=9, color="colour")
        chart.hover.mode, chart.hover.renderers = "mouse", [dots]
        for colour, name in ((SIMULATED, "public"), (PRIVATE, "private")):
            key(chart, "scatter", say(f"warning.{name}"), color=colour, size=9)
        chart.ygrid.grid_line_color = None
        legend_below(chart, 1)


def card(say: Words, name: str, made: Any, columns: tuple[str, ...] = ()) -> Card:
    """A chart under its title, with what must be said of it."""
    return Card(
        say, say(f"warning.{name}"), made.chart, made.source, f"early-warning-{name}", columns,
        note=say(f"warning.{name}_note"),
    )  # fmt: skip
