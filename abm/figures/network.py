"""The exposure network: lenders and borrowers, distance to a margin call, failures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from abm.figures import layout, style
from abm.figures.layout import Circles, Place
from abm.figures.slack import NO_SLACK, draw_slack_bar, slack_colours

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_INCHES, _RIGHT_INCHES = 1.78, 0.1  # beside the graph; the legend stands on the left
_LEAST_INCHES, _MOST_INCHES = 4.4, 7.2  # height of the graph
_FOOT_INCHES = 0.72  # of the colour bar
_SMALLEST, _LARGEST = 0.055, 0.24  # radii of circles, in radii of the ring of banks
OUT = "#9A9A9A"
_LOAN, _CLAIM = "#42688C", "#3A3A3A"
_LABELLED_FAILURES = 6
_LETTER_INCHES, _HALF_LETTER_INCHES = 0.054, 0.06  # of a bold label
_KEY_USD_BN = (10, 100, 1000)


def network_figure(graph: nx.DiGraph, title: str, caption: str = "") -> Figure:
    """The exposure graph of one day: banks on an inner ring, clients outside their main broker.

    Area of a circle grows with the square root of assets; its colour is margin slack
    (maintenance leverage over leverage, less 1: below zero a margin call), its rim the type of
    institution; a cross marks the failed, a hollow grey circle who is stopped out.
    Lines are loans (blue grey) and interbank claims (dark), their width grows with the root of
    the amount. Who has no loan stands below.

    Parameters
    ----------
    graph
        Lender to borrower; edges carry `weight` [USD bn] and `kind` ("loan", "interbank"), nodes
        `kind`, `assets_usd_bn`, `margin_slack`, `failed`, `out`.
    title, caption
        The finding; scenario, seed and day.
    """
    circles = circles_of(graph)
    with style.house_style():
        top, bottom = style.title_height(title) + 0.05, style.caption_height(caption) + 0.05
        inches = _graph_inches(circles)
        height = top + inches + _FOOT_INCHES + bottom
        figure = style.new_figure(height)
        width = style.WIDTH_INCHES - _LEFT_INCHES - _RIGHT_INCHES
        foot = (bottom + _FOOT_INCHES) / height
        box = (_LEFT_INCHES / style.WIDTH_INCHES, foot, width / style.WIDTH_INCHES)
        axes = figure.add_axes((*box, inches / height))
        style.write_title(figure, title)
        style.write_caption(figure, caption)
        unit = draw_network(axes, graph, circles, largest_edges(graph))
        _head_rows(axes, graph, circles)
        draw_slack_bar(figure, (0.38, (bottom + 0.28) / height, 0.44, 0.12 / height))
        beside = figure.add_axes((0.01, foot, box[0] - 0.01, inches / height))
        _legend(beside, graph)
        _size_key(beside, graph, unit)
    return figure


def draw_network(
    axes: Axes,
    graph: nx.DiGraph,
    circles: Circles,
    largest_usd_bn: Mapping[str, float],
) -> float:
    """Lines, circles and crosses into a panel; returns inches per unit of length.

    `largest_usd_bn` is the loan and the interbank claim that are drawn widest.
    """
    unit = _frame(axes, circles)
    _draw_edges(axes, graph, circles.places, largest_usd_bn)
    _draw_nodes(axes, graph, circles, unit)
    return unit


def largest_edges(graph: nx.DiGraph) -> dict[str, float]:
    """The largest loan and the largest interbank claim [USD bn]."""
    largest: dict[str, float] = {}
    for _, _, edge in graph.edges(data=True):
        kind, weight = edge.get("kind", "loan"), float(edge.get("weight", 0.0))
        largest[kind] = max(weight, largest.get(kind, 0.0))
    return largest


def _scale(graph: nx.DiGraph) -> float:
    """Radius of a circle per fourth root of USD bn: its area grows with the root of assets."""
    largest = max((_assets(graph, n) for n in graph.nodes), default=0.0)
    return _crowding(graph) * _LARGEST / float(max(largest, 1.0) ** 0.25)


def _crowding(graph: nx.DiGraph) -> float:
    """Factor on all circles by which many still fit around the ring."""
    return min(1.0, math.sqrt(130.0 / max(len(graph), 1)))


def circles_of(graph: nx.DiGraph) -> Circles:
    """Every circle in its place."""
    radius = radii(graph)
    return Circles(layout.ring_layout(graph, radius), radius)


def radii(graph: nx.DiGraph) -> dict[str, float]:
    """Radius of every institution's circle, in radii of the ring of banks."""
    scale, least = _scale(graph), _SMALLEST * _crowding(graph)
    return {n: max(least, scale * _assets(graph, n) ** 0.25) for n in graph.nodes}


