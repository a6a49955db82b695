"""The least tilted weights: closed forms of two and three paths, and of a normal sample."""

from math import log

import numpy as np
import pytest
from scipy.stats import norm

from abm.errors import InvalidInput
from abm.stress.tilting import tilted, weighted_quantiles


def test_two_paths_have_only_one_pair_of_weights():
    """Losses 0 and 1 and a mean of .8: weights .2 and .8; entropy ln 2 + .2 ln .2 + .8 ln .8."""
    found = tilted(np.array([1.0, 0.0]), 0.8)
    assert found.weights == pytest.approx([0.8, 0.2], abs=1e-12)
    assert found.exponent == pytest.approx(log(4.0), rel=1e-9)
    assert found.entropy == pytest.approx(log(2) + 0.2 * log(0.2) + 0.8 * log(0.8), rel=1e-9)
    assert found.n_effective == pytest.approx(2.0 * np.exp(-found.entropy))


def test_three_paths_by_hand():
    """e^t = 2: weights 1, 2 and 4 over 7, mean 10/7, entropy 10/7 ln 2 - ln(7/3)."""
    found = tilted(np.array([0.0, 1.0, 2.0]), 10.0 / 7.0)
    assert found.weights == pytest.approx([1 / 7, 2 / 7, 4 / 7], abs=1e-11)
    assert found.entropy == pytest.approx(10 / 7 * log(2.0) - log(7 / 3), rel=1e-9)


def test_a_normal_loss_tilted_by_a_standard_deviation_is_shifted_by_it():
    """Entropy m^2/2, variance unchanged: the same distance as a shift of the shocks (M183)."""
    losses = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    found = tilted(losses, 1.0)
    assert found.distance == pytest.approx(1.0, abs=2e-3)
    assert found.entropy == pytest.approx(0.5, abs=2e-3)
    assert found.weights @ (losses - 1.0) ** 2 == pytest.approx(1.0, abs=5e-3)


def test_no_other_weights_of_the_same_loss_have_less_entropy():
    losses = np.random.default_rng(3).normal(0.05, 0.1, 50)
    found = tilted(losses, 0.15)
    assert found.weights @ losses == pytest.approx(0.15, abs=1e-12)
    # A direction that changes neither the sum nor the mean loss.
    free = np.linalg.svd(np.array([np.ones(50), losses]))[2][2]
    for step in (-1e-4, 1e-4):
        other = found.weights + step * free
        assert (other * np.log(50 * other)).sum() > found.entropy


def test_what_is_lost_on_average_needs_no_tilt_and_more_than_the_worst_has_none():
    losses = np.array([0.1, 0.3])
    assert tilted(losses, 0.2).entropy == 0.0
    assert tilted(losses, 0.1).weights.tolist() == [0.5, 0.5]
    for target in (0.3, 0.4):
        with pytest.raises(InvalidInput, match=f"no path loses {target}: the worst of 2 loses 0.3"):
            tilted(losses, target)


def test_weighted_quantiles_by_hand():
    values = np.array([[3.0], [1.0], [2.0]])
    found = weighted_quantiles(values, np.array([0.5, 0.3, 0.2]), (0.05, 0.3, 0.4, 0.5, 0.51))
    assert found.ravel().tolist() == [1.0, 1.0, 2.0, 2.0, 3.0]
