"""The nearest point: closed forms of a half-space, and the smallest size by steps and halves."""

from functools import partial

import numpy as np
import pytest
from scipy.stats import norm

from abm.stress.nearest import (
    FARTHEST,
    first_reaching,
    median_interval,
    moved_along,
    nearest_point,
)
from abm.stress.shocks import entropy_of, one_in

SLOPE = np.array([0.03, -0.01, 0.0, 0.02, 0.005])


def test_of_a_linear_portfolio_it_is_the_foot_of_the_perpendicular():
    """loss = a + b y >= X: y = b (X - a)/|b|^2 at a distance (X - a)/|b|."""
    found = nearest_point(lambda y: 0.01 + y @ SLOPE, 5, 0.10)
    assert found.distance == pytest.approx(0.09 / np.linalg.norm(SLOPE), rel=1e-2)
    assert found.point == pytest.approx(SLOPE * 0.09 / (SLOPE @ SLOPE), abs=0.1)
    assert 0.01 + found.point @ SLOPE >= 0.10


def test_of_a_ball_it_lies_towards_the_middle_though_the_gradient_points_beside_it():
    """-|y - c|^2 >= -1: y = c (1 - 1/|c|). Steps of 1 from 0 show 2 c - 1 in place of 2 c."""
    middle = np.array([3.0, 1.0, 0.0, 0.0])
    found = nearest_point(lambda y: -((y - middle) ** 2).sum(axis=1), 4, -1.0)
    assert found.distance == pytest.approx(np.sqrt(10.0) - 1.0, rel=1e-2)
    assert found.point == pytest.approx(middle * (1.0 - 1.0 / np.sqrt(10.0)), abs=0.15)


def test_a_threshold_that_the_gradient_does_not_show_is_found_where_it_is_known_of():
    """Beyond 2 standard deviations of the last shock a margin call costs .2 at once."""

    def losses(y):
        return y @ SLOPE + 0.2 * (y[:, 4] >= 2.0)

    blind = 0.2 / np.linalg.norm(SLOPE)
    found = nearest_point(losses, 5, 0.2, [2.5 * np.eye(5)[4]])
    assert found.first_distance == pytest.approx(blind, rel=1e-9)
    assert found.distance < 2.1


def test_a_point_is_moved_along_its_ray_to_the_edge():
    far = partial(np.linalg.norm, axis=1)
    for size in (3.0, 0.7):
        point, _ = moved_along(far, np.array([0.0, size]), 1.0)
        assert point[0] == 0.0 and 1.0 <= point[1] <= 1.0 + 2.0 * size / 16**2
    assert moved_along(far, np.array([0.49]), 1.0)[0] is None


def test_the_same_seed_looks_at_the_same_points():
    def bent(y):
        return y @ SLOPE + 0.004 * np.sin(3.0 * y).sum(axis=1)

    one, two = (nearest_point(bent, 5, 0.08, seed=7) for _ in range(2))
    assert one.point.tobytes() == two.point.tobytes()


def test_what_is_lost_without_a_shock_is_at_0_and_what_never_is_nowhere():
    assert nearest_point(lambda y: np.full(len(y), 0.3), 3, 0.2).distance == 0.0
    assert nearest_point(lambda y: np.full(len(y), 0.1), 3, 0.2) is None
    assert nearest_point(lambda y: 0.1 * np.tanh(y[:, 0]), 3, 0.2) is None


def test_one_in_twenty_is_the_normal_quantile_and_entropy_half_a_square():
    assert one_in(1.6448536269514722) == pytest.approx(20.0)
    assert one_in(FARTHEST) == pytest.approx(1.0 / norm.sf(FARTHEST))
    assert entropy_of(3.0) == 4.5


def test_the_smallest_size_is_found_to_half_a_unit_and_is_the_first():
    asked = []

    def loss(size):
        asked.append(size)
        return 1.0 if 47.3 <= size < 100.0 or size > 150.0 else 0.0

    assert 47.3 <= first_reaching(loss, 0.5, 160.0, 20.0) <= 47.8
    assert max(asked) == 60.0
    assert first_reaching(lambda size: -size, 33.0, -160.0, 20.0) == pytest.approx(-33.0, abs=0.5)
    assert first_reaching(lambda size: 0.6, 0.5, 160.0, 20.0) == 0.0
    assert first_reaching(lambda size: size, 161.0, 160.0, 20.0) == np.inf


def test_the_interval_of_a_median_of_ten_is_from_the_second_to_the_ninth():
    """P(fewer than 2 of 10 coins are heads) = 11/1024 < 2.5%, of fewer than 3 it is 56/1024."""
    assert median_interval(np.arange(1.0, 11.0)) == (2.0, 9.0)
    assert median_interval(np.array([3.0, 1.0, 2.0])) == (1.0, 3.0)
