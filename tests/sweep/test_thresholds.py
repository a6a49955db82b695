"""Where a dam break becomes more likely than not: known midpoints, and refusals to guess."""

import numpy as np
import pandas as pd
import pytest

from abm.errors import InvalidInput
from abm.sweep.outcomes import panel
from abm.sweep.thresholds import boundary
from tests.sweep.tables import failing, grid, sweep_table

LEVELS = [5.0, 15.0, 25.0, 35.0, 50.0, 75.0]


def broken(points, share, n_replicates=40, seed=0):
    """Runs break with the share given; a seed is lucky or unlucky at all points alike."""
    luck = np.random.default_rng(seed).random((1, n_replicates))
    words = np.where(luck < np.asarray(share)[:, None], "dam break", "leak")
    return panel(sweep_table(points, {"class": words}), "class=dam break")


def logistic(x, middle, width):
    return 1.0 / (1.0 + np.exp(-(np.asarray(x) - middle) / width))


def steps(*counts, n=10):
    """At each level the first of n replicates break: shares by hand."""
    words = [["dam break"] * k + ["leak"] * (n - k) for k in counts]
    points = grid(x=[float(10 * i) for i in range(len(counts))])
    return panel(sweep_table(points, {"class": np.array(words)}), "class=dam break")


def test_shares_the_same_distance_from_one_half_cross_it_in_the_middle():
    line = boundary(steps(2, 8), "x").iloc[0]
    assert (line["threshold"], line["status"]) == (pytest.approx(5.0), "crossed")
    assert (line["level_below"], line["level_above"]) == (0.0, 10.0)


def test_between_two_levels_the_log_odds_are_a_straight_line():
    low, high = np.log(2.5 / 8.5), np.log(9.5 / 1.5)  # 2 and 9 of 10, with a half added
    assert boundary(steps(2, 9), "x")["threshold"][0] == pytest.approx(-10 * low / (high - low))


def test_a_share_that_falls_crosses_as_one_that_rises():
    assert boundary(steps(9, 8, 2, 1), "x")["threshold"][0] == pytest.approx(15.0)


@pytest.mark.parametrize("width", [4.0, 10.0])
def test_the_known_midpoint_lies_inside_in_ninety_five_of_a_hundred_draws(width):
    share, n_inside = logistic(LEVELS, 32.0, width), 0
    for seed in range(200):
        line = boundary(broken(grid(x=LEVELS), share, seed=seed), "x").iloc[0]
        n_inside += line["low"] <= 32.0 <= line["high"]
    assert 0.91 <= n_inside / 200 <= 0.99


def test_without_seeds_in_common_the_interval_holds_as_often():
    levels, n_inside = np.arange(10.0, 60.0, 10.0), 0
    share = logistic(levels, 32.0, 6.0)[:, None]
    for seed in range(100):
        luck = np.random.default_rng(seed).random((len(levels), 30))
        table = sweep_table(grid(x=levels), {"class": np.where(luck < share, "dam break", "leak")})
        line = boundary(panel(table, "class=dam break"), "x").iloc[0]
        n_inside += line["low"] <= 32.0 <= line["high"]
    assert n_inside >= 89


def test_a_leap_between_two_levels_is_located_no_closer_than_these():
    line = boundary(steps(0, 0, 10, 10), "x").iloc[0]
    assert (line["threshold"], line["low"], line["high"]) == (pytest.approx(15.0), 10.0, 20.0)


@pytest.mark.parametrize(
    ("counts", "status", "end"),
    [
        ((0, 1, 3), "below throughout", np.inf),
        ((3, 1, 0), "below throughout", -np.inf),
        ((8, 9, 10), "above throughout", -np.inf),
        ((10, 9, 8), "above throughout", np.inf),
    ],
)
def test_a_share_that_does_not_cross_has_no_threshold(counts, status, end):
    line = boundary(steps(*counts), "x").iloc[0]
    assert np.isnan(line["threshold"]) and line["status"] == status
    assert end in (line["low"], line["high"])


