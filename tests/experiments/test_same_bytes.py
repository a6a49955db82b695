"""Two checkouts are compared byte for byte: the smallest change is seen, and said where it is."""

import json

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import abm
from abm.scenario import list_scenarios
from experiments import same_bytes
from experiments.same_bytes import ALL, differences, hashes_of_graph, hashes_of_table

HANDFUL = ("hike, seed 1", "equal risk, seed 1", "Python agents, seed 1", "a user's graph, seed 1")


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """The command on a handful of its runs: (exit code of --against, the file it compares with)."""
    everything = same_bytes.works

    def handful(scratch):
        return [work for work in everything(scratch) if work.name in HANDFUL]

    monkeypatch.setattr(same_bytes, "works", handful)
    file = tmp_path / "before.json"
    assert same_bytes.main(["--write", str(file)]) == 0
    return lambda: same_bytes.main(["--against", str(file)]), file


def nudged_run(monkeypatch, nudge):
    """Every run as it is, then changed."""
    run = abm.run

    def changed(*arguments):
        result = run(*arguments)
        nudge(result)
        return result

    monkeypatch.setattr(abm, "run", changed)


def by_one_bit(result):
    prices = result.days["log_JPY"].to_numpy().copy()
    prices[7] = np.nextafter(prices[7], 1.0)
    result.days["log_JPY"] = prices


def test_a_checkout_is_the_same_as_itself(compare, capsys):
    against, file = compare
    assert list(json.loads(file.read_text())["runs"]) == list(HANDFUL)
    assert against() == 0
    said = capsys.readouterr().out
    assert "4 of 4" in said and "The same bytes in all 4 results." in said


def test_one_bit_of_one_price_is_seen_and_said_where(compare, capsys, monkeypatch):
    nudged_run(monkeypatch, by_one_bit)
    assert compare[0]() == 1
    said = capsys.readouterr().out
    assert "hike, seed 1: days: log_JPY (1 of 50 columns)" in said
    assert "Python agents" not in said.partition("DIFFERENT")[2]


def test_a_new_column_is_named_and_is_no_difference(compare, capsys, monkeypatch):
    nudged_run(monkeypatch, lambda result: result.days.insert(3, "new", 1.0))
    assert compare[0]() == 0
    assert "days: new only now, in 3 results from hike, seed 1 on" in capsys.readouterr().out


def test_what_was_not_computed_on_both_sides_is_not_the_same():
    one = {"days": {ALL: "x", "day": "a"}}
    assert differences({"r": one, "s": one}, {"r": one}).unequal == ["s: computed only before"]
    added = differences({"r": one}, {"r": one, "s": one})
    assert added.unequal == [] and added.one_side == ["computed only now, in 1 results from s on"]
    gone = differences({"r": one | {"events": {ALL: "y", "day": "b"}}}, {"r": one})
    assert gone.unequal == ["r: events: only before"]
    new = differences({"r": one}, {"r": one | {"edges": {ALL: "y", "share": "b"}}})
    assert new.unequal == [] and new.one_side == [
        "edges: all of it only now, in 1 results from r on"
    ]
    other = differences({"r": one}, {"r": {"days": {ALL: "z", "date": "c"}}})
    assert other.unequal == ["r: days: not one column in common"]


def test_the_order_of_columns_counts():
    table = pd.DataFrame({"a": [1], "b": [2]})
    first, second = hashes_of_table(table), hashes_of_table(table[["b", "a"]])
    found = differences({"r": {"days": first}}, {"r": {"days": second}})
    assert found.unequal == ["r: days: the order of its columns"]


def test_of_exposures_each_attribute_is_compared():
    graph = nx.DiGraph()
    graph.add_node("bank-1", kind="bank")
    graph.add_edge("bank-1", "fund-1", weight=1.0, kind="loan")
    before = hashes_of_graph(graph)
    graph.edges["bank-1", "fund-1"]["weight"] = np.nextafter(1.0, 2.0).item()
    now = hashes_of_graph(graph)
    assert {what for what in before if before[what] != now[what]} == {ALL, "weight of edges"}
    graph.add_edge("fund-1", "bank-1", weight=1.0, kind="loan")
    assert hashes_of_graph(graph)["who owes whom"] != before["who owes whom"]


def test_ten_runs_of_every_shipped_scenario_others_and_a_sweep(tmp_path):
    names = [work.name for work in same_bytes.works(tmp_path)]
    of_shipped = {f"{name}, seed {seed}" for name in list_scenarios() for seed in range(1, 11)}
    assert len(names) == len(set(names)) and names[-1] == "rows of a sweep"
    assert of_shipped < set(names) and len(names) == len(of_shipped) + 25


def test_rows_of_the_sweep_are_hashed_without_the_time_they_took(tmp_path, monkeypatch):
    design = {"kind": "grid", "factors": {"shock.surprise_bp": [5, 50]}}
    monkeypatch.setattr(same_bytes, "SWEEP", same_bytes.SWEEP | {"replicates": 1, "design": design})
    *_, rows = same_bytes.works(tmp_path)
    hashes = rows.hashes()["rows"]
    assert "price_amplification" in hashes and "seconds" not in hashes


def test_a_file_that_is_no_table_of_hashes_is_refused(tmp_path, capsys):
    file = tmp_path / "other.json"
    for text in ("{}", "[", '{"versions": {}, "runs": {"r": {"days": {"day": 1}}}}', "[1]"):
        file.write_text(text)
        assert same_bytes.main(["--against", str(file)]) == 2
        assert "is not a table of hashes" in capsys.readouterr().err
    assert same_bytes.main(["--against", str(tmp_path / "none.json")]) == 2
