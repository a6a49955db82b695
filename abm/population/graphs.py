"""A user's own graph: broker edges and interbank claims from GraphML or a list of edges (CSV).

A CSV has the columns lender, borrower, weight. Broker weights are relative (they are normalised
per borrower), interbank weights are claims in USD bn. All faults of a file are said at once.

GraphML whose edges say their `kind`, as `exposures.graphml` of a result does, holds both networks:
brokers are read off its loans, less those to a bank's own desk, and claims off the interbank ones.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import NOT_GIVEN, Fault, Nearest, ScenarioFaults
from abm.files import MOST_OF_GRAPH, read_bytes
from abm.kernels.state import BANK_DESK, KIND_NAMES
from abm.numbers import sum_in_turn

if TYPE_CHECKING:
    import networkx as nx

Array = np.ndarray

LOAN, INTERBANK = "loan", "interbank"  # `kind` of an edge in `exposures.graphml`
DESK = KIND_NAMES[BANK_DESK]
# What reading may raise where a file is not GraphML.
UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip
COLUMNS = ("lender", "borrower", "weight")
LARGEST_CLAIM_USD_BN = 1e6
LARGEST_BROKER_WEIGHT = 1e15  # they are relative, whatever their unit


class Edge(NamedTuple):
    """One edge as it was written, and the line it stands on (None in GraphML)."""

    lender: str
    borrower: str
    weight: object
    line: int | None


class Graph(NamedTuple):
    """Content of a file."""

    edges: list[Edge]
    alone: list[str]  # nodes without an edge


def read_broker_edges(
    path: str | Path, institution_names: list[str], bank_names: list[str]
) -> tuple[Array, Array, Array]:
    """Prime brokers of every institution: (start (N + 1,), broker (E,), share (E,)).

    Lenders are banks, borrowers institutions; weights are normalised to shares per borrower.
    """
    edges = _checked(path, bank_names, institution_names, LARGEST_BROKER_WEIGHT, LOAN)
    weights: list[dict[int, float]] = [{} for _ in institution_names]
    for lender, borrower, weight in edges:
        weights[borrower][lender] = weight
    start, broker = [0], list[int]()
    share: list[float] = []
    for given in weights:
        total = sum_in_turn(given.values())
        used = [bank for bank in sorted(given) if given[bank] > 0.0]
        broker.extend(used)
        share.extend(given[bank] / total for bank in used)
        start.append(len(broker))
    return (
        np.array(start, np.int64),
        np.array(broker, np.int64),
        np.array(share, np.float64),
    )


def read_interbank_claims(path: str | Path, bank_names: list[str]) -> Array:
    """Debts between banks [USD bn], (B, B), [i, j]: i owes j."""
    liabilities = np.zeros((len(bank_names), len(bank_names)))
    edges = _checked(path, bank_names, bank_names, LARGEST_CLAIM_USD_BN, INTERBANK)
    for lender, borrower, weight in edges:
        liabilities[borrower, lender] = weight
    return liabilities


def _checked(
    path: str | Path, lenders: list[str], borrowers: list[str], largest: float, kind: str
) -> list[tuple[int, int, float]]:
    """Edges as (row of the lender, row of the borrower, weight), or every fault at once."""
    where = str(path)
    edges, alone = _read(Path(path), where, kind)
    faults = list(_strangers(alone, where, dict.fromkeys([*lenders, *borrowers])))
    seen: dict[tuple[str, str], Edge] = {}
    lender_row = {name: row for row, name in enumerate(lenders)}
    borrower_row = {name: row for row, name in enumerate(borrowers)}
    for edge in edges:
        faults.extend(_faults_of(edge, where, lender_row, borrower_row, seen, largest))
        seen.setdefault((edge.lender, edge.borrower), edge)
    if not faults:
        faults.extend(_without_weight(edges, where))
    if faults:
        raise ScenarioFaults(faults)
    return [(lender_row[e.lender], borrower_row[e.borrower], _number(e.weight)) for e in edges]


def _faults_of(
    edge: Edge,
    where: str,
    lenders: dict[str, int],
    borrowers: dict[str, int],
    seen: dict[tuple[str, str], Edge],
    largest: float,
) -> Iterator[Fault]:
    """Faults of one edge."""

    def fault(key: str, given: object, allowed: str, hint: str | Nearest = "") -> Fault:
        return Fault(where, key, given, allowed, hint, edge.line)

    if edge.lender not in lenders:
        words = "is not a bank of this scenario"
        yield fault("lender", edge.lender, words, Nearest(edge.lender, lenders))
    if edge.borrower not in borrowers:
        words = "is not a bank of this scenario"
        if borrowers.keys() != lenders.keys():
            words = "is not an institution of this scenario"
        yield fault("borrower", edge.borrower, words, Nearest(edge.borrower, borrowers))
    if edge.lender == edge.borrower:
        yield fault("borrower", edge.borrower, "must not be its own lender")
    if not 0.0 <= _number(edge.weight) <= largest:
        words = f"must be a finite number, at least 0 and at most {largest:g}"
        yield fault("weight", edge.weight, words)
    twin = seen.get((edge.lender, edge.borrower))
    if twin is not None:
        at = "" if twin.line is None else f" (line {twin.line})"
        words = f"is there already for {edge.borrower}{at}: one edge for a pair"
        yield fault("lender", edge.lender, words)


def _strangers(alone: list[str], where: str, known: dict[str, None]) -> Iterator[Fault]:
    """Nodes without an edge that this scenario does not have."""
    for name in alone:
        if name not in known:
            words = "is neither bank nor institution of this scenario"
            yield Fault(where, "node", name, words, Nearest(name, known))


def _without_weight(edges: list[Edge], where: str) -> Iterator[Fault]:
    """Borrowers all of whose weights are 0: nothing to normalise."""
    total: dict[str, float] = {}
    first: dict[str, Edge] = {}
    for edge in edges:
        total[edge.borrower] = total.get(edge.borrower, 0.0) + _number(edge.weight)
        first.setdefault(edge.borrower, edge)
    for borrower, amount in total.items():
        if amount == 0.0:
            allowed = "all its weights are 0; leave its edges out, or give one a weight"
            yield Fault(where, "borrower", borrower, allowed, "", first[borrower].line)


def _number(value: object) -> float:
    """A weight as a number; NaN for what is none."""
    try:
        return float(str(value).strip())
    except (ValueError, OverflowError):
        return math.nan


def _refuse(where: str, key: str, given: object, allowed: str, line: int | None = None) -> Any:
    raise ScenarioFaults([Fault(where, key, given, allowed, "", line)])


def _read(path: Path, where: str, kind: str) -> Graph:
    """Edges and nodes of a file, by its suffix; of edges that say their kind, those of this one."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".graphml"):
        _refuse(where, "path", path.name, "must end in .csv or .graphml")
    try:
        raw = read_bytes(path, MOST_OF_GRAPH)
    except FileNotFoundError:
        _refuse(where, "path", path.name, "there is no such file")
    except (OSError, ValueError) as bad:
        reason = getattr(bad, "strerror", None) or str(bad)
        _refuse(where, "path", path.name, f"cannot be read: {reason}")
    if suffix == ".graphml":
        return _read_graphml(raw, where, path.name, kind)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        line = raw[: bad.start].count(b"\n") + 1
        _refuse(where, "path", path.name, "is not UTF-8 text; save it as UTF-8", line)
    return _read_csv(text, where)


