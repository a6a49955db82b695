"""Small linear algebra against NumPy."""

import numpy as np
import pytest

from abm.kernels.numerics.linear import (
    falls_by_row_dominance,
    largest_real_part,
    solve_in_place,
)


@pytest.mark.plain
@pytest.mark.parametrize("n", [1, 2, 5, 9, 16])
def test_elimination_solves(n):
    rng = np.random.default_rng(n)
    a, x = rng.normal(size=(n + 2, n + 2)), rng.normal(size=n)
    b = np.zeros(n + 2)
    b[:n] = a[:n, :n] @ x
    assert solve_in_place(a, b, n)
    assert b[:n] == pytest.approx(x, rel=1e-9)


def test_elimination_says_when_there_is_no_solution():
    assert not solve_in_place(np.ones((2, 2)), np.ones(2), 2)


def largest(a: np.ndarray) -> float:
    return float(largest_real_part(a.copy(), len(a)))


@pytest.mark.parametrize("n", [1, 2, 3, 6, 9, 16])
def test_the_largest_real_part_is_that_of_lapack(n):
    rng = np.random.default_rng(n)
    for _ in range(200):
        a = rng.normal(size=(n, n)) * np.exp(rng.normal(size=(n, 1)))
        scale = np.abs(a).sum()
        assert largest(a) == pytest.approx(np.linalg.eigvals(a).real.max(), abs=1e-12 * scale)


def test_repeated_and_missing_eigenvectors_do_not_stop_the_eigenvalues():
    assert largest(np.eye(4) * -2.0) == -2.0
    assert largest(np.diag(np.ones(3), 1)) == pytest.approx(0.0, abs=1e-12)
    cycle = np.roll(np.eye(5), 1, axis=0)  # all on the unit circle
    assert largest(cycle) == pytest.approx(1.0)


def test_row_dominance_never_calls_an_unstable_market_stable():
    rng = np.random.default_rng(0)
    n_proved = 0
    for _ in range(2000):
        a = rng.normal(size=(4, 4)) * 0.7 - np.eye(4) * rng.uniform(0, 4)
        if falls_by_row_dominance(a, 4):
            n_proved += 1
            depth = np.exp(rng.normal(size=(4, 1)))
            assert np.linalg.eigvals(a).real.max() < 0
            assert np.linalg.eigvals(a / depth).real.max() < 0
    assert n_proved > 300
