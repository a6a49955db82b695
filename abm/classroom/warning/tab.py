"""Early warning: where a day of the page's run lies, and what such values were worth."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import panel as pn

from abm.classroom.background import InBackground, Tell
from abm.classroom.html import html
from abm.classroom.knobs import values_of
from abm.classroom.warning.charts import FollowedChart, RunChart, WorthChart, card
from abm.classroom.warning.reading import Readings, read_run, shipped_study, told_of
from abm.classroom.warning.words import day_html, label, scores_html
from abm.classroom.widgets.charts import day_names, side_by_side
from abm.classroom.widgets.controls import scenario_list
from abm.classroom.widgets.layout import beside
from abm.classroom.widgets.tags import AT_ONCE
from abm.errors import UnreadableFile
from abm.report.script import is_shocked
from abm.warning.running import MADE_BY

if TYPE_CHECKING:
    from abm.classroom.page import Page
    from abm.scenario import Scenario

FIRST_SHOWN = "net_short_share"  # the indicator


class WarningTab:
    """A day and an indicator on the left; on the right what the day's values were worth."""

    def __init__(self, page: Page) -> None:
        self.page, say = page, page.say
        self.place = pn.Column(sizing_mode="stretch_width", margin=0)
        try:
            self.study = shipped_study()
        except UnreadableFile:
            missing = html("notice.html", what=say("warning.no_study"), reasons=[MADE_BY])
            self.place.append(_text(missing))
            return
        self.drawn: Any = None
        self.staged = ""  # the scenario whose chart stands
        self.readings: Readings | None = None
        self.is_setting = False
        self.work = InBackground(page, lambda _: None, self._stand_still)
        self.scenarios = scenario_list(page, self._choose_scenario)
        self.day = pn.widgets.IntSlider(
            label=say("warning.day"), start=0, end=1, value=0, sizing_mode="stretch_width",
            margin=(0, 0, 10, 0), tags=[AT_ONCE],
        )  # fmt: skip
        self.day.param.watch(lambda _: self._changed(), "value")
        names = [name for name in told_of(self.study) if not name.startswith("combined")]
        self.which = pn.widgets.Select(
            label=say("warning.head.indicator"), options={label(n, say): n for n in names},
            value=FIRST_SHOWN, sizing_mode="stretch_width", margin=(0, 0, 10, 0),
        )  # fmt: skip
        self.which.param.watch(lambda _: self._changed(), "value")
        self.of_run, self.state, self.told = (_text("") for _ in range(3))
        self.run_place = pn.Column(sizing_mode="stretch_width", margin=0)
        rows = self.study.scores[self.study.scores["indicator"].isin(told_of(self.study))]
        self.followed = FollowedChart(self.study, say)
        self.worth = WorthChart(rows, [label(name, say) for name in rows["indicator"]], say)
        self.answer = pn.Column(visible=False, sizing_mode="stretch_width", margin=0)
        self.place.append(self._layout())

    def view(self) -> pn.Column:
        return self.place

    def shown(self) -> None:
        """The run that the page now shows."""
        if not hasattr(self, "study"):
            return
        choice, say = self.page.choice, self.page.say
        self.is_setting = True
        self.scenarios.value = choice.scenario
        self.is_setting = False
        if choice.run == self.drawn:
            return
        self.drawn, self.readings, self.answer.visible = choice.run, None, False
        own, now = values_of(choice.base, {}), values_of(choice.base, choice.changes)
        n = sum(now[key] != own[key] for key in own)
        along = say("trade.crash", scenario=choice.scenario, n=n, seed=choice.seed,
                    replicate=choice.replicate)  # fmt: skip
        self.of_run.object = f'<p class="help">{escape(along)}</p>'
        self.state.object = html(
            "widgets/progress.html", text=say("warning.reading"), n=None, of=None
        )
        scenario = choice.run_scenario

        def work(_: Tell) -> Readings:
            return read_run(scenario, choice.seed, choice.replicate)

        self.work.start(work, partial(self._show, scenario))

    def hidden(self) -> None:
        if hasattr(self, "study"):
            self.work.stop()
            self.drawn = self.drawn if self.readings is not None else None

    def _layout(self) -> pn.Row:
        say = self.page.say
        side = pn.Column(
            _text(f"<h4>{escape(say('page.scenario'))}</h4>"), self.scenarios, self.of_run,
            self.day, self.which, css_classes=["side"], width=300, margin=0,
        )  # fmt: skip
        stage = pn.Column(
            _text(f'<p class="intro">{escape(say("warning.intro"))}</p>'), self.state, self.answer,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        return beside(side, stage)

    def _parts(self) -> list[Any]:
        """Cards on the right; added to the page with the first readings."""
        say = self.page.say
        day = pn.Column(
            self.told, css_classes=["card"], sizing_mode="stretch_width", margin=(0, 0, 10, 0)
        )
        scores = pn.Column(
            _text(scores_html(self.study, say)), css_classes=["card", "whole"],
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        charts = [
            card(say, "what_followed", self.followed, FollowedChart.COLUMNS).view,
            card(say, "each_worth", self.worth, WorthChart.COLUMNS).view,
        ]
        return [day, side_by_side(self.run_place, *charts, scores)]

    def _choose_scenario(self, name: str) -> None:
        if name != self.page.choice.scenario and not self.is_setting:
            there = self.page.choice.changed(scenario=name)
            terms = there.terms.within(there.targets)
            self.page.change(scenario=name, changes={}, other={}, terms=terms)
            self.shown()

    def _stand_still(self) -> None:
        self.state.object, self.drawn = "", None

    def _show(self, scenario: Scenario, readings: Readings) -> None:
        """Another run: its eve of the shock, or its first day."""
        self.readings, self.state.object = readings, ""
        self.names = day_names(scenario, self.page.say)
        if self.staged != scenario.name:
            self.staged, self.run_chart = scenario.name, RunChart(scenario, self.page.say)
            self.run_place[:] = []
        last = len(readings.ahead) - 1
        self.is_setting = True
        self.day.param.update(end=last, value=min(max(scenario.shock_day - 1, 0), last))
        self.is_setting = False
        self._draw()
        if not self.run_place.objects:  # with its data: an empty axis spans nothing
            columns = ("day", "date", "value", "ahead")
            self.run_place[:] = [card(self.page.say, "through_run", self.run_chart, columns).view]
        if not self.answer.objects:
            self.answer[:] = self._parts()
        self.answer.visible = True

    def _changed(self) -> None:
        if not self.is_setting:
            self.page.act(self._draw)

    def _draw(self) -> None:
        """The day and the indicator that are chosen."""
        if self.readings is None:
            return
        day, name = int(self.day.value), self.which.value
        found = self.readings.on(self.study, day)
        self.told.object = day_html(
            self.study, found, self.names[day], float(self.readings.ahead[day]),
            is_shocked(self.page.choice.run_scenario), self.page.say,
        )  # fmt: skip
        self.run_chart.show(self.readings, name, self.study, day)
        row = found[found["indicator"] == name].to_dict("records")
        self.followed.show(self.study, name, row[0] if row else None)


def _text(text: str) -> pn.pane.HTML:
    return pn.pane.HTML(text, sizing_mode="stretch_width", margin=0)
