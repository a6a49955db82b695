"""Who lends to whom, who is near a margin call, who has failed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from abm.figures import layout, style

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_INCHES = 6.9
_SMALLEST, _LARGEST = 0.055, 0.24  # radii of circles, in radii of the ring of banks
_SLACK_LIMIT = 0.5  # margin slack at which the colours end
_NO_SLACK = "#E4E4E4"
_SLACK_COLOURS = ("#A63A00", "#D55E00", "#F0A875", "#F4F1EA", "#8FBBDD", "#0072B2", "#00497A")
_LABELLED_FAILURES = 6
_LETTER_WIDTH, _HALF_LETTER = 0.035, 0.045  # of a bold label, in radii of the ring
_LEGEND_ASSETS_USD_BN = (1, 10, 100, 1000)


def network_figure(graph: nx.DiGraph, title: str, caption: str = "") -> Figure:
    """The exposure graph of one day: banks on an inner ring, clients outside their main broker.

    Area of a circle grows with the square root of assets; its colour is margin slack
    (maintenance leverage over leverage, less 1: below zero a margin call), its rim the type of
    institution; a cross marks the failed. Lines are loans (grey) and interbank claims (dark),
    their width the amount.

    Parameters
    ----------
    graph
        Lender to borrower; edges carry `weight` [USD bn] and `kind` ("loan", "interbank"), nodes
        `kind`, `assets_usd_bn`, `margin_slack`, `failed`.
    title, caption
        The finding; scenario, seed and day.
    """
    with style.house_style():
        top, bottom = style.title_height(title) + 0.1, style.caption_height(caption) + 0.05
        height = top + _PANEL_INCHES + 0.62 + bottom
        figure = style.new_figure(height)
        axes = figure.add_axes((0.01, (bottom + 0.62) / height, 0.98, _PANEL_INCHES / height))
        style.write_title(figure, title)
        style.write_caption(figure, caption)
        radius = _radii(graph)
        places = layout.ring_layout(graph, radius)
        _frame(axes, places, radius)
        _draw_edges(axes, graph, places)
        _draw_nodes(axes, graph, places, radius)
        _colour_bar(figure, bottom / height, height)
        _legend(axes, graph, _scale(graph))
    return figure


def worst_day(days: Any) -> int:
    """The day of the largest forced sales; without any, of the funding currency's largest rise."""
    forced = [c for c in days.columns if c.startswith("forced_") and c.endswith("_usd_bn")]
    total = days[forced].sum(axis=1)
    if float(total.max()) > 0.0:
        return int(days["day"].iloc[int(total.to_numpy().argmax())])
    quote = days[next(c for c in days.columns if c.startswith("log_"))].diff().fillna(0.0)
    return int(days["day"].iloc[int(quote.to_numpy().argmax())])


def _scale(graph: nx.DiGraph) -> float:
    """Radius of a circle per fourth root of USD bn: its area grows with the root of assets."""
    largest = max((_assets(graph, n) for n in graph.nodes), default=0.0)
    return _crowding(graph) * _LARGEST / float(max(largest, 1.0) ** 0.25)


def _crowding(graph: nx.DiGraph) -> float:
    """Factor on all circles by which many still fit around the ring."""
    return min(1.0, math.sqrt(130.0 / max(len(graph), 1)))


def _radii(graph: nx.DiGraph) -> dict[str, float]:
    scale, least = _scale(graph), _SMALLEST * _crowding(graph)
    return {n: max(least, scale * _assets(graph, n) ** 0.25) for n in graph.nodes}


def _assets(graph: nx.DiGraph, name: str) -> float:
    assets = float(graph.nodes[name].get("assets_usd_bn", 0.0))
    return assets if math.isfinite(assets) and assets > 0.0 else 0.0


def _frame(axes: Axes, places: dict[str, tuple[float, float]], radius: dict[str, float]) -> None:
    reach = max((math.hypot(*places[n]) + radius[n] for n in places), default=1.0)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_ylim(-1.03 * reach, 1.03 * reach)
    ratio = axes.get_window_extent().width / axes.get_window_extent().height
    # The picture sits to the left of the middle: the legend takes the upper right corner.
    axes.set_xlim(-1.03 * reach * ratio * 0.97, 1.03 * reach * ratio * 1.03)


