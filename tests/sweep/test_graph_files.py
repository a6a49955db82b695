"""Sweeps over graph files: the folder holds copies, and every row is made again from them."""

import json
import shutil

import pandas as pd
import pytest

import abm
from abm.errors import OutputRefused
from abm.runs.reproduce import reproduce
from abm.sweep import sweep
from abm.sweep.plan import read_plan, run_of_row
from abm.sweep.reproduce import reproduce_sweep

BROKERS = "lender,borrower,weight\nbank-1,hedge-fund-fxm-1,2\nbank-3,hedge-fund-ma-1,1\n"
SPARSE = "lender,borrower,weight\nbank-2,bank-1,7.5\n"
DENSE = SPARSE + "bank-1,bank-3,200\nbank-3,bank-2,300\n"
SCENARIO = """base = "hike"
calendar = { days = 8, burn_in_days = 6, drift_days = 5 }
population.scale = 0.2
network.interbank = { kind = "file", path = "nets/sparse.csv" }
"""
OVER_FILES = """name = "nets"
scenario = "mine"
replicates = 1
seed = 3

[changes]
"network.brokers" = { kind = "file", path = "nets/brokers.csv" }

[design]
kind = "grid"

[design.factors]
"network.interbank.path" = ["nets/sparse.csv", "nets/dense.csv"]
"shock.surprise_bp" = [10, 200]

[outputs]
measure = "run"
"""
LISTED = (
    OVER_FILES.partition("[design]")[0]
    + """
[design]
kind = "list"
points = [
    { "network.interbank.path" = "nets/dense.csv" },
    { "network.interbank.path" = "nets/sparse.csv" },
]

[outputs]
measure = "run"
"""
)


@pytest.fixture
def home(tmp_path):
    nets = tmp_path / "home" / "nets"
    nets.mkdir(parents=True)
    for name, text in {"brokers": BROKERS, "sparse": SPARSE, "dense": DENSE}.items():
        (nets / f"{name}.csv").write_text(text)
    (nets.parent / "mine.toml").write_text(SCENARIO)
    return nets.parent


def swept(home, text=OVER_FILES, out="out"):
    (home / "asked.toml").write_text(text)
    return sweep(home / "asked.toml", home.parent / out, workers=1, chunk_rows=2).folder


WRITTEN_OUT = OVER_FILES.replace(
    '["nets/sparse.csv", "nets/dense.csv"]', '{ values = ["nets/sparse.csv", "nets/dense.csv"] }'
)


def test_a_sweep_over_graph_files_is_made_again_by_processes_wherever_it_lies(home, tmp_path):
    assert_made_again_elsewhere(home, tmp_path, OVER_FILES)


@pytest.mark.parametrize("text", [LISTED, WRITTEN_OUT])
def test_whichever_way_its_files_are_written(home, tmp_path, text, in_process):
    assert_made_again_elsewhere(home, tmp_path, text)


def assert_made_again_elsewhere(home, tmp_path, text):
    folder = swept(home, text)
    rows = abm.load_sweep(folder)
    assert set(rows["status"]) == {"done"}
    shutil.move(folder, tmp_path / "elsewhere")
    shutil.rmtree(home)
    folder = tmp_path / "elsewhere"
    assert reproduce_sweep(folder, None).is_same
    copies = {path.read_text() for path in (folder / "graphs").iterdir()}
    assert copies == {BROKERS, SPARSE, DENSE}
    for name in ("scenario.toml", "experiment.toml", "plan.json"):
        assert str(tmp_path) not in (folder / name).read_text()
    assert (
        pd.read_parquet(folder / "points.parquet")["network.interbank.path"]
        .str.startswith("graphs/")
        .all()
    )


def test_files_that_a_pattern_names_are_copied_too(home, tmp_path, in_process):
    text = OVER_FILES.replace("network.interbank.path", "network.*.path")
    brokers = '"network.brokers" = { kind = "file", path = "nets/brokers.csv" }'
    assert brokers in text
    folder = swept(home, text.replace(brokers, ""))  # the one end that is a file
    shutil.rmtree(home)
    assert reproduce_sweep(folder, None).is_same
    assert {path.read_text() for path in (folder / "graphs").iterdir()} == {SPARSE, DENSE}


def test_a_row_of_it_run_alone_is_that_row(home, tmp_path, in_process):
    folder = swept(home)
    shutil.rmtree(home)
    rows = abm.load_sweep(folder)
    for row in (0, 3):
        asked = run_of_row(folder, row)
        result = abm.run(asked.scenario, asked.seed, asked.replicate)
        kept = rows[rows["row"] == row].iloc[0]
        assert result.summary["max_conservation_error"] == kept["max_conservation_error"]
        assert reproduce(result.save(tmp_path / f"row-{row}")).is_same


def test_it_goes_on_where_it_stopped_from_another_folder_too(home, tmp_path, in_process):
    first = swept(home)
    shutil.copytree(home, tmp_path / "copy")
    plan, again = json.loads((first / "plan.json").read_text()), tmp_path / "copy" / "asked.toml"
    summary = sweep(again, first, workers=1)
    assert summary.progress.n_done == summary.progress.n_rows == 4
    assert json.loads((first / "plan.json").read_text())["hash"] == plan["hash"]


def test_another_graph_under_the_same_name_is_another_sweep(home, in_process):
    folder = swept(home)
    (home / "nets" / "dense.csv").write_text(DENSE.replace("300", "301"))
    with pytest.raises(OutputRefused, match="another sweep"):
        sweep(home / "asked.toml", folder, workers=1)


def test_a_copy_that_was_changed_is_seen(home, in_process):
    folder = swept(home)
    for path in (folder / "graphs").iterdir():
        if path.read_text() == DENSE:
            path.write_text(DENSE.replace("300", "301"))
    with pytest.raises(abm.errors.UnreadableFile, match=r"points.parquet changed"):
        read_plan(folder)


def test_the_archive_is_told_of_the_copies(home, in_process):
    folder = swept(home)
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    assert any(part["@id"] == "graphs/" for part in crate)


def test_a_folder_that_was_left_before_its_plan_was_written_is_gone_on_with(home, in_process):
    folder = swept(home)
    (folder / "plan.json").unlink()
    assert swept(home) == folder and set(abm.load_sweep(folder)["status"]) == {"done"}