def _read_csv(text: str, where: str) -> Graph:
    """Rows under a header that has at least the three columns."""
    reader = csv.reader(io.StringIO(text), skipinitialspace=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as bad:
        _refuse(where, "path", NOT_GIVEN, f"is not a list of edges: {bad}", reader.line_num)
    rows = [(line, row) for line, row in rows if any(row)]
    header = rows[0][1] if rows else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        line = rows[0][0] if rows else None
        allowed = f"the first line must name {', '.join(COLUMNS)}"
        raise ScenarioFaults(
            [
                Fault(where, name, NOT_GIVEN, f"column is missing: {allowed}", "", line)
                for name in missing
            ]
        )
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        words = "column is there more than once"
        raise ScenarioFaults([Fault(where, n, NOT_GIVEN, words, "", rows[0][0]) for n in twice])
    short = [Fault(where, "row", row, f"must have {len(header)} values", "", line)
             for line, row in rows[1:] if len(row) != len(header)]  # fmt: skip
    if short:
        raise ScenarioFaults(short)
    at = [header.index(name) for name in COLUMNS]
    return Graph([Edge(row[at[0]], row[at[1]], row[at[2]], line) for line, row in rows[1:]], [])


def _read_graphml(raw: bytes, where: str, name: str, kind: str) -> Graph:
    """A directed graph whose edges carry `weight`, and maybe `kind`."""
    from xml.etree.ElementTree import ParseError

    import networkx as nx

    try:
        graph = nx.read_graphml(io.BytesIO(raw), force_multigraph=True)
    except UnicodeDecodeError:
        _refuse(where, "path", name, "is not UTF-8 text; save it as UTF-8")
    except (nx.NetworkXException, ParseError, *UNREADABLE) as bad:
        _refuse(where, "path", name, f"is not valid GraphML: {bad}")
    if not graph.is_directed():
        _refuse(where, "edgedefault", "undirected", "must be directed: lender to borrower")
    edges = list(_edges_of_kind(graph, kind))
    bare = [f"{lender} -> {borrower}" for lender, borrower, found in edges if "weight" not in found]
    if bare:
        raise ScenarioFaults([Fault(where, "edge", e, "has no weight") for e in bare])
    is_one_of_two = any("kind" in found for _, _, found in graph.edges(data=True))
    alone = [] if is_one_of_two else [str(node) for node in nx.isolates(graph)]
    return Graph([Edge(str(a), str(b), found["weight"], None) for a, b, found in edges], alone)


def _edges_of_kind(graph: nx.MultiDiGraph, kind: str) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Edges less those of the other network. A desk borrows of its own bank without an edge, so a
    loan to one (the node says so) is no broker's."""
    other = INTERBANK if kind == LOAN else LOAN
    for lender, borrower, found in graph.edges(data=True):
        is_desk = found.get("kind") == LOAN and graph.nodes[borrower].get("kind") == DESK
        if found.get("kind") != other and not is_desk:
            yield lender, borrower, found
