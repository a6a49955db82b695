"""Accepted points of a calibration in an experiment: replicates take them by turns."""

import pytest

from abm.errors import ScenarioFaults
from abm.scenario import load_scenario
from abm.sweep.experiment import Experiment
from abm.sweep.plan import described, files_of, plan_of, read_plan, run_of_row
from abm.sweep.question import scenario_at
from abm.sweep.work import Task, run_task
from tests.sweep.small import TINY

LEVERAGE, DEPTH = "funds.styles.*.leverage", "liquidity.depth_multiple"
FILE = f"{LEVERAGE},{DEPTH}\n0.9x,1.5\n1.1x,0.5\n"


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "accepted.csv").write_text(FILE)
    return {
        "scenario": "hike",
        "replicates": 3,
        "seed": 7,
        "changes": dict(TINY),
        "accepted": "accepted.csv",
        "design": {"kind": "grid", "factors": {"shock.surprise_bp": [10, 50]}},
        "outputs": {"measure": "run"},
    }


@pytest.fixture
def experiment(raw, tmp_path):
    return Experiment.from_dict(raw, tmp_path)


def test_a_replicate_is_of_the_world_at_its_turn(experiment):
    base = experiment.base
    for replicate, times, depth in ((0, 0.9, 1.5), (1, 1.1, 0.5), (2, 0.9, 1.5)):
        there = scenario_at(experiment, {"shock.surprise_bp": 50}, replicate)
        for name, style in base.funds.styles.items():
            assert there.funds.styles[name].leverage == pytest.approx(times * style.leverage)
        assert there.liquidity.depth_multiple == depth
        assert there.shock.surprise_bp == 50


def test_a_row_is_the_run_of_its_world(raw, experiment):
    """Row 4: point 1, replicate 1, which is of the second world."""
    plan = plan_of(experiment)
    alone = {**raw, "changes": {**TINY, LEVERAGE: "1.1x", DEPTH: 0.5}}
    alone.pop("accepted")
    made, by_hand = (
        run_task(Task(one, (4,), {1: plan.values_at(1)})).runs.drop_columns("seconds")
        for one in (experiment, Experiment.from_dict(alone))
    )
    assert made.equals(by_hand)


def test_a_factor_acts_within_the_world(raw, tmp_path):
    raw["design"]["factors"] = {DEPTH: [2.0], LEVERAGE: ["0.5x"]}
    there = scenario_at(Experiment.from_dict(raw, tmp_path), {DEPTH: 2.0, LEVERAGE: 0.5}, 1)
    own = load_scenario("hike").funds.styles["FXM"].leverage
    assert there.liquidity.depth_multiple == 2.0
    assert there.funds.styles["FXM"].leverage == pytest.approx(0.5 * 1.1 * own)


def test_a_folder_holds_the_points_and_runs_a_row_again(tmp_path, experiment):
    plan = plan_of(experiment)
    for name, content in files_of(plan).items():
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_bytes(content)
    (tmp_path / "accepted.csv").unlink()
    assert described(read_plan(tmp_path / "out"))["hash"] == described(plan)["hash"]
    again = run_of_row(tmp_path / "out", 4)  # replicate 1
    assert again.scenario == scenario_at(experiment, {"shock.surprise_bp": 50}, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "must be a CSV file, as the accepted.csv"),
        ("funds.overlapp\n0.5\n", "did you mean overlap?"),
        (f"{DEPTH}\n-1\n", "must be from"),
        (f"{DEPTH}\n", "at least one point"),
    ],
)
def test_a_bad_file_is_one_message(raw, tmp_path, content, said):
    if content is None:
        (tmp_path / "accepted.csv").unlink()
    else:
        (tmp_path / "accepted.csv").write_text(content)
    with pytest.raises(ScenarioFaults, match=said):
        Experiment.from_dict(raw, tmp_path)
