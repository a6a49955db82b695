"""Means, shares and curves of a sweep, with numbers by hand."""

import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.sweep.analysis import curves, heat_map, level_means, point_means, response_curve
from abm.sweep.intervals import effective_runs, wilson
from abm.sweep.outcomes import Outcome, at, outcome, panel, varied
from tests.sweep.tables import failing, grid, sweep_table

T_3 = 3.182446305284263  # Student, 3 degrees of freedom, 97.5%


def two_factors():
    """y = 10 a + b + seed, a in (1, 2), b in (0, 4), seeds adding 0, 1, 2, 3."""
    points = grid(a=[1, 2], b=[0, 4])
    y = (10 * points["a"] + points["b"]).to_numpy()[:, None] + np.arange(4.0)
    words = np.where(y > 15, "dam break", "leak")
    return sweep_table(points, {"y": y, "class": words})


def test_a_point_has_the_mean_and_student_interval_of_its_runs():
    first = point_means(panel(two_factors(), "y")).iloc[0]
    half = T_3 * np.sqrt(5.0 / 3.0 / 4.0)  # the variance of 0, 1, 2, 3 is 5/3
    assert first[["mean", "low", "high"]].tolist() == pytest.approx(
        [11.5, 11.5 - half, 11.5 + half]
    )
    assert first[["n_points", "n_runs", "n_left_out"]].tolist() == [1, 4, 0]


def test_wilson_is_that_of_the_textbook():
    # 8 of 10 at 95%: (0.8 + 0.19207 -+ 1.95996 sqrt(0.016 + 0.0096037)) / 1.384146
    assert np.array(wilson(0.8, 10)) == pytest.approx([0.49016, 0.94332], abs=1e-5)
    assert np.array(wilson(0.0, 10)) == pytest.approx([0.0, 0.27753], abs=1e-5)
    assert wilson(1.0, 10)[1] == 1.0


def test_the_share_at_a_point_has_wilsons_interval():
    points = grid(a=[1])
    broken = np.array([["dam break"] * 8 + ["leak"] * 2])
    line = point_means(panel(sweep_table(points, {"class": broken}), "class=dam break")).iloc[0]
    assert line["mean"] == pytest.approx(0.8)
    assert [line["low"], line["high"]] == pytest.approx(np.array(wilson(0.8, 10)))


def test_a_curve_averages_over_the_other_factors():
    curve = response_curve(panel(two_factors(), "y"), "a")
    assert curve["a"].tolist() == [1, 2]
    assert curve["mean"].tolist() == [13.5, 23.5]  # 10 a + 2 + 1.5
    assert curve["median"].tolist() == [13.5, 23.5]


def test_runs_that_share_their_seeds_count_as_one_draw():
    # Averaging over b removes none of the chance that every seed adds at all points alike.
    curve = response_curve(panel(two_factors(), "y"), "a").iloc[0]
    assert curve["high"] - curve["low"] == pytest.approx(2 * T_3 * np.sqrt(5.0 / 3.0 / 4.0))
    always = np.full((2, 10), "dam break")
    shares = panel(sweep_table(grid(a=[1], b=[0, 4]), {"class": always}), "class=dam break")
    line = level_means(shares, ["a"]).iloc[0]
    assert [line["low"], line["high"]] == pytest.approx(np.array(wilson(1.0, 10)))  # 10 seeds


def test_a_share_that_no_level_shares_seeds_for_is_known_from_all_its_runs():
    rng = np.random.default_rng(3)
    words = np.where(rng.random((50, 40)) < 0.3, "dam break", "leak")
    shares = panel(sweep_table(grid(a=[1], b=range(50)), {"class": words}), "class=dam break")
    line = level_means(shares, ["a"]).iloc[0]
    assert line["high"] - line["low"] == pytest.approx(0.04, rel=0.25)  # 2 x 1.96 sqrt(.21/2000)


def test_the_mean_lies_inside_its_interval_in_ninety_five_of_a_hundred_draws():
    rng, points, n_inside = np.random.default_rng(5), pd.DataFrame({"x": np.arange(30) % 2}), 0
    for _ in range(400):
        chance = rng.normal(size=(1, 8)) + rng.normal(size=(30, 8))  # of seeds, and of runs
        y = rng.normal(size=(30, 1)) + chance
        line = response_curve(panel(sweep_table(points, {"y": y}), "y"), "x", is_drawn=True).iloc[0]
        n_inside += line["low"] <= 0.0 <= line["high"]
    assert 0.92 <= n_inside / 400 <= 0.98


def test_a_share_is_known_as_well_as_its_runs_differ_but_from_the_seeds_at_least():
    # Independent runs would have the variance p (1 - p) / n: here 0.25 / n.
    assert [effective_runs(0.5, 0.25 / n, 10, 100) for n in (4, 40, 400)] == [10, 40, 100]


def test_what_a_failed_run_left_behind_is_not_read():
    table = two_factors()
    table.loc[0, "status"] = "failed"
    assert point_means(panel(table, "y"))["mean"].iloc[0] == 12.0  # of 11, 12 and 13


def test_a_failed_run_is_left_out_of_its_mean_and_counted():
    y = panel(failing(two_factors(), 3), "y")
    first = point_means(y).iloc[0]
    assert (first["mean"], first["n_runs"], first["n_left_out"]) == (11.0, 3, 1)
    assert y.left_out() == "1 failed of 16 runs"


def test_a_setting_without_a_run_at_one_level_is_left_out_at_all():
    lame = failing(two_factors(), 4, 5, 6, 7)  # a = 1, b = 4
    curve = response_curve(panel(lame, "y"), "a")
    assert curve["mean"].tolist() == [11.5, 21.5]  # b = 0 at both levels of a
    assert curve["n_points"].tolist() == [1, 1]


