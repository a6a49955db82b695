"""A result folder is an RO-Crate that an archive can read."""

import json
import re
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

import abm
from abm.sweep import pool
from abm.sweep.experiment import Experiment
from tests.sweep.conftest import here

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    short = {"calendar.days": 12, "calendar.burn_in_days": 6, "calendar.drift_days": 5}
    result = abm.run(abm.load_scenario("hike").with_changes(short), rng=5)
    return result.save(tmp_path_factory.mktemp("kept") / "run")


def test_the_crate_names_every_file_and_nothing_else(folder):
    crate = ROCrate(folder)
    named = {entity.id for entity in crate.get_entities() if entity.type == "File"}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert named == there - {"ro-crate-metadata.json"}
    assert {part.id for part in crate.root_dataset["hasPart"]} == named


def test_the_crate_says_what_made_it_from_what_under_which_licence(folder):
    crate = ROCrate(folder)
    action = crate.get("#run")
    assert action["object"].id == "scenario.toml"
    assert action["instrument"]["name"] == "carry-unwind"
    assert action["instrument"]["version"] == abm.__version__
    assert crate.root_dataset["license"].id == "https://spdx.org/licenses/Apache-2.0"
    assert "hike, seed 5" in crate.root_dataset["name"]


def test_the_model_is_described_inside(folder):
    assert (folder / "ODD.md").read_text() == (ROOT / "abm" / "ODD.md").read_text()


def test_what_is_cited_is_what_ran(folder):
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["package_version"] == cited.group(1)


def test_a_sweep_is_a_crate_too(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "own_processes", here)
    experiment = {
        "name": "two",
        "scenario": "hike",
        "changes": {"calendar.days": 8, "calendar.burn_in_days": 6, "calendar.drift_days": 5},
        "design": {"kind": "grid", "factors": {"shock.surprise_bp": [10, 60]}},
        "outputs": {"measure": "run"},
        "replicates": 1,
        "seed": 1,
    }
    folder = abm.sweep(Experiment.from_dict(experiment), tmp_path / "two", workers=1).folder
    crate = ROCrate(folder)
    parts = {part.id for part in crate.root_dataset["hasPart"]}
    there = {path.name + "/" * path.is_dir() for path in folder.iterdir() if path.name[0] != "."}
    assert parts == there - {"ro-crate-metadata.json"}
    assert crate.get("#run")["object"].id == "experiment.toml"