def test_an_interval_that_leaves_the_range_says_so_and_guesses_no_end():
    line = boundary(steps(0, 2, 6), "x").iloc[0]
    assert line["status"] == "crossed"
    assert 10.0 <= line["low"] < line["threshold"] < 20.0
    assert line["high"] == np.inf


def test_a_share_that_rises_and_falls_has_no_single_threshold():
    line = boundary(steps(0, 20, 0, n=20), "x").iloc[0]
    assert np.isnan(line["threshold"]) and line["status"] == "crosses more than once"


def test_a_dip_that_chance_explains_is_smoothed_away():
    line = boundary(steps(1, 4, 3, 9), "x").iloc[0]  # 4 and 3 of 10 are read as 3.5 of 10 twice
    low, high = np.log(4.0 / 7.0), np.log(9.5 / 1.5)
    assert line["threshold"] == pytest.approx(20.0 - 10.0 * low / (high - low))


def test_there_is_one_threshold_for_each_level_of_the_others():
    points = grid(cap=[2, 4, 10], x=LEVELS)
    middle = points["cap"].map({2: 60.0, 4: 40.0, 10: 20.0})
    table = boundary(broken(points, logistic(points["x"], middle, 5.0), 200), "x")
    assert table["cap"].tolist() == [2, 4, 10]
    assert table["threshold"].to_numpy() == pytest.approx([60.0, 40.0, 20.0], abs=3.0)
    assert ((table["low"] < table["threshold"]) & (table["threshold"] < table["high"])).all()
    assert table["n_runs"].tolist() == [1200, 1200, 1200]


def test_the_others_can_be_averaged_over():
    points = grid(cap=[2, 4], depth=[1, 2], x=LEVELS)
    whole = broken(points, logistic(points["x"], 30.0, 5.0))
    assert len(boundary(whole, "x", by=["cap"])) == 2
    assert len(boundary(whole, "x", by=[])) == 1


def test_the_same_runs_have_the_same_interval():
    whole = broken(grid(x=LEVELS), logistic(LEVELS, 30.0, 8.0))
    pd.testing.assert_frame_equal(boundary(whole, "x"), boundary(whole, "x"))


def test_one_replicate_has_a_place_and_no_interval():
    line = boundary(steps(0, 0, 1, n=1), "x").iloc[0]
    assert line["threshold"] == pytest.approx(15.0)
    assert np.isnan(line["low"])


def test_failed_runs_are_left_out_and_counted():
    table = sweep_table(grid(x=[0.0, 10.0]), {"y": np.array([[0.0, 0.0, 0.0, 1.0], [1.0] * 4])})
    line = boundary(panel(failing(table, 3), "y>=0.5"), "x").iloc[0]
    assert (line["n_runs"], line["n_left_out"]) == (7, 1)
    only = boundary(panel(failing(table, 0, 1, 2, 3), "y>=0.5"), "x").iloc[0]
    assert (only["status"], only["n_levels"]) == ("too few levels", 1)


def test_a_threshold_is_of_a_yes_or_no_along_numbers():
    table = sweep_table(grid(kind=["a", "b"]), {"y": np.ones((2, 3))})
    with pytest.raises(InvalidInput, match="ask for 'y>=LEVEL'"):
        boundary(panel(table, "y"), "kind")
    with pytest.raises(InvalidInput, match="along a factor with numbers"):
        boundary(panel(table, "y>=1"), "kind")
    with pytest.raises(InvalidInput, match="depth is not a factor of this sweep: kind"):
        boundary(panel(table, "y>=1"), "depth")


def test_there_is_no_threshold_along_true_and_false():
    whole = broken(grid(on=[False, True]), [0.1, 0.9])
    with pytest.raises(InvalidInput, match="on: a threshold lies along a factor with numbers"):
        boundary(whole, "on")
