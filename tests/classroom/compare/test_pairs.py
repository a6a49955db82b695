"""Two runs on one seed differ by what was changed; over seeds, by a mean and its error."""

import numpy as np
import pytest

import abm
from abm.classroom.choice import Choice
from abm.classroom.compare.pairs import Pair, mean_and_error, paired_differences

SMALL = Choice(changes={"shock.surprise_bp": 60.0}, seed=3)


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
    # hardly any fund or household owes yen: on some eves there is no net short
    few = {"funds.leverage_cap": 1.0, "risk_parity.yen_share": 0.0}
    few |= {"retail_fx.notional_usd_bn": 1.0}
    lean = Choice(scenario="august-2024", other=few)
    found = paired_differences(lean, ("unwound_5d", "forced_sales_usd_bn"))
    assert found["forced_sales_usd_bn"].n_seeds == 20 > found["unwound_5d"].n_seeds > 1
