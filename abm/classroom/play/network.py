"""The exposure network of a live run: slack as colour, failures marked, today's forced flows."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, Range1d
from bokeh.plotting import figure as new_bokeh_figure

from abm.figures import layout
from abm.figures.slack import NO_SLACK, bar_share, slack_at, slack_colours
from abm.figures.style import ACTOR_COLOURS, INK, PAPER, QUIET

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from bokeh.plotting import figure as Figure

    from abm.classroom.live import LiveRun
    from abm.words import Words

HEIGHT = 420  # pixels
LOAN, CLAIM = "#42688C", "#3A3A3A"
WIDEST_LOAN, WIDEST_FLOW = 4.0, 6.0  # pixels
MOST_FLOWS = 40  # of a day, the largest: more would hide each other
_ROOM_BESIDE = 1.25  # of the markets' column, in radii of the ring
_N_COLOURS = 256
_MOVE_DASHES = (Path(__file__).parent / "move_dashes.js").read_text(encoding="utf-8")


class Network:
    """The picture of one run's network, redrawn when asked."""

    def __init__(self, run: LiveRun, say: Words) -> None:
        self.say = say
        self.nodes, self.crosses = ColumnDataSource(), ColumnDataSource()
        self.loans, self.flows = ColumnDataSource(), ColumnDataSource()
        self.banks, self.places_of_markets = ColumnDataSource(), ColumnDataSource()
        self.across, self.up = Range1d(), Range1d()
        self.restart(run)
        self.chart = self._chart()

    def restart(self, run: LiveRun) -> None:
        """Another run, at its opening."""
        self.run, self.markets = run, _market_places(run)
        left, right, foot, top = layout.extent(run.places, run.radii)
        self.across.update(start=left - 0.1, end=right + _ROOM_BESIDE)
        self.up.update(start=foot - 0.1, end=top + 0.1)
        graph = run.opening_graph
        banks = [name for name, row in graph.nodes(data=True) if row["kind"] == "bank"]
        numbers = [bank.rpartition("-")[2] for bank in banks]
        self.banks.data = _points([run.places[bank] for bank in banks], numbers)
        self.places_of_markets.data = _points(list(self.markets.values()), list(self.markets))
        self._show(graph, _no_flows())

    def redraw(self, events: pd.DataFrame) -> None:
        """Draw the network at the last close; `events` are the day's."""
        self._show(self.run.graph(), self._flows(events))

    def _show(self, graph: nx.DiGraph, flows: dict[str, Any]) -> None:
        nodes = self._nodes(graph)
        failed = np.array(nodes["failed"], dtype=bool)
        self.nodes.data = nodes
        self.crosses.data = {c: np.array(nodes[c])[failed] for c in ("x", "y")}
        self.loans.data = self._loans(graph)
        self.flows.data = flows

    def _nodes(self, graph: nx.DiGraph) -> dict[str, Any]:
        run, say = self.run, self.say
        names = list(run.places)
        rows = [graph.nodes[name] for name in names]
        slack = np.array([row["margin_slack"] for row in rows], dtype=float)
        out = [row["out"] and not row["failed"] for row in rows]
        fills = colours_of(slack)
        return {
            "x": [run.places[name][0] for name in names],
            "y": [run.places[name][1] for name in names],
            "r": [run.radii[name] for name in names],
            "fill": [PAPER if gone else fill for gone, fill in zip(out, fills, strict=True)],
            "rim": [ACTOR_COLOURS.get(row["kind"], QUIET) for row in rows],
            "name": names,
            "kind": [say(f"actors.{row['kind']}") for row in rows],
            "assets": [row["assets_usd_bn"] for row in rows],
            "slack": [_slack_words(value) for value in slack],
            "failed": [bool(row["failed"]) for row in rows],
        }

    def _loans(self, graph: nx.DiGraph) -> dict[str, Any]:
        edges = [(a, b, d) for a, b, d in graph.edges(data=True) if d["weight"] > 0.0]
        largest = {kind: self._largest(kind) for kind in ("loan", "interbank")}
        widths = [math.sqrt(d["weight"] / largest[d["kind"]]) for _, _, d in edges]
        return {
            **_ends([(self.run.places[a], self.run.places[b]) for a, b, _ in edges]),
            "width": [0.3 + WIDEST_LOAN * min(width, 1.5) for width in widths],
            "colour": [LOAN if d["kind"] == "loan" else CLAIM for _, _, d in edges],
        }

    def _largest(self, kind: str) -> float:
        """The largest loan at the opening, so that widths of all days compare."""
        edges = self.run.opening_graph.edges(data=True)
        return max((d["weight"] for _, _, d in edges if d["kind"] == kind), default=1.0) or 1.0

    def _flows(self, events: pd.DataFrame) -> dict[str, Any]:
        """Forced trades: sales from seller to market, what was bought from market to buyer."""
        trades = events[events["kind"] == "forced_sale"]
        if not len(trades):
            return _no_flows()
        ends = trades.groupby(["institution", "instrument", "side"], sort=False)
        amounts = ends["amount_usd_bn"].sum().nlargest(MOST_FLOWS)
        lines = []
        for who, what, side in amounts.index:
            line = (self.run.places[who], self.markets[what])
            lines.append(line if side == "sold" else line[::-1])
        kinds = [self.run.opening_graph.nodes[who]["kind"] for who, _, _ in amounts.index]
        return {
            **_ends(lines),
            "width": [1.0 + min(WIDEST_FLOW, 2.0 * math.sqrt(a)) for a in amounts],
            "colour": [ACTOR_COLOURS.get(kind, QUIET) for kind in kinds],
            "who": [who for who, _, _ in amounts.index],
            "what": [what for _, what, _ in amounts.index],
            "amount": amounts.tolist(),
        }

    def _chart(self) -> Figure:
        chart = new_bokeh_figure(
            height=HEIGHT, sizing_mode="stretch_width", tools="", toolbar_location=None,
            match_aspect=True, x_range=self.across, y_range=self.up,
        )  # fmt: skip
        chart.axis.visible = chart.grid.visible = False
        chart.outline_line_color = None
        ends = ("x0", "y0", "x1", "y1")
        chart.segment(
            *ends, source=self.loans, line_width="width", line_color="colour", line_alpha=0.4
        )
        self.moving = chart.segment(
            *ends, source=self.flows, line_width="width", line_color="colour", line_alpha=0.65,
            line_dash=[14, 10], line_cap="butt",
        )  # fmt: skip
        circles = chart.circle(
            "x", "y", radius="r", source=self.nodes, fill_color="fill", line_color="rim",
            line_width=2,
        )  # fmt: skip
        chart.scatter(
            "x", "y", source=self.crosses, marker="x", size=15, line_color=INK, line_width=3
        )
        motion = {"flows": self.flows, "glyph": self.moving.glyph}
        self.flows.js_on_change("data", CustomJS(args=motion, code=_MOVE_DASHES))
        self._write(chart)
        facts = [("", "@name"), ("", "@kind"), ("USD bn", "@assets{0.0}")]
        facts.append((self.say("play.slack"), "@slack"))
        trades = [("", "@who"), ("", "@what"), ("USD bn", "@amount{0.00}")]
        chart.add_tools(_hover(circles, facts), _hover(self.moving, trades))
        return chart

    def _write(self, chart: Figure) -> None:
        """Numbers of the banks, and the markets beside the ring."""
        chart.text(
            "x", "y", text="text", source=self.banks, text_align="center",
            text_baseline="middle", text_font_size="12px", text_color=INK,
        )  # fmt: skip
        markets = self.places_of_markets
        chart.scatter(
            "x", "y", source=markets, marker="square", size=13, fill_color=PAPER, line_color=INK
        )
        chart.text(
            "x", "y", text="text", source=markets, x_offset=12, text_baseline="middle",
            text_font_size="13px", text_color=INK,
        )  # fmt: skip


