"""`abm.sweep` takes `rng` as `abm.run` does, and its folder keeps the whole number."""

import tomllib

import numpy as np
import pytest

import abm
from abm.errors import InvalidInput, OutputRefused, ScenarioFaults
from abm.sweep import digest, load_sweep, sweep
from abm.sweep.plan import read_plan
from tests.sweep.small import TINY, experiment

DRAWN = {
    "kind": "latin-hypercube",
    "n_points": 3,
    "factors": {"shock.surprise_bp": {"low": 5, "high": 150}},
}


def seed_kept(folder):
    return tomllib.loads((folder / "experiment.toml").read_text())["seed"]


@pytest.mark.parametrize(
    ("given", "seed"),
    [(9, 9), (np.random.SeedSequence(9), 9),
     (np.random.default_rng(9), int(np.random.default_rng(9).integers(2**49)))],
    ids=["number", "sequence", "generator"],
)  # fmt: skip
def test_the_folder_keeps_the_number_and_its_rows_are_those_of_that_seed(
    tmp_path, in_process, undisturbed, given, seed
):
    sweep(experiment(), tmp_path / "swept", rng=given)
    assert seed_kept(tmp_path / "swept") == seed
    assert set(load_sweep(tmp_path / "swept")["seed"]) == {seed}
    assert digest(tmp_path / "swept") == undisturbed(experiment(seed=seed))


def test_without_rng_the_seed_is_the_experiments_own(tmp_path, in_process):
    sweep(experiment(), tmp_path / "swept")
    assert seed_kept(tmp_path / "swept") == 5


def test_a_drawn_design_is_drawn_under_the_seed_that_was_given(tmp_path, in_process):
    file = tmp_path / "asked.toml"
    file.write_text(experiment(design=DRAWN).to_toml())
    abm.sweep(file, tmp_path / "nine", rng=9)
    sweep(experiment(design=DRAWN, seed=9), tmp_path / "own")
    sweep(experiment(design=DRAWN), tmp_path / "five")
    nine, own, five = (read_plan(tmp_path / name).points for name in ("nine", "own", "five"))
    assert nine.equals(own) and not nine.equals(five)
    assert digest(tmp_path / "nine") == digest(tmp_path / "own")


def test_points_that_another_seed_draws_are_checked_before_anything_runs(tmp_path, in_process):
    """Of 5 to 12 days the shorter point has 5 to 8, and a shock on day 6 needs seven of them."""
    design = DRAWN | {
        "n_points": 2,
        "factors": {"calendar.days": {"low": 5, "high": 12, "whole": True}},
    }
    others = {key: value for key, value in TINY.items() if key != "calendar.days"}
    asked = experiment(design=design, changes=others | {"calendar.shock_day": 6}, seed=5)
    with pytest.raises(ScenarioFaults, match="shock_day"):
        sweep(asked, tmp_path / "swept", rng=1)
    assert not (tmp_path / "swept").exists()
    assert sweep(asked, tmp_path / "swept").is_complete


def test_to_go_on_takes_the_number_that_was_kept(tmp_path, in_process):
    given = np.random.default_rng(9)
    sweep(experiment(), tmp_path / "swept", rng=given)
    before = digest(tmp_path / "swept")
    with pytest.raises(OutputRefused, match=r"holds another sweep") as refused:
        sweep(experiment(), tmp_path / "swept", rng=given)
    assert f"seed: {seed_kept(tmp_path / 'swept')} there" in str(refused.value)
    done = sweep(experiment(), tmp_path / "swept", rng=seed_kept(tmp_path / "swept"))
    assert done.is_complete and digest(tmp_path / "swept") == before


@pytest.mark.parametrize("bad", [-1, 1.5, "7", True, 10**18, np.random.SeedSequence(10**18)])
def test_another_seed_is_refused_before_there_is_a_folder(tmp_path, bad):
    with pytest.raises(InvalidInput, match=r"^rng = .* must be "):
        sweep(experiment(), tmp_path / "swept", rng=bad)
    assert not (tmp_path / "swept").exists()
