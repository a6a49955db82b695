"""Factors over all of a kind, and in multiples of what the scenario has."""

import pytest

from abm.cli.check import check_experiment
from abm.errors import ScenarioFaults
from abm.scenario import load_scenario
from abm.sweep.designs import design_points
from abm.sweep.experiment import Experiment, load_experiment
from abm.sweep.plan import read_plan, run_of_row
from abm.sweep.question import scenario_at
from abm.sweep.runner import sweep

STYLES = "funds.styles.*.leverage"


def asked(design, **more):
    return Experiment.from_dict({"scenario": "hike", "replicates": 1, "design": design, **more})


def grid(**factors):
    return asked({"kind": "grid", "factors": factors})


def leverage(scenario):
    return [style.leverage for style in scenario.funds.styles.values()]


def at_points(experiment):
    rows = design_points(experiment).to_dict("records")
    return [leverage(scenario_at(experiment, row)) for row in rows]


def test_a_grid_in_multiples_keeps_every_style_s_own():
    own = leverage(load_scenario("hike"))
    experiment = grid(**{STYLES: ["0.8x", "1x", "1.2x"]})
    assert design_points(experiment)[STYLES].tolist() == [0.8, 1.0, 1.2]  # numbers: a curve has x
    assert at_points(experiment) == [[m * one for one in own] for m in (0.8, 1.0, 1.2)]


def test_a_grid_of_values_sets_every_style_alike():
    assert at_points(grid(**{STYLES: [2, 3]})) == [[2.0] * 4, [3.0] * 4]


def test_a_range_of_multiples_is_sampled():
    design = {"kind": "latin-hypercube", "n_points": 4}
    experiment = asked({**design, "factors": {STYLES: {"low": "0.8x", "high": "1.2x"}}})
    own = leverage(load_scenario("hike"))
    for multiple, made in zip(
        design_points(experiment)[STYLES], at_points(experiment), strict=True
    ):
        assert 0.8 <= multiple <= 1.2 and made == [one * multiple for one in own]


def test_one_at_a_time_starts_from_once_the_scenario_s_own():
    factors = {STYLES: ["0.8x", "1.2x"], "funds.leverage_cap": [4, 7]}
    points = design_points(asked({"kind": "one-at-a-time", "factors": factors}))
    assert points[STYLES].tolist() == [1.0, 0.8, 1.2, 1.0, 1.0]


def test_keys_of_also_move_by_the_same_multiple():
    key, also = "funds.leverage_cap", "retail_fx.opening_leverage_cap"
    experiment = grid(**{key: {"values": ["0.5x"], "also": [also]}})
    base, made = load_scenario("hike"), scenario_at(experiment, {key: 0.5})
    assert made.retail_fx.opening_leverage_cap == 0.5 * base.retail_fx.opening_leverage_cap


def test_points_of_a_file_may_be_multiples(tmp_path):
    (tmp_path / "points.csv").write_text(f"{STYLES}\n0.8x\n1.2x\n")
    head = 'scenario = "hike"\nreplicates = 1\n'
    (tmp_path / "mine.toml").write_text(f'{head}[design]\nkind = "list"\nfile = "points.csv"\n')
    own = leverage(load_scenario("hike"))
    experiment = load_experiment(tmp_path / "mine.toml")
    assert at_points(experiment) == [[m * one for one in own] for m in (0.8, 1.2)]


def test_an_experiment_of_multiples_survives_its_file(tmp_path):
    experiment = grid(**{STYLES: ["0.8x", "1.2x"]})
    (tmp_path / "again.toml").write_text(experiment.to_toml())
    assert at_points(load_experiment(tmp_path / "again.toml")) == at_points(experiment)


