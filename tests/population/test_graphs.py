"""A user's own graph: shares and claims as written, every fault of a file at once."""

import networkx as nx
import numpy as np
import pytest

from abm.errors import ScenarioFaults
from abm.population.exposures import exposure_graph
from abm.population.graphs import read_broker_edges, read_interbank_claims
from abm.population.world import build_world
from abm.scenario import load_scenario

FUNDS = ["hedge-fund-fxm-1", "hedge-fund-fxm-2", "retail-fx-1"]
BANKS = ["bank-1", "bank-2", "bank-3"]


def written(tmp_path, text, name="edges.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults_of(reader, *arguments):
    with pytest.raises(ScenarioFaults) as refused:
        reader(*arguments)
    return refused.value.faults


def test_broker_weights_become_shares_of_each_borrower(tmp_path):
    path = written(
        tmp_path,
        "lender,borrower,weight\nbank-3,hedge-fund-fxm-1,3\nbank-1,hedge-fund-fxm-1,1\n"
        "bank-2,retail-fx-1,0.2\n",
    )
    start, broker, share = read_broker_edges(path, FUNDS, BANKS)
    assert start.tolist() == [0, 2, 2, 3] and start.dtype == np.int64
    assert broker.tolist() == [0, 2, 1]
    assert share.tolist() == [0.25, 0.75, 1.0]


def test_the_order_of_the_file_and_of_its_columns_does_not_matter(tmp_path):
    one = "lender,borrower,weight\nbank-1,retail-fx-1,1\nbank-2,retail-fx-1,3\n"
    two = "weight, borrower, lender, note\n3, retail-fx-1, bank-2, x\n1, retail-fx-1, bank-1, y\n"
    first = read_broker_edges(written(tmp_path, one), FUNDS, BANKS)
    second = read_broker_edges(written(tmp_path, "\ufeff" + two, "b.csv"), FUNDS, BANKS)
    assert [a.tolist() for a in first] == [a.tolist() for a in second]


def test_the_borrower_owes_the_lender(tmp_path):
    path = written(tmp_path, "lender,borrower,weight\nbank-1,bank-3,7.5\n")
    liabilities = read_interbank_claims(path, BANKS)
    assert liabilities[2, 0] == 7.5 and liabilities.sum() == 7.5


def test_graphml_says_the_same_as_a_list_of_edges(tmp_path):
    graph = nx.DiGraph()
    graph.add_edge("bank-2", "bank-1", weight=4.0)
    graph.add_edge("bank-1", "bank-3", weight=2.0)
    nx.write_graphml(graph, tmp_path / "claims.graphml")
    rows = "lender,borrower,weight\nbank-2,bank-1,4\nbank-1,bank-3,2\n"
    claims = read_interbank_claims(tmp_path / "claims.graphml", BANKS)
    assert (claims == read_interbank_claims(written(tmp_path, rows), BANKS)).all()


def test_all_faults_of_a_list_are_said_at_once_with_their_lines(tmp_path):
    path = written(
        tmp_path,
        "lender,borrower,weight\nbank-9,hedge-fund-fxm-1,1\nbank-1,hedge-fund-fxn-2,1\n"
        "bank-1,retail-fx-1,-1\nbank-2,retail-fx-1,nan\nbank-2,retail-fx-1,1\n"
        "bank-3,retail-fx-1,much\nbank-3,hedge-fund-fxm-2,inf\n",
    )
    faults = faults_of(read_broker_edges, path, FUNDS, BANKS)
    assert [(fault.line, fault.key) for fault in faults] == [
        (2, "lender"), (3, "borrower"), (4, "weight"), (5, "weight"), (6, "lender"),
        (7, "weight"), (8, "weight"),
    ]  # fmt: skip
    assert "bank-" in faults[0].hint and "hedge-fund-fxm-2" in faults[1].hint
    assert "line 5" in faults[4].allowed
    assert "7 faults" in str(ScenarioFaults(faults))


def test_a_column_that_is_there_twice_is_a_fault(tmp_path):
    path = written(tmp_path, "lender,lender,borrower,weight\nbank-1,bank-2,bank-3,1\n")
    (fault,) = faults_of(read_interbank_claims, path, BANKS)
    assert (fault.key, fault.line) == ("lender", 1) and "more than once" in fault.allowed


@pytest.mark.parametrize("weight", ["1e300", "1e400", "1000001"])
def test_a_claim_is_no_larger_than_a_scenario_may_ask_for(tmp_path, weight):
    path = written(tmp_path, f"lender,borrower,weight\nbank-1,bank-2,{weight}\n")
    (fault,) = faults_of(read_interbank_claims, path, BANKS)
    assert "at most 1e+06" in fault.allowed


def test_broker_weights_never_overflow_their_sum(tmp_path):
    rows = "".join(f"bank-{n},retail-fx-1,1e308\n" for n in (1, 2))
    path = written(tmp_path, "lender,borrower,weight\n" + rows)
    assert [f.line for f in faults_of(read_broker_edges, path, FUNDS, BANKS)] == [2, 3]


def test_a_stranger_without_an_edge_is_a_fault_too(tmp_path):
    graph = nx.DiGraph([("bank-1", "bank-2", {"weight": 1.0})])
    graph.add_nodes_from(["bank-3", "bank-33"])
    nx.write_graphml(graph, tmp_path / "g.graphml")
    (fault,) = faults_of(read_interbank_claims, tmp_path / "g.graphml", BANKS)
    assert (fault.key, fault.given) == ("node", "bank-33")
    assert fault.hint == "did you mean bank-3?"


def test_graphml_of_an_unknown_encoding_is_refused(tmp_path):
    path = written(tmp_path, '<?xml version="1.0" encoding="foo"?><graphml/>', "g.graphml")
    (fault,) = faults_of(read_interbank_claims, path, BANKS)
    assert "unknown encoding" in fault.allowed


def test_both_files_of_a_scenario_are_faulted_at_once(tmp_path):
    path = str(written(tmp_path, "lender,borrower,weight\nbank-1,bank-99,1\n"))
    file = {"kind": "file", "path": path}
    both = {"network.brokers": file, "network.interbank": file}
    with pytest.raises(ScenarioFaults) as refused:
        build_world(load_scenario("hike").with_changes(both), 0)
    said = [fault.allowed for fault in refused.value.faults]
    assert said == ["is not an institution of this scenario", "is not a bank of this scenario"]


def test_no_bank_owes_itself(tmp_path):
    path = written(tmp_path, "lender,borrower,weight\nbank-1,bank-1,1\n")
    (fault,) = faults_of(read_interbank_claims, path, BANKS)
    assert "own lender" in fault.allowed and fault.line == 2


def test_a_borrower_whose_weights_are_all_zero_is_a_fault(tmp_path):
    path = written(tmp_path, "lender,borrower,weight\nbank-1,retail-fx-1,0\nbank-2,retail-fx-1,0\n")
    (fault,) = faults_of(read_broker_edges, path, FUNDS, BANKS)
    assert "all its weights are 0" in fault.allowed


def test_a_missing_column_is_named(tmp_path):
    path = written(tmp_path, "lender,to\nbank-1,retail-fx-1\n")
    faults = faults_of(read_broker_edges, path, FUNDS, BANKS)
    assert [fault.key for fault in faults] == ["borrower", "weight"]


def test_an_empty_file_lacks_all_columns(tmp_path):
    assert len(faults_of(read_interbank_claims, written(tmp_path, ""), BANKS)) == 3


def test_a_short_row_is_a_fault(tmp_path):
    path = written(tmp_path, "lender,borrower,weight\nbank-1,bank-2\n")
    (fault,) = faults_of(read_interbank_claims, path, BANKS)
    assert fault.line == 2 and "3 values" in fault.allowed


def test_text_that_is_not_utf8_names_its_line(tmp_path):
    path = written(tmp_path, b"lender,borrower,weight\nb\xe4nk,bank-1,1\n")
    (fault,) = faults_of(read_interbank_claims, path, BANKS)
    assert "UTF-8" in fault.allowed and fault.line == 2


@pytest.mark.parametrize("name", ["edges.txt", "edges", "edges.json"])
def test_a_wrong_suffix_is_refused(tmp_path, name):
    (fault,) = faults_of(read_interbank_claims, written(tmp_path, "", name), BANKS)
    assert ".csv or .graphml" in fault.allowed


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert "no such file" in faults_of(read_interbank_claims, tmp_path / "no.csv", BANKS)[0].allowed
    assert "cannot be read" in (
        faults_of(read_interbank_claims, tmp_path / "folder.csv", BANKS)[0].allowed
    )


def test_graphml_must_be_directed_weighted_and_whole(tmp_path):
    graph = nx.Graph([("bank-1", "bank-2")])
    nx.write_graphml(graph, tmp_path / "a.graphml")
    nx.write_graphml(nx.DiGraph(graph), tmp_path / "b.graphml")
    written(tmp_path, "<graphml><oops", "c.graphml")
    said = [faults_of(read_interbank_claims, tmp_path / f"{n}.graphml", BANKS) for n in "abc"]
    assert "directed" in said[0][0].allowed
    assert "no weight" in said[1][0].allowed and len(said[1]) == 2
    assert "GraphML" in said[2][0].allowed


def test_a_second_edge_of_a_pair_is_a_fault_in_graphml_too(tmp_path):
    graph = nx.MultiDiGraph()
    graph.add_edge("bank-1", "bank-2", weight=1.0)
    graph.add_edge("bank-1", "bank-2", weight=2.0)
    nx.write_graphml(graph, tmp_path / "twice.graphml")
    (fault,) = faults_of(read_interbank_claims, tmp_path / "twice.graphml", BANKS)
    assert "one edge for a pair" in fault.allowed


def test_a_scenario_lends_along_the_users_own_edges(tmp_path):
    brokers = "lender,borrower,weight\nbank-2,hedge-fund-fxm-1,1\nbank-1,hedge-fund-fxm-1,1\n"
    written(tmp_path, brokers, "brokers.csv")
    written(tmp_path, "lender,borrower,weight\nbank-4,bank-1,9\n", "claims.csv")
    scenario = load_scenario("hike").with_changes(
        {
            "population.scale": 0.3,
            "banks.desk": {"kind": "none"},
            "network.brokers": {"kind": "file", "path": str(tmp_path / "brokers.csv")},
            "network.interbank": {"kind": "file", "path": str(tmp_path / "claims.csv")},
        }
    )
    graph = exposure_graph(build_world(scenario, 7))
    assert {(a, b) for a, b in graph.edges} == {
        ("bank-1", "hedge-fund-fxm-1"), ("bank-2", "hedge-fund-fxm-1"), ("bank-4", "bank-1"),
    }  # fmt: skip
    loans = [graph.edges[bank, "hedge-fund-fxm-1"]["weight"] for bank in ("bank-1", "bank-2")]
    assert loans[0] == loans[1] > 0.0


@pytest.mark.parametrize("entities", ["nested", "repeated", "outside"])
def test_graphml_that_would_grow_or_reach_outside_is_refused(tmp_path, entities):
    nested = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    declared, used = {
        "nested": (f'<!ENTITY l0 "lol">{nested}', "&l9;"),
        "repeated": (f'<!ENTITY a "{"x" * 100_000}">', "&a;" * 10_000),
        "outside": ('<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"),
    }[entities]
    graph = f'<graphml><graph edgedefault="directed"><node id="n">{used}</node></graph></graphml>'
    text = f'<?xml version="1.0"?><!DOCTYPE g [{declared}]>{graph}'
    (fault,) = faults_of(read_interbank_claims, written(tmp_path, text, "g.graphml"), BANKS)
    assert "not valid GraphML" in fault.allowed


def test_a_bank_alone_has_no_claims_whatever_they_are_drawn_from():
    one = {
        "banks.n_core": 1, "banks.n_periphery": 0, "banks.core_capital_factors": [],
        "banks.trading_book.factors": [],
        "network.brokers.numbers": [1, 1], "network.brokers.bank_probabilities": [],
        "network.brokers.concentrated_on": 1, "network.interbank": {"kind": "scale-free"},
    }  # fmt: skip
    world = build_world(load_scenario("hike").with_changes(one), 1)
    assert world.graph.liabilities.tolist() == [[0.0]]