def _draw_edges(axes: Axes, graph: nx.DiGraph, places: dict[str, tuple[float, float]]) -> None:
    from matplotlib.collections import LineCollection

    for kind, colour, alpha, widest, order in (
        ("loan", "#7C8794", 0.38, 4.0, 1),
        ("interbank", "#3A3A3A", 0.55, 3.0, 2),
    ):
        edges = [
            (lender, borrower, float(d.get("weight", 0.0)))
            for lender, borrower, d in graph.edges(data=True)
            if d.get("kind", "loan") == kind and d.get("weight", 0.0) > 0.0
        ]
        edges.sort(key=lambda e: (layout.natural_order(e[0]), layout.natural_order(e[1])))
        largest = max((w for _, _, w in edges), default=1.0)
        lines = [_arc(places[a], places[b], 0.16 * (kind == "interbank")) for a, b, _ in edges]
        widths = [0.25 + widest * w / largest for _, _, w in edges]
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
    places: dict[str, tuple[float, float]],
    radius: dict[str, float],
) -> None:
    from matplotlib.patches import Circle

    colour_of = _slack_colours()
    failed = []
    for name in sorted(places, key=lambda n: (-radius[n], layout.natural_order(n))):
        node, rim = graph.nodes[name], 1.6 if graph.nodes[name].get("kind") == "bank" else 1.1
        axes.add_patch(
            Circle(
                places[name], radius[name], facecolor=colour_of(node.get("margin_slack")),
                edgecolor=style.ACTOR_COLOURS.get(node.get("kind", ""), style.QUIET),
                linewidth=rim, zorder=4,
            )
        )  # fmt: skip
        if node.get("kind") == "bank":
            _label_bank(axes, places[name], radius[name], name, bool(node.get("failed")))
        if node.get("failed"):
            failed.append(name)
            _cross(axes, places[name], radius[name])
    clients = [n for n in failed if graph.nodes[n].get("kind") != "bank"]
    _label_failed(axes, clients, places, radius)


def _label_bank(
    axes: Axes, place: tuple[float, float], radius: float, name: str, is_failed: bool
) -> None:
    """A bank's name inside its circle where it fits and no cross is drawn, below it otherwise."""
    fits = radius > 0.021 * len(name) and not is_failed
    below = (place[0], place[1] - (0.0 if fits else radius + 0.02))
    axes.text(
        *below, name, ha="center", va="center" if fits else "top", fontsize=7.0, zorder=7,
        color=style.INK, bbox=None if fits else _halo(),
    )  # fmt: skip


def _label_failed(
    axes: Axes,
    failed: Sequence[str],
    places: dict[str, tuple[float, float]],
    radius: dict[str, float],
) -> None:
    """Names of the largest that failed, each where it covers no circle and no other name."""
    taken = [(*places[n], radius[n]) for n in places]
    left, right = axes.get_xlim()
    for name in failed:
        width = _LETTER_WIDTH * len(name)
        if sum(1 for t in axes.texts if t.get_gid() == "failed") == _LABELLED_FAILURES:
            return
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            x = places[name][0] + dx * (radius[name] + 0.03 + 0.5 * width)
            y = places[name][1] + dy * (radius[name] + 0.06)
            fits = left < x - 0.5 * width and x + 0.5 * width < right
            if fits and not any(_covers(x, y, 0.5 * width, circle) for circle in taken):
                axes.text(
                    x, y, name, fontsize=6.8, ha="center", va="center", zorder=8,
                    fontweight="bold", bbox=_halo(), gid="failed",
                )  # fmt: skip
                taken.extend((x + share * width, y, 0.05) for share in (-0.4, 0.0, 0.4))
                break


def _covers(x: float, y: float, half_width: float, circle: tuple[float, float, float]) -> bool:
    """Whether a label about (x, y) touches a circle."""
    dx = max(0.0, abs(circle[0] - x) - half_width)
    dy = max(0.0, abs(circle[1] - y) - _HALF_LETTER)
    return math.hypot(dx, dy) < circle[2]


def _halo() -> dict[str, Any]:
    return {"facecolor": style.PAPER, "alpha": 0.8, "linewidth": 0, "pad": 0.6}