def test_levels_that_were_never_run_at_the_same_settings_are_not_compared():
    points = pd.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 3, 4]})
    with pytest.raises(InvalidInput, match="no setting of the other factors was run at every"):
        response_curve(panel(sweep_table(points, {"y": np.ones((4, 3))}), "y"), "a")


def test_a_factor_that_applies_at_some_levels_only_is_averaged_within_them():
    points = pd.DataFrame({"kind": ["fixed", "vol", "vol"], "window": [np.nan, 10, 20]})
    y = panel(sweep_table(points, {"y": np.array([[1.0, 3.0], [4.0, 6.0], [6.0, 8.0]])}), "y")
    curve = response_curve(y, "kind").set_index("kind")["mean"]
    assert curve.to_dict() == {"fixed": 2.0, "vol": 6.0}
    assert response_curve(y, "window")["mean"].tolist() == [5.0, 7.0]


def test_one_at_a_time_is_read_at_the_base_of_the_others():
    points = pd.DataFrame({"a": [1, 2, 1], "b": [0, 0, 5]})  # base (1, 0)
    y = panel(sweep_table(points, {"y": np.array([[1.0, 1.0], [2.0, 2.0], [7.0, 7.0]])}), "y")
    assert response_curve(y, "a")["mean"].tolist() == [1.0, 2.0]
    assert response_curve(y, "b")["mean"].tolist() == [1.0, 7.0]


def test_linked_factors_are_one():
    points = grid(a=[1, 2], b=[0, 4]).assign(c=lambda p: 10 * p["a"], d=lambda p: p["b"])
    assert varied(points) == ["a", "b"]
    y = panel(sweep_table(points, {"y": np.ones((4, 2))}), "y")
    assert response_curve(y, "c")["n_points"].tolist() == [2, 2]


def test_a_heat_map_has_a_row_for_each_level_and_a_hole_where_nothing_was_run():
    table = heat_map(panel(failing(two_factors(), 4, 5, 6, 7), "y"), "a", "b")
    assert table.loc[0].tolist() == [11.5, 21.5]
    assert np.isnan(table.loc[4, 1]) and table.loc[4, 2] == 25.5


def test_drawn_points_are_cut_into_bins_of_equal_size():
    x = np.random.default_rng(1).random(500)
    y = panel(sweep_table(pd.DataFrame({"x": x}), {"y": 3.0 * x[:, None]}), "y")
    curve = response_curve(y, "x", is_drawn=True)
    assert curve["n_points"].tolist() == [50] * 10
    assert np.allclose(curve["mean"], 3.0 * curve["x"])
    assert ((curve["low"] < curve["mean"]) & (curve["mean"] < curve["high"])).all()


def test_few_points_make_few_bins():
    y = panel(sweep_table(pd.DataFrame({"x": np.arange(60.0)}), {"y": np.ones((60, 2))}), "y")
    assert response_curve(y, "x", is_drawn=True)["n_points"].tolist() == [15] * 4


def test_curves_of_all_factors_say_why_one_is_not_there():
    points = pd.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 3, 4]})
    found, refused = curves(panel(sweep_table(points, {"y": np.ones((4, 3))}), "y"))
    assert found == {} and len(refused) == 2


def test_a_panel_can_be_held_at_a_level():
    held = at(panel(two_factors(), "y"), {"b": 4})
    assert response_curve(held, "a")["mean"].tolist() == [15.5, 25.5]
    with pytest.raises(InvalidInput, match="no point of the design"):
        at(held, {"b": 5})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("clas=leak", "no output is called 'clas'; did you mean class?"),
        ("class", "ask for a share of runs, as 'class=dam break'"),
        ("class=flood", "class is one of dam break, leak"),
        ("y>=high", "'high' is not a number"),
        ("y>=nan", "'nan' is not a number"),
        (">=3", "must be an output"),
        ("row", "no output is called 'row'"),
    ],
)
def test_an_output_that_is_not_there_is_refused(asked, message):
    with pytest.raises(InvalidInput, match=message.replace(">", r"\>")):
        outcome(asked, two_factors())


def test_what_is_net_of_the_run_without_the_shock_may_be_below_zero():
    assert (
        Outcome("n_margin_calls").is_not_negative and Outcome("n_x_net", ">=", "1").is_not_negative
    )
    assert not Outcome("n_margin_calls_net").is_not_negative
    assert not Outcome("forced_sales_net_usd_bn").is_not_negative


def test_a_level_turns_a_number_into_a_share():
    assert point_means(panel(two_factors(), "y>=13"))["mean"].tolist() == [0.25, 1.0, 1.0, 1.0]
    assert point_means(panel(two_factors(), "y <= 12"))["mean"].tolist() == [0.75, 0.0, 0.0, 0.0]


def test_a_run_too_short_to_tell_its_class_is_no_dam_break_if_five_days_passed():
    table = sweep_table(
        grid(a=[1]),
        {
            "class": np.array([["dam break", "undetermined", "undetermined"]]),
            "unwound_5d": np.array([[0.5, 0.1, np.nan]]),
        },
    )
    assert point_means(panel(table, "class=dam break"))["mean"].tolist() == [0.5]


def test_a_sweep_that_is_not_done_says_what_is_missing():
    part = panel(two_factors().head(6), "y", grid(a=[1, 2], b=[0, 4]), n_replicates=4)
    assert part.left_out() == "10 not done of 16 runs"
    with pytest.raises(InvalidInput, match="has no runs yet"):
        panel(two_factors().head(0), "y")
    with pytest.raises(InvalidInput, match="column seconds is missing"):
        panel(two_factors().drop(columns="seconds"), "y")
