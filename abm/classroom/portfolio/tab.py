"""Your portfolio: the reader's own lines through many paths of a scenario, with what they cost."""

from __future__ import annotations

import shlex
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import panel as pn

from abm.classroom.background import InBackground, Tell
from abm.classroom.choice import MOST_HORIZON, PATHS
from abm.classroom.html import html
from abm.classroom.knobs import spelt
from abm.classroom.portfolio.asking import Answer, Asked, answer
from abm.classroom.portfolio.bring import Bring, sample_words
from abm.classroom.portfolio.charts import Charts, currencies_of
from abm.classroom.portfolio.words import changed_words, faults_html, lead_html, story_html, tables
from abm.classroom.widgets.charts import side_by_side
from abm.classroom.widgets.controls import scenario_list
from abm.classroom.widgets.layout import beside
from abm.errors import ScenarioFaults
from abm.stress.paths import most_days

if TYPE_CHECKING:
    from abm.classroom.page import Page
    from abm.stress.cells import CsvFile


class PortfolioTab:
    """Choices on the left; the stress test on the right, once the paths are simulated."""

    def __init__(self, page: Page) -> None:
        self.page, say = page, page.say
        self.source: CsvFile | str = page.choice.portfolio
        self.drawn: Any = None
        self.is_setting = False
        self.work = InBackground(page, self._tell, self._stand_still)
        self.bring = Bring(page, self._take)
        self.scenarios = scenario_list(page, self._choose_scenario)
        self.horizon = pn.widgets.IntSlider(
            label=say("portfolio.horizon"), start=1, end=MOST_HORIZON,
            value=page.choice.horizon, sizing_mode="stretch_width", margin=(0, 0, 10, 0),
        )  # fmt: skip
        self.horizon.param.watch(lambda event: self._slid(event.new), "value_throttled")
        self.paths = pn.widgets.RadioButtonGroup(
            label=say("portfolio.paths"), value=page.choice.paths, color="primary",
            options={say("portfolio.n_of_paths", n=f"{int(n):,}"): int(n) for n in PATHS},
            variant="outline", sizing_mode="stretch_width", margin=(0, 0, 10, 0),
        )  # fmt: skip
        self.paths.param.watch(lambda event: self._count(event.new), "value")
        self.state, self.faults, self.lead, self.story, self.again = (
            pn.pane.HTML("", sizing_mode="stretch_width", margin=0) for _ in range(5)
        )
        self.currency = pn.widgets.RadioButtonGroup(
            label=say("portfolio.margin_of"), options=["USD"], visible=False, margin=(0, 0, 6, 0)
        )
        self.currency.param.watch(lambda event: self._show_margin(event.new), "value")
        self.in_play = pn.widgets.Button(label=say("portfolio.in_play"), margin=(6, 0))
        self.in_play.on_click(lambda _: page.act(self._open_worst))
        self.charts = Charts(say)
        self.tables = {name: pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
                       for name in ("losses", "variants", "lines")}  # fmt: skip
        self.answer = pn.Column(visible=False, sizing_mode="stretch_width", margin=0)

    def view(self) -> pn.Column:
        say = self.page.say
        side = pn.Column(
            *self.bring.view(),
            _heading("h4", say("page.scenario")), self.scenarios, self.horizon,
            _heading("h4", say("portfolio.paths")), self.paths,
            css_classes=["side"], width=300, margin=0,
        )  # fmt: skip
        intro = pn.pane.HTML(
            f'<p class="intro">{escape(say("portfolio.intro"))}</p>', sizing_mode="stretch_width",
            margin=0,
        )  # fmt: skip
        stage = pn.Column(
            intro, self.state, self.faults, self.answer, sizing_mode="stretch_width", margin=0
        )
        return beside(side, stage)

    def _layout(self) -> list[Any]:
        """The parts of an answer; placed with the first, since an empty axis spans nothing."""
        *charts, worst = [card.view for card in self.charts.cards.values()]
        story = _card(self.story, self.in_play)
        variants, losses, lines = (
            _card(self.tables[name]) for name in ("variants", "losses", "lines")
        )
        for table in (losses, lines):
            table.css_classes = ["card", "whole"]
        grid = side_by_side(*charts, variants, worst, story, losses, lines)
        return [_card(self.lead), self.currency, grid, self.again]

    def shown(self) -> None:
        """The portfolio in the scenario that the page now shows."""
        self.bring.show(self.source)
        self._show_widgets()
        self._ask()

    def hidden(self) -> None:
        self.work.stop()

    @property
    def asked(self) -> Asked:
        """All that decides the answer."""
        choice = self.page.choice
        scenario = choice.run_scenario
        days = min(choice.horizon, most_days(scenario))
        return Asked(self.source, scenario, choice.seed, days, choice.paths)

    def _take(self, source: CsvFile | str) -> None:
        """Another portfolio."""
        self.page.quiet()
        self.source = source
        if isinstance(source, str):
            self.page.change(portfolio=source)
        self.bring.show(source)
        self._ask()

    def _choose_scenario(self, name: str) -> None:
        if name != self.page.choice.scenario:
            there = self.page.choice.changed(scenario=name)
            terms = there.terms.within(there.targets)
            self.page.change(scenario=name, changes={}, other={}, terms=terms)
            self._show_widgets()
            self._ask()

    def _show_widgets(self) -> None:
        """Set the widgets without answering to them."""
        choice = self.page.choice
        self.is_setting = True
        self.scenarios.value, self.paths.value = choice.scenario, choice.paths
        end = min(MOST_HORIZON, most_days(choice.run_scenario))
        self.horizon.param.update(end=end, value=min(choice.horizon, end))
        self.is_setting = False

    def _slid(self, days: int) -> None:
        if not self.is_setting:
            self.page.act(self._change, "horizon", days)

    def _count(self, paths: int) -> None:
        if not self.is_setting:
            self.page.act(self._change, "paths", paths)

    def _change(self, name: str, value: int) -> None:
        self.page.quiet()
        self.page.change(**{name: value})
        self._ask()

    def _ask(self) -> None:
        """Begin what is asked, unless its answer stands here; faults are said at once."""
        asked = self.asked
        if asked == self.drawn:
            return
        self.drawn = None
        self.work.stop()
        self.faults.object = ""
        try:
            asked.portfolio()
        except ScenarioFaults as refused:
            self.answer.visible, self.state.object = False, ""
            self.faults.object = faults_html(refused, self._name, self.page.say)
            return
        self._tell(0)
        language = self.page.say.language

        def work(tell: Tell) -> Answer:
            return answer(asked, language, tell)

        self.work.start(work, partial(self._show, asked))

    def _tell(self, n_done: int | None) -> None:
        """Say how many paths are simulated; None while another page simulates first."""
        say, of = self.page.say, self.page.choice.paths
        if n_done is None:
            text = say("portfolio.waiting")
        elif n_done < of:
            text = say("portfolio.simulating", done=f"{n_done:,}", of=f"{of:,}")
        else:
            text = say("portfolio.valuing")
        self.state.object = html("widgets/progress.html", text=text, n=n_done, of=of)

    def _stand_still(self) -> None:
        self.state.object = ""

    def _show(self, asked: Asked, found: Answer) -> None:
        """The answer, in place of what stood here."""
        self.drawn, self.result = asked, found.found
        say = self.page.say
        self.state.object = ""
        names = currencies_of(found.found)
        self.is_setting = True
        self.currency.param.update(options=names or ["USD"], value=(names or ["USD"])[0])
        self.is_setting = False
        self.currency.visible = len(names) > 1
        file = f"{self._name.removesuffix('.csv')}-{asked.scenario.name}-seed-{asked.seed}"
        self.charts.show(found.found, file)
        self.lead.object = lead_html(found, self._title, changed_words(self.page.choice, say), say)
        self.story.object = story_html(found, say)
        for name, table in tables(found, say).items():
            self.tables[name].object = table
        self.again.object = html("portfolio/again.html", say=say, command=self._command(asked))
        if not self.answer.objects:
            self.answer[:] = self._layout()
        self.answer.visible = True

    def _show_margin(self, currency: str) -> None:
        if not self.is_setting:
            self.page.act(self.charts.show_margin, self.result, currency)

    def _open_worst(self) -> None:
        """Go to Play with the run of the worst path."""
        replicate = int(self.result.worst["replicate"].iloc[0])
        self.page.open("play", replicate=replicate)

    @property
    def _name(self) -> str:
        """The file's name, or the sample's."""
        return self.source if isinstance(self.source, str) else self.source.name

    @property
    def _title(self) -> str:
        """The file's name, or the sample in words."""
        if isinstance(self.source, str):
            return sample_words(self.source, self.page.say)
        return self.source.name

    def _command(self, asked: Asked) -> str:
        """The same on a terminal."""
        choice = self.page.choice
        command = ["unwind", "stress", self._name, "--scenario", choice.scenario]
        command += [f"--set={key}={spelt(value)}" for key, value in choice.changes.items()]
        command += ["--seed", str(asked.seed), "--runs", str(asked.paths)]
        return shlex.join([*command, "--horizon", ",".join(map(str, self.result.horizons))])


def _card(*content: Any) -> pn.Column:
    return pn.Column(*content, css_classes=["card"], sizing_mode="stretch_width", margin=0)


def _heading(tag: str, text: str) -> pn.pane.HTML:
    return pn.pane.HTML(f"<{tag}>{escape(text)}</{tag}>", sizing_mode="stretch_width", margin=0)
