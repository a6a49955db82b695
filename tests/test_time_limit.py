"""A time limit: a run that takes longer has failed, one that does not has the same bytes."""

import time

import numpy as np
import pytest
from typer.testing import CliRunner

import abm
from abm.cli.commands import app
from abm.errors import FailedRun, InvalidInput
from abm.kernels import day
from abm.population.time_limit import TimeLimit, limit_at_work, time_limit
from abm.population.world import build_world
from abm.sweep import load_sweep, sweep
from tests.sweep.conftest import no_processes
from tests.sweep.small import experiment

MOMENT, HOUR = 1e-6, 3600.0


def test_a_run_over_its_time_has_failed_and_says_on_which_day():
    with pytest.raises(FailedRun, match=r"hike, .* day .*: .* limit of 1e-06 s"):
        abm.run("hike", timeout=MOMENT)


def test_a_limit_that_is_not_reached_changes_no_number():
    free, limited = abm.run("calm", 3), abm.run("calm", 3, timeout=HOUR)
    for table in ("days", "events", "institutions"):
        one, other = getattr(free, table), getattr(limited, table)
        assert one.equals(other)


def test_the_limit_of_a_cascade_holds_for_the_run_and_its_counterfactual_runs_together():
    limited, free = abm.cascade("hike", timeout=HOUR), abm.cascade("hike")
    assert limited.frozen_no_shock_days.equals(free.frozen_no_shock_days)
    with time_limit(HOUR):
        limit_at_work().end -= HOUR
        with pytest.raises(FailedRun):
            abm.cascade("hike")
    assert limit_at_work() is None


def test_compiling_takes_nothing_of_the_limit():
    limit = TimeLimit(1.0, 5.0)
    with limit.not_counted():
        np.linalg.svd(np.ones((60, 60)))
    assert limit.end > 5.0


def test_a_day_that_is_compiled_before_the_books_open_takes_nothing_of_the_limit(monkeypatch):
    monkeypatch.setattr(day, "compile_day", lambda *groups: time.sleep(0.01))
    with time_limit(HOUR):
        end = limit_at_work().end
        build_world(abm.load_scenario("hike"), seed=1)
        assert limit_at_work().end >= end + 0.01


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), float("inf"), "5", True])
def test_a_limit_is_a_number_of_seconds(timeout):
    for call in (abm.run, abm.cascade):
        with pytest.raises(InvalidInput, match="timeout"):
            call("hike", timeout=timeout)
    with pytest.raises(InvalidInput, match="timeout"):
        sweep(experiment(), timeout=timeout)


def test_runs_of_a_sweep_that_take_too_long_are_failed_rows(tmp_path):
    with no_processes():
        done = sweep(experiment(), tmp_path, timeout=MOMENT)
    table = load_sweep(tmp_path)
    assert done.progress.n_failed == len(table) == 12
    assert table["error"].str.contains("limit of 1e-06 s").all()
    with no_processes():
        again = sweep(experiment(), tmp_path, retry_failed=True, timeout=HOUR)
    assert again.progress.n_failed == 0


def test_the_command_says_so_and_ends_with_1(tmp_path):
    out = str(tmp_path / "x")
    run = CliRunner().invoke(app, ["run", "calm", "--timeout", "0.000001", "--out", out])
    assert run.exit_code == 1
    assert "limit of 1e-06 s" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("given", ["soon", "0", "-3", "nan"])
def test_the_command_refuses_what_is_no_time(given, tmp_path):
    for command in (["run", "calm"], ["sweep", "experiments/leak-or-dam.toml"]):
        words = [*command, f"--timeout={given}", "--out", str(tmp_path / "x")]
        run = CliRunner().invoke(app, words)
        assert run.exit_code == 2
        assert f"--timeout = {given}, must be" in run.stderr
