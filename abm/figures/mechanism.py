"""The mechanism in one picture: news, prices, calls, forced sales, more calls, failures."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from abm.figures import style
from abm.figures.ribbons import (
    Box,
    Ribbon,
    draw_curve,
    draw_ribbons,
    fitted,
    text_inches,
    write,
    write_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Columns from left to right. A price of a column calls those of the next; those of LATER are
# called by prices of AGAIN or, in a circle, of STILL.
OUTSIDE, FIRST, CALLED, AGAIN, LATER, STILL = range(6)
FAILED, BORNE = 6, 7  # in the row below

_SIDE_INCHES = 0.14
_BOX_INCHES = {OUTSIDE: 1.02, FIRST: 0.86, CALLED: 0.98, AGAIN: 0.86, LATER: 0.98, STILL: 0.86}
_BOX_HEIGHT, _BOX_GAP = 0.54, 0.1
_BELOW_HEIGHT, _BELOW_GAP = 0.36, 0.45
_HEAD_INCHES, _CIRCLE_INCHES, _FOOT_INCHES = 0.4, 0.36, 0.8
_MOST_GAP_INCHES = 1.2
_QUIET_INCHES = 3.2  # for the text where no institution had to sell
_WIDEST_INCHES, _THINNEST_INCHES = 0.4, 0.016  # of all arrows at one side of a box; of any one
_CIRCLE_WIDEST_INCHES = 0.12
_LABELLED_SHARE, _MOST_LABELS = 0.08, 4  # between two columns; other arrows have no number
_POINTS, _LINE_INCHES = 7.0, 0.122
_BAR_INCHES, _MARGIN_INCHES = 0.055, 0.1
_FAILURE = "#B5380B"


class Node(NamedTuple):
    """A box: its column, whose colour it has, and what is written in it."""

    name: str
    column: int
    of: str  # kind of institution, instrument, or what else it stands for
    lines: tuple[str, ...]  # the first bold
    failed: str = ""  # a last line, in red


class Link(NamedTuple):
    """An arrow from box to box; without an amount (NaN) a thin one."""

    source: str
    target: str
    amount_usd_bn: float
    label: str = ""


@dataclass(frozen=True)
class Chain:
    """The chain of causes in a run, from left to right.

    Attributes
    ----------
    nodes, links
        Boxes in the order in which they stand in their columns, and the arrows between them.
    headings
        Two lines above each column: what it is, and its days.
    circle
        What later sales made later calls: how many, how much.
    notes
        What was merged, for the caption.
    quiet
        Text where no institution was forced to sell; else empty.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    headings: dict[int, tuple[str, str]] = field(default_factory=dict)
    circle: str = ""
    notes: tuple[str, ...] = ()
    quiet: str = ""

    def column(self, name: str) -> int:
        """The column of a box."""
        return next(node.column for node in self.nodes if node.name == name)

    def between(self, sources: Sequence[int], target: int) -> list[Link]:
        """Arrows from these columns to that one."""
        return [
            link
            for link in self.links
            if self.column(link.source) in sources and self.column(link.target) == target
        ]


def mechanism_figure(chain: Chain, title: str, caption: str = "") -> Figure:
    """The chain of forced sales, from the news to the losses; arrows as wide as their amounts.

    Parameters
    ----------
    chain
        See `abm.report.chain.read_chain`.
    title, caption
        The finding; scenario and seed. What was merged is added to the caption.
    """
    caption = " ".join([caption, *chain.notes]).strip()
    with style.house_style():
        top, bottom = style.title_height(title) + 0.08, style.caption_height(caption) + 0.08
        inches = _inches(chain)
        figure = style.new_figure(top + inches + bottom)
        height = figure.get_figheight()
        axes = figure.add_axes((0.0, bottom / height, 1.0, inches / height))
        axes.set_axis_off()
        axes.set_xlim(0.0, style.WIDTH_INCHES)
        axes.set_ylim(0.0, inches)
        style.write_title(figure, title)
        style.write_caption(figure, caption)
        boxes = place(chain)
        _draw_links(axes, chain, boxes)
        for node in chain.nodes:
            _draw_box(axes, node, boxes[node.name])
        _draw_headings(axes, chain, boxes)
        if chain.quiet:
            _say_quiet(axes, chain, boxes)
    return figure


