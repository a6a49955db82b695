"""Play: one run live, with its knobs, its charts, its network and its chronicle."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn

from abm.classroom.html import html
from abm.classroom.live import LiveRun
from abm.classroom.play.progress import mechanism_png, progress
from abm.classroom.play.stage import Stage
from abm.classroom.verdict import verdict
from abm.classroom.widgets.charts import side_by_side
from abm.classroom.widgets.controls import NAMED_UNSEEN, Knobs, SeedBox, scenario_list
from abm.classroom.widgets.layout import beside
from abm.classroom.widgets.tags import UNASKING
from abm.report.chronicle import Entry, chronicle, shock_divider
from abm.report.phrases import Phrases

if TYPE_CHECKING:
    import pandas as pd

    from abm.classroom.knobs import Value
    from abm.classroom.page import Page

SPEEDS_DAYS_PER_S = {"slow": 2.0, "normal": 6.0, "fast": 20.0}
LEAST_FRAME_S = 0.12  # the browser gets no more frames than this
MOST_ENTRIES = 400  # of the chronicle, the newest

# `source` alone is named in these codes: Panel keeps whatever else a callback is given for as long
# as the process lives, and with it the whole page.
_ROOM = Path(__file__).parent
_STAY = (_ROOM / "stay.js").read_text(encoding="utf-8")
_NEXT_FRAME = (_ROOM / "next_frame.js").read_text(encoding="utf-8")


class PlayTab:
    """The run that the page's choice asks for, and buttons that let its days pass."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.is_playing = False
        self.last_frame = 0.0
        self.owed_days = 0.0
        self.drawn_run: Any = None
        self.staged = ""  # the scenario whose charts stand
        self.stage: Stage
        self.tick = pn.widgets.IntInput(value=0, visible=False, tags=[UNASKING])
        self.tick.param.watch(lambda event: self._answered(event.new), "value")
        self.tick.jscallback(args={"least_ms": 1000 * LEAST_FRAME_S}, value=_NEXT_FRAME)
        self.buttons = self._buttons()
        self.buttons["play"].jscallback(label=_STAY)
        self.speed = pn.widgets.Select(
            label=page.say("play.speed"), stylesheets=[NAMED_UNSEEN], tags=[UNASKING],
            options={page.say(f"play.{name}"): name for name in SPEEDS_DAYS_PER_S},
            value="normal", width=110, margin=(0, 4),
        )  # fmt: skip
        self.state = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        self.verdict = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        self.picture = pn.widgets.Button(
            label=page.say("play.mechanism"), margin=(4, 4), visible=False
        )
        self.picture.on_click(lambda _: page.act(self._show_mechanism))
        self.mechanism = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        self.told = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        self.charts = pn.Column(sizing_mode="stretch_width", margin=0)
        self.knobs_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.scenarios = scenario_list(page, self._choose_scenario)
        self.seed = SeedBox(page, lambda seed, draw: self._choose(seed=seed, replicate=draw))
        self.knobs: Knobs | None = None

    def view(self) -> pn.Row:
        say = self.page.say
        side = pn.Column(
            pn.pane.HTML(f"<h4>{escape(say('page.scenario'))}</h4>", margin=0),
            self.scenarios,
            self.knobs_place,
            self.seed.view(),
            css_classes=["side"],
            width=300,
            margin=0,
        )
        intro = f'<p class="intro">{escape(say("play.intro"))}</p>'
        stage = pn.Column(
            pn.pane.HTML(intro, sizing_mode="stretch_width", margin=0),
            pn.Row(*self.buttons.values(), self.speed, css_classes=["wrapping"],
                   sizing_mode="stretch_width", margin=0),
            self.state,
            self.verdict,
            self.picture,
            self.mechanism,
            self.charts,
            self.tick,
            sizing_mode="stretch_width",
            margin=0,
        )  # fmt: skip
        return beside(side, stage)

    def shown(self) -> None:
        """Draw the run of the present choice, if it is not the one that stands here."""
        if self.page.choice.run != self.drawn_run:
            self._begin()

    def hidden(self) -> None:
        self._pause()

    def _begin(self) -> None:
        """A run from its first morning."""
        self._pause()
        choice = self.page.choice
        self.drawn_run = choice.run
        self.scenarios.value = choice.scenario
        self.seed.show(choice.seed, choice.replicate)
        self._set_knobs()
        self.run = LiveRun.of(choice)
        self.entries: list[str] = []
        self.verdict.object = self.mechanism.object = ""
        self._set_stage()
        self._tell(None)
        self._show_buttons()

    def _set_stage(self) -> None:
        """Charts for the run; those that stand serve another run of their scenario."""
        name = self.page.choice.scenario
        if self.staged == name:
            self.stage.restart(self.run)
            return
        whole = LiveRun.of(self.page.choice.changed(changes={}))
        self.stage = Stage(self.run, self.page.say, whole)
        self.staged = name
        heading = pn.pane.HTML(f"<h3>{escape(self.page.say('play.chronicle'))}</h3>", margin=0)
        legend = Phrases(self.page.say).styles(self.run.scenario.funds.styles)
        styles = pn.pane.HTML(f'<p class="key">{escape(legend)}</p>', margin=0)
        story = pn.Column(
            heading, self.told, styles, css_classes=["card"], sizing_mode="stretch_width", margin=0
        )
        first, later = (
            [card.view for card in cards.values()] for cards in (self.stage.cards, self.stage.later)
        )
        self.charts[:] = [side_by_side(*first, story, *later)]

    def _set_knobs(self) -> None:
        """Knobs of the scenario at the run's values; those that stand keep the keyboard's focus."""
        choice = self.page.choice
        if self.knobs is None or self.knobs.scenario != choice.scenario:
            self.knobs = Knobs(self.page, choice.scenario, choice.changes, self._change)
            self.knobs_place[:] = [self.knobs.view()]
        else:
            self.knobs.show(choice.changes)

    def _choose_scenario(self, name: str) -> None:
        if name != self.page.choice.scenario:
            there = self.page.choice.changed(scenario=name)
            terms = there.terms.within(there.targets)
            self._choose(scenario=name, changes={}, other={}, terms=terms)

    def _change(self, changes: dict[str, Value]) -> None:
        self._choose(changes=changes)

    def _choose(self, **what: Any) -> None:
        """Another run: from its first morning."""
        self.page.change(**what)
        self._begin()

    def _buttons(self) -> dict[str, pn.widgets.Button]:
        actions = {
            "play": self._play_or_pause,
            "step": lambda: self._go(self.run.advance),
            "next_event": lambda: self._go(self.run.advance_to_event),
            "run": lambda: self._go(self.run.finish),
            "reset": self._begin,
        }
        made = {}
        for name, action in actions.items():
            made[name] = pn.widgets.Button(
                label=self.page.say(f"play.{name}"), css_classes=[name], margin=(0, 4),
                color="primary" if name == "play" else "default",
            )  # fmt: skip
            made[name].on_click(lambda _, act=action: self.page.act(act))
        return made

    def _play_or_pause(self) -> None:
        if self.is_playing:
            self._pause()
            return
        if self.run.is_over:
            self._begin()
        self.is_playing, self.last_frame, self.owed_days = True, time.monotonic(), 1.0
        self._show_buttons()
        self._ask()

    def _pause(self) -> None:
        self.is_playing = False
        self._show_buttons()

    def _ask(self) -> None:
        """Ask the browser for the next frame."""
        self.tick.value = abs(self.tick.value) + 1

    def _answered(self, number: int) -> None:
        if number < 0:
            self.page.go_on(self._frame)

    def _frame(self) -> None:
        """The browser has drawn the last frame: draw the next, with the days due since."""
        if not self.is_playing:
            return
        now = time.monotonic()
        pace = SPEEDS_DAYS_PER_S[self.speed.value]
        self.owed_days += min((now - self.last_frame) * pace, pace)
        self.last_frame = now
        n_days = int(self.owed_days)
        if n_days:
            self.owed_days -= n_days
            self._advance(n_days)
        if self.run.is_over:
            self._pause()
        else:
            self._ask()

    def _go(self, on: Callable[[], None]) -> None:
        """Let days pass by hand."""
        self._pause()
        first = self.run.day
        on()
        self._draw(first)

    def _advance(self, n_days: int) -> None:
        first = self.run.day
        self.run.advance(n_days)
        self._draw(first)

    def _draw(self, first: int) -> None:
        """Everything that has happened since the day `first`."""
        if self.run.day == first:
            return
        events = self.stage.draw()
        self._tell(events, first)
        if self.run.is_over:
            self.verdict.object = verdict(self.run, self.page.say)
        self._show_buttons()

    def _show_mechanism(self) -> None:
        """Show the chain of forced sales as one picture, drawn on request."""
        picture = mechanism_png(self.run)
        self.mechanism.object = (
            f'<div class="mechanism"><img alt="{escape(self.page.say("play.mechanism"))}" '
            f'src="data:image/png;base64,{picture}"></div>'
        )

    def _tell(self, events: pd.DataFrame | None, first: int = 0) -> None:
        """The chronicle, the newest on top; and where the run stands."""
        say = self.page.say
        if events is not None:
            owed = self.run.scenario.funding_currency
            new = chronicle(events, say.language, since_day=first, funding=owed)
            told = self._with_divider([e for e in new if e.events], first)
            self.entries = [*reversed(told), *self.entries]
        lines = self.entries[:MOST_ENTRIES] or [f"<li>{escape(say('play.nothing_yet'))}</li>"]
        self.told.object = f'<ol class="chronicle" aria-live="polite">{"".join(lines)}</ol>'
        self.state.object = progress(self.run, say)

    def _with_divider(self, new: list[Entry], first: int) -> list[str]:
        """Entries from the day `first` on; with a line where the shock comes after others."""
        shock = shock_divider(self.run.scenario, self.page.say.language, "from_shock_upwards")
        told: list[str] = []
        for entry in new:
            if shock is not None and first <= shock.day <= entry.day:
                if told or self.entries:
                    told.append(f'<li class="divider">{escape(shock.text)}</li>')
                shock = None
            told.append(html("widgets/entry.html", entry=entry))
        return told

    def _show_buttons(self) -> None:
        say = self.page.say
        self.buttons["play"].label = say("play.pause" if self.is_playing else "play.play")
        is_over = hasattr(self, "run") and self.run.is_over
        for name in ("step", "next_event", "run"):
            self.buttons[name].disabled = is_over
        self.picture.visible = is_over
