"""The exposure graph is the books, on every day."""

import numpy as np
import pytest

from abm.model import CarryUnwindModel
from abm.population.exposures import bank_assets, exposure_graph, leverage_of
from abm.scenario import load_scenario


def storm(**changes):
    small = {
        "calendar.burn_in_days": 6,
        "calendar.drift_days": 5,
        "population.scale": 0.3,
        "policy.boj.surprise_bp": 100,
    }
    return CarryUnwindModel(load_scenario("august-2024").with_changes(small | changes), rng=7)


def lent(graph, bank, kind):
    return sum(w["weight"] for _, _, w in graph.out_edges(bank, data=True) if w["kind"] == kind)


@pytest.mark.parametrize("day", np.random.default_rng(1).integers(0, 60, 4).tolist())
def test_loans_and_claims_of_the_graph_are_those_of_the_books(day):
    model = storm()
    for _ in range(day):
        model.step()
    graph, lenders = model.exposures, model.world.graph
    for b, bank in enumerate(model.bank_names):
        loans = lenders.loans[b] + lenders.desk_assets[b]
        assert lent(graph, bank, "loan") == pytest.approx(loans, abs=1e-9)
        claims = lenders.liabilities[:, b].sum()
        assert lent(graph, bank, "interbank") == pytest.approx(claims, abs=1e-9)


def test_the_lender_comes_first():
    model = storm()
    model.world.graph.liabilities[:] = 0.0
    model.world.graph.liabilities[2, 0] = 5.0  # bank-3 owes bank-1
    interbank = [(a, b) for a, b, kind in model.exposures.edges(data="kind") if kind == "interbank"]
    assert interbank == [("bank-1", "bank-3")]


def test_a_desk_owes_its_own_bank():
    model = storm()
    graph = model.exposures
    desks = [n for n, kind in graph.nodes(data="kind") if kind == "bank_desk"]
    assert [list(graph.predecessors(desk)) for desk in desks] == [
        [bank] for bank in model.bank_names[: len(desks)]
    ]


def test_balance_sheets_of_the_nodes_balance():
    model = storm()
    graph, books = model.exposures, model.world.books
    for i, name in enumerate(model.world.names):
        node = graph.nodes[name]
        assert node["assets_usd_bn"] == pytest.approx(node["wealth_usd_bn"] + books.borrowing[i])
    for b, name in enumerate(model.bank_names):
        assert graph.nodes[name]["assets_usd_bn"] == bank_assets(model.world.graph)[b]


def test_below_no_margin_slack_is_a_call():
    model = storm()
    books = model.world.books
    books.maintenance_leverage[0], books.maintenance_leverage[1] = 2.0, np.inf
    leverage = leverage_of(books.wealth, books.borrowing)[0]
    nodes = exposure_graph(model.world).nodes
    assert nodes[model.world.names[0]]["margin_slack"] == pytest.approx(2.0 / leverage - 1.0)
    assert nodes[model.world.names[1]]["margin_slack"] == np.inf


def test_who_has_failed_is_marked():
    model = storm()
    model.world.record.n_failures[3] = 1
    model.world.graph.failed[1] = 1
    failed = [name for name, is_failed in model.exposures.nodes(data="failed") if is_failed]
    assert failed == [model.world.names[3], "bank-2"]


def test_who_sits_out_is_marked_and_has_not_failed_for_that():
    model = storm()
    model.world.books.suspended_days[[2, 5]] = 3, 1
    nodes = model.exposures.nodes(data=True)
    assert [name for name, node in nodes if node["out"]] == [
        model.world.names[2],
        model.world.names[5],
    ]
    assert not any(node["failed"] for _, node in nodes)


def test_clients_that_moved_to_a_broker_they_had_are_one_edge():
    model = storm()
    graph = model.world.graph
    row = int(np.argmax(np.diff(graph.broker_start) >= 2))
    graph.broker[graph.broker_start[row] : graph.broker_start[row + 1]] = 0
    name = model.world.names[row]
    weight = model.exposures.edges["bank-1", name]["weight"]
    assert weight == pytest.approx(model.world.books.borrowing[row])


def test_leverage_of_a_book_with_debt_and_no_wealth_is_infinite():
    found = leverage_of(np.array([2.0, 0.0, 0.0, -1.0]), np.array([4.0, 0.0, 1.0, 1.0]))
    assert found.tolist() == [3.0, 1.0, np.inf, np.inf]