def _assets(graph: nx.DiGraph, name: str) -> float:
    assets = float(graph.nodes[name].get("assets_usd_bn", 0.0))
    return assets if math.isfinite(assets) and assets > 0.0 else 0.0


def _graph_inches(circles: Circles) -> float:
    """Height of the graph at the full width beside the legend, within limits."""
    left, right, foot, top = circles.extent
    width = style.WIDTH_INCHES - _LEFT_INCHES - _RIGHT_INCHES
    return min(_MOST_INCHES, max(_LEAST_INCHES, width * (top - foot) / (right - left)))


def _frame(axes: Axes, circles: Circles) -> float:
    """The graph in the middle of its panel, as large as fits; inches per unit of length."""
    left, right, foot, top = circles.extent
    size, dpi = axes.get_window_extent(), axes.figure.dpi
    width, height = size.width / dpi, size.height / dpi
    unit = 0.98 * min(width / (right - left), height / (top - foot))
    axes.set_axis_off()
    middle = 0.5 * (left + right), 0.5 * (foot + top)
    axes.set_xlim(middle[0] - 0.5 * width / unit, middle[0] + 0.5 * width / unit)
    axes.set_ylim(middle[1] - 0.5 * height / unit, middle[1] + 0.5 * height / unit)
    return float(unit)


def _head_rows(
    axes: Axes,
    graph: nx.DiGraph,
    circles: Circles,
) -> None:
    """Write the headings of the rows below the ring."""
    places, radius = circles
    alone = [n for n in places if graph.nodes[n].get("kind") != "bank" and not graph.in_degree(n)]
    if alone:
        edge = max(places[n][1] + radius[n] for n in alone) + 0.05
        left = min(places[n][0] - radius[n] for n in alone)
        axes.text(
            left, edge, "without a loan from a bank", va="bottom", fontsize=7.5, color=style.QUIET
        )


def _draw_edges(
    axes: Axes,
    graph: nx.DiGraph,
    places: Mapping[str, Place],
    largest_usd_bn: Mapping[str, float],
) -> None:
    from matplotlib.collections import LineCollection

    for kind, colour, alpha, widest, order in (
        ("loan", _LOAN, 0.6, 4.0, 1),
        ("interbank", _CLAIM, 0.42, 3.6, 2),
    ):
        edges = [
            (lender, borrower, float(d.get("weight", 0.0)))
            for lender, borrower, d in graph.edges(data=True)
            if d.get("kind", "loan") == kind and d.get("weight", 0.0) > 0.0
        ]
        edges.sort(key=lambda e: (layout.natural_order(e[0]), layout.natural_order(e[1])))
        largest = largest_usd_bn.get(kind, 1.0)
        lines = [_arc(places[a], places[b], 0.16 * (kind == "interbank")) for a, b, _ in edges]
        widths = [0.3 + widest * math.sqrt(w / largest) for _, _, w in edges]
        axes.add_collection(
            LineCollection(lines, colors=colour, alpha=alpha, linewidths=widths, zorder=order)
        )


