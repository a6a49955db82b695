"""Outside creditors who come first: by hand, by plain iteration, and in any network."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import abm.contagion.clearing
from abm.contagion import clear_interbank
from abm.contagion.networks import as_claims
from abm.errors import InvalidInput
from abm.kernels.banks.interbank import Debtors, open_search, pay_what_is_there

seeds = st.integers(0, 2**32 - 1)
recoveries = st.sampled_from([0.0, 0.4, 0.9, 1.0])


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Debts, assets and outside debts of two to eight banks, many insolvent."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    debts = rng.uniform(0.5, 10.0, (n, n)) * (rng.random((n, n)) < 0.5)
    np.fill_diagonal(debts, 0.0)
    outside = rng.uniform(0, 6, n) * (rng.random(n) < 0.7)
    return debts, rng.uniform(0, 8, n) * (rng.random(n) < 0.7), outside


def senior(debts, assets, outside, alpha=1.0, beta=1.0):
    return clear_interbank(debts, assets, outside, alpha, beta, external_seniority="senior")


def cleared_plainly(debts, assets, outside, alpha, beta):
    """Everybody pays in full, then what they can, over and over: the greatest fixed point."""
    owed = debts.sum(axis=1)
    shares = debts / np.where(owed > 0, owed, 1.0)[:, None]
    paid = owed.copy()
    for _ in range(100_000):
        received = shares.T @ paid
        able = assets + received >= (owed + outside) * (1 - 1e-12)
        left = np.maximum(alpha * assets + beta * received - outside, 0.0)
        before, paid = paid, np.where(able, owed, np.minimum(owed, left))
        if (before == paid).all():
            return paid, ~able
    raise AssertionError("still moving")


def test_outside_creditors_are_served_first_and_banks_share_the_rest():
    """Bank 0 has 6, owes 5 outside and 10 to bank 1: 1 is left; all alike it would be 4."""
    found = senior([[0, 10], [0, 0]], [6, 1], [5, 0])
    assert found.payments.tolist() == [6, 0] and found.payments_to_banks.tolist() == [1, 0]
    assert found.equity.tolist() == [0, 2]
    alike = clear_interbank([[0, 10], [0, 0]], [6, 1], [5, 0])
    assert alike.payments_to_banks == pytest.approx([4, 0])


def test_banks_get_nothing_where_outside_creditors_do_not_get_all():
    found = senior([[0, 10], [0, 0]], [3, 1], [5, 0])
    assert found.payments.tolist() == [3, 0] and found.payments_to_banks.tolist() == [0, 0]


def test_a_bank_with_only_outside_debts_can_default():
    found = senior([[0, 0], [4, 0]], [0.5, 2], [3, 0])
    assert found.defaulted.tolist() == [True, True] and found.waves.tolist() == [2, 1]
    assert found.payments.tolist() == [2.5, 2] and found.payments_to_banks.tolist() == [0, 2]


def test_recoveries_come_off_before_anybody_is_served():
    # half of 8 outside: 4, of which 3 go outside; then nine tenths of the 1 received and half of 2
    found = senior([[0, 10, 0], [0, 0, 8], [0, 0, 0]], [8, 2, 1], [3, 0, 0], 0.5, 0.9)
    assert found.payments == pytest.approx([4.0, 1.9, 0.0])
    assert found.payments_to_banks == pytest.approx([1.0, 1.9, 0.0])


def test_a_ring_that_owes_a_billionth_more_than_it_has_pays_nothing_round():
    """The one with the outside debt passes on a billionth less each time round, until nothing."""
    ring = np.roll(np.eye(40), 1, axis=1)
    found = senior(ring, np.zeros(40), 1e-9 * np.eye(40)[0])
    assert found.payments == pytest.approx(0.0, abs=1e-15) and found.defaulted.all()


@given(seeds, recoveries, recoveries)
def test_payments_are_the_greatest_that_plain_iteration_finds(seed, alpha, beta):
    network = drawn(seed)
    found = senior(*network, alpha, beta)
    paid, failed = cleared_plainly(*network, alpha, beta)
    assert found.payments_to_banks == pytest.approx(paid, rel=0, abs=1e-9)
    assert (found.defaulted == failed).all()


def in_default(failed, debts, assets, outside, alpha):
    """Debts, banks that rank last, and a search that knows who defaults and not what they pay."""
    owed = debts.sum(axis=1)
    debtors = Debtors(assets, alpha * assets - outside, owed + outside, owed, np.zeros(owed.size))
    search = open_search(owed)
    search.waves[failed] = 1
    return sp.csr_array(debts), debtors, search


@given(seeds, recoveries, recoveries)
def test_elimination_finds_what_plain_iteration_finds(seed, alpha, beta):
    """Given who defaults, from a guess in which all of them pay."""
    network = drawn(seed)
    paid, failed = cleared_plainly(*network, alpha, beta)
    debts, debtors, search = in_default(failed, *network, alpha)
    abm.contagion.clearing._solve(debts, debtors, beta, search)
    assert search.payments == pytest.approx(paid, rel=0, abs=1e-9)
    assert search.share_paid * debtors.owed == pytest.approx(paid, rel=0, abs=1e-9)


@given(seeds, recoveries, recoveries)
def test_sweeps_over_all_find_what_plain_iteration_finds(seed, alpha, beta):
    network = drawn(seed)
    paid, failed = cleared_plainly(*network, alpha, beta)
    debts, debtors, search = in_default(failed, *network, alpha)
    if pay_what_is_there(as_claims(debts.T.tocsr()), debtors, beta, search):
        assert search.payments == pytest.approx(paid, rel=0, abs=1e-9)


@given(seeds, recoveries, recoveries)
def test_outside_creditors_get_no_less_and_banks_no_more_than_if_all_were_alike(seed, alpha, beta):
    debts, assets, outside = drawn(seed)
    first = senior(debts, assets, outside, alpha, beta)
    alike = clear_interbank(debts, assets, outside, alpha, beta)
    assert (first.payments_to_banks <= alike.payments_to_banks + 1e-9).all()
    assert (first.defaulted >= alike.defaulted).all()
    to_outside = first.payments - first.payments_to_banks
    assert (to_outside <= outside + 1e-9).all()
    short = to_outside < outside - 1e-9
    assert first.payments_to_banks[short] == pytest.approx(0.0, abs=1e-9)


@given(seeds)
def test_nothing_is_lost_where_recoveries_are_whole(seed):
    """All assets end with owners or outside creditors, under either seniority."""
    debts, assets, outside = drawn(seed)
    for seniority in ("pari-passu", "senior"):
        found = clear_interbank(debts, assets, outside, external_seniority=seniority)
        to_outside = (found.payments - found.payments_to_banks).sum()
        assert found.equity.sum() + to_outside == pytest.approx(assets.sum(), abs=1e-9)


@given(seeds, recoveries, recoveries)
def test_without_outside_debts_seniority_is_no_matter(seed, alpha, beta):
    debts, assets, _ = drawn(seed)
    one = clear_interbank(debts, assets, None, alpha, beta)
    other = clear_interbank(debts, assets, None, alpha, beta, external_seniority="senior")
    assert other.payments == pytest.approx(one.payments, rel=0, abs=1e-10)
    assert other.payments_to_banks == pytest.approx(one.payments_to_banks, rel=0, abs=1e-10)
    assert (other.waves == one.waves).all()


def test_ten_thousand_dominoes_fall_one_a_round_and_cost_what_they_change():
    """Each bank owes 1 to the next and a tenth to the one before; the first has 0.05."""
    n = 10_000
    diagonals = [np.ones(n - 1), np.full(n - 1, 0.1)]
    debts = sp.diags_array(diagonals, offsets=[1, -1]).tocsr()
    found = clear_interbank(debts, 0.05 * np.eye(1, n)[0])
    assert found.waves.tolist() == [*range(1, n), 0] and found.iterations == n
    received = debts.T @ (found.payments / debts.sum(axis=1))
    assert found.payments[1:-1] == pytest.approx(received[1:-1], rel=1e-9, abs=1e-12)


def test_an_unknown_seniority_is_refused_with_all_other_faults():
    with pytest.raises(InvalidInput) as refusal:
        clear_interbank([[0, -1], [0, 0]], [1, 1], external_seniority="junior")
    said = str(refusal.value)
    assert "external_seniority = 'junior': must be 'pari-passu' or 'senior'" in said
    assert "[0, 1] = -1.0" in said
