"""Places of the nodes of an exposure graph: banks inside, clients outside their broker.

Who has no loan stands in rows below.

Deterministic: the same graph gives the same places, whatever the order of its nodes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import networkx as nx

_CLIENT_RING = 1.0  # radius of the banks that lend to clients
_INNER_RING = 0.45  # radius of the banks that lend to banks only
_FIRST_CLIENT_RADIUS = 1.5
_ROOM_ABOVE_ROWS = 0.32
_N_SWEEPS = 300
_PULL = 0.02  # towards the wanted place, per sweep
_CLEARANCE = 1.14  # between circles, in sums of their radii


Place = tuple[float, float]


class Circles(NamedTuple):
    """The nodes of a drawn graph by name, in radii of the ring of banks."""

    places: dict[str, Place]
    radii: dict[str, float]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, foot and top of all of them."""
        return extent(self.places, self.radii)


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key by which bank-2 comes before bank-10."""
    parts = re.findall(r"\d+|\D+", str(name))
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)


def ring_layout(graph: nx.DiGraph, radius: dict[str, float]) -> dict[str, Place]:
    """Place of each node; `radius` is that of its circle, in the same unit.

    Banks with clients share a ring in sectors as wide as their clients' circles need; other banks
    lie inside it, near their main partner; clients lie outside, nearest to their main broker.
    Institutions without a loan stand in rows below all others, by type.
    """
    names = sorted(graph.nodes, key=natural_order)
    is_bank = {n for n in names if graph.nodes[n].get("kind") == "bank"}
    main = {n: main_lender(graph, n, is_bank) for n in names if n not in is_bank}
    broker = {n: bank for n, bank in main.items() if bank is not None}
    lenders = [b for b in names if b in is_bank and b in set(broker.values())]
    angle = _sector_angles(lenders, broker, radius)
    places: dict[str, Place] = {
        b: _polar(_CLIENT_RING if len(lenders) > 1 else 0.0, angle[b]) for b in lenders
    }
    others = [b for b in names if b in is_bank and b not in places]
    for i, bank in enumerate(others):
        turn = 2.0 * math.pi * (i + 0.5) / len(others)
        places[bank] = _polar(_INNER_RING if lenders else _CLIENT_RING, turn)
    places.update(_client_places(broker, lenders, angle, radius))
    linked = [n for n in names if n in places]
    places = _push_apart(linked, places, radius, is_bank)
    alone = [n for n in names if n not in places]
    alone.sort(key=lambda n: (graph.nodes[n].get("kind", ""), natural_order(n)))
    return places | _rows_below(alone, places, radius)


def extent(
    places: Mapping[str, Place], radius: Mapping[str, float]
) -> tuple[float, float, float, float]:
    """Left, right, foot and top of all circles."""
    return (
        min((x - radius[n] for n, (x, _) in places.items()), default=-1.0),
        max((x + radius[n] for n, (x, _) in places.items()), default=1.0),
        min((y - radius[n] for n, (_, y) in places.items()), default=-1.0),
        max((y + radius[n] for n, (_, y) in places.items()), default=1.0),
    )


def _rows_below(
    names: list[str], above: dict[str, Place], radius: dict[str, float]
) -> dict[str, Place]:
    """Circles side by side in rows as wide as what is above them, and below it."""
    left, right, foot, _ = extent(above, radius)
    rows: list[list[str]] = [[]]
    for name in names:
        width = sum(2.0 * _CLEARANCE * radius[n] for n in [*rows[-1], name])
        if rows[-1] and width > right - left:
            rows.append([])
        rows[-1].append(name)
    places: dict[str, Place] = {}
    edge = foot - _ROOM_ABOVE_ROWS
    for row in rows:
        tallest = max((radius[n] for n in row), default=0.0)
        x = 0.5 * (left + right) - _CLEARANCE * sum(radius[n] for n in row)
        for name in row:
            places[name] = (x + _CLEARANCE * radius[name], edge - tallest)
            x += 2.0 * _CLEARANCE * radius[name]
        edge -= 2.0 * _CLEARANCE * tallest
    return places


def main_lender(graph: nx.DiGraph, name: str, lenders: set[str]) -> str | None:
    """The lender with the largest loan to `name`; the first in natural order among equals."""
    loans = [
        (-float(weight), natural_order(lender), lender)
        for lender, _, weight in graph.in_edges(name, data="weight", default=0.0)
        if lender in lenders
    ]
    return min(loans)[2] if loans else None


def _sector_angles(
    lenders: list[str], broker: dict[str, str], radius: dict[str, float]
) -> dict[str, float]:
    """Mid-angle of each lending bank's sector, from the top clockwise."""
    need = {b: 0.05 + radius[b] ** 2 for b in lenders}
    for client, bank in broker.items():
        need[bank] += radius[client] ** 2
    total, turn, angles = sum(need.values()), 0.0, {}
    for bank in lenders:
        width = 2.0 * math.pi * need[bank] / total
        angles[bank] = 0.5 * math.pi - (turn + 0.5 * width)
        turn += width
    return angles


