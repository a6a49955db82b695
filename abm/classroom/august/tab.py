"""August 2024: the model's band beside the real path, day by day, and what happened then."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn

from abm.classroom.august import band
from abm.classroom.august.charts import ActivityChart, BandChart
from abm.classroom.august.words import (
    activity_text,
    day_name,
    day_table,
    misses_table,
    path_name,
    world_text,
)
from abm.classroom.pieces import InPieces
from abm.classroom.widgets.layout import beside
from abm.classroom.widgets.tags import AT_ONCE
from abm.episodes.record import EVENTS_2024

if TYPE_CHECKING:
    from abm.classroom.page import Page

FIRST_SHOWN = "2024-08-05"


class AugustTab:
    """A quote, a day, and two hundred runs that are made while the page is looked at."""

    def __init__(self, page: Page) -> None:
        self.page, say = page, page.say
        self.n_runs = 0
        self.making = InPieces(page, self._make_more)
        self.event_days = sorted({band.dates().index(event.date) for event in EVENTS_2024})
        self.quote = pn.widgets.RadioButtonGroup(
            options={path_name(path, say): path.name for path in band.PATHS},
            value=band.PATHS[0].name, color="primary", variant="outline",
            margin=(0, 16, 6, 0),
        )  # fmt: skip
        self.slider = pn.widgets.IntSlider(
            label=say("august.day"), start=0, end=len(band.dates()) - 1,
            value=band.dates().index(FIRST_SHOWN), show_value=False,
            sizing_mode="stretch_width", margin=(0, 10), tags=[AT_ONCE],
        )  # fmt: skip
        self.progress, self.world, self.activity, self.table, self.misses = (
            pn.pane.HTML("", sizing_mode="stretch_width", margin=0) for _ in range(5)
        )
        went = partial(page.act, self.go_to)
        self.chart = BandChart(say, went)
        self.chart.show(self.path, band.not_yet())
        self.forced = ActivityChart(say, "forced", went)
        self.called = ActivityChart(say, "called", went)
        self.quote.param.watch(lambda _: page.act(self._draw_band), "value")
        self.slider.param.watch(lambda _: page.act(self._draw_day), "value")

    def view(self) -> pn.Column:
        say = self.page.say
        day = pn.Column(self.world, self.activity, css_classes=["card"], width=390, margin=0)
        return pn.Column(
            pn.Row(self.quote, self.progress, sizing_mode="stretch_width", margin=0),
            pn.Row(*self._steps(), self.slider, css_classes=["wrapping"],
                   sizing_mode="stretch_width", margin=(0, 0, 6, 0)),
            beside(self.chart.view(), day),
            _card(say("august.table"), self.table),
            beside(self.forced.view(), self.called.view(), margin=(10, 0, 0, 0)),
            _card(say("august.misses"), self.misses),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def shown(self) -> None:
        """Go on with the runs."""
        self._draw_day()
        self.making.start()

    def hidden(self) -> None:
        self.making.stop()

    @property
    def path(self) -> band.Path:
        return band.PATH_NAMED[self.quote.value]

    def go_to(self, day: int) -> None:
        """Another day, or the nearest there is."""
        self.slider.value = min(max(day, 0), len(band.dates()) - 1)

    def _step(self, step: Callable[[int], int]) -> None:
        self.go_to(step(self.slider.value))

    def _steps(self) -> list[pn.widgets.Button]:
        """The day before, the next one, the events before and after."""
        steps = {
            "event_before": lambda day: max((d for d in self.event_days if d < day), default=day),
            "day_before": lambda day: day - 1,
            "day_after": lambda day: day + 1,
            "event_after": lambda day: min((d for d in self.event_days if d > day), default=day),
        }
        made = []
        for name, step in steps.items():
            made.append(
                pn.widgets.Button(label=self.page.say(f"august.{name}"), margin=(0, 6, 0, 0))
            )
            made[-1].on_click(lambda _, step=step: self.page.act(self._step, step))
        return made

    def _make_more(self) -> bool:
        """One piece of the runs; whether some are still to be made."""
        if self.n_runs < band.N_RUNS:
            self.n_runs += band.N_AT_ONCE
            self._draw_band()
        return self.n_runs < band.N_RUNS

    def _draw_band(self) -> None:
        """Everything, from the runs so far."""
        if not self.n_runs:
            return
        say = self.page.say
        self.runs = band.runs_so_far(self.n_runs)
        self.progress.object = (
            f'<p role="status">{escape(say("august.runs", n=self.n_runs, of=band.N_RUNS))}</p>'
        )
        self.chart.show(self.path, band.fan(self.runs.logs[self.path.name]))
        self.forced.show(band.fan(self.runs.forced_usd_bn))
        called = (self.runs.n_calls > 0).mean(axis=0)
        self.called.show(band.Fan(np.zeros_like(called), called, called))
        self.misses.object = misses_table(self.runs, say)
        self._draw_day()

    def _draw_day(self) -> None:
        """The world's day; and the runs', once there are any."""
        say, day = self.page.say, self.slider.value
        for chart in (self.chart, self.forced, self.called):
            chart.mark(day)
        self.world.object = f"<h3>{escape(day_name(day, say))}</h3>{world_text(day, say)}"
        if self.n_runs:
            self.activity.object = activity_text(self.runs, day, say)
            self.table.object = day_table(self.runs, day, say)


def _card(title: str, content: Any) -> pn.Column:
    return pn.Column(
        pn.pane.HTML(f"<h3>{escape(title)}</h3>", margin=0), content, css_classes=["card"],
        sizing_mode="stretch_width", margin=(10, 0, 0, 0),
    )  # fmt: skip
