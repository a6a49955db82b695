"""The page's verdict: two groups of numbers, each as a person reads it."""

import math
import re

import pytest

from abm.classroom.choice import read_link
from abm.classroom.compare import over_seeds, signed
from abm.classroom.live import LiveRun
from abm.classroom.pairs import N_SEEDS, Difference
from abm.classroom.verdict import verdict, written
from abm.words import words

EN = words("en")


@pytest.mark.parametrize(
    ("value", "how", "text"),
    [
        (0.05, "log_fall", "−4.9%"),
        (0.049, "fall", "−4.9%"),
        (0.0, "fall", "0.0%"),
        (0.0, "log_fall", "0.0%"),
        (0.0004, "log_fall", "0.0%"),
        (-0.031, "percent", "−3%"),
        (-0.001, "percent", "0%"),
        (12.34, "net_usd_bn", "+12.3"),
        (-0.04, "net_usd_bn", "±0"),
        (-3, "net_count", "−3"),
        (0, "net_count", "±0"),
        (0, "count", "0"),
        (math.nan, "net_usd_bn", "–"),
    ],
)
def test_a_difference_has_its_sign_and_a_fall_a_minus(value, how, text):
    assert written(value, how, EN) == text


def test_a_smaller_fall_is_a_change_upwards():
    # −16% in one run and −12% in the other: four points less of a fall
    assert signed(0.12 - 0.16, "fall", EN) == "+4 points"
    assert signed(0.05 - 0.02, "log_fall", EN).startswith("−3.0")


@pytest.mark.parametrize(
    ("how", "text"),
    [("fall", "−9 points ± 1 points"), ("log_fall", "−9.0 log points ± 0.6 log points"),
     ("net_count", "0 ± 0"), ("usd_bn", "+0.1 ± 0.0")],
)  # fmt: skip
def test_a_standard_error_has_no_sign(how, text):
    assert over_seeds(Difference(0.09, 0.006, N_SEEDS), how, EN) == text


def test_a_mean_over_some_of_the_seeds_says_of_how_many():
    assert over_seeds(Difference(0.5, 0.2, 6), "percent", EN) == (
        "+50 points ± 20 points (6 of 20 seeds)"
    )
    assert over_seeds(Difference(math.nan, math.nan, 1), "times", EN) == "– ± – (1 of 20 seeds)"


def told(link):
    """The verdict of a whole run, without its marks."""
    run = LiveRun.of(read_link(link)[0])
    run.finish()
    return re.sub("<.*?>", "", verdict(run, EN))


def test_a_shock_on_the_first_day_has_nothing_before_it():
    assert "before the shock" not in told("?scenario=hike&seed=7")


def test_of_the_yen_s_two_peaks_the_larger_is_told():
    said = told("?scenario=hike&seed=7&shock.surprise_bp=60")
    assert "peak yen appreciation" in said and "peak yen depreciation" not in said
    said = told("?scenario=hike&seed=7&shock.surprise_bp=-5")
    assert "peak yen depreciation −" in said and "peak yen appreciation" not in said


def test_the_state_on_the_eve_is_told_of_a_dam_that_broke_before():
    early = "&funds.leverage_cap=5&liquidity.depth_multiple=0.5"
    assert "unlevered" in told(f"?scenario=august-2024&seed=49{early}")
    assert "unlevered" not in told("?scenario=hike&seed=7&shock.surprise_bp=60")
