"""Exposures: the books as graphs, lender to borrower, and common holdings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.bank_leverage import write_assets
from abm.kernels.contracts.balances import write_leverage
from abm.kernels.markets.impact import depth_of_day
from abm.kernels.state import KIND_NAMES, N_KINDS

if TYPE_CHECKING:
    import networkx as nx

    from abm.kernels.state import Graph, Mandates
    from abm.population.world import World

Array = np.ndarray

OVERLAP_LEAST = 0.5  # pairs below it are left out of the projected graph


def bank_names_of(graph: Graph) -> list[str]:
    """Names of the banks, in the order of their rows."""
    return [f"bank-{b + 1}" for b in range(len(graph.equity))]


def kinds_of(mandates: Mandates) -> list[str]:
    """Kind of every institution, in the order of their rows."""
    numbers = np.diff(mandates.first_row)
    return [KIND_NAMES[kind] for kind in range(N_KINDS) for _ in range(numbers[kind])]


def leverage_of(wealth: Array, borrowing: Array) -> Array:
    """Leverage by institution; 1 without debt, infinite for who owes and has nothing. (n,)"""
    leverage = np.empty_like(wealth)
    write_leverage(wealth, borrowing, leverage)
    return np.where(borrowing > 0.0, leverage, 1.0)


def margin_slack_of(leverage: Array, limit: Array) -> Array:
    """Maintenance leverage over leverage, less 1; infinite without a margin rule. (n,)    (M130)"""
    with np.errstate(invalid="ignore"):
        slack: Array = np.where(np.isinf(limit), np.inf, limit / leverage - 1.0)
    return slack


def bank_assets(graph: Graph) -> Array:
    """Assets of every bank [USD bn]. (B,)"""
    assets = np.empty(len(graph.equity))
    write_assets(assets, *by_reference(graph))
    return assets


def exposure_graph(world: World) -> nx.DiGraph:
    """The exposure graph, lender to borrower: loans of brokers and desks, interbank claims.

    Edges carry `weight` [USD bn] and `kind` ("loan" or "interbank"). Nodes carry `kind`,
    `assets_usd_bn`, `wealth_usd_bn`, `margin_slack` (maintenance leverage over leverage, less 1;
    infinite without a margin rule, NaN for banks), `failed` (has failed in this run) and `out`
    (suspended today, after a failure or a stop-out; False for banks).
    """
    import networkx as nx

    graph = nx.DiGraph()
    _add_institutions(graph, world)
    _add_banks(graph, world)
    _add_loans(graph, world)
    return graph


def _add_institutions(graph: nx.DiGraph, world: World) -> None:
    books, record = world.books, world.record
    assets = books.wealth + books.borrowing
    leverage = leverage_of(books.wealth, books.borrowing)
    slack = margin_slack_of(leverage, books.maintenance_leverage)
    failed, out = record.n_failures > 0, books.suspended_days > 0
    for i, kind in enumerate(kinds_of(world.rules.mandates)):
        graph.add_node(
            world.names[i],
            kind=kind,
            assets_usd_bn=assets[i].item(),
            wealth_usd_bn=books.wealth[i].item(),
            margin_slack=slack[i].item(),
            failed=failed[i].item(),
            out=out[i].item(),
        )


def _add_banks(graph: nx.DiGraph, world: World) -> None:
    assets = bank_assets(world.graph)
    for b, name in enumerate(bank_names_of(world.graph)):
        graph.add_node(
            name,
            kind="bank",
            assets_usd_bn=assets[b].item(),
            wealth_usd_bn=world.graph.equity[b].item(),
            margin_slack=float("nan"),
            failed=bool(world.graph.failed[b]),
            out=False,
        )


def _add_loans(graph: nx.DiGraph, world: World) -> None:
    lenders, in_repo = world.graph, world.books.repo_debt.sum(axis=0)
    borrowing = world.books.borrowing - in_repo
    banks = bank_names_of(lenders)
    for i in np.flatnonzero(borrowing > 0.0):
        owner = world.rules.mandates.owner[i]
        if owner >= 0:
            graph.add_edge(banks[owner], world.names[i], weight=borrowing[i].item(), kind="loan")
        for edge in range(lenders.broker_start[i], lenders.broker_start[i + 1]):
            weight = (lenders.broker_share[edge] * borrowing[i]).item()
            if weight > 0.0:
                # Clients of a failed bank may have moved to a broker they already had.
                bank = banks[lenders.broker[edge]]
                before = graph.get_edge_data(bank, world.names[i], {"weight": 0.0})["weight"]
                graph.add_edge(bank, world.names[i], weight=before + weight, kind="loan")
    for debtor, lender in np.argwhere(lenders.liabilities > 0.0).tolist():
        owed = lenders.liabilities[debtor, lender].item()
        graph.add_edge(banks[lender], banks[debtor], weight=owed, kind="interbank")


def depth_of_market(world: World) -> Array:
    """Depth of all market makers today, (K,) [USD bn per log]."""
    rule, market = world.rules.value_investors, world.market
    columns = (rule.law, market.value_speed, market.value_depth, market.dealer_depth)
    units = [depth_of_day(*one) for one in zip(*columns, strict=True)]
    depth: Array = np.array(units) * market.usd_price
    return depth


def overlap_graph(
    positions: Array, names: list[str], kinds: list[str], overlap: Array, least: float
) -> nx.Graph:
    """Institutions joined where they hold alike: an edge for every overlap of at least `least`.

    Positions (n, K) [USD bn] give the nodes' `gross_usd_bn`; `overlap` (n, n) the weights.
    """
    import networkx as nx

    graph = nx.Graph()
    for i, name in enumerate(names):
        graph.add_node(name, kind=kinds[i], gross_usd_bn=np.abs(positions[i]).sum().item())
    rows, columns = np.nonzero(np.triu(overlap >= least, k=1))
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        graph.add_edge(names[i], names[j], weight=overlap[i, j].item())
    return graph


def positions_usd_bn(world: World) -> Array:
    """Positions of every institution, (N, K) [USD bn], owed negative."""
    return np.ascontiguousarray((world.books.units * world.market.usd_price[:, None]).T)
