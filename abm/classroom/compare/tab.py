"""Compare: the same seed with something changed, side by side; an effect only of one change."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, HoverTool

from abm.classroom.compare.pairs import N_SEEDS, Difference, Pair, paired_differences
from abm.classroom.html import html
from abm.classroom.knobs import Value, spelt, values_of
from abm.classroom.verdict import GROUPS, SHOWN, class_words, exact, shown, written
from abm.classroom.widgets.charts import (
    Card,
    day_chart,
    day_names,
    hover_on,
    legend_below,
    show_usd,
    side_by_side,
    usd_tips,
)
from abm.classroom.widgets.controls import Knobs
from abm.classroom.widgets.layout import beside
from abm.figures.style import SIMULATED
from abm.report.script import class_of, is_shocked

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from abm.classroom.live import LiveRun
    from abm.classroom.page import Page
    from abm.words import Words

OTHER_COLOUR = "#D55E00"
SHADE = "#F2A65A"
FALLS = ("fall", "log_fall")  # positive, and written with a minus
# How a difference is written; of percentages it is in points.
DIFFERENCES = {
    "log_percent": "log_points",
    "log_fall": "log_points",
    "percent": "points",
    "fall": "points",
    "net_usd_bn": "usd_bn",
    "net_count": "count",
}
OTHER_BOOKS = 0.1  # relative difference of the opening shorts that is worth a word
SIDES = (LEFT, RIGHT) = ("left", "right")
DRAWN = {"quote": "0.00", "leverage": "0.00", "forced": "0.0", "short": "0.0"}


class Row(NamedTuple):
    """A line of the table, which may have less cells than the head."""

    label: str
    cells: list[str]


class CompareTab:
    """Two runs on one seed: the page's, and the same with the changes of the knobs here."""

    def __init__(self, page: Page) -> None:
        self.page, self.staged = page, ""
        self.source = ColumnDataSource()
        self.cards: dict[str, Card] = {}
        self.knobs: Knobs | None = None
        self.place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.knobs_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.claim = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        self.table = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        self.back = pn.widgets.Button(label=page.say("compare.back"), margin=(6, 0))
        self.seeds = pn.widgets.Button(label=page.say("compare.seeds"), margin=(6, 0))
        self.back.on_click(lambda _: page.act(self._change, {}))
        self.seeds.on_click(lambda _: page.act(self._over_seeds))

    def view(self) -> pn.Row:
        say = self.page.say
        side = pn.Column(
            pn.pane.HTML(f"<h4>{escape(say('compare.change'))}</h4>", margin=0),
            self.knobs_place,
            self.back,
            css_classes=["side"],
            width=300,
            margin=0,
        )
        stage = pn.Column(
            self.claim,
            self.place,
            sizing_mode="stretch_width",
            margin=0,
        )
        return beside(side, stage)

    def shown(self) -> None:
        """Both runs as the page's choice now has them."""
        self._set_knobs()
        self._draw()

    def hidden(self) -> None:
        """Nothing goes on here."""

    def _set_knobs(self) -> None:
        """Knobs at the right run's values; those that stand keep the keyboard's focus."""
        choice = self.page.choice
        there = {**choice.changes, **choice.other}
        if self.knobs is None or self.knobs.scenario != choice.scenario:
            self.knobs = Knobs(self.page, choice.scenario, there, self._moved)
            self.knobs_place[:] = [self.knobs.view()]
        else:
            self.knobs.show(there)

    def _moved(self, changes: dict[str, Value]) -> None:
        base = self.page.choice.base
        here, there = values_of(base, self.page.choice.changes), values_of(base, changes)
        self._change({key: there[key] for key in there if there[key] != here[key]})

    def _change(self, other: dict[str, Value]) -> None:
        self.page.change(other=other)
        self._set_knobs()
        self._draw()

    def _draw(self) -> None:
        pair = Pair.of(self.page.choice)
        self.claim.object = self._claim(pair)
        self.seeds.disabled = len(self.page.choice.differing) != 1
        self.table.object = self._table(pair)
        say = self.page.say
        columns = pair.columns(day_names(pair.left.scenario, say))
        if self.staged == self.page.choice.scenario:
            self.source.data = columns
            for name, made in self.cards.items():
                made.rename(_file(pair, name))
            return
        self.staged, self.source = self.page.choice.scenario, ColumnDataSource(columns)
        self.cards = {name: self._card(name, pair) for name in DRAWN}
        table = pn.Column(
            pn.pane.HTML(f"<h3>{escape(say('compare.difference'))}</h3>", margin=0),
            self.table, self.seeds, css_classes=["card", "pair"],
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.place[:] = [side_by_side(*(made.view for made in self.cards.values()), table)]

    def _card(self, name: str, pair: Pair) -> Card:
        columns = ["day", "date", f"{name}_left", f"{name}_right", f"{name}_difference"]
        title = self.page.say(f"compare.{name}")
        chart = self._chart(name, pair)
        return Card(self.page.say, title, chart, self.source, _file(pair, name), columns)

    def _chart(self, name: str, pair: Pair) -> Figure:
        say, source = self.page.say, self.source
        digits = DRAWN[name]
        tips = [("", "@date"), (say("compare.left"), f"@{name}_left{{{digits}}}"),
                (say("compare.right"), f"@{name}_right{{{digits}}}"),
                (say("compare.difference"), f"@{name}_difference{{{digits}}}")]  # fmt: skip
        axis = say("compare.quote_axis") if name == "quote" else ""
        chart = day_chart(pair.left.scenario, say, axis, tooltips=tips)
        chart.varea(
            "day", f"{name}_left", f"{name}_right", source=source, fill_color=SHADE,
            fill_alpha=0.35, legend_label=say("compare.shade"),
        )  # fmt: skip
        for side, colour, dash in ((LEFT, SIMULATED, "solid"), (RIGHT, OTHER_COLOUR, "dashed")):
            line = chart.line(
                "day", f"{name}_{side}", source=source, line_width=2.5, color=colour,
                line_dash=dash, legend_label=say(f"compare.{side}"),
            )  # fmt: skip
        if name == "forced":
            show_usd(chart.yaxis[0], say)
            columns = [f"forced_{part}" for part in (*SIDES, "difference")]
            chart.select_one(HoverTool).formatters = usd_tips(say, columns, 1)
        hover_on(chart, line)
        legend_below(chart)
        return chart

    def _claim(self, pair: Pair) -> str:
        """The claim that a difference allows: an effect if one field differs, and of which."""
        say, choice = self.page.say, self.page.choice
        here = values_of(choice.base, choice.changes)
        names = [f"{say(f'knobs.{key}')} ({key})" for key in choice.differing]
        if not names:
            return f'<p class="no-effect">{escape(say("compare.nothing"))}</p>'
        if len(names) > 1:
            text = say("compare.many", n=len(names), keys=", ".join(names))
            return f'<p class="no-effect" role="alert">{escape(text)}</p>'
        key, value = next(iter(choice.differing.items()))
        text = say("compare.one", key=names[0], before=spelt(here[key]), after=spelt(value))
        before, after = pair.left.opening_short, pair.right.opening_short
        if abs(after - before) > OTHER_BOOKS * abs(before):
            text += say("compare.books", before=f"{before:,.0f}", after=f"{after:,.0f}")
        return f'<p class="effect">{escape(text)}</p>'

    def _table(self, pair: Pair, over: dict[str, Difference] | None = None) -> str:
        """Both runs' numbers, right less left; `over` many seeds its mean and standard error."""
        say = self.page.say
        is_one = len(self.page.choice.differing) == 1
        heads = [say("compare.measure"), say("compare.left"), say("compare.right")]
        heads.append(say("compare.effect" if is_one else "compare.difference"))
        heads += [say("compare.twenty", n=N_SEEDS)] if over else []
        runs = zip((pair.left, pair.right), SIDES, strict=True)
        known = [_class_words(run, pair.measures[side], say) for run, side in runs]
        left, right = pair.left.opening_short, pair.right.opening_short
        short = [f"{left:,.0f}", f"{right:,.0f}", signed(right - left, "count", say)]
        is_any_shocked = is_shocked(pair.left.scenario) or is_shocked(pair.right.scenario)
        groups = {name: keys for name, keys in GROUPS.items() if name == "run" or is_any_shocked}
        return html(
            "compare/table.html",
            say=say,
            heads=heads,
            rows=[Row(say("measures.class"), known), Row(say("compare.opening_short"), short)],
            groups={
                name: [(key, self._measure(key, pair, over)) for key in keys]
                for name, keys in groups.items()
            },
        )

    def _measure(
        self, key: str, pair: Pair, over: dict[str, Difference] | None
    ) -> list[tuple[str, str]]:
        """One measure of both runs: cells, and what stands in their titles, every digit."""
        say, how = self.page.say, SHOWN[key]
        sides = zip((pair.left, pair.right), SIDES, strict=True)
        left, right = (shown(run.scenario, pair.measures[side])[key] for run, side in sides)
        gap = float(right) - float(left)
        cells = [
            (written(left, how, say), exact(left)),
            (written(right, how, say), exact(right)),
            (signed(gap, how, say), exact(gap)),
        ]
        if over:
            digits = f"{exact(over[key].mean)} ± {exact(over[key].error)}"
            cells.append((over_seeds(over[key], how, say), digits))
        return cells

    def _over_seeds(self) -> None:
        """The same pair on many seeds: mean and standard error of the difference."""
        choice = self.page.choice
        self.table.object = self._table(Pair.of(choice), paired_differences(choice, tuple(SHOWN)))


def _file(pair: Pair, name: str) -> str:
    """The file name of a chart of the two."""
    return f"{pair.left.name}-compare-{name}"


def signed(gap: float, how: str, say: Words) -> str:
    """A difference as a person reads it."""
    if not np.isfinite(gap):
        return "–"
    gap = -gap if how in FALLS else gap
    text = _size(gap, how, say)
    is_none = text == _size(0.0, how, say)
    return text if is_none else f"{'−' if gap < 0 else '+'}{text}"


def over_seeds(found: Difference, how: str, say: Words) -> str:
    """Mean ± standard error; of how many seeds, where some have no such number."""
    text = f"{signed(found.mean, how, say)} ± {_size(found.error, how, say)}"
    some = "" if found.n_seeds == N_SEEDS else say("compare.some", n=found.n_seeds, all=N_SEEDS)
    return text + some


def _size(gap: float, how: str, say: Words) -> str:
    """A difference without its sign."""
    return written(abs(gap), DIFFERENCES.get(how, how), say)


def _class_words(run: LiveRun, measures: Mapping[str, Any], say: Words) -> str:
    """A run's class; that it has none without a shock."""
    if not is_shocked(run.scenario):
        return say("classes.short.none")
    return class_words(class_of(run.scenario, measures), say)
