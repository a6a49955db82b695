"""Charts of a stress test: profit by day, its distribution, money needed, sources, the worst path.

Amounts are whole in the data, and so in what is saved; axes write them in millions and the like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CustomJSTickFormatter,
    DataRange1d,
    FactorRange,
    LinearAxis,
    NoOverlap,
    Range1d,
    Span,
)
from bokeh.transform import dodge

from abm.classroom.widgets.charts import (
    Card,
    day_names,
    draw_bands,
    dress,
    hover_on,
    keep_in_sight,
    key,
    legend_below,
    new_chart,
    show_percent,
)
from abm.figures.stress import unit_of
from abm.figures.style import ACTOR_COLOURS, CLASS_COLOURS, INK, QUIET, SIMULATED
from abm.report.stress_words import LEVEL

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

    from abm.stress import StressResult
    from abm.words import Words

LOSS, EDGE = CLASS_COLOURS["dam break"], ACTOR_COLOURS["retail_fx"]
HEIGHT = 260  # pixels
BANDS = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
N_BINS = 40
WHOLE = "{0,0}"  # how a tooltip writes an amount


class Charts:
    """The charts of one page; another stress test is shown on the same."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self.fan, self.losses = FanChart(say), LossChart(say)
        self.needs, self.calls = NeedChart(say), CallChart(say)
        self.split, self.worst = SplitChart(say), WorstChart(say)
        self.cards = {
            name: Card(say, say(f"portfolio.{name}"), made.chart, made.source, name,
                       note=say(f"portfolio.{name}_note"))
            for name, made in self._all().items()
        }  # fmt: skip

    def show(self, found: StressResult, file: str) -> None:
        """Another stress test, saved under another name; without loans there is no margin."""
        for name, made in self._all().items():
            if name not in ("needs", "calls"):
                made.show(found)
            self.cards[name].rename(f"{file}-{name}")
        is_called = len(found.funding) > 0
        for name in ("needs", "calls"):
            self.cards[name].view.visible = is_called
        if is_called:
            self.show_margin(found, currencies_of(found)[0])

    def show_margin(self, found: StressResult, currency: str) -> None:
        """The margin of the loans in one currency."""
        self.needs.show(found, currency)
        self.calls.show(found, currency)

    def _all(self) -> dict[str, Any]:
        return {
            "fan": self.fan, "losses": self.losses, "needs": self.needs, "calls": self.calls,
            "split": self.split, "worst": self.worst,
        }  # fmt: skip


def currencies_of(found: StressResult) -> list[str]:
    """Currencies of loans on margin, the one of the largest need first."""
    last = found.funding[found.funding["day"] == found.market.n_days]
    fx = {name: float(x[0, 0]) for name, x in zip(found.market.currencies, found.market.fx,
                                                  strict=True)}  # fmt: skip
    needs = {row["currency"]: row["need_q99"] * fx[row["currency"]]
             for row in last.to_dict("records")}  # fmt: skip
    return sorted(needs, key=lambda name: -needs[name])


def days_of(found: StressResult, say: Words) -> dict[str, Any]:
    """Columns that every chart over days has: number after the eve, and date."""
    scenario, n = found.scenario, found.market.n_days
    names = [say("trade.eve"), *day_names(scenario, say)][scenario.shock_day :][: n + 1]
    return {"day": np.arange(n + 1), "date": names}


def new_day_chart(say: Words, tooltips: list[tuple[str, str]]) -> Figure:
    """A chart over the days of a test."""
    days = [("", "@date"), (say("page.trading_day"), "@day"), *tooltips]
    chart = new_chart(
        "", height=HEIGHT, x_label=say("portfolio.days_after"), tooltips=days,
        x_range=Range1d(0, 1),
    )  # fmt: skip
    chart.xaxis.ticker = BasicTicker(min_interval=1)
    return chart


