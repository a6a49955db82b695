"""Leak or dam: the phase diagram of a stored study, each of whose runs can be opened."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import panel as pn

from abm.classroom.html import html
from abm.classroom.phase.map import COLUMNS, PhaseMap
from abm.classroom.phase.study import (
    CLASSES,
    DEPTH,
    MADE_BY,
    OVERLAP,
    PEAK,
    STUDY,
    WITHOUT,
    Held,
    cells,
    read_study,
    run_behind,
    runs_where,
)
from abm.classroom.verdict import class_words
from abm.classroom.widgets.charts import card
from abm.classroom.widgets.facts import percent, small
from abm.classroom.widgets.layout import beside
from abm.errors import UnreadableFile
from abm.figures.phase import LEVERAGE_CAP, SURPRISE
from abm.figures.style import CLASS_COLOURS, INK, PAPER
from abm.measures.classes import BROKEN_BEFORE
from abm.words import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from abm.classroom.page import Page
    from abm.words import Words

ALL = "all"  # levels of depth or overlap
BUTTON_WIDTH = 96  # pixels
DARK = ("dam break", BROKEN_BEFORE)  # colours on which ink cannot be read
COLOURS = CLASS_COLOURS | dict.fromkeys(WITHOUT, CLASS_COLOURS["undetermined"])


class PhaseTab:
    """The map, the cell that is chosen on it, and the runs of that cell."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.place = pn.Column(sizing_mode="stretch_width", margin=0)
        try:
            study = read_study()
        except UnreadableFile:
            self.place.append(_missing(page.say))
            return
        self.cell = {SURPRISE: study.own[SURPRISE], LEVERAGE_CAP: study.own[LEVERAGE_CAP]}
        self.map = PhaseMap(page.say, partial(page.act, self.choose))
        self.selects = {
            factor: self._select(factor, study.levels(factor))
            for factor in (DEPTH, OVERLAP, SURPRISE, LEVERAGE_CAP)
        }
        self.numbers = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        self.runs = RunButtons(page, study.breaks.values.shape[1], self.open)
        self.place.append(self._layout())
        self._draw()

    def view(self) -> pn.Column:
        return self.place

    def shown(self) -> None:
        """The study is the same, whatever the page shows elsewhere."""

    def hidden(self) -> None:
        """Nothing goes on here."""

    @property
    def held(self) -> Held:
        """The levels that the map is drawn at; without a factor, over all of its levels."""
        chosen = ((factor, self.selects[factor].value) for factor in (DEPTH, OVERLAP))
        return tuple((factor, level) for factor, level in chosen if level != ALL)

    @property
    def settings(self) -> dict[str, float]:
        """Settings of the chosen cell's runs; the scenario's own where all are shown."""
        own = read_study().own
        return {DEPTH: own[DEPTH], OVERLAP: own[OVERLAP], **dict(self.held), **self.cell}

    @property
    def unasked(self) -> list[str]:
        """Factors that the map is over all levels of, while the runs below are of one."""
        return [factor for factor in (DEPTH, OVERLAP) if self.selects[factor].value == ALL]

    def choose(self, surprise_bp: float, leverage_cap: float) -> None:
        """Another cell."""
        self.selects[SURPRISE].value = surprise_bp
        self.selects[LEVERAGE_CAP].value = leverage_cap

    def open(self, row: Any) -> None:
        """Go to Play with this run of the study."""
        self.page.open("play", other={}, **run_behind(row))

    def _select(self, factor: str, levels: list[float]) -> pn.widgets.Select:
        say = self.page.say
        options: dict[str, float | str] = {_level(factor, level): level for level in levels}
        if factor not in self.cell:
            options = {say("phase.all"): ALL, **options}
        made = pn.widgets.Select(
            label=say(f"knobs.{factor}"), options=options, value=self.cell.get(factor, ALL),
            width=150, margin=(0, 12, 6, 0),
        )  # fmt: skip
        made.param.watch(lambda _: self.page.act(self._changed, factor), "value")
        return made

    def _changed(self, factor: str) -> None:
        if factor in self.cell:
            self.cell[factor] = self.selects[factor].value
        else:
            self.map.show(self.held)
        self._draw()

    def _draw(self) -> None:
        """The chosen cell: framed, in numbers, and run by run."""
        self.map.choose(self.cell[SURPRISE], self.cell[LEVERAGE_CAP])
        found = cells(self.held)
        is_here = np.logical_and.reduce([found[key] == at for key, at in self.cell.items()])
        self.numbers.object = cell_text(found[is_here].iloc[0], self.page.say)
        self.runs.show(runs_where(self.settings), self.settings, self.unasked)

    def _layout(self) -> pn.Column:
        say, study = self.page.say, read_study()
        n_points, n_each = study.breaks.values.shape
        note = say("phase.note", runs=f"{len(study.runs):,}", each=n_each, settings=n_points)
        chart = card(say, say("phase.title"), self.map.chart, self.map.cells, STUDY, COLUMNS, note)
        chart.append(_small(say("phase.key")))
        if not study.is_current:
            chart.append(_small(say("phase.stale", scenario=study.scenario.name)))
        chosen = pn.Column(
            pn.Row(self.selects[SURPRISE], self.selects[LEVERAGE_CAP], margin=0),
            self.numbers, css_classes=["card"], width=390, margin=0,
        )  # fmt: skip
        return pn.Column(
            pn.Row(self.selects[DEPTH], self.selects[OVERLAP], _small(say("phase.how")),
                   css_classes=["wrapping"], sizing_mode="stretch_width", margin=0),
            beside(chart, chosen),
            self.runs.view(),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip


class RunButtons:
    """A button for each run of a cell, which opens it: a row for each class, largest move first."""

    def __init__(self, page: Page, n_runs: int, opened: Callable[[Any], None]) -> None:
        self.page, self.say, self.opened = page, page.say, opened
        self.rows: list[Any] = []
        self.buttons = [self._button(number) for number in range(n_runs)]
        self.heading = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        kinds = read_study().kinds
        self.labels = {name: pn.pane.HTML("", width=170, margin=(2, 8, 0, 0)) for name in kinds}
        self.boxes = {
            name: pn.FlexBox(sizing_mode="stretch_width", margin=0, gap="6px") for name in kinds
        }
        self.lines = {
            name: pn.Row(self.labels[name], self.boxes[name], sizing_mode="stretch_width",
                         margin=(4, 0))
            for name in kinds
        }  # fmt: skip

    def view(self) -> pn.Column:
        return pn.Column(
            self.heading, *self.lines.values(), css_classes=["card"],
            sizing_mode="stretch_width", margin=(10, 0, 0, 0),
        )  # fmt: skip

    def show(self, runs: pd.DataFrame, settings: dict[str, float], unasked: Sequence[str]) -> None:
        """The runs made with these settings; buttons are handed out class by class.

        `unasked` are factors that the map above is over all levels of.
        """
        self.heading.object = self._heading(settings, unasked)
        ordered = runs.sort_values(PEAK, ascending=False)
        by_class = {name: ordered[ordered["class"] == name] for name in self.lines}
        self.rows = [row for found in by_class.values() for _, row in found.iterrows()]
        numbers = iter(range(len(self.rows)))
        for name, found in by_class.items():
            words, n = class_words(name, self.say), self.say("phase.n_runs", n=len(found))
            self.labels[
                name
            ].object = f'<p style="font-size:14px"><b>{escape(words)}</b> ({escape(n)})</p>'
            self.boxes[name][:] = [self._dressed(next(numbers)) for _ in range(len(found))]
            self.lines[name].visible = len(found) > 0

    def _heading(self, settings: dict[str, float], unasked: Sequence[str]) -> str:
        """The settings of the runs; and that they are a part of the cell, where they are."""
        say = self.say
        heading = (
            f"<h3>{escape(say('phase.runs', seed=read_study().seed, **_spelt(settings)))}</h3>"
        )
        if not unasked:
            return heading
        levels = (f"{say(f'knobs.{key}')} {_level(key, settings[key])}" for key in unasked)
        return heading + small(say("phase.only", levels=say("chronicle.list.comma").join(levels)))

    def _button(self, number: int) -> pn.widgets.Button:
        made = pn.widgets.Button(
            label=str(number), width=BUTTON_WIDTH, margin=0, stylesheets=[RUN_STYLE]
        )
        made.on_click(lambda _: self.page.act(self._open, number))
        return made

    def _dressed(self, number: int) -> pn.widgets.Button:
        """A button in the colour of its run's class, with replicate and peak."""
        button, row = self.buttons[number], self.rows[number]
        button.label = self.say(
            "phase.run", replicate=int(row["replicate"]), peak=percent(np.expm1(row[PEAK]))
        )
        button.css_classes = [key_of(str(row["class"]))]
        return button

    def _open(self, number: int) -> None:
        self.opened(self.rows[number])


def cell_text(cell: Any, say: Words) -> str:
    """The numbers of one cell: shares of the classes with their counts, the median peak.

    All shares are of the runs that have a class; how many have none is said beside them.
    """
    share = say(
        "phase.broke", share=percent(cell["share"], 0), n=f"{int(cell['n_runs']):,}",
        low=percent(cell["low"], 0), high=percent(cell["high"], 0),
        independent=f"{round(cell['n_independent']):,}",
    )  # fmt: skip
    told = [
        say("phase.left_out", runs=say("phase.n_runs", n=int(cell[name])),
            why=class_words(name, say))
        for name in WITHOUT if cell[name]
    ]  # fmt: skip
    told.append(say("phase.median_peak", peak=percent(np.expm1(cell["median_peak_log"]))))
    bars = [_bar(name, cell, say) for name in CLASSES]
    return html("phase/cell.html", share=share, bars=bars, told=told)


class Bar(NamedTuple):
    """One class: its name, its share and its runs; the bar is as long as the share."""

    name: str
    percent: str
    runs: str
    width: str
    colour: str


def _bar(name: str, cell: Any, say: Words) -> Bar:
    share, n = cell[name] / cell["n_runs"], int(cell[name])
    runs, width = say("phase.n_runs", n=n), f"{100.0 * share:.1f}"
    return Bar(class_words(name, say), percent(share, 0), runs, width, COLOURS[name])


def _missing(say: Words) -> pn.pane.HTML:
    """The notice where the study is not there, with the command that makes it."""
    text = say("phase.missing")
    return pn.pane.HTML(
        f'<div class="notice" role="alert"><p>{escape(text)}</p>'
        f"<p><code>{escape(MADE_BY)}</code></p></div>",
        sizing_mode="stretch_width",
    )


def _small(text: str) -> pn.pane.HTML:
    return pn.pane.HTML(small(text), sizing_mode="stretch_width", margin=0)


def _level(factor: str, level: float) -> str:
    """A level with its unit."""
    return {SURPRISE: f"{level:g} bp", DEPTH: f"× {level:g}"}.get(factor, f"{level:g}")


def _spelt(settings: dict[str, float]) -> dict[str, str]:
    """The settings for a sentence, by the last part of their key."""
    return {key.rpartition(".")[2]: _level(key, level) for key, level in settings.items()}


RUN_STYLE = "\n".join(
    f":host(.{key_of(name)}) .bk-btn.bk-btn-default {{ background: {COLOURS[name]}; "
    f"color: {PAPER if name in DARK else INK}; border: 1px solid #00000033; padding: 5px 4px; "
    "font-size: 13px; white-space: nowrap; }"
    for name in (*CLASSES, *WITHOUT)
)
