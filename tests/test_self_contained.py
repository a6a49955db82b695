"""A folder with everything in it: graph files are copied, and exposures are given back."""

import json
import os
import shutil

import networkx as nx
import numpy as np
import pytest

import abm
from abm.errors import ScenarioFaults, UnreadableFile
from abm.model import CarryUnwindModel
from abm.population.world import build_world
from abm.runs.reproduce import reproduce
from abm.scenario.graph_files import portable

SHORT = {"calendar.days": 8, "calendar.burn_in_days": 6, "calendar.drift_days": 5}
FEW = {"population.scale": 0.2, "shock.surprise_bp": 60}
BROKERS = (
    "lender,borrower,weight\nbank-1,hedge-fund-fxm-1,2\nbank-2,hedge-fund-fxm-1,1\n"
    "bank-3,hedge-fund-ma-1,1\n"
)
CLAIMS = "lender,borrower,weight\nbank-2,bank-1,7.5\nbank-1,bank-3,2\n"
MINE = """base = "hike"
calendar = {{ days = 8, burn_in_days = 6, drift_days = 5 }}
population.scale = 0.2
shock.surprise_bp = 60
network.brokers = {{ kind = "file", path = "{brokers}" }}
network.interbank = {{ kind = "file", path = "nets/claims.csv" }}
"""


@pytest.fixture
def mine(tmp_path):
    """A scenario with its graph files, in a folder that is taken away later."""
    home = tmp_path / "home"
    (home / "nets").mkdir(parents=True)
    (home / "brokers.csv").write_text(BROKERS)
    (home / "nets" / "claims.csv").write_text(CLAIMS)
    (home / "mine.toml").write_text(MINE.format(brokers="brokers.csv"))
    return home / "mine.toml"


def moved(folder, mine, tmp_path):
    """The folder elsewhere, and what it was made from gone."""
    elsewhere = tmp_path / "far" / "away"
    elsewhere.parent.mkdir()
    shutil.move(folder, elsewhere)
    shutil.rmtree(mine.parent)
    return elsewhere


def test_a_result_holds_its_graph_files_and_is_made_again_wherever_it_lies(mine, tmp_path):
    scenario = abm.load_scenario(mine)
    folder = abm.run(scenario, rng=1).save(tmp_path / "kept")
    assert (folder / "graphs" / "brokers.csv").read_text() == BROKERS
    assert (folder / "graphs" / "interbank.csv").read_text() == CLAIMS
    text = (folder / "scenario.toml").read_text()
    assert 'path = "graphs/brokers.csv"' in text and str(tmp_path) not in text
    folder = moved(folder, mine, tmp_path)
    assert (
        abm.load_scenario(folder / "scenario.toml").canonical_hash()
        == (json.loads((folder / "manifest.json").read_text())["scenario_hash"])
    )
    assert reproduce(folder).is_same
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    kinds = {part["@id"]: part.get("encodingFormat") for part in crate}
    assert kinds["graphs/brokers.csv"] == "text/csv"


def test_a_graph_file_that_was_changed_in_the_folder_is_seen(mine, tmp_path):
    folder = abm.run(abm.load_scenario(mine), rng=1).save(tmp_path / "kept")
    (folder / "graphs" / "interbank.csv").write_text(CLAIMS.replace("7.5", "8.5"))
    with pytest.raises(UnreadableFile, match="scenario changed since it was saved"):
        abm.load_result(folder)


def test_a_result_whose_graph_file_has_gone_is_not_half_written(mine, tmp_path):
    result = abm.run(abm.load_scenario(mine), rng=1)
    (mine.parent / "brokers.csv").unlink()
    with pytest.raises(UnreadableFile, match=r"brokers.csv: the graph file .* has gone"):
        result.save(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_branch_keeps_the_graph_files_of_its_parent(mine, tmp_path):
    model = CarryUnwindModel(abm.load_scenario(mine), rng=1)
    model.step()
    path = model.save_state(tmp_path / "one.state")
    branch = CarryUnwindModel.load_state(path, {"margin.buffer": 0.3})
    branch.run()
    folder = moved(branch.result().save(tmp_path / "kept"), mine, tmp_path)
    assert reproduce(folder).is_same


def sets(**files):
    return {f"network.{end}": {"kind": "file", "path": str(path)} for end, path in files.items()}


@pytest.mark.parametrize("desk", [False, True])
def test_exposures_are_given_back_as_both_networks(tmp_path, desk):
    own = {"kind": "carry", "capital_share": 0.1, "leverage": 4.0, "weights": {"UST": 0.5}}
    changes = SHORT | FEW | {"banks.desk": own if desk else {"kind": "none"}}
    scenario = abm.load_scenario("hike").with_changes(changes)
    model = CarryUnwindModel(scenario, rng=1)
    graph, path = model.exposures, tmp_path / "exposures.graphml"
    nx.write_graphml_xml(graph, path)
    back = build_world(scenario.with_changes(sets(brokers=path, interbank=path)), 1).graph
    assert np.array_equal(back.liabilities, model.world.graph.liabilities)
    assert back.liabilities.any()
    before = shares(model.world.graph, model.world)
    for (row, bank), share in shares(back, model.world).items():
        assert share == pytest.approx(before[row, bank], rel=1e-9)
    loans = [e for e in graph.edges(data=True) if e[2]["kind"] == "loan"]
    desks = [e for e in loans if graph.nodes[e[1]]["kind"] == "bank_desk"]
    assert len(shares(back, model.world)) == len(loans) - len(desks)
    assert bool(desks) == desk


def shares(graph, world):
    """Broker shares by row and bank, of those who owe something."""
    return {
        (row, int(graph.broker[edge])): float(graph.broker_share[edge])
        for row in range(len(world.names))
        for edge in range(graph.broker_start[row], graph.broker_start[row + 1])
    }


def test_the_exposures_of_a_result_run_as_a_scenario(tmp_path):
    scenario = abm.load_scenario("hike").with_changes(SHORT | FEW)
    folder = abm.run(scenario, rng=1).save(tmp_path / "first")
    both = sets(brokers=folder / "exposures.graphml", interbank=folder / "exposures.graphml")
    again = abm.run(scenario.with_changes(both), rng=1)
    kept = again.save(tmp_path / "second")
    assert {p.name for p in (kept / "graphs").iterdir()} == {"brokers.graphml", "interbank.graphml"}
    assert reproduce(kept).is_same


def test_kinds_of_edges_that_are_not_ours_are_left_alone(tmp_path):
    graph = nx.DiGraph()
    graph.add_edge("bank-2", "bank-1", weight=3.0, kind="repo")
    nx.write_graphml_xml(graph, tmp_path / "mine.graphml")
    scenario = abm.load_scenario("hike").with_changes(sets(interbank=tmp_path / "mine.graphml"))
    assert build_world(scenario, 1).graph.liabilities.sum() == 3.0


def test_a_graph_file_that_became_a_pipe_is_refused_at_once(mine, tmp_path):
    scenario = abm.load_scenario(mine)
    (mine.parent / "brokers.csv").unlink()
    os.mkfifo(mine.parent / "brokers.csv")
    assert len(scenario.canonical_hash()) == 64
    with pytest.raises(ScenarioFaults, match="cannot be read: it is a pipe"):
        abm.run(scenario, rng=1)
    with pytest.raises(UnreadableFile, match="cannot be read: it is a pipe"):
        portable(scenario)
