"""Charts of the page, all alike: a figure under its title, saved as PNG, its data as CSV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
from bokeh.models import (
    AdaptiveTicker,
    Button,
    ColumnDataSource,
    CustomJS,
    CustomJSHover,
    CustomJSTickFormatter,
    HoverTool,
    NumeralTickFormatter,
    Range1d,
    Span,
)
from bokeh.plotting import figure as new_bokeh_figure

from abm.figures.style import INK, QUIET, SIMULATED

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from abm.scenario import Scenario
    from abm.words import Words

HEIGHT = 220  # pixels of a chart
RULE = "#ECECEC"
# Okabe and Ito (2008), the yellow darkened: told apart by readers of every common colour vision.
INSTRUMENT_COLOURS = (
    "#0B4F8A", "#E69F00", "#009E73", "#56B4E9", "#D55E00", "#CC79A7", "#7A5C3E", "#4D4D4D",
    "#5B2A86", "#B5380B",
)  # fmt: skip

GRID = """
:host { display: grid !important; gap: 10px; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(max(325px, 30%), 1fr)); }
"""
_ROOM = Path(__file__).parent
_SAVE_CSV = (_ROOM / "save_csv.js").read_text(encoding="utf-8")
_SAVE_PNG = (_ROOM / "save_png.js").read_text(encoding="utf-8")


def new_chart(
    y_label: str,
    height: int = HEIGHT,
    x_label: str = "",
    tooltips: Sequence[tuple[str, str]] | None = None,
    **how: Any,
) -> Figure:
    """An empty chart in the house look, as wide as its place; `how` goes to Bokeh's figure."""
    chart = new_bokeh_figure(
        height=height, sizing_mode="stretch_width", tools="", toolbar_location=None, **how
    )
    if tooltips:
        chart.add_tools(HoverTool(tooltips=list(tooltips), mode="vline", line_policy="nearest"))
    chart.min_border_left, chart.min_border_right = 52, 12
    chart.outline_line_color = None
    chart.xgrid.grid_line_color = None
    chart.ygrid.grid_line_color = RULE
    for axis, label in ((chart.xaxis, x_label), (chart.yaxis, y_label)):
        axis.axis_label = label or None
        dress(axis)
    return chart


def dress(axis: Any) -> None:
    """An axis in the house look."""
    axis.axis_label_text_font_style = "normal"
    axis.axis_label_text_font_size = "12px"
    axis.axis_label_text_color = axis.major_label_text_color = QUIET
    axis.major_label_text_font_size = "12px"
    axis.axis_line_color = RULE
    axis.major_tick_line_color = RULE
    axis.minor_tick_line_color = None


def day_chart(
    scenario: Scenario, say: Words, y_label: str, n_days: int | None = None, **how: Any
) -> Figure:
    """A chart over the trading days of a scenario, with their dates or numbers along the foot."""
    n = n_days or scenario.calendar.days
    chart = new_chart(y_label, x_range=Range1d(-1.4, n - 0.2), **how)
    names = day_names(scenario, say)[:n]
    chart.xaxis.ticker = AdaptiveTicker(base=10, mantissas=[1, 2, 5], min_interval=1)
    chart.xaxis.major_label_overrides = dict(enumerate(names)) if scenario.calendar.start else {}
    if not scenario.calendar.start:
        chart.xaxis.axis_label = say("page.trading_day")
    return chart


def day_names(scenario: Scenario, say: Words) -> list[str]:
    """Every trading day as the foot of a chart names it: "31 Jul", or "day 7"."""
    dates = scenario.calendar.dates()
    if not dates:
        return [say("page.day", n=day) for day in range(scenario.calendar.days)]
    return [short_date(day, say) for day in dates]


def short_date(day: date, say: Words) -> str:
    """ "31 Jul" or "7/31"."""
    month = say(f"page.months.{day.month}")
    return say("page.short_date", day=day.day, month=month)


def keep_in_sight(chart: Figure, *values: float) -> None:
    """Values that the vertical axis spans from the first day, before anything is drawn."""
    chart.scatter([0.0] * len(values), list(values), size=0, fill_alpha=0.0, line_alpha=0.0)


def key(chart: Figure, drawn: str, label: str, **how: Any) -> None:
    """An entry of the legend, in its colour before there is anything to draw."""
    getattr(chart, drawn)([math.nan], [math.nan], legend_label=label, **how)


def hover_on(chart: Figure, *renderers: Any) -> None:
    """Let the chart's tooltips answer for these lines or bars alone."""
    chart.select_one(HoverTool).renderers = list(renderers)


def draw_bands(
    chart: Figure,
    x: str,
    source: ColumnDataSource,
    bands: Iterable[tuple[str, str, float, str]],
    middle: tuple[str, str],
) -> None:
    """Bands of runs (low, high, opacity, label), the wide one first, and the line (column, label)
    within them, which has the tooltip.
    """
    for low, high, alpha, label in bands:
        chart.varea(
            x, low, high, source=source, fill_color=SIMULATED, fill_alpha=alpha, legend_label=label
        )
    column, label = middle
    how = {"line_width": 2.5, "color": SIMULATED, "legend_label": label}
    hover_on(chart, chart.line(x, column, source=source, **how))


