"""Shapley values by hand, and the axioms that leave no other rule (Shapley 1953)."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from abm.errors import InvalidInput
from abm.measures.shapley import first_in, last_out, over_draws, shapley_values

NUMBERS = st.floats(-1e3, 1e3, allow_nan=False, width=32)


def games(n):
    return arrays(np.float64, 2**n, elements=NUMBERS)


def by_orders(worths, n):
    """The same by its meaning: what a player adds, over all orders of coming."""
    total = np.zeros(n)
    orders = list(itertools.permutations(range(n)))
    for order in orders:
        there = 0
        for player in order:
            total[player] += worths[there | 1 << player] - worths[there]
            there |= 1 << player
    return total / len(orders)


def test_a_left_glove_among_two_right_ones_is_worth_two_thirds():
    """A pair is worth 1. Player 0 has the left glove, 1 and 2 a right one each."""
    pair = np.array([bool(s & 1 and s & 6) for s in range(8)], float)
    assert shapley_values(pair) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_a_runway_is_paid_by_those_who_need_its_length():
    """Littlechild and Owen 1973: lengths 1, 2, 4 cost 1/3, 1/3 + 1/2, 1/3 + 1/2 + 2."""
    need = [1.0, 2.0, 4.0]
    cost = np.array([max((need[i] for i in range(3) if s >> i & 1), default=0.0) for s in range(8)])
    assert shapley_values(cost) == pytest.approx([1 / 3, 5 / 6, 17 / 6])
    assert first_in(cost).tolist() == need
    assert last_out(cost).tolist() == [0.0, 0.0, 2.0]


@settings(max_examples=60, deadline=None)
@given(games(4))
def test_shares_are_means_over_all_orders_and_add_up(worths):
    shares = shapley_values(worths)
    assert shares == pytest.approx(by_orders(worths, 4), abs=1e-9)
    assert shares.sum() == pytest.approx(worths[-1] - worths[0], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(games(3), games(3), NUMBERS)
def test_who_adds_the_same_to_all_gets_just_that_and_shares_of_sums_are_sums(one, other, alone):
    """Player 3 is a dummy of the larger game; the larger game is a sum of two."""
    larger = np.concatenate([one, one + alone])
    assert shapley_values(larger) == pytest.approx([*shapley_values(one), alone], abs=1e-8)
    both = shapley_values(one + other)
    assert both == pytest.approx(shapley_values(one) + shapley_values(other), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(games(4), st.permutations(range(4)))
def test_names_do_not_matter(worths, order):
    renamed = np.empty_like(worths)
    for s in range(16):
        renamed[sum(1 << order[i] for i in range(4) if s >> i & 1)] = worths[s]
    assert shapley_values(renamed)[list(order)] == pytest.approx(shapley_values(worths), abs=1e-9)


def test_games_side_by_side_are_each_shared_out():
    two = np.array([[0.0, 1.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0]])
    assert shapley_values(two).tolist() == [[2.0, 3.0], [0.0, 0.0]]


def test_a_mean_of_three_draws_and_its_error():
    found = over_draws(np.array([1.0, 2.0, 6.0]))
    assert found.mean == 3.0 and found.se == pytest.approx(np.sqrt(7.0 / 3.0))
    assert np.isnan(over_draws(np.array([1.0])).se)


def test_a_game_has_a_worth_for_every_coalition():
    with pytest.raises(InvalidInput, match=r"3 worths, must be 2\^n"):
        shapley_values(np.zeros(3))