def _cross(axes: Axes, place: tuple[float, float], radius: float) -> None:
    arm = 0.95 * radius
    for slope in (1, -1):
        xs, ys = (place[0] - arm, place[0] + arm), (place[1] - slope * arm, place[1] + slope * arm)
        axes.plot(xs, ys, color=style.PAPER, linewidth=3.4, zorder=5)
        axes.plot(xs, ys, color=style.INK, linewidth=1.7, zorder=6)


def _slack_map() -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    colours = LinearSegmentedColormap.from_list("margin_slack", _SLACK_COLOURS)
    return ScalarMappable(Normalize(-_SLACK_LIMIT, _SLACK_LIMIT), colours)


def _slack_colours() -> Any:
    mapped = _slack_map()

    def colour(slack: float | None) -> Any:
        if slack is None or math.isnan(slack):
            return _NO_SLACK
        # Clipped here: an institution without debt has infinite slack.
        return mapped.to_rgba(max(-9.0, min(9.0, slack)))

    return colour


def _colour_bar(figure: Figure, foot: float, height: float) -> None:
    axes = figure.add_axes((0.30, foot + 0.3 / height, 0.40, 0.11 / height))
    bar = figure.colorbar(_slack_map(), cax=axes, orientation="horizontal", extend="both")
    bar.outline.set_visible(False)
    ticks = (-0.5, -0.25, 0.0, 0.25, 0.5)
    bar.set_ticks(ticks, labels=["−50%", "−25%", "0", "+25%", "+50%"])
    axes.tick_params(length=0, pad=2)
    axes.set_title(
        "margin slack: maintenance leverage over leverage, less 1", fontsize=7.5, pad=3.5
    )
    axes.text(-0.09, 0.5, "margin call", transform=axes.transAxes, ha="right", va="center")
    axes.text(1.09, 0.5, "room to spare", transform=axes.transAxes, ha="left", va="center")


def _legend(axes: Axes, graph: nx.DiGraph, scale: float) -> None:
    """Types by rim in the upper left corner, sizes in the upper right."""
    from matplotlib.lines import Line2D

    present = {d.get("kind") for _, d in graph.nodes(data=True)}
    kinds = [k for k in style.ACTOR_COLOURS if k in present]
    rims = [_ring(style.ACTOR_COLOURS[k], style.ACTOR_NAMES[k]) for k in kinds]
    loans = [
        Line2D([], [], color="#7C8794", alpha=0.6, linewidth=2.0, label="loan to a client"),
        Line2D([], [], color="#3A3A3A", alpha=0.7, linewidth=1.5, label="interbank claim"),
        Line2D([], [], color=style.INK, marker="x", linestyle="", markersize=6, label="failed"),
    ]
    axes.legend(handles=[*rims, *loans], loc="upper left", labelspacing=0.45)
    _size_key(axes, scale)


def _size_key(axes: Axes, scale: float) -> None:
    """Circles of round amounts in one another, in the upper right corner."""
    from matplotlib.patches import Circle

    amounts = [a for a in _LEGEND_ASSETS_USD_BN if scale * a**0.25 <= 1.05 * _LARGEST]
    widest = scale * amounts[-1] ** 0.25
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    x, foot = right - 0.42 - widest, top - 0.2 - 2.0 * widest
    axes.text(right - 0.05, top - 0.02, "assets, USD bn", ha="right", va="top", fontsize=7.5)
    heights = [foot + 2.0 * scale * a**0.25 for a in amounts]
    places = style.spread_apart(heights, 0.075, foot, top)
    for amount, height, place in zip(amounts, heights, places, strict=True):
        r = scale * amount**0.25
        axes.add_patch(
            Circle((x, foot + r), r, facecolor="none", edgecolor=style.QUIET, linewidth=0.9)
        )
        edge = x + widest + 0.06
        axes.plot((x, edge), (height, place), color=style.FAINT, linewidth=0.7, zorder=0)
        axes.text(edge + 0.02, place, f"{amount:,}", va="center", fontsize=7.5)


def _ring(colour: str, label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], linestyle="", marker="o", markersize=8.0, markerfacecolor="white",
        markeredgecolor=colour, markeredgewidth=1.3, label=label,
    )  # fmt: skip
