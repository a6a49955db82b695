"""Arrows as wide as what they carry, between boxes in columns; and text that fits its box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from abm.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]

_POINTS_PER_INCH = 72.0
_HEAD_INCHES = 0.07
_HEAD_SIDE_INCHES = 0.025  # by which a head stands out on each side
_BEND = 0.55  # share of the way at which a ribbon is half up or down
_EDGE_POINTS = 0.6  # so that a steep ribbon does not vanish
_ALPHA, _HEAD_ALPHA = 0.5, 0.85
_LABEL_POINTS, _LABEL_INCHES = 6.8, 0.125
_COURSE_POINTS = 40  # of a ribbon, at which its label may stand


class Box(NamedTuple):
    """The place of a box [inches]."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def top(self) -> float:
        return self.bottom + self.height

    @property
    def centre(self) -> float:
        return self.left + 0.5 * self.width

    @property
    def middle(self) -> float:
        return self.bottom + 0.5 * self.height


class Ribbon(NamedTuple):
    """From the right side of a box to the left side of another; widths in inches."""

    start: Box
    end: Box
    width: float
    colour: str
    label: str = ""


def draw_ribbons(axes: Axes, ribbons: Sequence[Ribbon]) -> None:
    """All of them, the wide ones below, each label on its own ribbon."""
    starts, ends = _ports(ribbons, at_start=True), _ports(ribbons, at_start=False)
    for i in sorted(range(len(ribbons)), key=lambda i: -ribbons[i].width):
        _draw_ribbon(axes, ribbons[i], starts[i], ends[i])
    courses = [_course(*ends) for ends in zip(ribbons, starts, ends, strict=True)]
    for i, place in label_places(ribbons, courses).items():
        write_label(axes, *place, ribbons[i].label, ribbons[i].colour)


def label_places(ribbons: Sequence[Ribbon], courses: Sequence[Sequence[Point]]) -> dict[int, Point]:
    """Middle of each label, by the number of its ribbon: where it covers least of the others.

    The widest choose first. A label stands on its own ribbon, clear of the boxes where it fits.
    """
    places: dict[int, Point] = {}
    halves = {i: 0.5 * text_inches(r.label, _LABEL_POINTS, "normal")
              for i, r in enumerate(ribbons) if r.label}  # fmt: skip
    for i in sorted(halves, key=lambda i: -ribbons[i].width):
        left, right, half = ribbons[i].start.right, ribbons[i].end.left, halves[i]
        middle = courses[i][len(courses[i]) // 2]
        room = [p for p in courses[i] if left + half <= p[0] <= right - _HEAD_INCHES - half]
        lines = [p for j, course in enumerate(courses) if j != i for p in course]
        labels = [(halves[j], place) for j, place in places.items()]
        costs = {p: (_n_covered(p, half, lines, labels), abs(p[0] - middle[0])) for p in room}
        places[i] = min(costs, key=costs.__getitem__, default=middle)
    return places


def _n_covered(
    at: Point, half: float, lines: Sequence[Point], labels: Sequence[tuple[float, Point]]
) -> int:
    """Number of points under a label: of other ribbons, and all of them for each label."""
    x, y = at
    n_labels = sum(
        abs(x - there[0]) < half + other and abs(y - there[1]) < _LABEL_INCHES
        for other, there in labels
    )
    n_points = sum(abs(x - p[0]) < half and abs(y - p[1]) < 0.5 * _LABEL_INCHES for p in lines)
    return n_points + len(lines) * n_labels


def _course(ribbon: Ribbon, y0: float, y1: float) -> list[Point]:
    """Points along the middle of a ribbon: a cubic curve that leaves and arrives level."""
    x0, x1 = ribbon.start.right, ribbon.end.left - _HEAD_INCHES
    bend, points = x0 + _BEND * (x1 - x0), []
    for k in range(_COURSE_POINTS + 1):
        t = k / _COURSE_POINTS
        u = 1.0 - t
        x = u**3 * x0 + 3.0 * u * t * bend + t**3 * x1
        points.append((x, (u**3 + 3.0 * u * u * t) * y0 + (3.0 * u * t * t + t**3) * y1))
    return points


def draw_curve(axes: Axes, points: Sequence[Point], width: float, colour: str) -> None:
    """An arrow along a cubic curve of four points, with its head in the last direction."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    (x, y), (bx, by) = points[-1], points[-2]
    length = math.hypot(x - bx, y - by)
    along = ((x - bx) / length, (y - by) / length)
    neck = (x - _HEAD_INCHES * along[0], y - _HEAD_INCHES * along[1])
    path = Path([*points[:-1], neck], [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    axes.add_patch(
        PathPatch(
            path, facecolor="none", edgecolor=colour, linewidth=width * _POINTS_PER_INCH,
            alpha=_ALPHA, capstyle="butt", zorder=1,
        )
    )  # fmt: skip
    _draw_head(axes, neck, along, width, colour)


def write_label(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    """A number on an arrow, on paper with an edge in the arrow's colour."""
    paper = {"facecolor": style.PAPER, "edgecolor": colour, "linewidth": 0.6, "pad": 0.8}
    write(axes, x, y, text, fontsize=_LABEL_POINTS, ha="center", zorder=4, bbox=paper)


def write(axes: Axes, x: float, y: float, text: str, **look: object) -> None:
    """Text in its place; what a user wrote is text, never mathematics."""
    axes.text(x, y, text, va="center", parse_math=False, **look)  # type: ignore[arg-type]


def text_inches(text: str, points: float, weight: str) -> float:
    """Width of a text in the house type."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    look = FontProperties(family="DejaVu Sans", size=points, weight=weight)
    width, _, _ = TextToPath().get_text_width_height_descent(text, look, ismath=False)
    return float(width) / _POINTS_PER_INCH


def fitted(text: str, inches: float, most: int, points: float, weight: str) -> list[str]:
    """Text in lines of a width; of more lines than `most` the last that is kept ends in dots."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ")
        if lines[-1] and text_inches(longer, points, weight) > inches:
            lines.append(word)
        else:
            lines[-1] = longer
    kept = lines[:most]
    if len(lines) > most:
        kept[-1] += " …"
    return [_cut(line, inches, points, weight) for line in kept]