def show_money(axis: Any, largest: float, currency: str, say: Words, what: str = "") -> None:
    """Amounts of a currency, written in the unit that suits the largest."""
    unit = unit_of(largest, currency)
    scale = say(f"portfolio.scale.{unit.scale or 'one'}", currency=currency)
    size = unit.size / say.per_bn if unit.scale == "billion" else unit.size
    axis.axis_label = say("portfolio.axis", what=what, unit=scale) if what else scale
    written = "return Number((tick / size).toPrecision(9)).toLocaleString('en').replace('-', '−')"
    axis.formatter = CustomJSTickFormatter(args={"size": size}, code=written)


class FanChart:
    """Profit by day: half of the paths, nine in ten, the median, and the worst path."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self.source = ColumnDataSource({name: [] for name in ("day", "date", *BANDS, "worst")})
        tips = [(say(f"portfolio.band.{name}"), f"@{name}{WHOLE}")
                for name in (*reversed(BANDS), "worst")]  # fmt: skip
        self.chart = chart = new_day_chart(say, tips)
        bands = [(low, high, alpha, say(f"portfolio.between.{low}"))
                 for low, high, alpha in (("q05", "q95", 0.16), ("q25", "q75", 0.3))]  # fmt: skip
        draw_bands(chart, "day", self.source, bands, ("median", say("portfolio.band.median")))
        chart.line(
            "day", "worst", source=self.source, line_width=2, color=LOSS, line_dash=[6, 3],
            legend_label=say("portfolio.band.worst"),
        )  # fmt: skip
        _zero(chart)
        legend_below(chart, 2)

    def show(self, found: StressResult) -> None:
        pnl = found.carried.pnl
        bands = dict(zip(BANDS, np.quantile(pnl, list(BANDS.values()), axis=0), strict=True))
        worst = pnl[int(found.profits[:, -1].argmin())]
        self.source.data = {**days_of(found, self.say), **bands, "worst": worst}
        self.chart.x_range.end = found.market.n_days
        largest = max(float(np.abs(x).max()) for x in (worst, *bands.values()))
        show_money(self.chart.yaxis[0], largest, found.currency, self.say)


class LossChart:
    """Profit at the horizon on all paths, with value at risk and expected shortfall."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self.source = ColumnDataSource({n: [] for n in ("left", "right", "rest", "beyond", "top")})
        self.chart = chart = new_chart(
            say("portfolio.n_paths"), height=HEIGHT, x_label=" ",
            tooltips=[("", f"@left{WHOLE} … @right{WHOLE}"), (say("portfolio.n_paths"), "@top")],
        )  # fmt: skip
        bars = {"line_color": "white", "source": self.source}
        whole = chart.quad("left", "right", "top", 0, fill_alpha=0.0, line_alpha=0.0,
                           source=self.source)  # fmt: skip
        chart.quad("left", "right", "rest", 0, fill_color=SIMULATED, **bars)
        chart.quad("left", "right", "top", "rest", fill_color=LOSS,
                   legend_label=say("portfolio.beyond"), **bars)  # fmt: skip
        self.spans = {}
        for name, colour, dash in (("var", EDGE, "solid"), ("es", INK, "dashed")):
            key(chart, "line", say(f"stress.{name}"), color=colour, line_width=2.5, line_dash=dash)
            self.spans[name] = Span(
                dimension="height", line_color=colour, line_width=2.5, line_dash=dash
            )
            chart.add_layout(self.spans[name])
        _zero(chart, "height")
        hover_on(chart, whole)
        chart.y_range.start = 0
        chart.xaxis[0].ticker = BasicTicker(desired_num_ticks=5)
        chart.xaxis[0].major_label_policy = NoOverlap()
        legend_below(chart, 2)

    def show(self, found: StressResult) -> None:
        last = found.profits[:, -1]
        at = found.risk[found.risk["level"] == LEVEL].iloc[-1]  # of the last horizon
        self.source.data = bins_of(last, float(at["var"]))
        for name, span in self.spans.items():
            span.location = -float(at[name])
        what = self.say("portfolio.profit_after", days=found.horizons[-1])
        largest = float(np.abs(last).max())
        show_money(self.chart.xaxis[0], largest, found.currency, self.say, what)


