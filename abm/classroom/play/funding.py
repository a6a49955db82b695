"""Charts of what only some runs have: a basis that moves, and banks that are short of capital."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh.models import ColumnDataSource, DataRange1d, HoverTool, LinearAxis, Span

from abm.classroom.widgets.charts import (
    HEIGHT,
    day_chart,
    dress,
    hover_on,
    keep_in_sight,
    key,
    legend_below,
    mark_days,
    show_percent,
    show_usd,
    usd_tips,
)
from abm.figures.style import ACTOR_COLOURS, QUIET, SIMULATED
from abm.report.funding import swap_line_days

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from abm.scenario import Scenario
    from abm.words import Words

LENT = ACTOR_COLOURS["central_bank"]
THIN, FAILED = "#7A2E62", "#B5380B"  # the thinnest bank; a failure


def basis_chart(scenario: Scenario, say: Words, source: ColumnDataSource) -> Figure:
    """The basis as a line; as an area on its own axis, what was drawn on the swap line."""
    tips = [("", "@label"), (say("play.basis_short"), "@basis_bp{0} bp"),
            (say("play.drawn"), f"@drawn_usd_bn{{0.0}} {say('units.USD bn')}")]  # fmt: skip
    chart = day_chart(
        scenario, say, say("play.basis_axis"), height=HEIGHT + 30, tooltips=tips,
        y_range=DataRange1d(end=0.0),
    )  # fmt: skip
    chart.extra_y_ranges = {"usd": DataRange1d(start=0.0)}
    area = chart.varea(
        "day", 0.0, "drawn_usd_bn", source=source, y_range_name="usd", fill_color=LENT,
        fill_alpha=0.25, legend_label=say("play.drawn"),
    )  # fmt: skip
    floor = chart.scatter([0.0], [1.0], y_range_name="usd", size=0, line_alpha=0.0)
    chart.extra_y_ranges["usd"].renderers = [area, floor]
    axis = LinearAxis(y_range_name="usd", axis_label=say("play.drawn_axis"))
    dress(axis)
    show_usd(axis, say)
    chart.add_layout(axis, "right")
    how = {"line_width": 2.5, "color": SIMULATED}
    key(chart, "line", say("play.basis_short"), **how)
    line = chart.line("day", "basis_bp", source=source, **how)
    hover_on(chart, line)
    chart.select_one(HoverTool).formatters = usd_tips(say, ["drawn_usd_bn"], 1)
    keep_in_sight(chart, -60.0)
    chart.y_range.renderers = [line, chart.renderers[-1]]
    mark_days(chart, swap_line_days(scenario))
    legend_below(chart, 2)
    return chart


def banks_chart(
    scenario: Scenario, say: Words, source: ColumnDataSource, failures: ColumnDataSource
) -> Figure:
    """The range of the banks that stand, the thinnest of them, and crosses where one fails."""
    usd_bn = say("units.USD bn")
    tips = [("", "@label"), (say("play.thinnest"), "@bank_thinnest @bank_low{0%}"),
            (say("play.written_off"), f"@written_off_usd_bn{{0.0}} {usd_bn}")]  # fmt: skip
    chart = day_chart(scenario, say, say("play.banks_axis"), height=HEIGHT + 30, tooltips=tips)
    colour = ACTOR_COLOURS["bank"]
    band = chart.varea(
        "day", "bank_low", "bank_high", source=source, fill_color=colour, fill_alpha=0.22,
        legend_label=say("play.banks_range"),
    )  # fmt: skip
    how = {"line_width": 2.5, "color": THIN}
    key(chart, "line", say("play.thinnest"), **how)
    line = chart.line("day", "bank_low", source=source, **how)
    hover_on(chart, line)
    chart.select_one(HoverTool).formatters = usd_tips(say, ["written_off_usd_bn"], 1)
    keep_in_sight(chart, 0.95, 1.3)
    kept = chart.renderers[-1]
    chart.add_layout(Span(location=1.0, dimension="width", line_dash=[6, 3], line_color=QUIET))
    crosses = chart.scatter(
        "day", "height", source=failures, marker="x", size=13, line_width=3.5,
        color=FAILED, legend_label=say("play.key_failed"),
    )  # fmt: skip
    chart.add_tools(HoverTool(renderers=[crosses], tooltips=[("", "@what")]))
    chart.y_range.renderers = [band, line, kept]
    show_percent(chart.yaxis[0])
    legend_below(chart, 3)
    return chart
