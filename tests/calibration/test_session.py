"""A whole calibration of the toy model: resumed to the same bytes, and what its folder says."""

import json

import numpy as np
import pandas as pd
import pytest

from abm.calibration.folder import accepted_scenarios, open_place
from abm.calibration.running import calibrate_model, problem_of
from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from tests.calibration import toy

QUICK = {"search": {"evaluations": 64, "population": 8}, "accepted": {"least": 5, "most_tried": 40}}
TABLES = ("evaluations", "estimates", "moments", "profiles", "accepted", "runs")


def run(folder, study, model=None, n_records=0):
    problem = problem_of(study)
    place = open_place(folder, study, problem)
    return calibrate_model(study, problem, model or toy.Linear(), place, n_records)


@pytest.fixture(scope="module")
def study():
    return toy.study(**QUICK)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, study):
    folder = tmp_path_factory.mktemp("toy") / "whole"
    return run(folder, study, n_records=2)


def content(folder):
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


@pytest.mark.parametrize("after", [1, 30, 75, 100])
def test_a_killed_calibration_goes_on_to_the_same_bytes(tmp_path, study, whole, after):
    first, second = toy.Dying(after), toy.Linear()
    with pytest.raises(toy.Killed):
        run(tmp_path / "killed", study, first)
    again = run(tmp_path / "killed", study, second, n_records=2)
    assert content(again.folder) == content(whole.folder)
    assert again.n_evaluations == whole.n_evaluations


def test_points_of_a_model_that_has_changed_since_are_refused(tmp_path, study):
    with pytest.raises(toy.Killed):
        run(tmp_path / "out", study, toy.Dying(30))
    before = (tmp_path / "out" / "evaluations.parquet").read_bytes()
    with pytest.raises(OutputRefused, match="another state of the model"):
        run(tmp_path / "out", study, toy.Linear(gradient=1.001 * toy.GRADIENT))
    assert (tmp_path / "out" / "evaluations.parquet").read_bytes() == before


def test_what_was_finished_is_not_run_again(whole, study):
    model = toy.Linear()
    run(whole.folder, study, model)
    assert model.n_points == 0


def test_planted_parameters_are_found_again(whole):
    table = pd.read_parquet(whole.folder / "recovery.parquet")
    assert len(table) == 2 * 2
    assert table["error_share_of_range"].abs().max() < 0.2


def test_the_tables_say_what_was_fitted_and_how_well(whole):
    assert whole.estimates["value"].tolist() == pytest.approx(toy.TRUTH, abs=0.1)
    assert whole.estimates["class"].tolist() == ["bounded", "bounded"]
    assert whole.moments["t"].abs().max() < 1.0
    assert whole.test.p_value > 0.5
    assert len(whole.accepted) >= 5
    assert (whole.accepted["objective"] <= whole.accepted["critical"]).all()
    manifest = json.loads((whole.folder / "manifest.json").read_text())
    assert {"estimates", "moments", "accepted", "recovery"} <= manifest["sha256"].keys()
    assert manifest["seeds"]["report"] == {"first": 200, "n": 100}


def test_an_accepted_point_is_a_scenario(whole):
    scenarios = accepted_scenarios(whole.folder)
    assert len(scenarios) == len(whole.accepted)
    best = whole.accepted.iloc[0]
    assert scenarios[0].funds.overlap == best["funds.overlap"]
    assert scenarios[0].funds.grace_share == best["funds.grace_share"]
    assert scenarios[0].calendar.days == 8  # the study's changes are kept


def test_an_accepted_point_is_of_the_scenario_that_lies_in_the_folder(tmp_path, study):
    told = run(tmp_path / "kept", study)
    path = told.folder / "scenario.toml"
    text = path.read_text()
    assert text.count("\ndays = 8\n") == 1
    path.write_text(text.replace("\ndays = 8\n", "\ndays = 7\n"))
    assert accepted_scenarios(told.folder)[0].calendar.days == 7


def test_another_state_of_a_scenario_beside_is_another_calibration(tmp_path, study):
    quiet = {"quiet": {"scenario": "calm", "changes": {"calendar.days": 20}}}
    run(tmp_path / "out", toy.study(**QUICK, scenarios=quiet))
    quiet["quiet"]["changes"] = {"calendar.days": 21}
    with pytest.raises(OutputRefused, match=r"scenarios\.quiet") as refused:
        run(tmp_path / "out", toy.study(**QUICK, scenarios=quiet))
    assert "calendar.days" in str(refused.value)


def test_a_record_that_no_point_fits_has_an_empty_accepted_set_and_says_so(tmp_path, study):
    moments = {name: one.model_dump(exclude_none=True) for name, one in study.moments.items()}
    moments["m4"]["target"] = 9.0  # which no parameter moves
    told = run(tmp_path / "far", toy.study(**QUICK, moments=moments))
    assert told.accepted.empty
    assert told.test.objective > told.test.critical
    with pytest.raises(InvalidInput, match="the accepted set is empty"):
        accepted_scenarios(told.folder)


def test_a_folder_of_another_study_is_refused_by_name(whole):
    before = content(whole.folder)
    other = toy.study(**QUICK | {"inference": {"profile_points": 9}})
    with pytest.raises(OutputRefused, match=r"another calibration \(tiny\)") as refused:
        run(whole.folder, other)
    assert "inference.profile_points: 5 there, 9 now" in str(refused.value)
    assert content(whole.folder) == before


def test_a_folder_of_other_things_is_left_alone(tmp_path, study):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputRefused, match="holds other things"):
        run(tmp_path, study)
    with pytest.raises(UnreadableFile, match="holds no calibration"):
        accepted_scenarios(tmp_path)


def test_evaluations_cut_off_by_a_full_disk_are_refused(tmp_path, study, whole):
    run(tmp_path / "cut", study)
    path = tmp_path / "cut" / "evaluations.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFile, match="not whole"):
        run(tmp_path / "cut", study)


def test_a_search_of_which_no_run_succeeds_says_why(tmp_path, study):
    with pytest.raises(InvalidInput, match=r"no point of the search has all moments.*it broke"):
        run(tmp_path / "none", study, toy.Linear(fails_on=range(1000)))


def test_failed_runs_are_told_in_table_and_manifest(tmp_path, study):
    patient = toy.study(**QUICK | {"search": {**QUICK["search"], "most_failed": 0.2}})
    found = run(tmp_path / "some", patient, toy.Linear(fails_on=(5, 105)))
    table = pd.read_parquet(tmp_path / "some" / "evaluations.parquet")
    assert set(table.loc[table["seeds"] == "search", "n_failed"]) == {1}
    assert found.n_failed_runs == table["n_failed"].sum() > 0
    assert np.isfinite(table["objective"]).all()
