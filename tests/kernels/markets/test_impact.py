"""The laws of the value investors, by hand numbers."""

import math

import numpy as np
import pytest

from abm.kernels.behaviours.value_investor import (
    CONT_SCHAANNING,
    LINEAR,
    NONE,
    SQUARE_ROOT,
    TANH,
    saturation,
    value_position,
    value_slope,
)

DEPTH, CAPACITY, FUNDAMENTAL = 400.0, 0.25, 0.02
LAWS = (TANH, LINEAR, CONT_SCHAANNING, SQUARE_ROOT)


def position(law: int, z: float) -> float:
    return value_position(law, FUNDAMENTAL + z, FUNDAMENTAL, DEPTH, CAPACITY)


@pytest.mark.plain
def test_tanh_buys_three_quarters_of_its_capacity_at_one_capacity_down():
    assert position(TANH, -0.25) == pytest.approx(100.0 * 0.7615941559557649)


def test_linear_buys_depth_times_the_fall():
    assert position(LINEAR, -0.1) == pytest.approx(40.0)


def test_cont_schaanning_inverts_its_published_impact():
    """S'/S = b + (1 - b) exp(-q/delta): at q = delta log 2 half of the way to the floor is gone."""
    floor = math.exp(-CAPACITY)
    delta = DEPTH * (1 - floor)
    halfway = math.log((1 + floor) / 2)
    assert position(CONT_SCHAANNING, halfway) == pytest.approx(delta * math.log(2))


def test_cont_schaanning_stays_finite_and_falling_below_its_floor():
    at = [position(CONT_SCHAANNING, z) for z in np.linspace(-0.4, -0.2, 400)]
    assert np.isfinite(at).all() and (np.diff(at) < 0).all()


def test_square_root_needs_four_times_the_sales_for_twice_the_fall():
    """Away from the rounding: 0.25 down at depth 400 takes 400 x 0.25 x sqrt(1.01)."""
    assert position(SQUARE_ROOT, -0.25) == pytest.approx(100.0 * math.sqrt(1.01))
    assert position(SQUARE_ROOT, -2.0) / position(SQUARE_ROOT, -1.0) == pytest.approx(4.0, rel=1e-3)


def test_no_value_investors_no_orders():
    assert position(NONE, -0.3) == 0.0
    assert value_slope(NONE, 0.0, 0.1, DEPTH, CAPACITY) == 0.0


@pytest.mark.parametrize("law", LAWS)
def test_a_law_is_zero_at_the_fundamental_and_falls_with_its_slope(law):
    assert position(law, 0.0) == 0.0
    for z in (-0.3, -0.1, -1e-3, 0.0, 0.05, 0.3):
        slope = value_slope(law, FUNDAMENTAL + z, FUNDAMENTAL, DEPTH, CAPACITY)
        step = (position(law, z + 1e-6) - position(law, z - 1e-6)) / 2e-6
        assert slope <= 0
        assert slope == pytest.approx(step, rel=1e-4)


@pytest.mark.parametrize("law", [TANH, LINEAR, CONT_SCHAANNING])
def test_depth_is_the_slope_at_the_fundamental(law):
    assert value_slope(law, FUNDAMENTAL, FUNDAMENTAL, DEPTH, CAPACITY) == pytest.approx(-DEPTH)


def test_the_series_of_tanh_is_exact_to_rounding():
    for y in np.concatenate([np.linspace(-0.16, 0.16, 999), [1e-8, 1e-300, 3.0]]):
        assert saturation(y) == pytest.approx(math.tanh(y), rel=4e-16, abs=0)
