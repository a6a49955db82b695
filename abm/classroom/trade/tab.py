"""Your trade: borrow yen, buy a higher-yielding currency, and take it through the simulated
crash."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import panel as pn

from abm.classroom.knobs import values_of
from abm.classroom.pieces import InPieces
from abm.classroom.terms import RANGES
from abm.classroom.trade import path as trade_path
from abm.classroom.trade.charts import PathCharts, ReturnsChart
from abm.classroom.trade.controls import TermWidget
from abm.classroom.trade.words import (
    earns_and_costs,
    path_text,
    profit_table,
    refusal,
    risks,
    seeds_text,
)
from abm.classroom.widgets.charts import day_names
from abm.classroom.widgets.facts import small
from abm.classroom.widgets.layout import beside
from abm.errors import InvalidInput

if TYPE_CHECKING:
    from abm.classroom.page import Page

N_SEEDS = 100
MANY_ROWS = ":host .bk-btn-group { flex-wrap: wrap; }"
MOST_IN_WORDS = 3  # targets, beside each other
N_AT_ONCE = 10


class TradeTab:
    """Terms on the left; their arithmetic, the page's run and many seeds on the right."""

    def __init__(self, page: Page) -> None:
        self.page, self.terms = page, page.choice.terms
        self.is_setting = False
        self.n_seeds = 0
        self.drawn: Any = None
        self.staged = ""  # the scenario whose charts stand
        self.drawing = InPieces(page, self._draw_more)
        self.target = pn.widgets.RadioButtonGroup(
            options=self._targets(), value=self.terms.target, color="primary", variant="outline",
            sizing_mode="stretch_width", margin=(4, 0, 10, 0), stylesheets=[MANY_ROWS],
        )  # fmt: skip
        self.target.param.watch(lambda event: self._retarget(event.new), "value")
        self.numbers = {
            name: TermWidget(name, page.say(f"trade.terms.{name}"), partial(page.act, self._type))
            for name in RANGES
        }
        self.notice, self.earns, self.risks, self.profit, self.heading, self.told, self.luck = (
            pn.pane.HTML("", sizing_mode="stretch_width", margin=0) for _ in range(7)
        )
        self.returns = ReturnsChart(page.say)
        self.path_place = beside()
        self.many = self.returns.view()
        self.many.append(self.luck)
        self.crash = pn.Column(sizing_mode="stretch_width", margin=0)

    def view(self) -> pn.Row:
        say = self.page.say
        side = pn.Column(
            _heading("h4", say("trade.borrow")), self.target,
            *(widget.view() for name, widget in self.numbers.items() if name != "end_move"),
            _small(say("trade.contract")), _small(say("trade.call_or_liquidation")),
            css_classes=["side"], width=300, margin=0,
        )  # fmt: skip
        arithmetic = beside(_card(self.earns), _card(self.risks))
        self.crash[:] = [self.heading, self.told, self.path_place]
        end = _card(self.numbers["end_move"].view(), self.profit)
        ends = beside(self.many, end, margin=(10, 0, 0, 0))
        stage = pn.Column(
            self.notice, arithmetic, self.crash, ends, sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        return beside(side, stage)

    def shown(self) -> None:
        """The trade along the run that the page now shows."""
        choice = self.page.choice
        self.terms = choice.terms
        self._show_terms()
        if choice.run != self.drawn:
            self.drawn, self.n_seeds = choice.run, 0
            self.scenario = choice.run_scenario
            self.days = trade_path.elapsed_days(self.scenario)
            self._set_charts(choice.scenario)
            self.heading.object = f"<h4>{escape(self._which_run())}</h4>"
        self._draw()

    def hidden(self) -> None:
        self.drawing.stop()

    def _set_charts(self, scenario: str) -> None:
        """Charts over the scenario's days; those that stand serve another run of it."""
        if self.staged != scenario:
            self.staged, self.names = scenario, day_names(self.scenario, self.page.say)
            self.charts = PathCharts(self.scenario, self.page.say)
            self.path_place[:] = []  # placed with its first data: an empty axis spans nothing

    def _show_terms(self) -> None:
        """Set the widgets without answering to them."""
        self.is_setting = True
        self.target.param.update(options=self._targets(), value=self.terms.target)
        self.is_setting = False
        for name, widget in self.numbers.items():
            widget.show(getattr(self.terms, name))

    def _targets(self) -> dict[str, str]:
        """Currencies by their words, by their codes where they are many."""
        names, say = self.page.choice.targets, self.page.say
        is_few = len(names) <= MOST_IN_WORDS
        return {say(f"trade.targets.{name}") if is_few else name: name for name in names}

    def _retarget(self, target: str) -> None:
        if not self.is_setting:
            self.page.act(self._change, "target", target)

    def _type(self, name: str, text: str) -> None:
        """A number was typed or slid to; one that is not allowed is said and put back."""
        try:
            value = self.numbers[name].value_of(text)
        except InvalidInput:
            self.numbers[name].show(getattr(self.terms, name))
            raise
        self._change(name, value)

    def _change(self, name: str, value: Any) -> None:
        self.page.quiet()
        self.terms = replace(self.terms, **{name: value})
        self.page.change(terms=self.terms)
        self._draw()

    def _which_run(self) -> str:
        """The page's run, by what sets it apart."""
        choice, say = self.page.choice, self.page.say
        own, now = values_of(choice.base, {}), values_of(choice.base, choice.changes)
        n_changed = sum(now[key] != own[key] for key in own)
        return say("trade.crash", scenario=choice.scenario, n=n_changed, seed=choice.seed,
                   replicate=choice.replicate)  # fmt: skip

    def _draw(self) -> None:
        """The arithmetic at once; the crash only of a trade that a broker opens."""
        say, terms = self.page.say, self.terms
        self.opening = trade_path.opening_of(self.scenario, terms.target)
        self.earns.object = earns_and_costs(terms, self.opening, say)
        self.risks.object = risks(terms, self.opening, say)
        self.profit.object = profit_table(terms, self.opening, say)
        is_lent = trade_path.is_lent(terms)
        self.notice.object = "" if is_lent else refusal(terms, say)
        self.crash.visible = self.many.visible = is_lent
        if is_lent:
            self._draw_path()
            self._draw_seeds()
            self.drawing.start()

    def _draw_path(self) -> None:
        """The trade along the page's own run."""
        say, choice, terms = self.page.say, self.page.choice, self.terms
        logs = trade_path.run_logs(self.scenario, terms.target, choice.seed, choice.replicate)
        marked = trade_path.mark(terms, self.opening, self.days, logs)
        self.held = trade_path.hold(terms, marked, self.days)
        course = trade_path.course(terms, self.opening, self.days, marked, self.held)
        axis = say("trade.unit", funding=self.opening.funding, target=terms.target)
        self.charts.show(course, self.held, axis)
        if not self.path_place.objects:
            self.path_place[:] = self.charts.view()
        self.told.object = path_text(terms, marked, self.held, self.names, say)

    def _draw_more(self) -> bool:
        """Some more seeds; whether there are still others."""
        if self.n_seeds < N_SEEDS:
            self.n_seeds += N_AT_ONCE
            self._draw_seeds()
        return self.n_seeds < N_SEEDS

    def _draw_seeds(self) -> None:
        """The same trade on the seeds that have been run."""
        if not self.n_seeds:
            return
        logs = trade_path.seed_logs(self.scenario, self.terms.target, self.n_seeds)
        held = trade_path.hold(
            self.terms, trade_path.mark(self.terms, self.opening, self.days, logs), self.days
        )
        self.returns.show(held.final_return, held.is_liquidated, float(self.held.final_return))
        self.luck.object = seeds_text(held, N_SEEDS, self.page.say)


def _card(*content: Any) -> pn.Column:
    return pn.Column(*content, css_classes=["card"], sizing_mode="stretch_width", margin=0)


def _heading(tag: str, text: str) -> pn.pane.HTML:
    return pn.pane.HTML(f"<{tag}>{escape(text)}</{tag}>", sizing_mode="stretch_width", margin=0)


def _small(text: str) -> pn.pane.HTML:
    return pn.pane.HTML(small(text), sizing_mode="stretch_width", margin=0)
