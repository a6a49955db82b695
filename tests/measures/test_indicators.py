"""Indicators: numbers by hand, the closed forms they must equal, and their bounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.contagion import debtrank, debtrank_of_each
from abm.errors import InvalidInput
from abm.measures.indicators import (
    ABSORPTION_DAYS,
    absorption_ratios,
    absorption_shifts,
    bank_debtrank,
    bank_systemicness,
    carry_to_risk,
    least_margin_slack,
    mean_margin_slack,
    mean_overlap,
    net_short_share,
    realised_volatility,
    returns_with_yen,
    risk_reversal_proxy,
)
from abm.measures.network import portfolio_overlap
from abm.measures.vulnerability import aggregate_vulnerability, systemicness
from abm.population.exposures import margin_slack_of

seeds = st.integers(0, 2**32 - 1)


def test_margin_slack_by_hand():
    # Lent five times its wealth at most, at 4 and at 2; the third owes and has nothing.
    slack = margin_slack_of(np.array([4.0, 2.0, math.inf]), np.array([5.0, 5.0, 5.0]))
    assert slack.tolist() == [0.25, 1.5, -1.0]
    assert mean_margin_slack(slack, [1.0, 3.0, -2.0]) == (0.25 + 3 * 1.5) / 4
    assert least_margin_slack(slack) == -1.0
    assert margin_slack_of(np.array([math.inf]), np.array([math.inf])).tolist() == [math.inf]


def test_without_wealth_no_mean_is_weighted_by_it():
    assert math.isnan(mean_margin_slack([-1.0], [-3.0]))


@given(seeds)
def test_slack_is_at_least_minus_one_and_the_mean_lies_above_the_least(seed):
    rng = np.random.default_rng(seed)
    slack = margin_slack_of(rng.uniform(1, 40, 6), rng.uniform(1, 20, 6))
    assert (slack >= -1.0).all()
    assert least_margin_slack(slack) <= mean_margin_slack(slack, rng.uniform(0.1, 9, 6)) + 1e-12


def test_overlap_of_three_books_by_hand():
    # The third holds half of each: 1 / sqrt 2 with either of the others, which share nothing.
    # Pairs weigh 1 x 1, 1 x 2 and 1 x 2.
    found = mean_overlap([[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]], [1.0, 1.0], [1.0, 1.0, 2.0])
    assert found == pytest.approx((2 + 2) / math.sqrt(2.0) / 5)


@given(seeds)
def test_overlap_is_the_mean_over_all_pairs_of_the_matrix(seed):
    rng = np.random.default_rng(seed)
    held, depth = rng.normal(size=(5, 3)), rng.uniform(1, 100, 3)
    wealth = rng.uniform(0.1, 10, 5)
    pairs = np.triu_indices(5, 1)
    weights = np.outer(wealth, wealth)[pairs]
    expected = np.average(portfolio_overlap(held, depth)[pairs], weights=weights)
    found = mean_overlap(held, depth, wealth)
    assert found == pytest.approx(expected, abs=1e-12) and -1.0 <= found <= 1.0


@given(seeds)
def test_books_without_shorts_overlap_from_nothing_to_fully(seed):
    rng = np.random.default_rng(seed)
    held = rng.random((4, 3)) * (rng.random((4, 3)) < 0.5)
    found = mean_overlap(held, rng.uniform(1, 100, 3), rng.uniform(0, 10, 4))
    assert math.isnan(found) or 0.0 <= found <= 1.0 + 1e-12


@given(seeds, st.integers(2, 30))
def test_the_same_book_at_any_size_overlaps_fully(seed, n):
    rng = np.random.default_rng(seed)
    book, size = rng.normal(size=4) + 0.01, rng.uniform(0.1, 50, n)
    found = mean_overlap(np.outer(size, book), rng.uniform(1, 100, 4), rng.uniform(0.1, 10, n))
    assert found == pytest.approx(1.0, abs=1e-9)


def test_a_book_that_is_empty_or_broke_does_not_count_and_one_alone_has_no_overlap():
    held, depth = [[1.0, -2.0], [0.0, 0.0], [2.0, -4.0], [5.0, 5.0]], [1.0, 2.0]
    assert mean_overlap(held, depth, [1.0, 1.0, 1.0, -1.0]) == pytest.approx(1.0)
    assert math.isnan(mean_overlap(held[:2], depth, [1.0, 1.0]))


def test_a_yen_that_falls_slowly_and_rises_fast_by_hand():
    # sqrt(500/4 x 2 x .01^2) = sqrt .025 against sqrt(500/4 x .02^2) = sqrt .05
    found = risk_reversal_proxy([-0.01, -0.01, 0.02, 0.0])
    assert found == pytest.approx(math.sqrt(0.025) - math.sqrt(0.05)) and found < 0.0


def test_a_yen_that_goes_both_ways_alike_has_no_risk_reversal():
    assert risk_reversal_proxy([0.01, -0.01] * 30) == pytest.approx(0.0, abs=1e-15)


@given(seeds)
def test_the_mirror_image_of_the_yen_has_the_opposite_risk_reversal(seed):
    returns = np.random.default_rng(seed).standard_t(3, 60) / 100
    assert risk_reversal_proxy(-returns) == -risk_reversal_proxy(returns)


def test_returns_beside_a_rise_of_the_yen_by_hand():
    sigma = [[0.01, -0.004], [-0.004, 0.02]]
    assert returns_with_yen(sigma).tolist() == [1.0, -0.4]
    assert returns_with_yen(sigma, 1).tolist() == [-0.2, 1.0]
    assert np.isnan(returns_with_yen([[0.0, 0.0], [0.0, 1.0]])).all()


def test_two_banks_that_sell_the_same_asset_by_hand():
    # They lose 1 and 2, and owe 9 and 4 times their equity: 9% and 8% of all they own is sold, of
    # the asset .9 and 1.6. Each dollar of it costs the 30 held 30/300, over 30 of equity.
    banks = {"assets": [100.0, 100.0], "equity": [10.0, 20.0], "depth": [300.0]}
    found = bank_systemicness([[10.0], [20.0]], **banks, returns=[-0.1])
    assert found == pytest.approx([0.9 * 30 / 300 / 30, 1.6 * 30 / 300 / 30])
    # Who owes yen that rise buys them back from one another as who owns shares that fall sells.
    short = bank_systemicness([[-10.0], [-20.0]], **banks, returns=[0.1])
    assert short == pytest.approx(found)


@given(seeds)
def test_without_shorts_it_is_the_systemicness_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 7, 2)
    equity = rng.uniform(1, 20, n)
    weights = rng.random((n, k)) + 1e-3
    weights /= weights.sum(axis=1, keepdims=True)
    assets, depth, returns = (
        equity * rng.uniform(1, 30, n),
        rng.uniform(1e3, 1e5, k),
        -rng.random(k),
    )
    found = bank_systemicness(assets[:, None] * weights, assets, equity, depth, returns)
    paper = (assets, equity, weights, 1.0 / depth, returns)
    assert found == pytest.approx(systemicness(*paper), rel=1e-9, abs=1e-15)
    assert found.sum() == pytest.approx(aggregate_vulnerability(*paper), rel=1e-9, abs=1e-15)


def test_banks_without_debt_sell_nothing():
    found = bank_systemicness([[5.0], [5.0]], [8.0, 8.0], [8.0, 8.0], [10.0], [-0.5])
    assert found.tolist() == [0.0, 0.0]


def test_a_chain_of_three_banks_by_hand():
    # a lent 4 to b, b lent 5 to c; capital 8, 10, 1. c takes half of b, which takes a quarter of a.
    found = bank_debtrank([[0, 4, 0], [0, 0, 5], [0, 0, 0]], [8.0, 10.0, 1.0])
    assert found == pytest.approx([0.0, 0.5 * 4 / 9, (0.5 * 5 + 0.25 * 4) / 9])


@given(seeds)
def test_each_bank_has_the_debtrank_of_its_own_failure(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    lent = rng.random((n, n)) * (rng.random((n, n)) < 0.6) * 5
    np.fill_diagonal(lent, 0.0)
    lent[0, 1] += 1.0
    equity = rng.uniform(0.1, 10, n)
    found = debtrank_of_each(lent, equity)
    alone = [debtrank(lent, equity, failing).value for failing in np.eye(n)]
    assert found == pytest.approx(alone, abs=1e-15) and ((found >= 0.0) & (found <= 1.0)).all()


def test_banks_that_lend_nothing_to_one_another_lose_nothing():
    assert bank_debtrank(np.zeros((3, 3)), [1.0, 1.0, 1.0]).tolist() == [0.0, 0.0, 0.0]


def test_the_day_of_2024_that_ties_the_short_to_the_cftc():
    assert net_short_share([250.0, 125.0, -50.0]) == pytest.approx([0.527, 0.2635, -0.1054])


def test_carry_to_risk_of_july_2024_by_hand():
    # 60 days of 1%: .01 sqrt(250) = 15.8% a year; a differential of 5.2 points is worth .33 of it.
    sigma = realised_volatility([0.01, -0.01] * 30)
    assert sigma == pytest.approx(0.01 * math.sqrt(250.0))
    assert carry_to_risk(0.053, 0.001, sigma) == pytest.approx(0.052 / 0.15811388)
    assert math.isnan(carry_to_risk(0.05, 0.0, 0.0))


def test_independent_markets_absorb_a_fifth_each_and_one_factor_all():
    # Five markets that never move together: each has a fifth of the variance; one factor has all.
    alone = np.zeros((ABSORPTION_DAYS, 5))
    alone[np.arange(ABSORPTION_DAYS), np.arange(ABSORPTION_DAYS) % 5] = 0.01
    assert 0.2 < absorption_ratios(alone)[-1] < 0.27  # the mean is taken off, which ties them a bit
    factor = np.sin(np.arange(ABSORPTION_DAYS + 3.0))[:, None] * np.array([1, -2, 0.5, 3, 1.0])
    ratios = absorption_ratios(factor)
    assert np.isnan(ratios[: ABSORPTION_DAYS - 1]).all()
    assert ratios[ABSORPTION_DAYS - 1 :] == pytest.approx(np.ones(4))


def test_absorption_is_that_of_numpys_weighted_covariance():
    returns = np.random.default_rng(4).normal(0.0, [0.01, 0.02, 0.01, 0.03, 0.01, 0.02, 0.01],
                                              (260, 7))  # fmt: skip
    weights = 0.5 ** (np.arange(ABSORPTION_DAYS)[::-1] / 125.0)
    covariance = np.cov(returns[-ABSORPTION_DAYS:].T, aweights=weights)
    top = np.sort(np.linalg.eigvalsh(covariance))[-1]  # a fifth of seven is one
    assert absorption_ratios(returns)[-1] == pytest.approx(top / np.trace(covariance))


def test_a_shift_of_absorption_by_hand():
    # A year at .5 but for its last 15 days at .7: mean .512, sd of 15 in 250.
    ratios = np.full(ABSORPTION_DAYS, 0.5)
    ratios[-15:] = 0.7
    spread = 0.2 * math.sqrt(0.06 * 0.94 * 250 / 249)
    assert absorption_shifts(ratios)[-1] == pytest.approx((0.7 - 0.512) / spread)
    assert np.isnan(absorption_shifts(np.full(ABSORPTION_DAYS, 0.5))[-1])  # nothing to set it by


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_margin_slack([-1.5], [1.0]), "slack: -1.5 given, must be at least -1"),
        (lambda: least_margin_slack([]), "slack: none given"),
        (lambda: mean_margin_slack([1.0], [1.0, 2.0]), "wealth has 2 entries, must have 1"),
        (lambda: mean_overlap([[1.0]], [0.0], [1.0]), "depth: 0.0 given, must be positive"),
        (lambda: mean_overlap([[1.0]], [1.0, 2.0], [1.0]), "depth has 2 entries, must have 1"),
        (lambda: risk_reversal_proxy([]), "none given"),
        (lambda: realised_volatility([]), "none given"),
        (lambda: carry_to_risk(0.05, 0.0, -0.1), "volatility: -0.1 given, must not be negative"),
        (lambda: carry_to_risk(math.inf, 0.0, 0.1), "rates: inf is not finite"),
        (lambda: absorption_ratios(np.zeros((300, 4))), "returns of 4 markets, must be at least 5"),
        (lambda: risk_reversal_proxy([math.nan]), "not finite"),
        (lambda: returns_with_yen([[1.0, 2.0]]), "covariance has 2 entries, must have 1"),
        (lambda: returns_with_yen([[1.0]], 1), "yen = 1: must be from 0 to 0"),
        (lambda: bank_systemicness([[1.0]], [1.0], [2.0], [1.0], [0.1]), "not be below equity"),
        (lambda: bank_debtrank([[0.0, -1.0], [0.0, 0.0]], [1.0, 1.0]), "network in distress"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