def bins_of(profits: np.ndarray, value_at_risk: float) -> dict[str, Any]:
    """A histogram, the paths that lose at least the value at risk counted apart."""
    edges = np.histogram_bin_edges(profits, N_BINS)
    is_beyond = profits <= -value_at_risk
    rest, beyond = (np.histogram(profits[of], edges)[0] for of in (~is_beyond, is_beyond))
    return {"left": edges[:-1], "right": edges[1:], "rest": rest, "beyond": beyond,
            "top": rest + beyond}  # fmt: skip


class NeedChart:
    """Ready money with which nothing is sold by force up to each day."""

    NAMES = ("need_median", "need_q95", "need_q99")

    def __init__(self, say: Words) -> None:
        self.say = say
        self.source = ColumnDataSource({name: [] for name in ("day", "date", *self.NAMES)})
        tips = [(say(f"portfolio.{name}"), f"@{name}{WHOLE}") for name in self.NAMES]
        self.chart = chart = new_day_chart(say, tips)
        median, high, highest = self.NAMES
        bands = [(high, highest, 0.16, say(f"portfolio.{highest}")),
                 (median, high, 0.34, say(f"portfolio.{high}"))]  # fmt: skip
        draw_bands(chart, "day", self.source, bands, (median, say(f"portfolio.{median}")))
        chart.y_range.start = 0
        keep_in_sight(chart, 0.0, 1.0)
        legend_below(chart, 1)

    def show(self, found: StressResult, currency: str) -> None:
        table = found.funding[found.funding["currency"] == currency]
        needs = {name: np.array([0.0, *table[name]]) for name in self.NAMES}
        self.source.data = {**days_of(found, self.say), **needs}
        self.chart.x_range.end = found.market.n_days
        show_money(self.chart.yaxis[0], float(needs["need_q99"].max()), currency, self.say)


