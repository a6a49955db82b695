"""A run whose books do not balance, or that holds no numbers, is a failed run at every face."""

import math

import numpy as np
import pytest

import abm
from abm.errors import FailedRun, UnwindError
from abm.population.advance import open_world
from abm.population.soundness import AUDIT_LIMIT, require_sound
from tests.sweep.small import experiment, factors

SHORT = abm.load_scenario("hike").with_changes(
    {
        "calendar.days": 4,
        "calendar.burn_in_days": 5,
        "calendar.drift_days": 5,
        "population.scale": 0.2,
    }
)


@pytest.fixture
def world():
    return open_world(SHORT, 3)[0]


@pytest.fixture
def broken(monkeypatch):
    """Every day from the third of the run on leaves an error of 2e-7."""
    from abm.kernels import day as kernel

    run_days = kernel.run_days

    def with_error(first, last, *groups):
        run_days(first, last, *groups)
        record = groups[8]
        rows = range(max(first, 7), last)
        record.days["conservation_error"][rows] = 2e-7

    monkeypatch.setattr(kernel, "run_days", with_error)


def test_a_run_that_balances_is_sound(world):
    require_sound(world, 0, world.burn_in)


def test_a_failed_run_is_no_mistake_of_the_user():
    assert AUDIT_LIMIT == 1e-9
    assert not issubclass(FailedRun, UnwindError)


def test_the_message_has_run_day_error_and_limit(world):
    world.record.days["conservation_error"][2:4] = 1.1e-9, 3e-5
    with pytest.raises(FailedRun) as failed:
        require_sound(world, 0, 5)
    for part in ("hike, seed 3, replicate 0", "burn-in day 3 of 5", "1.1e-09", "1e-09", "3.0e-05"):
        assert part in str(failed.value)


def test_an_error_at_the_limit_is_no_failure(world):
    world.record.days["conservation_error"][2] = AUDIT_LIMIT
    require_sound(world, 0, 5)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("table", "place", "said"),
    [
        ("days", ("n_margin_calls", 3), "burn-in day 4 of 5: days n_margin_calls"),
        ("days", ("conservation_error", 3), "burn-in day 4 of 5: days conservation_error"),
        ("days", ("leverage", 3), "burn-in day 4 of 5: days leverage"),
        ("forced_usd_bn", (2, 0), "burn-in day 3 of 5: days forced_hedge_fund_usd_bn"),
        ("log_prices", (2, 0), "burn-in day 3 of 5: days log_JPY"),
        ("fundamentals", (2, 1), "burn-in day 3 of 5: days fundamental_"),
        (
            "worst_wealth",
            (0,),
            "burn-in day 5 of 5: institutions worst_wealth_usd_bn of hedge-fund",
        ),
    ],
)
def test_a_number_that_is_none_is_told_with_day_and_column(world, value, table, place, said):
    found, at = getattr(world.record, table), place
    if table == "days":
        found, at = found[place[0]], place[1]
    found[at] = value
    with pytest.raises(FailedRun, match=said):
        require_sound(world, 0, 5)


def test_nan_of_an_institution_or_a_bank_is_told_by_name(world):
    world.graph.equity[1] = math.nan
    with pytest.raises(FailedRun, match="institutions wealth_usd_bn of bank-2 is nan"):
        require_sound(world, 0, 5)
    world.books.wealth[0] = math.nan
    with pytest.raises(FailedRun, match=f"wealth_usd_bn of {world.names[0]} is nan"):
        require_sound(world, 0, 5)


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_an_event_of_no_amount_is_told_with_its_day(world, amount):
    world.record.events["day"][0], world.record.events["amount_usd_bn"][0] = 2, amount
    world.record.n_events[0] = 1
    with pytest.raises(FailedRun, match=f"burn-in day 3 of 5: events amount_usd_bn is {amount}"):
        require_sound(world, 0, 5)
    require_sound(world, 3, 5, first_event=1)


@pytest.mark.parametrize("column", ["leverage", "margin_rate", "share_unlevered"])
def test_the_schema_s_own_nan_are_no_failure(world, column):
    """Gains that were not asked for; leverage, margin and share of funds that have no wealth."""
    days = world.record.days
    days["feedback_gain"][1:3] = math.nan
    days["fund_wealth_usd_bn"][2] = 0.0
    days[column][2] = math.nan
    require_sound(world, 0, 5)
    days["fund_wealth_usd_bn"][2] = 1.0
    with pytest.raises(FailedRun, match=f"days {column} is nan"):
        require_sound(world, 0, 5)


def test_an_infinite_gain_is_no_gain_that_was_not_asked_for(world):
    world.record.days["feedback_gain"][1] = math.inf
    with pytest.raises(FailedRun, match="burn-in day 2 of 5: days feedback_gain is inf"):
        require_sound(world, 0, 5)


def test_every_face_of_a_run_fails(broken):
    from abm.runs import fast_cascade, fast_run

    for run in (abm.run, abm.cascade, fast_run, fast_cascade):
        with pytest.raises(
            FailedRun, match=r"hike, seed 3, replicate 0: failed on day 2: .*2.0e-07"
        ):
            run(SHORT, 3)


def test_a_counterfactual_run_that_fails_is_named(monkeypatch):
    from abm.runs import fast, running

    go_on = running.go_on

    def without_shock_broken(*given, **how):
        world = go_on(*given, **how)
        if not how.get("shocked", True):
            world.record.days["conservation_error"][-1] = 1.0
            require_sound(world, 0, len(world.record.days))
        return world

    for room, cascade in ((running, abm.cascade), (fast, fast.fast_cascade)):
        monkeypatch.setattr(room, "go_on", without_shock_broken)
        with pytest.raises(FailedRun, match="without its shock: failed on day 3"):
            cascade(SHORT, 3)


def test_a_model_fails_on_the_day_and_has_no_result(broken):
    model = abm.CarryUnwindModel(SHORT, rng=3)
    model.step()
    model.step()
    assert len(model.result().days) == 2
    for fails in (model.step, model.result, model.run, model.result):
        with pytest.raises(FailedRun, match=r"failed on day [23]: the books do not balance"):
            fails()
        assert not model.running


def test_a_failed_run_is_a_failed_row_with_its_message(broken):
    from abm.sweep.work import Task, run_task

    asked = experiment(design=factors(shock__surprise_bp=[25]), replicates=1)
    (row,) = run_task(Task(asked, (0,), {0: {"shock.surprise_bp": 25}})).runs.to_pylist()
    assert row["status"] == "failed"
    assert "replicate 0: failed on day 1: the books do not balance" in row["error"]


def test_the_check_takes_no_time_beside_the_days(world):
    from timeit import timeit

    assert timeit(lambda: require_sound(world, 0, len(world.record.days)), number=100) < 0.1


def test_every_float_column_of_a_shipped_run_is_checked():
    """A column that joins the tables is checked too, or says in the schema that it may be NaN."""
    run = abm.run(SHORT, rng=2)
    may = {"feedback_gain", "leverage", "margin_rate"}
    floats = run.days.select_dtypes("float").columns
    assert np.isfinite(run.days[[c for c in floats if c not in may]]).all(axis=None)
