"""Who pays whom: hand cases, brute force over all sets of defaulters, a linear programme."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import linprog

from abm.contagion import clear_interbank
from abm.kernels.banks.interbank import clear_claims


def cleared(debts, outside, alpha=1.0, beta=1.0):
    search, received = clear_claims(
        np.array(debts, float), np.array(outside, float), np.zeros(len(debts), bool), alpha, beta
    )
    return search.payments, received, search.waves > 0


def test_a_chain_of_three_by_hand():
    # 1 owes 2 ten and has four; 2 owes 3 eight and has two: pays all it gets, six
    payments, received, defaulted = cleared([[0, 10, 0], [0, 0, 8], [0, 0, 0]], [4, 2, 1])
    assert payments.tolist() == [4, 6, 0] and received.tolist() == [0, 4, 6]
    assert defaulted.tolist() == [True, True, False]


def test_who_can_pay_pays_in_full():
    payments, _, defaulted = cleared([[0, 10], [3, 0]], [7.5, 0])
    assert payments.tolist() == [10, 3] and not defaulted.any()


def test_a_ring_pays_itself():
    # each owes the next ten and has nothing: full payment is consistent, and the greatest vector
    payments, _, defaulted = cleared([[0, 10, 0], [0, 0, 10], [10, 0, 0]], [0, 0, 0])
    assert payments.tolist() == [10, 10, 10] and not defaulted.any()


def test_two_creditors_share_by_claim():
    _, received, _ = cleared([[0, 6, 3], [0, 0, 0], [0, 0, 0]], [3, 0, 0])
    assert received == pytest.approx([0, 2, 1])


def test_the_closed_form_of_two_banks_that_owe_one_another():
    # half of what each pays goes to a third: p1 = 1 + p2/2, p2 = 2 + p1/2 -> 8/3 and 10/3
    payments, _, defaulted = cleared([[0, 5, 5], [5, 0, 5], [0, 0, 0]], [1, 2, 0])
    assert payments == pytest.approx([8 / 3, 10 / 3, 0]) and defaulted.tolist() == [1, 1, 0]


def test_recoveries_cost_what_they_say():
    # 0.5 of outside assets, 0.9 of what others pay: .5 x 4 = 2, then .5 x 2 + .9 x 2 = 2.8
    payments, _, _ = cleared([[0, 10, 0], [0, 0, 8], [0, 0, 0]], [4, 2, 1], 0.5, 0.9)
    assert payments == pytest.approx([2.0, 2.8, 0.0])


def test_depositors_are_senior():
    # three short of its deposits: of five received two go to other banks
    payments, _, _ = cleared([[0, 5, 0], [0, 0, 9], [0, 0, 0]], [9, -3, 0], 0.5, 1.0)
    assert payments == pytest.approx([5.0, 2.0, 0.0])


def test_a_ring_that_loses_a_little_each_time_round_ends_with_nothing():
    # the first lacks a thousandth for its depositors, round after round: ten thousand rounds
    payments, _, defaulted = cleared([[0, 10, 0], [0, 0, 10], [10, 0, 0]], [-1e-3, 0, 0])
    assert payments == pytest.approx(0.0, abs=1e-12) and defaulted.all()


networks = st.integers(2, 5).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.0, 10.0), min_size=n * n, max_size=n * n),
        st.lists(st.floats(0.0, 8.0), min_size=n, max_size=n),
    )
)


def debts_of(flat, n):
    debts = np.array(flat).reshape(n, n)
    debts[debts < 0.5] = 0.0
    np.fill_diagonal(debts, 0.0)
    return debts


@given(networks, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_day_clears_as_the_library_does_with_depositors_first(network, alpha, beta):
    outside = np.array(network[1]) - 4.0
    debts, deposits = debts_of(network[0], len(outside)), np.maximum(-outside, 0.0)
    library = clear_interbank(
        debts, np.maximum(outside, 0.0), deposits, alpha, beta, external_seniority="senior"
    )
    payments, _, defaulted = cleared(debts, outside, alpha, beta)
    assert payments == pytest.approx(library.payments_to_banks, rel=0, abs=1e-12)
    assert (defaulted == library.defaulted).all()


@given(networks)
def test_without_costs_it_is_the_linear_programme_of_eisenberg_and_noe(network):
    outside = np.array(network[1])
    debts = debts_of(network[0], len(outside))
    owed = debts.sum(axis=1)
    shares = debts / np.maximum(owed, 1e-300)[:, None]
    best = linprog(
        -np.ones(len(owed)), A_ub=np.eye(len(owed)) - shares.T, b_ub=outside,
        bounds=[(0.0, most) for most in owed], method="highs",
    )  # fmt: skip
    assert cleared(debts, outside)[0].sum() == pytest.approx(-best.fun, rel=1e-8, abs=1e-8)


def consistent_payments(debts, outside, alpha, beta):
    """Every payment vector that some set of defaulters makes consistent, by linear algebra."""
    n, owed = len(outside), debts.sum(axis=1)
    shares = debts / np.maximum(owed, 1e-300)[:, None]
    for bad in product([False, True], repeat=n):
        failed = np.array(bad)
        system = np.eye(n) - beta * np.where(failed[:, None], shares.T, 0.0)
        payments = np.linalg.solve(system, np.where(failed, alpha * outside, owed))
        able = outside + shares.T @ payments >= owed - 1e-12
        if (able == ~failed).all():
            yield payments, failed


@given(networks, st.floats(0.1, 0.95), st.floats(0.1, 0.95))
def test_it_is_the_greatest_of_all_consistent_vectors(network, alpha, beta):
    outside = np.array(network[1])
    debts = debts_of(network[0], len(outside))
    found = list(consistent_payments(debts, outside, alpha, beta))
    payments, received, defaulted = cleared(debts, outside, alpha, beta)
    margin = outside + received - debts.sum(axis=1)
    assume((abs(margin[~defaulted]) > 1e-9).all() or not debts.any())
    assert any(np.allclose(payments, other, atol=1e-9) for other, _ in found)
    assert all((payments >= other - 1e-9).all() for other, _ in found)