def mark_days(chart: Figure, days: Sequence[int]) -> None:
    """Thin broken lines on days on which something was announced."""
    for day in days:
        chart.add_layout(
            Span(location=day, dimension="height", line_color="#B9B9B9", line_dash=[3, 3])
        )


def name_days(chart: Figure, what: Mapping[int, str]) -> None:
    """A mark over each of these days; what is known of it is said when it is pointed at.

    To be called last: the chart's own axis spans what has been drawn before.
    """
    chart.y_range.renderers = list(chart.renderers)
    chart.extra_y_ranges = {"marks": Range1d(0.0, 1.0)}
    places = {"day": list(what), "top": [0.96] * len(what), "what": list(what.values())}
    marks = chart.scatter(
        "day", "top", source=ColumnDataSource(places), y_range_name="marks",
        marker="inverted_triangle", size=8, color=QUIET,
    )  # fmt: skip
    chart.add_tools(HoverTool(renderers=[marks], tooltips=[("", "@what")]))


def show_percent(axis: Any) -> None:
    """An axis of shares, written in per cent, with a digit more where it is needed."""
    axis.formatter = NumeralTickFormatter(format="0[.]0%")


def show_usd(axis: Any, say: Words) -> None:
    """An axis of amounts in USD bn, written in the language's unit."""
    if say.per_bn != 1:
        unit = {"per_bn": say.per_bn}
        written = "return `${Number((per_bn * tick).toPrecision(9))}`"  # 6, not 6.000000000000001
        axis.formatter = CustomJSTickFormatter(args=unit, code=written)


def usd_tips(say: Words, columns: Iterable[str], decimals: int) -> dict[str, CustomJSHover]:
    """Formatters of tooltips for columns in USD bn: amounts in the language's unit."""
    unit = {"per_bn": say.per_bn, "decimals": say.decimals(decimals)}
    shown = CustomJSHover(args=unit, code="return (per_bn * value).toFixed(decimals)")
    return {f"@{column}": shown for column in columns}


def legend_below(chart: Figure, columns: int = 3) -> None:
    """The chart's legend, small, under it."""
    legend = chart.legend[0]
    legend.orientation = "horizontal"
    legend.ncols = columns
    legend.label_text_font_size = "12px"
    legend.label_text_color = INK
    legend.border_line_color = None
    legend.background_fill_alpha = 0.0
    legend.padding = legend.margin = 2
    legend.spacing = 8
    legend.glyph_width, legend.glyph_height = 14, 10
    legend.location = "left"
    chart.add_layout(legend, "below")


class Card:
    """A chart under its title, with two buttons: its picture as PNG, its data as CSV.

    `file` is the name that both are saved under; `columns` which of the source (all if none).
    """

    def __init__(
        self,
        say: Words,
        title: str,
        chart: Figure,
        source: ColumnDataSource,
        file: str,
        columns: Sequence[str] = (),
        note: str = "",
    ) -> None:
        names = list(columns) or list(source.data)
        chart.html_attributes = {"role": "img", "aria-label": " ".join([title, note]).strip()}
        self.png = CustomJS(args={"chart": chart, "title": title, "file": file}, code=_SAVE_PNG)
        self.csv = CustomJS(args={"source": source, "names": names, "file": file}, code=_SAVE_CSV)
        actions = {"PNG": self.png, "CSV": self.csv}
        buttons = [_save_button(kind, action) for kind, action in actions.items()]
        self.view = pn.Column(
            pn.Row(heading_of(title, note), *buttons, margin=0, sizing_mode="stretch_width"),
            pn.pane.Bokeh(chart, sizing_mode="stretch_width", margin=0),
            css_classes=["card"],
            sizing_mode="stretch_width",
            margin=0,
        )

    def rename(self, file: str) -> None:
        """Save under another name from now on: the chart shows another run."""
        for action in (self.png, self.csv):
            action.args = {**action.args, "file": file}


def card(*what: Any, **more: Any) -> pn.Column:
    """The view of a `Card` that keeps its name."""
    return Card(*what, **more).view


def side_by_side(*cards: Any) -> pn.Column:
    """Cards in two columns, on a wide page in three."""
    return pn.Column(*cards, sizing_mode="stretch_width", margin=0, stylesheets=[GRID])


def heading_of(title: str, note: str = "") -> pn.pane.HTML:
    """The title of a card, and in grey what must be said of it; plain text both."""
    more = f" <small>{escape(note)}</small>" if note else ""
    return pn.pane.HTML(f"<h3>{escape(title)}{more}</h3>", sizing_mode="stretch_width", margin=0)


def _save_button(kind: str, action: CustomJS) -> pn.pane.Bokeh:
    """A small button; the browser makes the file from what it has."""
    button = Button(label=kind, width=48, height=26, css_classes=["save", kind.lower()])
    button.js_on_event("button_click", action)
    return pn.pane.Bokeh(button, margin=(0, 0, 0, 6))