def _arc(
    start: tuple[float, float], end: tuple[float, float], bend: float
) -> list[tuple[float, float]]:
    """Points of a line bent to its left, so that claims both ways are two lines."""
    if bend == 0.0:
        return [start, end]
    dx, dy = end[0] - start[0], end[1] - start[1]
    points = []
    for i in range(17):
        t = i / 16
        lift = 4.0 * bend * t * (1.0 - t)
        points.append((start[0] + t * dx - lift * dy, start[1] + t * dy + lift * dx))
    return points


def _draw_nodes(
    axes: Axes,
    graph: nx.DiGraph,
    circles: Circles,
    unit: float,
) -> None:
    from matplotlib.patches import Circle

    places, radius = circles
    colour_of = slack_colours()
    failed = []
    banks = [n for n in graph.nodes if graph.nodes[n].get("kind") == "bank"]
    name_of = _bank_labels(banks, radius, unit)
    for name in sorted(places, key=lambda n: (-radius[n], layout.natural_order(n))):
        node = graph.nodes[name]
        fill = colour_of(node.get("margin_slack"))
        rim = style.ACTOR_COLOURS.get(node.get("kind", ""), style.QUIET)
        if node.get("out") and not node.get("failed"):
            fill, rim = style.PAPER, OUT
        axes.add_patch(
            Circle(places[name], radius[name], facecolor=fill, edgecolor=rim, linewidth=1.6,
                   zorder=4)
        )  # fmt: skip
        if node.get("kind") == "bank":
            _label_bank(axes, places[name], radius[name], name_of[name], bool(node.get("failed")))
        if node.get("failed"):
            failed.append(name)
            _cross(axes, places[name], radius[name])
    clients = [n for n in failed if graph.nodes[n].get("kind") != "bank"]
    _label_failed(axes, clients, circles, unit)


def _label_bank(
    axes: Axes, place: tuple[float, float], radius: float, label: str, is_failed: bool
) -> None:
    """A bank's name inside its circle, or below it where a cross is drawn."""
    below = (place[0], place[1] - (radius + 0.02 if is_failed else 0.0))
    axes.text(
        *below, label, ha="center", va="top" if is_failed else "center", fontsize=7.5, zorder=7,
        color=style.INK, bbox=_halo() if is_failed else None,
    )  # fmt: skip


def _bank_labels(banks: Sequence[str], radius: dict[str, float], unit: float) -> dict[str, str]:
    """Names where all fit into their circles; else their numbers alone."""
    if all(_LETTER_INCHES * len(bank) + 0.06 < 2.0 * radius[bank] * unit for bank in banks):
        return {bank: bank for bank in banks}
    return {bank: bank.rsplit("-", 1)[-1] for bank in banks}


def _label_failed(
    axes: Axes,
    failed: Sequence[str],
    circles: Circles,
    unit: float,
) -> None:
    """Names of the largest that failed, each where it covers no circle and no other name."""
    places, radius = circles
    taken = [(*places[n], radius[n]) for n in places]
    left, right = axes.get_xlim()
    for name in failed:
        width, half_height = _LETTER_INCHES * len(name) / unit, _HALF_LETTER_INCHES / unit
        if sum(1 for t in axes.texts if t.get_gid() == "failed") == _LABELLED_FAILURES:
            return
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            x = places[name][0] + dx * (radius[name] + 0.03 + 0.5 * width)
            y = places[name][1] + dy * (radius[name] + 0.06)
            fits = left < x - 0.5 * width and x + 0.5 * width < right
            if fits and not any(
                _covers(x, y, 0.5 * width, half_height, circle) for circle in taken
            ):
                axes.text(
                    x, y, name, fontsize=6.8, ha="center", va="center", zorder=8,
                    fontweight="bold", bbox=_halo(), gid="failed",
                )  # fmt: skip
                shares = (-0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45)
                taken.extend((x + share * width, y, half_height) for share in shares)
                break


def _covers(
    x: float, y: float, half_width: float, half_height: float, circle: tuple[float, float, float]
) -> bool:
    """True if a label about (x, y) touches a circle."""
    dx = max(0.0, abs(circle[0] - x) - half_width)
    dy = max(0.0, abs(circle[1] - y) - half_height)
    return math.hypot(dx, dy) < circle[2]