def test_the_check_says_what_a_pattern_stands_for(tmp_path, monkeypatch):
    monkeypatch.setattr("abm.cli.pilot.pilot_runs", lambda *_: _nothing())
    head = 'scenario = "hike"\nreplicates = 1\n[design]\nkind = "grid"\n[design.factors]\n'
    (tmp_path / "mine.toml").write_text(f'{head}"{STYLES}" = ["0.8x", "1.2x"]\n')
    answer = check_experiment(str(tmp_path / "mine.toml"))
    assert "0.8, 1.2 times the scenario's own, at 4 keys" in answer


def _nothing():
    from abm.cli.pilot import Pilot

    return Pilot([], [], [], [])


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"funds.styles.*.levrage": ["1x", "2x"]}, "fits no key of the scenario; did you mean"),
        ({STYLES: ["1x", 2]}, "must be all numbers, all words or all true/false"),
        ({STYLES: ["1x", "1x"]}, "must each be given once"),
        ({STYLES: ["1x", "99x"]}, "must be from 1 to"),
        ({"outputs.events": ["1x", "2x"]}, "is not a number of the scenario"),
        ({"funds.levrage_cap": ["1x"]}, "is not a number of the scenario; did you mean"),
        ({STYLES: [2, 3], "funds.styles.MA.leverage": [2, 3]}, "once is enough"),
        ({STYLES: {"values": [2], "also": ["funds.n"], "in_proportion": True}}, "several keys"),
        ({"funds.n": {"values": ["2x"], "also": ["trend.n"], "in_proportion": True}}, "either"),
    ],
)
def test_patterns_that_cannot_be_meant_are_refused(factors, message):
    with pytest.raises(ScenarioFaults) as refused:
        grid(**factors)
    assert message in str(refused.value)


def test_a_multiple_that_leads_too_far_is_told_as_it_was_written_with_what_it_comes_to():
    with pytest.raises(ScenarioFaults) as refused:
        grid(**{STYLES: ["1x", "99x"]})
    own = load_scenario("hike").funds.styles["FXM"].leverage
    assert f'leverage = "99x"  funds.styles.FXM.leverage = {99.0 * own:g}' in str(
        refused.value
    ) and "must be from 1 to 100 (1 + borrowing / wealth), at 1 of 2 points" in str(refused.value)
    with pytest.raises(ScenarioFaults) as refused:
        asked(
            {
                "kind": "latin-hypercube",
                "n_points": 4,
                "factors": {"banks.n_core": {"low": "0.51x", "high": "1.49x"}},
            }
        )
    assert "must be a whole number" in str(refused.value) and "whole = true" not in str(
        refused.value
    )


def test_one_at_a_time_over_unlike_values_needs_multiples():
    with pytest.raises(ScenarioFaults, match=r"give multiples, as 1\.2x, or make them equal"):
        asked({"kind": "one-at-a-time", "factors": {STYLES: [2, 3]}})


def test_multiples_in_changes_are_made_once_however_often_the_folder_is_read(tmp_path, in_process):
    changes = {"calendar.days": 2, "calendar.burn_in_days": 2, "calendar.drift_days": 1}
    changes |= {STYLES: "1.2x", "funds.leverage_cap": "0.5x"}
    design = {"kind": "grid", "factors": {"shock.surprise_bp": [5, 50]}}
    sweep(asked(design, changes=changes, outputs={"measure": "run"}), tmp_path, workers=1)
    kept = read_plan(tmp_path)
    assert leverage(kept.scenario) == [1.2 * one for one in leverage(load_scenario("hike"))]
    assert kept.scenario.funds.leverage_cap == load_scenario("hike").funds.leverage_cap / 2
    assert leverage(run_of_row(tmp_path, 1).scenario) == leverage(kept.scenario)


def test_a_pattern_in_changes_may_not_set_what_a_factor_sets():
    with pytest.raises(ScenarioFaults) as refused:
        asked(
            {"kind": "grid", "factors": {"funds.styles.FXM.leverage": [2, 3]}},
            changes={STYLES: "1.2x"},
        )
    assert "funds.styles.FXM.leverage is set here and by design.factors" in str(refused.value)
