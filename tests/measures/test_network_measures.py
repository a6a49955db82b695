"""Crowding indicators: hand numbers and limit cases."""

import math

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.measures.network import (
    absorption_ratio,
    carry_to_risk,
    portfolio_overlap,
    risk_reversal_proxy,
)


def test_the_same_book_at_any_size_overlaps_fully_and_its_mirror_image_fully_against():
    overlap = portfolio_overlap([[1.0, -2.0], [10.0, -20.0], [-3.0, 6.0]], [5.0, 8.0])
    assert overlap == pytest.approx(np.array([[1, 1, -1], [1, 1, -1], [-1, -1, 1]]))


def test_overlap_counts_what_is_shared_by_how_thin_its_market_is():
    # W_11 = 1/1 + 4/4 = 2, W_22 = 4/4 = 1, W_12 = 4/4 = 1.
    overlap = portfolio_overlap([[1.0, 2.0], [0.0, 2.0]], [1.0, 4.0])
    assert overlap[0, 1] == pytest.approx(1.0 / math.sqrt(2.0))


def test_an_empty_book_overlaps_with_nobody():
    overlap = portfolio_overlap([[1.0], [0.0]], [1.0])
    assert overlap[0, 0] == 1.0
    assert np.isnan(overlap[1]).all()
    assert np.isnan(overlap[:, 1]).all()


def test_absorption_runs_from_a_fifth_to_one():
    assert absorption_ratio(np.eye(10)) == pytest.approx(0.2)
    assert absorption_ratio(np.ones((10, 10))) == pytest.approx(1.0)
    assert absorption_ratio(np.diag([3.0, 1.0])) == pytest.approx(0.75)  # one of two at least


def test_large_yen_up_days_make_the_risk_reversal_negative():
    log_yen = np.cumsum([0.0, -0.01, 0.03, -0.01, 0.03])
    proxy = risk_reversal_proxy(log_yen, window_days=4)
    by_hand = math.sqrt(250) * (math.sqrt(2 * 0.01**2 / 4) - math.sqrt(2 * 0.03**2 / 4))
    assert np.isnan(proxy[:4]).all()
    assert proxy[4] == pytest.approx(by_hand)
    assert risk_reversal_proxy(-log_yen, window_days=4)[4] == pytest.approx(-by_hand)


def test_carry_to_risk_is_the_promised_sharpe_ratio():
    assert carry_to_risk([0.05, 0.05], [0.10, 0.0]) == pytest.approx([0.5, math.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: portfolio_overlap([[1.0, 2.0]], [1.0]), "2 instruments, depth has 1"),
        (lambda: portfolio_overlap([[1.0]], [0.0]), "must be positive"),
        (lambda: portfolio_overlap([1.0], [1.0]), "must have 2 axes"),
        (lambda: portfolio_overlap([["a"]], [1.0]), "must be numbers"),
        (lambda: absorption_ratio([[1.0, 0.5], [0.2, 1.0]]), "symmetric"),
        (lambda: absorption_ratio([[1.0]], share=0.0), "share = 0.0"),
        (lambda: risk_reversal_proxy([0.0, math.nan]), "not finite"),
        (lambda: risk_reversal_proxy([0.0], window_days=0), "window_days = 0"),
        (lambda: carry_to_risk([0.05], [-0.1]), "must not be negative"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
