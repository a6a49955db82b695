"""Charts of the August tab: a band beside the record, and what the runs did; one day marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
from bokeh.events import Tap
from bokeh.models import BoxAnnotation, ColumnDataSource, HoverTool, NumeralTickFormatter

from abm.classroom.august import band
from abm.classroom.widgets.charts import (
    card,
    day_chart,
    draw_bands,
    hover_on,
    keep_in_sight,
    legend_below,
    mark_days,
    show_percent,
    show_usd,
    usd_tips,
)
from abm.classroom.widgets.facts import small
from abm.episodes.record import EVENTS_2024
from abm.figures.style import CLASS_COLOURS, REAL

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from abm.words import Words

MARKED = "#FFE08A"  # the day that is looked at
HEIGHT = 360  # pixels of the band
LEAST = {"forced": 1.0, "called": 0.1}  # that an axis goes up to: USD bn a day, share of runs
COLUMNS = ("day", "date", "low", "median", "high", "fixing", "close")  # of the CSV


class _DayChart:
    """A chart over the days of the record; a click on a day goes to it."""

    def __init__(self, say: Words, y_label: str, went: Callable[[int], None], **how: Any) -> None:
        self.say = say
        self.chart: Figure = day_chart(band.august(), say, y_label, len(band.dates()), **how)
        self.marked = BoxAnnotation(fill_color=MARKED, fill_alpha=0.55, level="underlay")
        self.chart.add_layout(self.marked)
        mark_days(self.chart, sorted({band.dates().index(event.date) for event in EVENTS_2024}))
        self.chart.on_event(Tap, lambda event: went(round(event.x)))

    def mark(self, day: int) -> None:
        """Colour one day."""
        self.marked.left, self.marked.right = day - 0.5, day + 0.5


class BandChart(_DayChart):
    """Median and band of the runs, the real path, and the closes of the key days."""

    def __init__(self, say: Words, went: Callable[[int], None]) -> None:
        self.source = ColumnDataSource({name: [] for name in (*COLUMNS, "said", "said_band")})
        super().__init__(say, "", went, height=HEIGHT, tooltips=self._tooltips(say))
        chart = self.chart
        spread = [("low", "high", 0.16, say("august.band"))]
        draw_bands(chart, "day", self.source, spread, ("median", say("august.median")))
        chart.line(
            "day", "fixing", source=self.source, line_width=2, color=REAL,
            legend_label=say("august.fixing"),
        )  # fmt: skip
        chart.scatter(
            "day", "close", source=self.source, size=8, fill_color="white", line_color=REAL,
            line_width=1.8, legend_label=say("august.close"),
        )  # fmt: skip
        chart.yaxis[0].formatter = NumeralTickFormatter(format="0,0.[00]")
        legend_below(chart, 2)
        self.fixing_key = next(
            item for item in chart.legend[0].items if item.label.value == say("august.fixing")
        )

    def view(self) -> pn.Column:
        say = self.say
        made = card(
            say, say("august.title"), self.chart, self.source, "august-2024-band", COLUMNS,
            say("august.note"),
        )  # fmt: skip
        made.append(pn.pane.HTML(small(say("august.key")), sizing_mode="stretch_width", margin=0))
        return made

    def show(self, path: band.Path, fan: band.Fan) -> None:
        """Another quote, or more runs."""
        eve = band.eve_quote(path)
        levels = {name: eve * np.exp(log) for name, log in fan._asdict().items()}
        fixing, close = band.fixings(path), band.closes(path)
        self.fixing_key.visible = path.is_cross
        self.chart.yaxis[0].axis_label = self.say(f"august.axis.{path.name}")
        self.source.data = {
            "day": np.arange(len(band.dates())),
            "date": list(band.dates()),
            **levels,
            "fixing": fixing,
            "close": close,
            "said": [_said(level) for level in np.where(np.isfinite(fixing), fixing, close)],
            "said_band": [f"{_said(low)} – {_said(high)}"
                          for low, high in zip(levels["low"], levels["high"], strict=True)],
        }  # fmt: skip

    def _tooltips(self, say: Words) -> list[tuple[str, str]]:
        return [
            ("", "@date"),
            (say("august.real"), "@said"),
            (say("august.median"), "@median{0,0.00}"),
            (say("august.band"), "@said_band"),
        ]


class ActivityChart(_DayChart):
    """Activity of the runs by day: forced sales with their band, or the share with a call."""

    def __init__(self, say: Words, kind: str, went: Callable[[int], None]) -> None:
        self.kind = kind
        self.source = ColumnDataSource({name: [] for name in ("day", "date", *band.Fan._fields)})
        number = "{0%}" if kind == "called" else "{0.0}"
        tips = [("", "@date"), (say(f"august.{kind}_short"), f"@median{number}")]
        super().__init__(say, say(f"august.{kind}_axis"), went, tooltips=tips)
        colour = CLASS_COLOURS["dam break"]
        if kind == "called":
            main = self.chart.vbar("day", 0.8, "median", source=self.source, color=colour)
            show_percent(self.chart.yaxis[0])
        else:
            self.chart.varea(
                "day", "low", "high", source=self.source, fill_color=colour, fill_alpha=0.2,
                legend_label=say("august.band"),
            )  # fmt: skip
            main = self.chart.line(
                "day", "median", source=self.source, line_width=3, color=colour,
                legend_label=say("august.median"),
            )  # fmt: skip
            legend_below(self.chart)
            show_usd(self.chart.yaxis[0], say)
            self.chart.select_one(HoverTool).formatters = usd_tips(say, ["median"], 1)
        hover_on(self.chart, main)
        keep_in_sight(self.chart, 0.0, LEAST[kind])
        self.chart.y_range.start = 0.0

    def view(self) -> pn.Column:
        columns = ("day", "date", "median") if self.kind == "called" else ()
        title = self.say(f"august.{self.kind}")
        return card(self.say, title, self.chart, self.source, f"august-2024-{self.kind}", columns)

    def show(self, fan: band.Fan) -> None:
        days = {"day": np.arange(len(band.dates())), "date": list(band.dates())}
        self.source.data = {**days, **fan._asdict()}


def _said(level: float) -> str:
    return f"{level:,.2f}" if np.isfinite(level) else "–"