def place(chain: Chain) -> dict[str, Box]:
    """Every box's place [inches]: columns from left to right, each in the middle of the height."""
    columns = _columns(chain)
    room = style.WIDTH_INCHES - 2.0 * _SIDE_INCHES - sum(_BOX_INCHES[c] for c in columns)
    if chain.quiet:
        room -= _QUIET_INCHES
    gap = min(_MOST_GAP_INCHES, room / max(len(columns) - 1, 1))
    middle = 0.5 * (_foot(chain) + _inches(chain) - _head(chain))
    left, boxes = _SIDE_INCHES, {}
    for column in columns:
        nodes = [node for node in chain.nodes if node.column == column]
        top = middle + 0.5 * _stack_inches(len(nodes))
        for node in nodes:
            boxes[node.name] = Box(left, top - _BOX_HEIGHT, _BOX_INCHES[column], _BOX_HEIGHT)
            top -= _BOX_HEIGHT + _BOX_GAP
        left += _BOX_INCHES[column] + gap
    return boxes | _place_below(chain, boxes)


def _place_below(chain: Chain, boxes: dict[str, Box]) -> dict[str, Box]:
    """Place the bearers of losses at the right and the failures left of them."""
    edge, placed = max((box.right for box in boxes.values()), default=0.0), {}
    for node in sorted(chain.nodes, key=lambda node: -node.column):
        if node.column in (FAILED, BORNE):
            width = _text_inches(node)
            above = [boxes[link.source] for link in chain.links if link.target == node.name
                     and link.source in boxes]  # fmt: skip
            left = edge - width
            if above:
                left = min(left, sum(box.centre for box in above) / len(above) - 0.5 * width)
            placed[node.name] = Box(left, 0.05, width, _BELOW_HEIGHT)
            edge = left - _BELOW_GAP
    return placed


def _text_inches(node: Node) -> float:
    widths = [text_inches(line, _POINTS, "bold") for line in node.lines]
    return max(widths) + _MARGIN_INCHES + 0.1


def _columns(chain: Chain) -> list[int]:
    return sorted({node.column for node in chain.nodes if node.column <= STILL})


def _stack_inches(n: int) -> float:
    return n * (_BOX_HEIGHT + _BOX_GAP) - _BOX_GAP


def _inches(chain: Chain) -> float:
    columns = [node.column for node in chain.nodes]
    most = max([3, *(columns.count(c) for c in _columns(chain))])
    return _head(chain) + _stack_inches(most) + _foot(chain)


def _head(chain: Chain) -> float:
    return _HEAD_INCHES + (_CIRCLE_INCHES if chain.between([STILL], LATER) else 0.06)


def _foot(chain: Chain) -> float:
    return _FOOT_INCHES if any(node.column > STILL for node in chain.nodes) else 0.06


def _width_scale(chain: Chain) -> float:
    """Inches of an arrow's width per USD bn: all that leave or enter one box fit its side."""
    sums: dict[tuple[str, str], float] = {}
    for link in chain.links:
        for side in (("out", link.source), ("in", link.target)):
            sums[side] = sums.get(side, 0.0) + _amount(link)
    return _WIDEST_INCHES / max(max(sums.values(), default=0.0), 1e-9)


def _draw_links(axes: Axes, chain: Chain, boxes: dict[str, Box]) -> None:
    """Ribbons between neighbouring columns, a circle above them, failures below."""
    scale = _width_scale(chain)

    def width(links: Sequence[Link]) -> float:
        return max(_THINNEST_INCHES, scale * sum(map(_amount, links)))

    colours = {node.name: style.ACTOR_COLOURS.get(node.of, "") for node in chain.nodes}
    ribbons = []
    for column in _columns(chain):
        links = chain.between([column], column + 1)
        told = _told(links)
        for link in links:
            colour = colours[link.source] or colours[link.target] or style.QUIET
            label = link.label if link in told else ""
            ends = boxes[link.source], boxes[link.target]
            ribbons.append(Ribbon(*ends, width([link]), colour, label))
    draw_ribbons(axes, ribbons)
    circle = chain.between([STILL], LATER)
    if circle:
        _draw_circle(axes, chain, boxes, min(width(circle), _CIRCLE_WIDEST_INCHES))
    for link in chain.between([CALLED, LATER], FAILED):
        _draw_failure(axes, boxes[link.source], boxes[link.target], width([link]))
    for link in chain.between([FAILED], BORNE):
        start, end = boxes[link.source], boxes[link.target]
        draw_ribbons(axes, [Ribbon(start, end, width([link]), _FAILURE)])


def _told(links: Sequence[Link]) -> list[Link]:
    """Arrows of one gap that have their numbers: those that matter, and meet others at a box."""
    least = _LABELLED_SHARE * sum(map(_amount, links))
    targets = [link.target for link in links]
    meeting = [k for k in links if targets.count(k.target) > 1 and _amount(k) >= least]
    largest = sorted(meeting, key=_amount, reverse=True)[:_MOST_LABELS]
    return [*largest, *(link for link in links if not _amount(link))]


