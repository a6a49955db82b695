"""The charts of a live run: prices, leverage and margins, forced sales, the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
from bokeh.models import (
    ColumnDataSource,
    DataRange1d,
    FixedTicker,
    HoverTool,
    LinearAxis,
    Range1d,
)

from abm.classroom.html import html
from abm.classroom.live import LiveRun, forced_columns, largest_leverage_allowed
from abm.classroom.play.account import (
    COLUMNS,
    account_chart,
    account_columns,
    has_account,
    story_html,
)
from abm.classroom.play.funding import banks_chart, basis_chart
from abm.classroom.play.network import Network
from abm.classroom.widgets.charts import (
    HEIGHT,
    INSTRUMENT_COLOURS,
    Card,
    day_chart,
    day_names,
    dress,
    hover_on,
    keep_in_sight,
    key,
    legend_below,
    mark_days,
    name_days,
    show_percent,
    show_usd,
    usd_tips,
)
from abm.figures.cascade import quotes_on_days
from abm.figures.style import ACTOR_COLOURS, QUIET, REAL, SIMULATED
from abm.measures.table import iso_dates
from abm.report.funding import bank_facts, banks_matter
from abm.report.quotes import real_quotes, usd_quotes
from abm.report.script import acts

if TYPE_CHECKING:
    import pandas as pd
    from bokeh.plotting import figure as Figure

    from abm.words import Words

ABOVE = "#E69F00"  # funds above their own line
EARLIER = "#9A9A9A"  # the run before
DRAWN_LEVERAGE = 25.0  # above it a fund in ruins would flatten the chart


class Stage:
    """Charts of one run, drawn as it goes on; the same charts serve every run of a scenario."""

    def __init__(self, run: LiveRun, say: Words, whole: LiveRun | None = None) -> None:
        """Charts for `run`; `whole` is one with every group, if some are left out of `run`."""
        self.say, self.run, self.n_drawn = say, run, 0
        self.names = day_names(run.scenario, say)
        self.forced = forced_columns((whole or run).days())
        self.record = quotes_on_days(run.calendar(), real_quotes(run.scenario))
        self.source = ColumnDataSource(self._columns(run.days()))
        self.eve = ColumnDataSource(self._from_the_eve())
        self.before = ColumnDataSource(_no_quotes())
        self.failures = ColumnDataSource(_no_failures())
        self.network = Network(run, say)
        self.cards = self._cards()
        self.later = self._later_cards()
        self._show_banks()

    def restart(self, run: LiveRun) -> None:
        """Another run of the same scenario, before its first day."""
        self._remember(run)
        self.run, self.n_drawn = run, 0
        self.source.data = self._columns(run.days())
        self.eve.data = self._from_the_eve()
        self.failures.data = _no_failures()
        self._show_banks()
        self._tell_account()
        self.network.restart(run)
        self.network_key.object = self._key()
        for name, made in (self.cards | self.later).items():
            made.rename(self._file(name))

    def _remember(self, run: LiveRun) -> None:
        """Keep in sight how the run before went, if only the choices differ and not the draws."""
        last = self.run
        if (run.seed, run.replicate) != (last.seed, last.replicate):
            self.before.data = _no_quotes()
        elif self.n_drawn and run.scenario != last.scenario:
            self.before.data = {
                name: [self.eve.data[name][0], *self.source.data[name]] for name in _no_quotes()
            }
        self.earlier.visible = bool(self.before.data["day"])

    def draw(self) -> pd.DataFrame:
        """Add the days that have been traded since; all events so far come back."""
        new = self._columns(self.run.days(self.n_drawn))
        if self.n_drawn == 0:
            self.eve.data = self._from_the_eve(new)
        self.source.stream(new)
        self.n_drawn = self.run.day
        self._show_banks()
        self._tell_account()
        events = self.run.events()
        self.network.redraw(events[events["day"] == self.run.day - 1])
        return events

    def _cards(self) -> dict[str, Card]:
        """Every chart by the name it is saved under."""
        say = self.say
        drawn = {
            "quote": (self._quote_title(), self._quote_chart(), ["quote", "real"]),
            "leverage": (
                say("play.leverage"),
                self._leverage_chart(),
                [
                    "leverage",
                    "leverage_low",
                    "leverage_high",
                    "share_above",
                    "allowed",
                    "margin_rate",
                ],
            ),
            "markets": (say("play.assets"), self._assets_chart(), self._assets()),
            "forced": (say("play.forced"), self._forced_chart(), list(self.forced.values())),
        }
        cards = {name: self._card(name, *what) for name, what in drawn.items()}
        network = Card(
            say, say("play.network"), self.network.chart, self.network.nodes,
            self._file("network"), ["name", "kind", "assets", "slack", "failed"],
        )  # fmt: skip
        self.network_key = pn.pane.HTML(self._key(), sizing_mode="stretch_width", margin=0)
        network.view.append(self.network_key)
        return {**cards, "network": network}

    def _later_cards(self) -> dict[str, Card]:
        """Charts of what only some runs have: a basis that moves, banks that are short of capital.

        They stand after the chronicle, so that nothing else moves when one appears.
        """
        say, cards = self.say, {}
        if self.has_basis:
            columns = ["basis_bp", "drawn_usd_bn"]
            cards["basis"] = self._card(
                "basis",
                say("play.basis"),
                basis_chart(self.run.scenario, say, self.source),
                columns,
            )
        if has_account(self.run.scenario):
            drawn = account_chart(self.run.scenario, say, self.source)
            cards["account"] = self._card("account", say("account.heading"), drawn, COLUMNS)
            self.story = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
            cards["account"].view.append(self.story)
        columns = ["bank_low", "bank_high", "bank_thinnest", "written_off_usd_bn"]
        cards["banks"] = self._card(
            "banks",
            say("play.banks"),
            banks_chart(self.run.scenario, say, self.source, self.failures),
            columns,
        )
        self.bank_facts = pn.pane.HTML("", sizing_mode="stretch_width", margin=0)
        cards["banks"].view.append(self.bank_facts)
        return cards

    def _card(self, name: str, title: str, chart: Figure, columns: Sequence[str]) -> Card:
        """A chart of the days in its card, with what must be said of it."""
        say, note = self.say, f"play.{name}_note"
        shown = ["day", "date", *columns]
        told = say(note) if say.has(note) else ""
        return Card(say, title, chart, self.source, self._file(name), shown, told)

    @property
    def has_basis(self) -> bool:
        """True where the basis moves."""
        return self.run.scenario.funding.basis.kind == "market"

    def _show_banks(self) -> None:
        """The banks are shown once one fails or is thin, or all have lost a twentieth."""
        run, days = self.run, self.run.days()
        self.later["banks"].view.visible = banks_matter(days) or run.has_thin_bank
        if not self.later["banks"].view.visible or not len(days):
            self.bank_facts.object = ""
            return
        facts = bank_facts(run.scenario, days, run.institutions(), self.say, is_asked=True)
        self.bank_facts.object = html("play/facts.html", facts=list(facts))
        failed = days.loc[days["n_bank_failures"] > 0, "day"].tolist()
        heights = [run.bank_room[max(day - 1, 0)].low for day in failed]
        names = [self._failed_on(day) for day in failed]
        self.failures.data = {"day": failed, "height": heights, "what": names}

    def _tell_account(self) -> None:
        """The story of the account so far."""
        if "account" in self.later:
            self.story.object = story_html(self.run, self.say)

    def _failed_on(self, day: int) -> str:
        """The banks that failed on a day, and the day."""
        rows = self.run.institutions()
        failed = rows[(rows["kind"] == "bank") & (rows["first_failure_day"] == day)]
        return f"{self.names[day]}: {', '.join(map(str, failed['name']))}"

    def _file(self, name: str) -> str:
        """The file name of a chart of this run."""
        return f"{self.run.name}-{name}"

    def _columns(self, table: pd.DataFrame) -> dict[str, Any]:
        """Columns drawn, and saved as CSV: figures of the run with every digit."""
        logs = {name: table[f"log_{name}"].to_numpy() for name in self._assets()}
        margin = table["margin_rate"].to_numpy()
        allowed = np.minimum(largest_leverage_allowed(margin), DRAWN_LEVERAGE)
        funds = [self.run.fund_leverage[day] for day in table["day"]]
        low, high, above = np.array(funds, dtype=float).reshape(-1, 3).T
        none_sold = 0.0 * table["margin_rate"]  # by a group that a switch has left out
        rooms = [self.run.bank_room[day] for day in table["day"]]
        basis = {}
        if self.has_basis:
            basis = {
                "basis_bp": table["basis_bp"].to_numpy(),
                "drawn_usd_bn": table["swap_line_usd_bn"].to_numpy(),
            }
        return {
            "day": table["day"].to_numpy(),
            "date": iso_dates(table["date"]),
            "label": [self.names[day] for day in table["day"]],
            "quote": np.array(self.run.quotes(table)),
            "real": np.array([self.record.get(day, np.nan) for day in table["day"]]),
            **{name: np.expm1(log) for name, log in logs.items()},
            "leverage": table["leverage"].to_numpy(),
            "leverage_drawn": np.minimum(table["leverage"].to_numpy(), DRAWN_LEVERAGE),
            "leverage_low": low,
            "leverage_high": high,
            "low_drawn": np.minimum(low, DRAWN_LEVERAGE),
            "high_drawn": np.minimum(high, DRAWN_LEVERAGE),
            "share_above": above,
            "allowed": allowed,
            "margin_rate": margin,
            **{name: table.get(name, none_sold).to_numpy() for name in self.forced.values()},
            **basis,
            **account_columns(self.run.scenario, table),
            "bank_low": np.array([room.low for room in rooms]),
            "bank_high": np.array([room.high for room in rooms]),
            "bank_thinnest": [room.thinnest for room in rooms],
            "written_off_usd_bn": table["broker_loss_usd_bn"].to_numpy(),
        }

    def _from_the_eve(self, first: dict[str, Any] | None = None) -> dict[str, Any]:
        """Prices from the close before day 0, where all begin, to the first close."""
        opening = {"quote": usd_quotes(self.run.scenario, self.run.days())[0]}
        opening |= dict.fromkeys(self._assets(), 0.0)
        if first is None:
            return {"day": [-1], **{name: [value] for name, value in opening.items()}}
        return {"day": [-1, 0], **{n: [value, first[n][0]] for n, value in opening.items()}}

    def _assets(self) -> list[str]:
        return list(self.run.scenario.instrument_names[1:])

    def _quote_title(self) -> str:
        return self.say("play.quote", currency=self.run.scenario.funding_currency)

    def _quote_chart(self) -> Figure:
        scenario, say = self.run.scenario, self.say
        chart = day_chart(
            scenario, say, say("play.quote_axis"), tooltips=[("", "@label"), ("", "@quote{0.00}")]
        )
        if self.record:
            chart.scatter(
                list(self.record), list(self.record.values()), size=4, color=REAL, alpha=0.55,
                legend_label=say("play.real"),
            )  # fmt: skip
        chart.line(
            "day", "quote", source=self.before, line_width=2, color=EARLIER,
            legend_label=say("play.before"),
        )  # fmt: skip
        self.earlier = chart.legend[0].items[-1]
        self.earlier.visible = False
        how = {"line_width": 2.5, "color": SIMULATED}
        key(chart, "line", say("play.simulated"), **how)
        chart.line("day", "quote", source=self.eve, **how)
        line = chart.line("day", "quote", source=self.source, **how)
        hover_on(chart, line)
        opening = usd_quotes(scenario, self.run.days())[0]
        keep_in_sight(chart, 0.985 * opening, 1.01 * opening)
        told = acts(scenario, say.language)
        announced = {a.day: "; ".join(b.what for b in told if b.day == a.day) for a in told}
        mark_days(chart, list(announced))
        name_days(chart, {day: f"{self.names[day]}: {what}" for day, what in announced.items()})
        legend_below(chart)
        return chart

    def _leverage_chart(self) -> Figure:
        """Funds together and their middle 80%; as bars, the share of funds above its own line."""
        say = self.say
        tips = [("", "@label"), (say("play.has"), "@leverage{0.00}"),
                (say("play.funds_band"), "@leverage_low{0.00} – @leverage_high{0.00}"),
                (say("play.may"), "@allowed{0.00}"),
                (say("play.above"), "@share_above{0%}")]  # fmt: skip
        chart = day_chart(
            self.run.scenario, say, say("play.leverage_axis"), height=HEIGHT + 30, tooltips=tips
        )
        self._share_above(chart)
        may = {"line_width": 2, "color": "#B5380B", "line_dash": [6, 3]}
        has = {"line_width": 2.5, "color": SIMULATED}
        key(chart, "line", say("play.may"), **may)
        key(chart, "line", say("play.has"), **has)
        band = chart.varea(
            "day", "low_drawn", "high_drawn", source=self.source, fill_color=SIMULATED,
            fill_alpha=0.18, legend_label=say("play.funds_band"),
        )  # fmt: skip
        may_line = chart.line("day", "allowed", source=self.source, **may)
        line = chart.line("day", "leverage_drawn", source=self.source, **has)
        hover_on(chart, line)
        keep_in_sight(chart, 1.0)
        chart.y_range.renderers = [band, may_line, line, chart.renderers[-1]]
        legend_below(chart, 2)
        return chart

    def _share_above(self, chart: Figure) -> None:
        """Bars from the foot, on an axis of their own: up to the whole height."""
        chart.extra_y_ranges = {"share": Range1d(0.0, 1.0)}
        chart.vbar(
            "day", 0.86, "share_above", source=self.source, y_range_name="share", line_color=None,
            fill_color=ABOVE, fill_alpha=0.75, legend_label=self.say("play.above"),
        )  # fmt: skip
        axis = LinearAxis(y_range_name="share", ticker=FixedTicker(ticks=[0.0, 0.5, 1.0]))
        axis.axis_label = self.say("play.above_axis")
        dress(axis)
        show_percent(axis)
        chart.add_layout(axis, "right")

    def _assets_chart(self) -> Figure:
        scenario, say = self.run.scenario, self.say
        chart = day_chart(scenario, say, say("play.assets_axis"), height=HEIGHT + 30)
        for number, name in enumerate(self._assets()):
            known = say.has(f"instruments.{name}")
            how = {
                "line_width": 2,
                "color": INSTRUMENT_COLOURS[number % len(INSTRUMENT_COLOURS)],
                "line_dash": "dashed" if name in scenario.currencies else "solid",
                "legend_label": name,
            }
            chart.line("day", name, source=self.eve, **how)
            line = chart.line("day", name, source=self.source, **how)
            words = say(f"instruments.{name}") if known else name
            tips = [("", words), ("", "@label"), ("", f"@{name}{{0.0%}}")]
            chart.add_tools(HoverTool(renderers=[line], tooltips=tips))
        keep_in_sight(chart, -0.01, 0.01)
        show_percent(chart.yaxis[0])
        legend_below(chart, 4)
        return chart

    def _forced_chart(self) -> Figure:
        say = self.say
        chart = day_chart(
            self.run.scenario, say, say("play.forced_axis"), height=HEIGHT + 30,
            y_range=DataRange1d(start=0.0),
        )  # fmt: skip
        colours = [ACTOR_COLOURS.get(kind, QUIET) for kind in self.forced]
        for kind, colour in zip(self.forced, colours, strict=True):
            key(chart, "vbar", say(f"actors.{_actor(kind)}"), top=0.0, color=colour)
        bars = chart.vbar_stack(
            list(self.forced.values()), x="day", width=0.86, source=self.source,
            line_color=None, color=colours,
        )  # fmt: skip
        for (kind, sold), bar in zip(self.forced.items(), bars, strict=True):
            tips = [("", say(f"actors.{_actor(kind)}")), ("", "@label"),
                    (say("units.USD bn"), f"@{sold}{{0.00}}")]  # fmt: skip
            written = usd_tips(say, [sold], 2)
            chart.add_tools(HoverTool(renderers=[bar], tooltips=tips, formatters=written))
        show_usd(chart.yaxis[0], say)
        keep_in_sight(chart, 0.0, 1.0)
        legend_below(chart, 2)
        return chart

    def _key(self) -> str:
        """The key to rims, fills and lines of the network."""
        kinds = {row["kind"] for _, row in self.run.opening_graph.nodes(data=True)}
        colours = {kind: colour for kind, colour in ACTOR_COLOURS.items() if kind in kinds}
        return html("play/key.html", say=self.say, colours=colours)


def _no_failures() -> dict[str, list[Any]]:
    return {"day": [], "height": [], "what": []}


def _no_quotes() -> dict[str, list[float]]:
    return {"day": [], "quote": []}


def _actor(kind: str) -> str:
    """Forced sales of the desks are booked under "bank"."""
    return "bank_desk" if kind == "bank" else kind