class CallChart:
    """Share of paths with a margin call on each day, and with a forced sale up to it."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self.source = ColumnDataSource({n: [] for n in ("day", "date", "p_called", "p_sold")})
        tips = [(say(f"portfolio.{name}"), f"@{name}{{0.0%}}") for name in ("p_called", "p_sold")]
        self.chart = chart = new_day_chart(say, tips)
        chart.vbar(
            "day", 0.8, "p_called", source=self.source, line_color=None, fill_color=EDGE,
            legend_label=say("portfolio.p_called"),
        )  # fmt: skip
        line = chart.line(
            "day", "p_sold", source=self.source, line_width=2.5, color=LOSS,
            legend_label=say("portfolio.p_sold"),
        )  # fmt: skip
        hover_on(chart, line)
        chart.y_range.start = 0
        keep_in_sight(chart, 0.0, 0.05)
        chart.yaxis[0].axis_label = say("portfolio.share_of_paths")
        show_percent(chart.yaxis[0])
        legend_below(chart, 1)

    def show(self, found: StressResult, currency: str) -> None:
        table = found.funding[found.funding["currency"] == currency]
        shares = {name: np.array([0.0, *table[name]]) for name in ("p_called", "p_sold")}
        self.source.data = {**days_of(found, self.say), **shares}
        self.chart.x_range.start, self.chart.x_range.end = -0.6, found.market.n_days + 0.6


class SplitChart:
    """Profit by source: on average, and on average of the worst paths."""

    SIDES = (("mean", SIMULATED, 0.19), ("tail", LOSS, -0.19))

    def __init__(self, say: Words) -> None:
        self.say = say
        self.source = ColumnDataSource({name: [] for name in ("part", "mean", "tail")})
        self.chart = chart = new_chart(
            "", height=HEIGHT, x_label=" ", y_range=FactorRange(factors=[" "]),
            tooltips=[("", "@part"), (say("stress.mean"), f"@mean{WHOLE}"),
                      (say("stress.tail"), f"@tail{WHOLE}")],
        )  # fmt: skip
        bars = [
            chart.hbar(
                y=dodge("part", shift, range=chart.y_range), right=name, height=0.34,
                source=self.source, color=colour, legend_label=say(f"portfolio.{name}"),
            )
            for name, colour, shift in self.SIDES
        ]  # fmt: skip
        chart.hover.mode, chart.hover.renderers = "mouse", bars
        _zero(chart, "height")
        chart.ygrid.grid_line_color = None
        chart.xaxis[0].ticker = BasicTicker(desired_num_ticks=5)
        chart.xaxis[0].major_label_policy = NoOverlap()
        legend_below(chart, 1)

    def show(self, found: StressResult) -> None:
        table = found.split[found.split["horizon"] == found.horizons[-1]]
        table = table[(table["mean"] != 0.0) | (table["tail"] != 0.0)]
        labels = [self.say(f"stress.parts.{part}") for part in table["part"]]
        sides = {name: table[name].to_numpy() for name, _, _ in self.SIDES}
        names = [*labels, self.say("portfolio.sum")]
        self.source.data = {
            "part": names, **{name: [*x, float(x.sum())] for name, x in sides.items()}
        }  # fmt: skip
        self.chart.y_range.factors = names[::-1]
        largest = max(float(np.abs(x).max()) for x in self.source.data.values() if x is not names)
        show_money(self.chart.xaxis[0], largest, found.currency, self.say)


class WorstChart:
    """The worst path by day: own money, margin that is called, days of forced sales."""

    def __init__(self, say: Words) -> None:
        self.say = say
        names = ("day", "date", "own_money", "called", "sold")
        self.source = ColumnDataSource({name: [] for name in names})
        tips = [(say("portfolio.own_money"), f"@own_money{WHOLE}"),
                (say("portfolio.called"), f"@called{WHOLE}")]  # fmt: skip
        self.chart = chart = new_day_chart(say, tips)
        chart.extra_y_ranges = {"called": DataRange1d(start=0.0)}
        bars = chart.vbar(
            "day", 0.8, "called", source=self.source, y_range_name="called", line_color=None,
            fill_color=EDGE, fill_alpha=0.75, legend_label=say("portfolio.called"),
        )  # fmt: skip
        floor = chart.scatter([0.0], [1.0], y_range_name="called", size=0, line_alpha=0.0)
        chart.extra_y_ranges["called"].renderers = [bars, floor]
        self.axis = LinearAxis(y_range_name="called")
        dress(self.axis)
        chart.add_layout(self.axis, "right")
        line = chart.line(
            "day", "own_money", source=self.source, line_width=2.5, color=INK,
            legend_label=say("portfolio.own_money"),
        )  # fmt: skip
        sold = chart.scatter(
            "day", "sold", source=self.source, marker="inverted_triangle", size=10, color=LOSS,
            legend_label=say("portfolio.sold"),
        )  # fmt: skip
        self.sold_key = chart.legend[0].items[-1]
        _zero(chart)
        hover_on(chart, line)
        keep_in_sight(chart, 0.0)
        chart.y_range.renderers = [line, sold, chart.renderers[-1]]
        legend_below(chart, 2)

    def show(self, found: StressResult) -> None:
        path, carried = int(found.profits[:, -1].argmin()), found.carried
        own = carried.value[path]
        called = np.zeros_like(own)
        for at, calls in carried.called.items():
            called += calls[path] * found.market.fx[at][path]
        is_sold = carried.is_forced[path]
        self.source.data = {
            **days_of(found, self.say), "own_money": own, "called": called,
            "sold": np.where(is_sold, own, np.nan),
        }  # fmt: skip
        self.sold_key.visible = bool(is_sold.any())
        self.chart.x_range.start, self.chart.x_range.end = -0.6, found.market.n_days + 0.6
        say, currency = self.say, found.currency
        show_money(self.chart.yaxis[0], float(np.abs(own).max()), currency, say,
                   say("portfolio.own_money"))  # fmt: skip
        show_money(self.axis, float(called.max()), currency, say, say("portfolio.called"))
        self.axis.visible = bool(called.any())


def _zero(chart: Figure, dimension: str = "width") -> None:
    """The line between profit and loss."""
    chart.add_layout(Span(location=0.0, dimension=dimension, line_color=QUIET, line_width=1))