def _client_places(
    broker: dict[str, str],
    lenders: list[str],
    angle: dict[str, float],
    radius: dict[str, float],
) -> dict[str, Place]:
    """Clients fanned out about their broker's angle, the largest nearest to it."""
    places: dict[str, Place] = {}
    for bank in lenders:
        clients = [c for c, b in broker.items() if b == bank]
        clients.sort(key=lambda c: (-radius[c], natural_order(c)))
        for i, client in enumerate(clients):
            side = (i + 1) // 2 * (1 if i % 2 else -1)
            turn = angle[bank] + side * 2.2 * math.pi / max(len(broker), 1)
            places[client] = _polar(_FIRST_CLIENT_RADIUS + 0.16 * (i % 3), turn)
    return places


def _push_apart(
    names: list[str],
    places: dict[str, Place],
    radius: dict[str, float],
    fixed: set[str],
) -> dict[str, Place]:
    """Clients moved until no circles overlap, while each is drawn back to where it belongs."""
    at = np.array([places[n] for n in names], dtype=np.float64).reshape(-1, 2)
    home, size = at.copy(), np.array([radius[n] for n in names])
    moves = np.array([n not in fixed for n in names], dtype=bool)
    # A sweep's time grows with the square of the crowd: large graphs get fewer.
    n_sweeps = max(60, min(_N_SWEEPS, 60_000 // max(len(names), 1)))
    for sweep in range(n_sweeps):
        push = _overlap_push(at, size)
        pull = _PULL * (1.0 - sweep / n_sweeps) * (home - at)
        at[moves] += (push + pull)[moves]
        _keep_outside(at, size, moves)
    return {n: (float(x), float(y)) for n, (x, y) in zip(names, at, strict=True)}


def _overlap_push(at: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of every pair's overlap, along the line between the two, summed by node, (n, 2)."""
    dx, dy = np.subtract.outer(at[:, 0], at[:, 0]), np.subtract.outer(at[:, 1], at[:, 1])
    squared = dx * dx + dy * dy
    needed = _CLEARANCE * np.add.outer(size, size)
    i, j = np.nonzero(squared < needed * needed)
    i, j = i[i != j], j[i != j]
    distance = np.sqrt(squared[i, j]) + 1e-9
    share = 0.5 * (needed[i, j] - distance) / distance
    push = np.zeros_like(at)
    push[:, 0] = np.bincount(i, share * dx[i, j], at.shape[0])
    push[:, 1] = np.bincount(i, share * dy[i, j], at.shape[0])
    return push


def _keep_outside(
    at: NDArray[np.float64], size: NDArray[np.float64], moves: NDArray[np.bool_]
) -> None:
    """Clients stay outside the ring of banks, so that loans run outwards only."""
    least = 1.28 * _CLIENT_RING + size
    distance = np.sqrt((at**2).sum(axis=1)) + 1e-12
    inside = moves & (distance < least)
    at[inside] *= (least / distance)[inside, None]


def _polar(radius: float, angle: float) -> tuple[float, float]:
    return radius * math.cos(angle), radius * math.sin(angle)