def _cut(line: str, inches: float, points: float, weight: str) -> str:
    """A line without what does not fit."""
    if text_inches(line, points, weight) <= inches:
        return line
    while line and text_inches(f"{line}…", points, weight) > inches:
        line = line[:-1]
    return f"{line.rstrip()}…"


def _draw_ribbon(axes: Axes, ribbon: Ribbon, y0: float, y1: float) -> None:
    """A band of one height all along, and its head."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    x0, x1 = ribbon.start.right, ribbon.end.left - _HEAD_INCHES
    bend, half = x0 + _BEND * (x1 - x0), 0.5 * ribbon.width
    upper = [(x0, y0 + half), (bend, y0 + half), (bend, y1 + half), (x1, y1 + half)]
    lower = [(x1, y1 - half), (bend, y1 - half), (bend, y0 - half), (x0, y0 - half)]
    curve = [Path.CURVE4] * 3
    path = Path(
        [*upper, *lower, upper[0]], [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    )
    look = {"color": ribbon.colour, "linewidth": _EDGE_POINTS, "alpha": _ALPHA}
    axes.add_patch(PathPatch(path, zorder=1, **look))
    _draw_head(axes, (x1, y1), (1.0, 0.0), ribbon.width, ribbon.colour)


def _draw_head(axes: Axes, neck: Point, along: Point, width: float, colour: str) -> None:
    from matplotlib.patches import Polygon

    (x, y), (dx, dy) = neck, along
    side = 0.5 * width + _HEAD_SIDE_INCHES
    corners = [
        (x - side * dy, y + side * dx),
        (x + side * dy, y - side * dx),
        (x + _HEAD_INCHES * dx, y + _HEAD_INCHES * dy),
    ]
    axes.add_patch(
        Polygon(corners, closed=True, color=colour, linewidth=0, alpha=_HEAD_ALPHA, zorder=1)
    )


def _ports(ribbons: Sequence[Ribbon], at_start: bool) -> list[float]:
    """Heights at which ribbons leave (or enter) their boxes, in the order of their other ends."""
    ports = [0.0] * len(ribbons)
    boxes = [ribbon.start if at_start else ribbon.end for ribbon in ribbons]
    others = [ribbon.end if at_start else ribbon.start for ribbon in ribbons]
    for box in set(boxes):
        own = [i for i in range(len(ribbons)) if boxes[i] == box]
        own.sort(key=lambda i: -others[i].middle)
        edge = box.middle + 0.5 * sum(ribbons[i].width for i in own)
        for i in own:
            ports[i] = edge - 0.5 * ribbons[i].width
            edge -= ribbons[i].width
    return ports
