"""What the page shows is the run of `abm.run`, day by day and pair by pair."""

import numpy as np
import pandas as pd
import pytest

import abm
from abm.classroom.choice import Choice
from abm.classroom.live import LiveRun, largest_leverage_allowed
from abm.classroom.pairs import Pair, mean_and_error, paired_differences

SMALL = Choice(changes={"shock.surprise_bp": 60.0}, seed=3)


def test_days_and_events_are_those_of_the_run_whatever_the_steps():
    live = LiveRun.of(SMALL)
    parts = []
    while not live.is_over:
        first = live.day
        live.advance(7)
        parts.append(live.days(first))
    whole = abm.run(SMALL.run_scenario, rng=3)
    pd.testing.assert_frame_equal(pd.concat(parts), whole.days)
    pd.testing.assert_frame_equal(live.events(), whole.events)


def test_a_replicate_is_that_of_the_command():
    live = LiveRun.of(SMALL.changed(replicate=5))
    live.finish()
    whole = abm.run(SMALL.run_scenario, rng=3, replicate=5)
    pd.testing.assert_frame_equal(live.days(), whole.days)


def test_the_numbers_of_a_run_are_those_of_the_cascade():
    found = abm.cascade(SMALL.run_scenario, rng=3)
    shown = LiveRun.of(SMALL).measures
    for key in found:
        assert repr(shown[key]) == repr(found[key]), key


def test_the_leverage_that_a_margin_allows_is_one_over_it():
    assert largest_leverage_allowed(np.array([0.05, 0.2])).tolist() == [20.0, 5.0]


def test_two_equal_runs_differ_by_nothing():
    columns = Pair.of(SMALL).columns([""] * 66)
    for name in ("quote", "leverage", "forced", "short"):
        assert not np.any(columns[f"{name}_difference"])


def test_a_difference_is_right_less_left_on_the_same_seed():
    choice = SMALL.changed(other={"funds.leverage_cap": 2.0})
    columns = Pair.of(choice).columns([""] * 66)
    left = abm.run(choice.run_scenario, rng=3).days["yen_short_units"].to_numpy()
    right = abm.run(choice.other_scenario, rng=3).days["yen_short_units"].to_numpy()
    assert choice.other_scenario.funds.leverage_cap == 2.0
    assert np.array_equal(columns["short_difference"], right - left)
    assert left[0] > right[0]  # a lower cap, a smaller carry trade


def test_mean_and_standard_error_by_hand():
    assert mean_and_error(np.array([1.0, 2.0, 3.0, 6.0])) == pytest.approx((3.0, 1.0801234))
    assert mean_and_error(np.array([1.0, np.nan, 3.0])) == pytest.approx((2.0, 1.0))
    assert np.isnan(mean_and_error(np.array([1.0]))).all()


def test_no_change_has_no_effect_on_any_seed():
    found = paired_differences(SMALL, ("forced_sales_usd_bn", "peak_yen_appreciation"))
    assert set(found.values()) == {(0.0, 0.0, 20)}


def test_a_measure_without_a_value_on_some_seeds_is_averaged_over_the_others():
    thin = Choice(scenario="august-2024", other={"liquidity.depth_multiple": 0.5})
    found = paired_differences(thin, ("unwound_5d", "forced_sales_usd_bn"))
    assert found["forced_sales_usd_bn"].n_seeds == 20 > found["unwound_5d"].n_seeds > 1