def _halo() -> dict[str, Any]:
    return {"facecolor": style.PAPER, "alpha": 0.8, "linewidth": 0, "pad": 0.6}


def _cross(axes: Axes, place: tuple[float, float], radius: float) -> None:
    arm = 0.95 * radius
    for slope in (1, -1):
        xs, ys = (place[0] - arm, place[0] + arm), (place[1] - slope * arm, place[1] + slope * arm)
        axes.plot(xs, ys, color=style.PAPER, linewidth=3.4, zorder=5)
        axes.plot(xs, ys, color=style.INK, linewidth=1.7, zorder=6)


def _legend(axes: Axes, graph: nx.DiGraph) -> None:
    """Rims, fills, marks and lines, at the top of the column beside the graph."""
    from matplotlib.lines import Line2D

    axes.set_axis_off()
    present = {d.get("kind") for _, d in graph.nodes(data=True)}
    names = style.ACTOR_NAMES | {"bank": "banks (numbered)"}
    margined = {d["kind"] for _, d in graph.nodes(data=True) if _has_slack(d)}
    handles = [
        ring(style.ACTOR_COLOURS[k], names[k], style.PAPER if k in margined else NO_SLACK)
        for k in style.ACTOR_COLOURS
        if k in present
    ]
    handles += [
        ring(NO_SLACK, "no margin rule", fill=NO_SLACK),
        ring(OUT, "stopped out"),
        Line2D([], [], color=style.INK, marker="x", linestyle="", markersize=6, label="failed"),
        Line2D([], [], color=_LOAN, alpha=0.75, linewidth=2.0, label="loan to a client"),
        Line2D([], [], color=_CLAIM, alpha=0.55, linewidth=2.0, label="interbank claim"),
    ]
    axes.legend(
        handles=handles, loc="upper left", labelspacing=0.5, handlelength=1.5, borderaxespad=0.2
    )


def _has_slack(node: dict[str, Any]) -> bool:
    return math.isfinite(node.get("margin_slack", math.nan))


def _size_key(axes: Axes, graph: nx.DiGraph, unit: float) -> None:
    """Circles of round amounts one above the other, at the foot of the column beside the graph."""
    from matplotlib.patches import Circle

    size = axes.get_window_extent()
    dpi = style.DOTS_PER_INCH
    axes.set_xlim(0.0, size.width / dpi)
    axes.set_ylim(0.0, size.height / dpi)
    scale, least = _scale(graph), _SMALLEST * _crowding(graph)
    # Below the first amount all circles are of one size, to be seen at all.
    floor = _round_amount((least / scale) ** 4)
    drawn = [a for a in _KEY_USD_BN if a > 2.0 * floor and scale * a**0.25 <= 1.05 * _LARGEST]
    key = [(least, f"≤{floor:,g}"), *((scale * a**0.25, f"{a:,}") for a in drawn)]
    widest = max(radius for radius, _ in key) * unit
    edge = 0.08
    for radius, label in reversed(key):
        r = radius * unit
        axes.add_patch(
            Circle((0.12 + widest, edge + r), r, facecolor="none", edgecolor=style.QUIET,
                   linewidth=0.9)
        )  # fmt: skip
        axes.text(0.22 + 2.0 * widest, edge + r, label, va="center", fontsize=7.5)
        edge += 2.0 * r + 0.06
    axes.text(0.12, edge + 0.03, "assets, USD bn", va="bottom", fontsize=7.5)


def _round_amount(amount: float) -> float:
    """One significant digit."""
    return float(f"{amount:.0e}")


def ring(colour: str, label: str, fill: str = style.PAPER) -> Any:
    """A circle for a legend, its rim in the colour of a type of institution."""
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], linestyle="", marker="o", markersize=8.0, markerfacecolor=fill,
        markeredgecolor=colour, markeredgewidth=1.3, label=label,
    )  # fmt: skip
