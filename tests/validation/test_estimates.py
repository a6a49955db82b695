"""Intervals and verdicts, with numbers by hand."""

import numpy as np
import pandas as pd
import pytest

from abm.measures.scores import crps, crps_normal
from abm.validation.claims import (
    HOLDS,
    MISSES,
    UNKNOWN,
    Bar,
    at_least,
    at_most,
    judge,
    runs_that_would_tell,
)
from abm.validation.estimates import Estimate, difference, exact, mean, resampled, share


def test_the_interval_of_a_mean_is_student_s():
    found = mean([1.0, 2.0, 3.0])  # s.e. 1/sqrt(3), t(2, .975) = 4.3027
    assert found[:3] == pytest.approx((2.0, 2.0 - 4.3027 / 3**0.5, 2.0 + 4.3027 / 3**0.5), 1e-4)


def test_no_share_of_a_hundred_runs_is_certain():
    found = share([False] * 100)  # Wilson: z^2 / (n + z^2)
    assert (found.value, found.low) == pytest.approx((0.0, 0.0))
    assert found.high == pytest.approx(3.8415 / 103.8415, 1e-4)


def test_a_paired_difference_takes_out_what_is_common():
    news = np.array([-3.0, 0.0, 5.0, 8.0])
    one = pd.DataFrame({"x": news})
    other = pd.DataFrame({"x": news + 1.0})
    assert difference(other, one, "x")[:3] == (1.0, 1.0, 1.0)
    assert difference(other.iloc[1:], one.iloc[:3], "x").value == 1.0  # runs that both have


def test_a_bootstrap_draws_the_same_runs_of_every_table():
    x = np.array([1.0, 2.0, 5.0])
    found = resampled((x, 2.0 * x), lambda a, b: float(b.mean() / a.mean()))
    assert found[:3] == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("estimate", "bar", "verdict"),
    [
        (Estimate(0.1, 0.05, 0.15), at_most(0.2), HOLDS),
        (Estimate(0.1, 0.05, 0.15), at_most(0.04), MISSES),
        (Estimate(0.1, 0.05, 0.15), at_most(0.12), UNKNOWN),
        (Estimate(0.1, 0.05, 0.15), at_least(0.2), MISSES),
        (Estimate(0.1, 0.05, 0.15), Bar(0.0, 0.2), HOLDS),
        (Estimate(float("nan"), float("nan"), float("nan")), at_most(1.0), UNKNOWN),
        (exact(0.0), at_most(0.0), HOLDS),
        (exact(1.0), at_most(0.0), MISSES),
        (mean([1.0]), at_most(2.0), UNKNOWN),  # one run has no interval
    ],
)
def test_the_whole_interval_is_judged(estimate, bar, verdict):
    assert judge(estimate, bar).word == verdict


def test_failed_runs_cannot_show_that_a_claim_holds_but_do_not_save_one_that_misses():
    assert judge(exact(0.0), at_most(0.0), 1, "no price") == (
        UNKNOWN,
        "1 of the runs failed: no price",
    )
    missed = judge(exact(1.0), at_most(0.0), 1, "no price")
    assert missed.word == MISSES and "no price" in missed.reason


def test_the_economic_reason_is_told_where_the_figure_is_outside_the_bar():
    why = "paced selling"
    assert why in judge(Estimate(0.3, 0.25, 0.35), at_most(0.2), if_missed=why).reason
    assert why in judge(Estimate(0.3, 0.15, 0.45), at_most(0.2), if_missed=why).reason
    assert why not in judge(Estimate(0.1, 0.0, 0.25), at_most(0.2), if_missed=why).reason
    assert judge(Estimate(0.1, 0.0, 0.15), at_most(0.2), if_missed=why).reason == ""


@pytest.mark.parametrize(
    ("estimate", "bar", "told"),
    [
        (Estimate(0.1, 0.0, 0.3), at_most(0.2), "about 4 times"),  # .2 across, .1 to the edge
        (Estimate(0.3, 0.0, 0.4), at_least(0.5), ""),  # no edge within
        (Estimate(0.3, 0.1, 0.4), at_most(0.2), "about 4 times"),
        (Estimate(0.0, -0.3, 0.2), Bar(-0.1, 0.1), "about 9 times"),  # the farther of two edges
        (Estimate(0.2, 0.1, 0.3), at_most(0.2), ""),  # at the edge itself
        (Estimate(0.1999, 0.1, 0.3), at_most(0.2), ""),  # a million times
    ],
)
def test_runs_that_would_tell_by_hand(estimate, bar, told):
    found = runs_that_would_tell(estimate, bar)
    assert (told in found) if told else found == ""


def test_crps_of_a_sample_and_of_a_normal():
    assert crps(np.array([0.0, 1.0]), 0.0) == pytest.approx(0.5 - 0.25)
    # at its mean a standard normal scores (sqrt(2) - 1)/sqrt(pi)
    assert crps_normal(2.0, 1.0, 2.0) == pytest.approx((2**0.5 - 1.0) / np.pi**0.5)
    two = crps(np.array([[0.0, 3.0], [1.0, 3.0]]), np.array([0.0, 3.0]))  # mean of .25 and 0
    assert two == pytest.approx(0.125)
    draws = np.random.default_rng(1).normal(0.0, 2.0, 100_000)
    assert crps(draws, 1.5) == pytest.approx(crps_normal(0.0, 2.0, 1.5), rel=0.01)
