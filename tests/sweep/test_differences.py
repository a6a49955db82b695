"""Paired differences: what common draws are for, by hand."""

import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.sweep.differences import differences
from abm.sweep.intervals import wilson
from abm.sweep.outcomes import panel
from tests.sweep.tables import failing, grid, sweep_table

LUCK = np.array([0.0, 10.0, 20.0, 40.0])  # of four draws, at all points alike
T_3 = 3.182446305284263  # Student, 3 degrees of freedom, 97.5%


def found(points, y, kind="grid"):
    return differences(panel(sweep_table(points, {"y": np.asarray(y, dtype=float)}), "y"), kind)


def test_what_a_draw_does_to_both_points_cancels_in_their_difference():
    effect = np.array([1.0, 2.0, 3.0, 2.0])  # mean 2, variance 2/3
    line = found(grid(x=[1, 5]), [LUCK, LUCK + effect]).iloc[0]
    assert (line["factor"], line["from"], line["to"]) == ("x", 1, 5)
    assert line["difference"] == pytest.approx(2.0)
    assert line["se_paired"] == pytest.approx(np.sqrt(2.0 / 3.0 / 4.0))
    apart = (LUCK.var(ddof=1) + (LUCK + effect).var(ddof=1)) / 4.0
    assert line["se_unpaired"] == pytest.approx(np.sqrt(apart))
    assert line["high"] - line["difference"] == pytest.approx(T_3 * line["se_paired"])
    assert (line["n_pairs"], line["n_settings"]) == (4, 1)


def test_a_grid_steps_from_each_level_to_the_next_over_the_settings_of_the_others():
    points = grid(x=[1, 2, 4], b=[0, 9])
    y = (3.0 * points["x"] + points["b"]).to_numpy()[:, None] + LUCK
    table = found(points, y)
    assert table[["factor", "from", "to"]].to_numpy().tolist() == [
        ["x", 1, 2], ["x", 2, 4], ["b", 0, 9],
    ]  # fmt: skip
    assert table["difference"].tolist() == pytest.approx([3.0, 6.0, 9.0])
    assert table["se_paired"].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    assert table["n_settings"].tolist() == [2, 2, 3] and table["n_pairs"].tolist() == [8, 8, 12]


def test_settings_on_the_same_draws_are_not_independent_of_each_other():
    # The same effect by draw at both settings: two settings are no more certain than one.
    effect = np.array([1.0, 2.0, 3.0, 2.0])
    points = grid(x=[1, 2], b=[0, 9])
    y = [LUCK, LUCK + 5, LUCK + effect, LUCK + 5 + effect]
    assert found(points, y)["se_paired"].iloc[0] == pytest.approx(np.sqrt(2.0 / 3.0 / 4.0))


def test_one_at_a_time_steps_from_the_base_to_every_other_level():
    points = pd.DataFrame({"x": [2, 1, 3, 2], "b": [0, 0, 0, 7]})
    table = found(points, [LUCK, LUCK - 1, LUCK + 1, LUCK + 7], "one-at-a-time")
    assert table[["from", "to"]].to_numpy().tolist() == [[2, 1], [2, 3], [0, 7]]
    assert table["difference"].tolist() == pytest.approx([-1.0, 1.0, 7.0])


def test_words_and_true_or_false_step_from_the_first():
    points = grid(kind=["none", "fixed", "vol"], on=[False, True])
    table = found(points, np.arange(6.0)[:, None] + LUCK)
    assert table[["from", "to"]].to_numpy().tolist() == [
        ["none", "fixed"], ["none", "vol"], [False, True],
    ]  # fmt: skip
    assert table["difference"].tolist() == pytest.approx([2.0, 4.0, 1.0])


def test_two_points_of_a_list_have_their_difference_whatever_changes_between_them():
    points = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [3, 3]})
    line = found(points, [LUCK, LUCK + 0.5], "list").iloc[0]
    assert (line["factor"], line["from"], line["to"]) == ("a, b", "1, x", "2, y")
    assert (line["difference"], line["se_paired"]) == (0.5, 0.0)


def test_the_first_point_given_twice_is_no_step():
    points = pd.DataFrame({"a": [1, 1, 2, 3], "b": [4, 4, 8, 8]})
    table = found(points, [LUCK, LUCK, LUCK + 1.0, LUCK + 2.0], "list")
    assert table["from"].tolist() == ["1, 4", "1, 4"] and table["to"].tolist() == ["2, 8", "3, 8"]


def test_what_changes_at_once_is_told_as_a_person_writes_it():
    points = pd.DataFrame({"n": [0, 4], "usd": [0.0, 144.2], "on": [False, True]})
    points["when"] = [np.nan, 3.0]
    line = found(points, [LUCK, LUCK + 1.0], "list").iloc[0]
    assert (line["from"], line["to"]) == ("0, 0, false, none", "4, 144.2, true, 3")


def test_a_run_without_its_counterpart_is_in_no_pair():
    table = sweep_table(grid(x=[1, 2]), {"y": np.array([LUCK, LUCK + 2.0])})
    line = differences(panel(failing(table, 3, 4), "y"), "grid").iloc[0]
    assert (line["difference"], line["n_pairs"]) == (2.0, 2)  # draws 1 and 2; unpaired: far off


def test_a_factor_that_applies_at_some_levels_only_is_averaged_within_them():
    points = pd.DataFrame({"kind": ["fixed", "vol", "vol"], "window": [np.nan, 10, 20]})
    table = found(points, [LUCK, LUCK + 1, LUCK + 3], "list")
    assert table["factor"].tolist() == ["kind", "window"]
    assert table["difference"].tolist() == pytest.approx([2.0, 2.0])


def test_no_pair_is_no_difference():
    y = np.array([[1.0, np.nan], [np.nan, 1.0]])
    with pytest.raises(InvalidInput, match="no two points that differ in one factor"):
        found(grid(x=[1, 2]), y)


def test_a_share_that_no_draw_moves_is_not_certain():
    words = np.array([["leak"] * 10, ["leak"] * 10])
    share = panel(sweep_table(grid(x=[1, 2]), {"class": words}), "class=leak")
    line = differences(share, "grid").iloc[0]
    assert (line["difference"], line["se_paired"]) == (0.0, 0.0)
    assert (-line["low"], line["high"]) == pytest.approx([float(wilson(0.0, 10)[1])] * 2)


def test_the_interval_holds_the_difference_in_ninety_five_of_a_hundred_draws():
    rng, n_inside = np.random.default_rng(8), 0
    points = grid(x=[1, 2], b=[0, 1, 2])
    for _ in range(200):
        shared, own = rng.normal(size=(1, 12)), rng.normal(size=(2, 1, 12))
        runs = np.repeat(shared + own, 3, axis=1).reshape(6, 12) + rng.normal(size=(6, 12))
        line = found(points, runs).iloc[0]
        n_inside += line["low"] <= 0.0 <= line["high"]
    assert 0.91 <= n_inside / 200 <= 0.99


def test_a_step_of_which_no_run_has_both_ends_is_told_as_such():
    y = np.array([[np.nan] * 4, LUCK, LUCK + 1.0])
    table = found(grid(x=[1, 2, 3]), y)
    assert table["n_pairs"].tolist() == [0, 4] and np.isnan(table["difference"].iloc[0])


def test_values_that_are_as_good_as_drawn_have_no_steps_and_take_no_time():
    points = pd.DataFrame({"x": np.random.default_rng(1).random(20_000), "b": [0, 1] * 10_000})
    with pytest.raises(InvalidInput, match="no two points"):
        found(points, np.ones((20_000, 2)), "list")