def colours_of(slack: np.ndarray) -> list[str]:
    """Colour of every margin slack; grey without a margin."""
    known = ~(np.isnan(slack) | (slack == np.inf))
    share = bar_share(np.where(known, slack, 0.0))
    at = np.round(share * (_N_COLOURS - 1)).astype(int)
    table = _slack_table()
    return [table[i] if is_known else NO_SLACK for i, is_known in zip(at, known, strict=True)]


@cache
def _slack_table() -> tuple[str, ...]:
    """The colour bar in steps."""
    from matplotlib.colors import to_hex

    colour = slack_colours()
    return tuple(to_hex(colour(float(s))) for s in slack_at(np.linspace(0.0, 1.0, _N_COLOURS)))


def _market_places(run: LiveRun) -> dict[str, tuple[float, float]]:
    """Markets in a column right of all institutions, the first at the top."""
    _, right, foot, top = layout.extent(run.places, run.radii)
    names = run.scenario.instrument_names
    heights = np.linspace(top - 0.2, foot + 0.2, len(names))
    return {n: (right + 0.55, float(y)) for n, y in zip(names, heights, strict=True)}


def _points(places: list[tuple[float, float]], texts: list[str]) -> dict[str, Any]:
    return {"x": [x for x, _ in places], "y": [y for _, y in places], "text": texts}


def _ends(lines: list[tuple[tuple[float, float], tuple[float, float]]]) -> dict[str, list[float]]:
    return {
        "x0": [a[0] for a, _ in lines],
        "y0": [a[1] for a, _ in lines],
        "x1": [b[0] for _, b in lines],
        "y1": [b[1] for _, b in lines],
    }


def _no_flows() -> dict[str, Any]:
    return {c: [] for c in ("x0", "y0", "x1", "y1", "width", "colour", "who", "what", "amount")}


def _slack_words(slack: float) -> str:
    if not math.isfinite(slack):
        return "–" if slack != -math.inf else "−∞"
    return f"{100.0 * slack:+.0f}%".replace("-", "−")


def _hover(renderer: Any, tooltips: list[tuple[str, str]]) -> HoverTool:
    return HoverTool(renderers=[renderer], tooltips=tooltips)
