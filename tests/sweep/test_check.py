"""`unwind check EXPERIMENT`: how many runs, how long, how large, and which of a few fail."""

import math

import pytest

from abm.cli import check, pilot
from abm.cli.check import check_experiment, is_experiment
from abm.cli.lines import duration
from abm.errors import InvalidInput
from abm.sweep.designs import design_points
from abm.sweep.experiment import load_experiment
from abm.sweep.question import scenario_at
from abm.sweep.work import Task, run_task

SMALL = """
name = "small"
scenario = "calm"
replicates = 3
[changes]
"population.scale" = 0.2
"calendar.days" = 3
[design]
kind = "grid"
[design.factors]
"funds.leverage_cap" = [2, 4, 7, 10]
"funds.overlap" = [0.1, 0.9]
[outputs]
measure = "run"
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The file of a small experiment, in the folder one is in."""
    monkeypatch.chdir(tmp_path)

    def write(*replacement):
        (tmp_path / "small.toml").write_text(SMALL.replace(*replacement or ("", "")))
        return "small.toml"

    return write


def test_an_experiment_is_told_from_a_scenario(small, tmp_path):
    assert is_experiment(small())
    assert is_experiment(small("[design", "[desing"))
    (tmp_path / "mine.toml").write_text('base = "hike"\n')
    for other in ("hike", "mine.toml", "nowhere.toml"):
        assert not is_experiment(other)


def test_the_answer_says_what_would_be_run_how_long_and_how_large(small):
    answer = check_experiment(small()).splitlines()
    wanted = (
        "grid of 2 factors on calm, 2 changes: 8 points × 3 replicates = 24 runs of measure run"
    )
    assert answer[0] == f"ok: small, {wanted}"
    assert answer[1].split("  ")[-1] == "2, 4, 7, 10"
    assert [line.split("  ")[0] for line in answer[3:]] == ["One run", "Time", "On disk"]
    assert "with 1 worker" in answer[4]


def test_factors_that_move_as_one_count_once_as_in_the_analysis(small):
    experiment = load_experiment(small('"calendar.days" = 3\n', ""))
    points = design_points(experiment)
    assert " grid of 2 factors on calm, 1 change: " in check._what(experiment, points)[0]
    together = points.assign(**{"funds.overlap": points["funds.leverage_cap"] / 10.0})
    assert " grid of 1 factor on calm, 1 change: " in check._what(experiment, together)[0]


@pytest.mark.parametrize(
    "outputs", ['measure = "cascade"', 'measure = "run"\nseries = ["leverage"]']
)
def test_what_is_kept_is_in_the_estimate(small, outputs):
    answer = check_experiment(small('measure = "run"', outputs)).splitlines()
    assert answer[-1].endswith("kB")


@pytest.mark.parametrize("measure", ["run", "cascade"])
@pytest.mark.parametrize("events", [False, True])
def test_a_pilot_run_is_a_row_of_the_sweep_and_no_slower_one(small, measure, events):
    # It was timed with all tables of a run, which a sweep does not make: three times too long.
    outputs = f'measure = "{measure}"\nevents = {str(events).lower()}'
    experiment = load_experiment(small('measure = "run"', outputs))
    points = design_points(experiment)
    task = Task(experiment, (0,), {0: dict(points.iloc[0])})
    row = run_task(task)
    scalars, n_events = pilot._run(experiment, scenario_at(experiment, task.points[0]))
    own = {"row", "point", "replicate", "seed", "status", "error", "seconds"}
    assert set(scalars) == set(row.runs.column_names) - own
    assert n_events == (len(row.events) if events else 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (0.004, "0 s"), (0.35, "0.35 s"), (119.0, "119 s"), (120.0, "2 min"),
     (7199.0, "120 min"), (12_600.0, "3.5 h"), (172_800.0, "2 days"), (math.nan, "some time")],
)  # fmt: skip
def test_a_time_is_told_in_the_unit_that_suits_it(seconds, text):
    assert duration(seconds) == text


def test_a_pilot_run_that_fails_is_told_with_its_point(small, monkeypatch):
    honest = pilot._run

    def broken(experiment, scenario):
        if scenario.funds.leverage_cap == 10 and scenario.funds.overlap == 0.9:
            raise FloatingPointError("no clearing price")
        return honest(experiment, scenario)

    monkeypatch.setattr(pilot, "_run", broken)
    answer = check_experiment(small()).splitlines()
    where = "point 7 (funds.leverage_cap = 10, funds.overlap = 0.9)"
    assert answer[-5].endswith("s at 5 points)")
    assert answer[-2:] == [
        "1 of 6 pilot runs failed:",
        f"  {where}: FloatingPointError: no clearing price",
    ]


def test_a_pilot_that_takes_long_tries_fewer_points(small, monkeypatch):
    monkeypatch.setattr(pilot, "PILOT_SECONDS", 0.0)
    assert "at 1 point)" in check_experiment(small())


def test_settings_and_too_many_runs_are_refused(small):
    with pytest.raises(InvalidInput, match=r"stand in \[changes\]"):
        check_experiment(small(), ["funds.n=3"])
    with pytest.raises(ValueError, match="24 runs, more than the 20 allowed"):
        check_experiment(small(), max_runs=20)
