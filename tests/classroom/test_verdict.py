"""The page's verdict: two groups of numbers, each as a person reads it."""

import math
import re

import pytest

from abm.classroom.choice import read_link
from abm.classroom.live import LiveRun
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


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_amounts_are_in_the_unit_of_the_language(language):
    assert written(12.34, "net_usd_bn", words(language)) == "+123"
    assert written(0.04, "usd_bn", words(language)) == "0"


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
