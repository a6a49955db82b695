"""The simulator as a model: the same bytes for one worker and two, failures as NaN columns."""

import json
from concurrent.futures import Executor, Future
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
import typer

import abm
from abm.calibration import simulate, simulating, study_of
from abm.calibration.running import calibrate as fit
from abm.calibration.simulating import model_of, run_task
from abm.calibration.study import choices_of
from abm.cli.calibrate import calibrate, told
from abm.errors import FailedRun
from abm.measures.moments import Choices, measured
from abm.runs.closes import run_closes
from abm.scenario.writing import to_toml
from abm.sweep import pool
from abm.sweep.experiment import chosen_of
from abm.sweep.question import scenario_at
from tests.calibration import toy
from tests.sweep.small import HereAndNow

LEVERAGE = "funds.styles.*.leverage"
TABLES = ("evaluations", "estimates", "moments", "profiles", "accepted", "runs")


@pytest.fixture(scope="module")
def study():
    return study_of(toy.raw_study())


def test_closes_are_those_of_the_run_s_tables(study):
    result = abm.run(study.base, rng=3)
    closes = run_closes(study.base, 3)
    days = result.days
    assert closes.log_quotes["JPY"][1:].tolist() == days["log_JPY"].tolist()
    assert closes.log_quotes["JPY"][0] == 0.0
    assert closes.yen_short[1:].tolist() == days["yen_short_units"].tolist()
    moved = measured("change", closes, Choices(series="USDJPY", start=1, end=5))
    assert moved == days["log_JPY"][0] - days["log_JPY"][4]


def test_a_run_that_fails_is_a_row_of_nan_with_its_error(study, monkeypatch):
    def breaks_at_2(scenario, seed):
        if seed == 2:
            raise FailedRun("day 3: the books do not balance")
        return run_closes(scenario, seed)

    monkeypatch.setattr(simulating, "run_closes", breaks_at_2)
    point = np.array([[1.0, 1.0]])
    done = next(iter(model_of(study, HereAndNow(), 2)(point, [1, 2, 3])))
    assert np.isnan(done.moments).all(axis=1).tolist() == [False, True, False]
    assert done.error == "day 3: the books do not balance"


def test_a_point_that_the_scenario_refuses_has_failed_on_all_seeds(study):
    done = next(iter(model_of(study, HereAndNow(), 2)(np.array([[-1.0, 1.0]]), [1, 2])))
    assert np.isnan(done.moments).all()
    assert "depth_multiple" in done.error


class KillsTheSecond(Executor):
    """Workers that die of their second task."""

    def __init__(self):
        self.n = 0

    def submit(self, fn, /, *args):
        self.n += 1
        future = Future()
        if self.n == 2:
            future.set_exception(pool.KilledWorker("killed its worker 2 times"))
        else:
            future.set_result(run_task(*args))
        return future


def test_a_point_that_kills_its_worker_has_failed_on_all_seeds(study):
    points = np.array([[1.0, 1.0], [1.1, 1.0], [1.2, 1.0]])
    found = {one.point: one for one in model_of(study, KillsTheSecond(), 1)(points, [1, 2])}
    assert [bool(np.isnan(found[k].moments).all()) for k in range(3)] == [False, True, False]
    assert "killed its worker" in found[1].error


def test_one_process_and_two_workers_calibrate_to_the_same_bytes(study, tmp_path, monkeypatch):
    two = abm.calibrate(study, tmp_path / "two", workers=2)
    monkeypatch.setattr(pool, "own_processes", lambda _: nullcontext(HereAndNow()))
    here = abm.calibrate(study, tmp_path / "here", workers=1)
    for name in TABLES:
        path = f"{name}.parquet"
        assert (here.folder / path).read_bytes() == (two.folder / path).read_bytes(), name


def test_simulated_moments_are_by_point_seed_and_moment(study, monkeypatch):
    monkeypatch.setattr(pool, "own_processes", lambda _: nullcontext(HereAndNow()))
    points = np.array([[0.7, 0.9], [1.5, 1.1]])
    found = simulate(study, points, [5, 6, 7])
    assert found.shape == (2, 3, 3)
    at = scenario_at(study.question, {"liquidity.depth_multiple": 1.5, LEVERAGE: 1.1})
    closes = run_closes(at, 6)
    choices = [choices_of(one, study.base) for one in study.moments.values()]
    names = [one.measure for one in study.moments.values()]
    by_hand = [measured(name, closes, one) for name, one in zip(names, choices, strict=True)]
    assert found[1, 1].tolist() == by_hand


def test_a_moment_may_be_of_a_scenario_beside_under_the_same_changes_and_seeds(monkeypatch):
    monkeypatch.setattr(pool, "own_processes", lambda _: nullcontext(HereAndNow()))
    raw = toy.raw_study(scenarios={"quiet": {"scenario": "calm", "changes": {"calendar.days": 12}}})
    given = {"target": 0.1, "se": 0.1, "source": "made up", "scenario": "quiet"}
    first = {"spread": {"measure": "volatility", "series": "USDJPY", **given}}
    raw["moments"] = first | raw["moments"]  # the place among the others counts
    study = study_of(raw)
    found = simulate(study, np.array([[1.5, 1.1]]), [5, 6])
    changes = {**raw["changes"], "calendar.days": 12, "liquidity.depth_multiple": 1.5}
    calm = abm.load_scenario("calm").with_changes(changes)
    styles = calm.funds.styles.items()
    calm = calm.with_changes({f"funds.styles.{n}.leverage": 1.1 * s.leverage for n, s in styles})
    closes = run_closes(calm, 6).log_quotes["JPY"]
    assert len(closes) == 12 + 1
    assert found[0, 1, 0] == pytest.approx(np.diff(closes).std() * 250**0.5)
    alone = simulate(study_of(toy.raw_study()), np.array([[1.5, 1.1]]), [5, 6])
    assert found[..., 1:].tolist() == alone.tolist()


def test_the_command_tells_the_fit_and_goes_on_where_it_was(study, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pool, "own_processes", lambda _: nullcontext(HereAndNow()))
    file, out = tmp_path / "tiny.toml", tmp_path / "out"
    file.write_text(to_toml(chosen_of(study)))
    code = 0
    try:
        calibrate(str(file), out, None, None)
    except typer.Exit as end:
        code = end.exit_code
    said = capsys.readouterr().out
    empty = pd.read_parquet(out / "accepted.parquet").empty
    assert code == (2 if empty else 0)
    for words in ("liquidity.depth_multiple", "yen by day 4", "J test", "Accepted", "Kept in"):
        assert words in said
    assert (out / "figures" / "profiles.png").is_file()
    assert json.loads((out / "search.json").read_text())["generations"]
    before = (out / "evaluations.parquet").read_bytes()
    seen = []
    fit(str(file), out, workers=1, progress=seen.append)
    assert seen[-1].n_new == 0
    assert (out / "evaluations.parquet").read_bytes() == before
    assert "best J" in told(seen[-1])
