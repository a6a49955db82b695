"""A cascade day by day: who sells and who has called whom, beside the prices that this makes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from abm.figures import network, style
from abm.figures.cascade import quotes_on_days
from abm.figures.layout import Circles
from abm.figures.slack import draw_slack_bar
from abm.words import words

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_PIXELS, HEIGHT_PIXELS = 960, 640
_SALE, _HALO = "#B5380B", (0.71, 0.22, 0.04, 0.28)
_WIDEST_HALO = 0.26  # beyond the circle of the largest seller, in radii of the ring of banks
_LABELLED_SELLERS = 3
_WHAT_LETTERS = 108  # of a line beside the date
_N_ASSETS = 2
_ASSET_COLOURS = ("#5B2A86", "#009E73")
_LEFT, _WIDTH = 0.635, 0.235  # of the panels beside the network
_LETTERS = 17  # of a line of a label beside them
_LEGEND_POINTS = 7.0


class Shot(NamedTuple):
    """One day: the books at its close, and what was forced on whom that day."""

    day: int
    when: str
    what: str  # at most two lines
    graph: nx.DiGraph
    sold_usd_bn: Mapping[str, float]  # forced sales by institution
    calls: Sequence[tuple[str, str]]  # who called, who was called


class Film(NamedTuple):
    """The days that are shown and what they are shown beside."""

    shots: Sequence[Shot]
    days: pd.DataFrame  # of the whole run
    title: str
    caption: str
    opening_quote: float
    real: pd.Series | None = None


class _Stage(NamedTuple):
    """The parts of the picture that stay in place from the first frame to the last."""

    circles: Circles
    largest_usd_bn: dict[str, float]  # loan and interbank claim
    largest_sale_usd_bn: float
    kinds: list[str]  # of those who are drawn


def frames(film: Film) -> Iterator[Figure]:
    """One Figure of 960 by 640 pixels for each shot; every circle stays in its place.

    A red halo's area is what its institution was forced to sell that day, a red line the call of a
    broker. Circles are as large as assets are at the first close shown. Who owes nothing on any of
    the days is left out.
    """
    stage = _stage(film.shots)
    for shot in film.shots:
        yield _frame(film, shot, stage)


def _stage(shots: Sequence[Shot]) -> _Stage:
    linked = {name for shot in shots for edge in shot.graph.edges for name in edge}
    first = shots[0].graph.subgraph(linked)
    largest: dict[str, float] = {}
    for shot in shots:
        for kind, weight in network.largest_edges(shot.graph).items():
            largest[kind] = max(weight, largest.get(kind, 0.0))
    sales = [amount for shot in shots for amount in shot.sold_usd_bn.values()]
    present = {kind for _, kind in first.nodes(data="kind")}
    return _Stage(
        network.circles_of(first), largest, max(sales, default=0.0),
        [kind for kind in style.ACTOR_COLOURS if kind in present],
    )  # fmt: skip


def _frame(film: Film, shot: Shot, stage: _Stage) -> Figure:
    with style.house_style():
        figure = style.new_figure(style.WIDTH_INCHES * HEIGHT_PIXELS / WIDTH_PIXELS)
        figure.set_dpi(WIDTH_PIXELS / style.WIDTH_INCHES)
        style.write_title(figure, film.title)
        style.write_caption(figure, film.caption)
        _write_day(figure, shot, below=style.title_height(film.title))
        _draw_network(figure.add_axes((0.01, 0.165, 0.57, 0.69)), shot, stage)
        draw_slack_bar(figure, (0.1, 0.095, 0.395, 0.018))
        _draw_quote(figure.add_axes((_LEFT, 0.635, _WIDTH, 0.205)), film, shot.day)
        _draw_assets(figure.add_axes((_LEFT, 0.435, _WIDTH, 0.135)), film, shot.day)
        _draw_forced(figure.add_axes((_LEFT, 0.245, _WIDTH, 0.125)), film, shot.day)
        _draw_legend(figure.add_axes((_LEFT - 0.03, 0.075, 0.39, 0.1)), stage)
    return figure


def _write_day(figure: Figure, shot: Shot, below: float) -> None:
    """The date, and what happened, under the title."""
    top = 1.0 - below / figure.get_figheight()
    figure.text(
        0.02, top, shot.when[:1].upper() + shot.when[1:], fontsize=13.0, fontweight="bold", va="top"
    )
    lines = [
        textwrap.shorten(line, _WHAT_LETTERS, placeholder=" …") for line in shot.what.split("\n")
    ]
    figure.text(0.185, top, "\n".join(lines), fontsize=8.0, va="top", linespacing=1.35)


def _draw_network(axes: Axes, shot: Shot, stage: _Stage) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Circle

    places, radii = stage.circles
    graph = shot.graph.subgraph(places)
    network.draw_network(axes, graph, stage.circles, stage.largest_usd_bn)
    calls = [c for c in dict.fromkeys(shot.calls) if places.keys() >= set(c)]
    lines = [[places[broker], places[client]] for broker, client in calls]
    axes.add_collection(LineCollection(lines, colors=_SALE, linewidths=1.5, zorder=3))
    sold = {n: x for n, x in shot.sold_usd_bn.items() if x > 0.0 and n in places}
    for name, amount in sold.items():
        halo = _halo_radius(amount, radii[name], stage.largest_sale_usd_bn)
        axes.add_patch(
            Circle(places[name], halo, facecolor=_HALO, edgecolor=_SALE, linewidth=0.9,
                   zorder=3.5, clip_on=False)
        )  # fmt: skip
    for name in sorted(sold, key=lambda n: -sold[n])[:_LABELLED_SELLERS]:
        _label_seller(axes, places[name], radii[name], sold[name])


def _halo_radius(amount_usd_bn: float, radius: float, largest_usd_bn: float) -> float:
    """Radius of a disc whose area beyond its circle is in proportion to the amount."""
    widest = (radius + _WIDEST_HALO) ** 2 - radius**2
    return math.sqrt(radius**2 + widest * amount_usd_bn / largest_usd_bn)


def _label_seller(
    axes: Axes, place: tuple[float, float], radius: float, amount_usd_bn: float
) -> None:
    """Label a seller with its sales, on the side away from the banks."""
    far = math.hypot(*place) or 1.0
    stretch = 1.0 + (radius + 0.17) / far
    axes.text(
        stretch * place[0], stretch * place[1], f"{amount_usd_bn:.1f}bn", ha="center",
        va="center", fontsize=7.5, fontweight="bold", color=_SALE, zorder=9, clip_on=False,
        bbox={"facecolor": style.PAPER, "alpha": 0.75, "linewidth": 0, "pad": 0.4},
    )  # fmt: skip


def _draw_quote(axes: Axes, film: Film, day: int) -> None:
    table = _shown(film)
    column = next(c for c in table.columns if c.startswith("log_"))
    quote = {
        int(d): film.opening_quote * math.exp(-x)
        for d, x in zip(table["day"], table[column], strict=True)
    }
    real = quotes_on_days(table, film.real)
    levels = [*quote.values(), *real.values()]
    edge = 0.06 * (max(levels) - min(levels) or 1.0)
    axes.set_ylim(min(levels) - edge, max(levels) + edge)
    ends = [(quote[day], f"{quote[day]:.1f}", style.SIMULATED)]
    _draw_line(axes, quote, day, style.SIMULATED, 2.0)
    if until := {d: q for d, q in real.items() if d <= day}:
        axes.plot(
            list(until), list(until.values()), color=style.REAL, linewidth=0.7, marker="o",
            markersize=2.2, zorder=3,
        )  # fmt: skip
        ends.append((list(until.values())[-1], "real (ECB)", style.REAL))
    style.label_line_ends(axes, ends, gap=0.13)
    _finish(axes, film, f"USD{column.removeprefix('log_')} at the close")


def _draw_assets(axes: Axes, film: Film, day: int) -> None:
    """The assets that fall furthest."""
    table = _shown(film)
    named = [c.removeprefix("log_") for c in table.columns if c.startswith("log_")][1:]
    names = sorted(named, key=lambda n: table[f"log_{n}"].min())[:_N_ASSETS]
    said = words("en").group("instruments")
    ends: list[tuple[float, str, str]] = []
    levels: list[float] = []
    for name, colour in zip(names, _ASSET_COLOURS, strict=False):
        path = {
            int(d): 100.0 * math.expm1(x)
            for d, x in zip(table["day"], table[f"log_{name}"], strict=True)
        }
        _draw_line(axes, path, day, colour, 1.5)
        ends.append((path[day], textwrap.fill(said.get(name, name), _LETTERS), colour))
        levels += path.values()
    edge = 0.08 * (max(levels, default=1.0) - min(levels, default=0.0) or 1.0)
    axes.set_ylim(min(levels, default=0.0) - edge, max(levels, default=1.0) + edge)
    style.label_line_ends(axes, ends, gap=0.19)
    _finish(axes, film, "Largest falls, % since the start")


def _draw_line(axes: Axes, path: Mapping[int, float], day: int, colour: str, width: float) -> None:
    """A path up to the day, with a dot where it stands."""
    known = [d for d in path if d <= day]
    axes.plot(known, [path[d] for d in known], color=colour, linewidth=width, zorder=4)
    axes.plot([day], [path[day]], color=colour, marker="o", markersize=4.5, zorder=5)


def _draw_forced(axes: Axes, film: Film, day: int) -> None:
    table = _shown(film)
    columns = [c for c in table.columns if c.startswith("forced_") and table[c].sum() > 0.0]
    past = table[table["day"] <= day]
    bottom = 0.0 * past["day"].to_numpy(dtype=float)
    for column in columns:
        kind = column.removeprefix("forced_").removesuffix("_usd_bn")
        amount = past[column].to_numpy(dtype=float)
        axes.bar(
            past["day"], amount, bottom=bottom, width=0.86, zorder=2,
            color=style.ACTOR_COLOURS.get(kind, style.QUIET),
            label=style.ACTOR_NAMES.get(kind, kind),
        )  # fmt: skip
        bottom = bottom + amount
    largest = float(table[columns].sum(axis=1).max()) if columns else 0.0
    axes.set_ylim(0.0, 1.08 * largest or 1.0)
    today = float(bottom[-1])
    header = f"Forced sales: USD {today:.1f}bn today" if today >= 0.05 else "Forced sales, USD bn"
    _finish(axes, film, header, with_dates=True)


def _finish(axes: Axes, film: Film, header: str, with_dates: bool = False) -> None:
    """Header, days along the foot, few ticks."""
    from matplotlib.ticker import MaxNLocator

    first, last = film.shots[0].day, film.shots[-1].day
    axes.set_xlim(first - 0.8, last + 0.8)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    axes.set_title(header, loc="left", pad=4.0, color=style.INK)
    step = max(1, math.ceil(len(film.shots) / 4))
    ticks = film.shots[::step]
    axes.set_xticks([shot.day for shot in ticks], labels=[_short_date(s.when) for s in ticks])
    if not with_dates:
        axes.tick_params(labelbottom=False)


def _draw_legend(axes: Axes, stage: _Stage) -> None:
    """Rims of those who are drawn, and the marks of the day."""
    from matplotlib.lines import Line2D

    axes.set_axis_off()
    handles = [network.ring(style.ACTOR_COLOURS[k], style.ACTOR_NAMES[k]) for k in stage.kinds]
    handles += [
        network.ring(network.OUT, "stopped out"),
        Line2D([], [], color=style.INK, marker="x", linestyle="", markersize=6, label="failed"),
        Line2D([], [], linestyle="", marker="o", markersize=9.0, markerfacecolor=_HALO,
               markeredgecolor=_SALE, markeredgewidth=0.9, label="forced to sell today"),
        Line2D([], [], color=_SALE, linewidth=1.5, label="called by its broker"),
    ]  # fmt: skip
    axes.legend(
        handles=handles, loc="upper left", ncols=3, fontsize=_LEGEND_POINTS, handlelength=1.2,
        columnspacing=1.2, labelspacing=0.45, handletextpad=0.5, borderaxespad=0.0,
    )  # fmt: skip


def _short_date(when: str) -> str:
    """Day and month of "6 Aug 2024"."""
    return " ".join(when.split()[:2])


def _shown(film: Film) -> pd.DataFrame:
    """Days of the table that the film shows."""
    first, last = film.shots[0].day, film.shots[-1].day
    return film.days[film.days["day"].between(first, last)]
