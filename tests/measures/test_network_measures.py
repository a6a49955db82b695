"""Crowding: hand numbers and limit cases."""

import math

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.measures.network import portfolio_overlap


def test_the_same_book_at_any_size_overlaps_fully_and_its_mirror_image_fully_against():
    overlap = portfolio_overlap([[1.0, -2.0], [10.0, -20.0], [-3.0, 6.0]], [5.0, 8.0])
    assert overlap == pytest.approx(np.array([[1, 1, -1], [1, 1, -1], [-1, -1, 1]]))


def test_overlap_counts_what_is_shared_by_how_thin_its_market_is():
    # W_11 = 1/1 + 4/4 = 2, W_22 = 4/4 = 1, W_12 = 4/4 = 1.
    overlap = portfolio_overlap([[1.0, 2.0], [0.0, 2.0]], [1.0, 4.0])
    assert overlap[0, 1] == pytest.approx(1.0 / math.sqrt(2.0))


def test_an_empty_book_overlaps_with_no_other():
    overlap = portfolio_overlap([[1.0], [0.0]], [1.0])
    assert overlap[0, 0] == 1.0
    assert np.isnan(overlap[1]).all()
    assert np.isnan(overlap[:, 1]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: portfolio_overlap([[1.0, 2.0]], [1.0]), "2 instruments, depth has 1"),
        (lambda: portfolio_overlap([[1.0]], [0.0]), "must be positive"),
        (lambda: portfolio_overlap([1.0], [1.0]), "must have 2 axes"),
        (lambda: portfolio_overlap([["a"]], [1.0]), "must be numbers"),
        (lambda: portfolio_overlap([[1.0]], [math.nan]), "not finite"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