def _draw_circle(axes: Axes, chain: Chain, boxes: dict[str, Box], width: float) -> None:
    """One arrow above the boxes, back to those whom the prices of the last column call again."""
    start, end = (
        max((boxes[n.name] for n in chain.nodes if n.column == c), key=lambda box: box.top)
        for c in (STILL, LATER)
    )
    above = max(start.top, end.top) + 1.2 * _CIRCLE_INCHES
    turns = [(start.centre, above), (end.centre, above)]
    points = [(start.centre, start.top), *turns, (end.centre, end.top)]
    draw_curve(axes, points, width, style.QUIET)
    half_way = 0.125 * (start.top + end.top) + 0.75 * above  # of the cubic curve
    write_label(axes, 0.5 * (start.centre + end.centre), half_way, chain.circle, style.QUIET)


def _draw_failure(axes: Axes, start: Box, end: Box, width: float) -> None:
    """From who fails down to the failures, beside the boxes between."""
    beside = start.right + 0.06
    axes.plot(
        [start.right, beside, beside], [start.bottom + 0.08, start.bottom + 0.08, end.top + 0.3],
        color=_FAILURE, linewidth=1.0, zorder=1.5, solid_joinstyle="round",
    )  # fmt: skip
    target = min(max(beside, end.left + 0.15), end.right - 0.15)
    low = end.top + 0.15
    draw_curve(
        axes, [(beside, end.top + 0.3), (beside, low), (target, low), (target, end.top)],
        max(width, 0.014), _FAILURE,
    )  # fmt: skip


def _draw_box(axes: Axes, node: Node, box: Box) -> None:
    """A box with a bar in the colour of its actor, and its text."""
    from matplotlib.patches import Rectangle

    colour = _FAILURE if node.column > STILL else style.ACTOR_COLOURS.get(node.of, style.QUIET)
    corner, paper = (box.left, box.bottom), style.PAPER
    axes.add_patch(
        Rectangle(
            corner, box.width, box.height, facecolor=paper, edgecolor=colour, linewidth=0.9,
            zorder=2,
        )
    )  # fmt: skip
    axes.add_patch(Rectangle(corner, _BAR_INCHES, box.height, color=colour, linewidth=0, zorder=3))
    lines = _lines(node, box)
    y = box.middle + 0.5 * _LINE_INCHES * (len(lines) - 1)
    for text, weight, ink in lines:
        write(
            axes, box.left + _MARGIN_INCHES, y, text, ha="left", fontsize=_POINTS, weight=weight,
            color=ink, zorder=4,
        )  # fmt: skip
        y -= _LINE_INCHES


def _lines(node: Node, box: Box) -> list[tuple[str, str, str]]:
    """Text, weight and colour of each line of a box: the first wrapped, and cut to what fits."""
    first, *others = node.lines
    rest = [(line, "normal", style.INK) for line in others if line]
    rest += [(node.failed, "bold", _FAILURE)] if node.failed else []
    most = int(box.height / _LINE_INCHES) - len(rest)
    head = fitted(first, box.width - _MARGIN_INCHES - 0.02, most, _POINTS, "bold")
    return [(line, "bold", style.INK) for line in head] + rest


def _draw_headings(axes: Axes, chain: Chain, boxes: dict[str, Box]) -> None:
    """Write each column's subject and days above it."""
    top = axes.get_ylim()[1]
    for column, (heading, days) in chain.headings.items():
        left = min(boxes[node.name].left for node in chain.nodes if node.column == column)
        write(axes, left, top - 0.08, heading, ha="left", weight="bold", fontsize=7.8)
        write(axes, left, top - 0.22, days, ha="left", fontsize=6.8, color=style.QUIET)


def _say_quiet(axes: Axes, chain: Chain, boxes: dict[str, Box]) -> None:
    """In the room where calls and sales would stand: that there were none."""
    left = max((box.right for box in boxes.values()), default=0.0)
    middle = 0.5 * (axes.get_ylim()[1] - (_HEAD_INCHES if boxes else 0.0))
    text = "\n".join(textwrap.wrap(chain.quiet, 30))
    x = 0.5 * (left + style.WIDTH_INCHES)
    write(axes, x, middle, text, ha="center", fontsize=13.0, weight="bold")


def _amount(link: Link) -> float:
    return link.amount_usd_bn if link.amount_usd_bn > 0.0 else 0.0
