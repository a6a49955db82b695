"""Loops written for the compiler agree with their plain versions to the last bit."""

import numpy as np
import pytest

from abm.kernels.compiler import lanes
from abm.kernels.compiler.jit import kernel
from abm.kernels.compiler.lanes import (
    LANES,
    add_lane_products,
    add_lane_products_plain,
    add_rows,
    add_rows_plain,
    fold_lanes,
    fold_lanes_plain,
    lane_sizes,
    lane_sizes_plain,
    lane_sums,
    lane_sums_plain,
)
from abm.kernels.numerics.linear import TILE

pytestmark = pytest.mark.plain
SIZES = [0, 1, 3, 7, 8, 9, 20, 31, 32, 45, 100]


def of_many_sizes(*shape):
    """Numbers so far apart that any other order of their sum shows in the last digits."""
    rng = np.random.default_rng(len(shape))
    return rng.standard_normal(shape) * 10.0 ** rng.integers(-8, 8, shape)


@kernel
def add_block(sums, tile, count):
    add_lane_products(sums, 0, 2, tile, 4, count)


@kernel
def fold(sums, totals):
    for k in range(totals.shape[0]):
        for j in range(totals.shape[1]):
            totals[k, j] = fold_lanes(sums, k, j)


@kernel
def add_up(a, b, c, totals):
    totals[0], totals[1], totals[2] = lane_sums((a, b, c), a.size)


@kernel
def add_up_sizes(a, b, c, totals):
    totals[0], totals[1], totals[2] = lane_sizes((a, b, c), a.size)


@kernel
def add_some_rows(first, scales, rows, lo, total):
    add_rows(first, scales, rows, lo, total)


@pytest.mark.parametrize("count", [0, 8, 24, TILE])
def test_products(count):
    tile, compiled = of_many_sizes(6, TILE), of_many_sizes(4, 4, LANES)
    plain = compiled.copy()
    add_lane_products_plain(plain, 0, 2, tile, 4, count)
    add_block(compiled, tile, count)
    assert (compiled == plain).all()


def test_folding_adds_halves_and_leaves_nothing():
    compiled = of_many_sizes(2, 3, LANES)
    plain, totals = compiled.copy(), np.empty((2, 3))
    fold(compiled, totals)
    for k, j in np.ndindex(2, 3):
        assert totals[k, j] == fold_lanes_plain(plain, k, j)
    assert (compiled == 0.0).all() and (plain == 0.0).all()


@pytest.mark.parametrize("size", SIZES)
def test_sums_of_columns(size):
    columns, totals = of_many_sizes(3, size), np.empty(3)
    add_up(*columns, totals)
    assert tuple(totals) == lane_sums_plain(columns, size)
    assert totals == pytest.approx(columns.sum(axis=1), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_sums_of_sizes(size):
    columns, totals = of_many_sizes(3, size), np.empty(3)
    add_up_sizes(*columns, totals)
    assert tuple(totals) == lane_sizes_plain(columns, size)
    add_up_sizes(*-columns, totals)
    assert tuple(totals) == lane_sums_plain(np.abs(columns), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("first", [0, 2, 5])
def test_rows(first, size):
    scales, rows, compiled = of_many_sizes(5), of_many_sizes(5, size + 4), of_many_sizes(size)
    plain = compiled.copy()
    add_some_rows(first, scales, rows, 3, compiled)
    add_rows_plain(first, scales, rows, 3, plain)
    assert (compiled == plain).all()


@pytest.mark.skipif(
    lane_sums is lane_sums_plain, reason="the compiler is switched off: plain loops take any column"
)
@pytest.mark.parametrize("column", [np.ones((4, 4))[:, 0], np.ones(4, np.float32)])
def test_other_columns_are_refused(column):
    with pytest.raises(Exception, match="lanes are of contiguous float64"):
        add_up(column, column, column, np.empty(3))


def test_every_loop_has_a_plain_version_that_tests_compare():
    loops = {name for name, value in vars(lanes).items() if name.endswith("_plain")}
    assert loops == {name for name in globals() if name.endswith("_plain")}
