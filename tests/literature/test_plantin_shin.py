"""Stairs and lift: the threshold of Plantin and Shin from our market, and what follows from it."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from abm.errors import InvalidInput
from abm.literature import plantin_shin as paper
from abm.literature.plantin_shin import MAIN, Economy, Fundamental, closed_form, threshold

REFERENCE = json.loads((Path(__file__).parent.parent / "reference/plantin_shin.json").read_text())
CURVE = np.array([closed_form(MAIN, x) for x in paper.GRID])

economies = st.builds(
    Economy, st.floats(1.0, 200.0), st.floats(200.0, 3000.0), st.floats(0.1, 12.0),
    st.floats(0.02, 3.0),
)  # fmt: skip
shares = st.floats(0.0, 1.0)


@pytest.fixture(scope="module")
def found():
    return paper.findings(quick=True)


def by_hand(economy, share):
    """Indifference without our market: both branches as exponentials, integrated over time."""
    crowd, depth, revision, discount = economy

    def expected(t):
        rising = 1.0 - (1.0 - share) * math.exp(-revision * t)
        falling = share * math.exp(-revision * t)
        x = (1.0 - share) * rising + share * falling
        return math.exp(-(discount + revision) * t) * crowd / depth * (x - 0.5)

    return -(discount + revision) * quad(expected, 0.0, np.inf, epsabs=1e-13)[0]


@pytest.mark.parametrize("case", REFERENCE["cases"])
def test_the_threshold_is_the_reference(case):
    economy = Economy(1000.0 * case["c"], 1000.0, case["lam"], case["r"])
    tolerance = REFERENCE["tolerance_abs"]
    assert threshold(economy, case["x"]) == pytest.approx(case["Z"], abs=tolerance)
    assert by_hand(economy, case["x"]) == pytest.approx(case["Z"], abs=tolerance)
    assert abs(case["indifference_residual"]) < tolerance


def test_the_cases_of_the_paper_file_are_those_of_the_reference():
    for (economy, share, expected), case in zip(paper.CASES, REFERENCE["cases"], strict=True):
        strength = economy.crowd_usd_bn / economy.depth_usd_bn
        given_here = (share, strength, *economy[2:], expected)
        assert given_here == tuple(case[key] for key in ("x", "c", "lam", "r", "Z"))


@settings(max_examples=15)
@given(economies, shares)
def test_three_roads_lead_to_one_threshold(economy, share):
    from_market = threshold(economy, share)
    scale = economy.crowd_usd_bn / economy.depth_usd_bn
    assert from_market == pytest.approx(closed_form(economy, share), abs=1e-12 * max(1.0, scale))
    assert from_market == pytest.approx(by_hand(economy, share), abs=1e-7 * scale)


@settings(max_examples=10)
@given(economies, shares)
def test_a_crowded_trade_bears_worse_news_and_sides_mirror(economy, share):
    assert threshold(economy, 1.0) < threshold(economy, 0.5) + 1e-15 < threshold(economy, 0.0)
    mirrored = -threshold(economy, 1.0 - share)
    assert threshold(economy, share) == pytest.approx(mirrored, abs=1e-13)


def test_a_market_without_limit_of_depth_leaves_no_hysteresis():
    deep = MAIN._replace(depth_usd_bn=1e12)
    assert abs(threshold(deep, 0.0)) < 1e-10


def test_patient_traders_ignore_the_crowd_and_stuck_ones_follow_today():
    # r to 0: the future decides, and it is symmetric; lambda to 0: the crowd of today stays
    assert abs(threshold(MAIN._replace(discount_per_year=1e-6), 0.9)) < 1e-7
    stuck = MAIN._replace(revision_per_year=1e-3)
    assert threshold(stuck, 0.9) == pytest.approx(-0.04 * (0.9 - 0.5), rel=0.005)
    with pytest.raises(InvalidInput, match="at most 1000"):
        threshold(MAIN._replace(revision_per_year=1e-6), 0.9)


def test_without_noise_both_all_in_and_none_in_feed_themselves():
    # from x = 0: if all follow a newcomer gains just where w > Z(0); if none does he needs c/2
    w, (_, _, revision, discount) = 0.5 * (closed_form(MAIN, 0.0) + 0.02), MAIN
    joined = quad(
        lambda t: math.exp(-(discount + revision) * t)
        * (w + 0.04 * (0.5 - math.exp(-revision * t))), 0.0, np.inf,
    )[0]  # fmt: skip
    assert joined > 0.0 > (w - 0.02) / (discount + revision)


def noise_for(w, fundamental):
    """Draws that make the fundamental walk along `w`."""
    memory = math.exp(-fundamental.reversion_per_year / paper.DAYS_PER_YEAR)
    away = np.concatenate([[0.0], np.asarray(w) - fundamental.mean])
    return ((away[1:] - memory * away[:-1]) / fundamental.spread / math.sqrt(1.0 - memory**2))[
        :, None
    ]


def test_the_crowd_moves_at_the_rate_of_revision():
    days = 125
    terms = Fundamental(0.01, 0.012, 0.5)
    for carry, hand in ((0.01, 1.0 - 0.5 * math.exp(-1.0)), (-0.01, 0.5 * math.exp(-1.0))):
        noise = noise_for(np.full(days, carry), terms)
        w, x = paper.simulate(MAIN, terms, noise, CURVE)
        assert w[:, 0] == pytest.approx(np.full(days, carry))
        assert x[-1, 0] == pytest.approx(hand, abs=1e-12)


def test_the_crowd_enters_late_and_leaves_late():
    # w sweeps from -1% to 1% and back over 40 years
    sweep = np.linspace(-0.01, 0.01, 5000)
    w, x = paper.simulate(
        MAIN, terms := Fundamental(0.0, 0.012, 0.5),
        noise_for(np.concatenate([sweep, sweep[::-1]]), terms), CURVE,
    )  # fmt: skip
    moves = np.diff(x[:, 0])
    enters, leaves = np.argmax(moves > 1e-9), len(moves) - np.argmin(moves[::-1] < -1e-9)
    assert w[enters, 0] == pytest.approx(CURVE[0], abs=1e-5)
    assert w[leaves, 0] == pytest.approx(CURVE[-1], abs=1e-5)


def test_mirrored_news_makes_a_mirrored_crowd():
    noise = np.random.default_rng(5).standard_normal((2000, 3))
    _, x = paper.simulate(MAIN, Fundamental(0.01, 0.012, 0.5), noise, CURVE)
    _, mirrored = paper.simulate(MAIN, Fundamental(-0.01, 0.012, 0.5), -noise, CURVE)
    assert mirrored == pytest.approx(1.0 - x, abs=1e-12)


def test_skewness_is_that_of_the_pooled_draws():
    price = np.random.default_rng(2).gamma(1.0, size=(paper.DAYS_PER_YEAR * 8, 30)).cumsum(axis=0)
    got = paper._skewness(price)
    change = np.diff(price[paper.BURN_IN_YEARS * paper.DAYS_PER_YEAR :: paper.MONTH_DAYS], axis=0)
    assert got["skewness"] == pytest.approx(pd.Series(change.ravel()).skew(), rel=0.01)
    assert 0.0 < got["error"] < 0.2 and got["n_draws"] == 30


def test_the_more_a_currency_pays_the_harder_it_falls(found):
    drawn = found[found["part"] == "skewness"]
    assert drawn["skewness"].is_monotonic_decreasing
    assert drawn["skewness"].iloc[-1] < -0.5 < 0.5 < drawn["skewness"].iloc[0]


def test_every_line_agrees_the_figure_is_drawn_and_seeds_repeat(found):
    lines = paper.compare(found)
    assert len(lines) == 11 and all(line.agrees for line in lines)
    assert paper.PAPER.figure(found).get_figwidth() == 8.0
    pd.testing.assert_frame_equal(found, paper.findings(quick=True), check_exact=True)


def test_nothing_is_found_without_our_market(monkeypatch):
    def refuse(*_args, **_named):
        raise RuntimeError("taken away")

    monkeypatch.setattr(paper, "clear_market", refuse)
    with pytest.raises(RuntimeError, match="taken away"):
        paper.findings(quick=True)


def test_an_impossible_economy_is_refused_with_every_fault():
    with pytest.raises(InvalidInput) as refused:
        threshold(Economy(-40.0, math.nan, 2.0, 0.0), 1.5)
    for said in ("crowd_usd_bn = -40.0", "depth_usd_bn = nan", "discount_per_year = 0.0"):
        assert said in str(refused.value)
    assert "share = 1.5: must be from 0 to 1" in str(refused.value)
    assert "revision" not in str(refused.value)
