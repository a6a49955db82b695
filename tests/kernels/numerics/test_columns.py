"""Sums of columns: several rows in one pass are the rows one after the other, to the last bit."""

from types import SimpleNamespace

import numpy as np
import pytest

from abm.kernels.contracts.balances import add_up_borrowing
from abm.kernels.contracts.swaps import add_up_ladder
from abm.kernels.numerics.columns import add_scaled, add_scaled_rows

RNG = np.random.default_rng(5)
N_COLUMNS = 13
LO, HI = 2, 12


@pytest.mark.parametrize("first", [0, 1, 4])
@pytest.mark.parametrize("n_rows", range(9))
def test_rows_added_in_one_pass_are_rows_added_one_by_one(first, n_rows):
    """Of sizes apart, so that any other order of the additions shows in the last digits."""
    rows = RNG.standard_normal((first + n_rows, N_COLUMNS)) * 10.0 ** RNG.integers(-8, 8, N_COLUMNS)
    scales = RNG.standard_normal(first + n_rows)
    total = RNG.standard_normal(HI - LO)
    one_by_one = total.copy()
    for k in range(first, first + n_rows):
        add_scaled(scales[k], rows[k][LO:HI], one_by_one)
    add_scaled_rows(first, LO, scales, rows, total)
    assert np.array_equal(total, one_by_one)


@pytest.mark.parametrize("n_rows", [0, 1, 6, 7, 8, 17, 63])
def test_far_legs_are_added_up_row_by_row_for_many_holders_as_for_one(n_rows):
    """Seven rows at a time, to the last bit."""
    legs = RNG.standard_normal((n_rows, N_COLUMNS)) * 10.0 ** RNG.integers(-8, 8, N_COLUMNS)
    per_unit = RNG.standard_normal(n_rows)
    kept, one_by_one = RNG.uniform(0.1, 1.0, HI - LO), np.zeros(HI - LO)
    for k in range(n_rows):
        add_scaled(per_unit[k], legs[k][LO:HI], one_by_one)
    one_by_one *= kept
    total, alone = np.empty(HI - LO), np.empty(HI - LO)
    add_up_ladder(LO, per_unit, legs, kept, total)
    for j in range(HI - LO):
        ladder = legs[:, LO + j : LO + j + 1].copy()
        add_up_ladder(0, per_unit, ladder, kept[j : j + 1], alone[j : j + 1])
    assert np.array_equal(total, one_by_one) and np.array_equal(alone, one_by_one)


@pytest.mark.parametrize("n_currencies", range(1, 6))
def test_borrowing_counts_every_currency_once(n_currencies):
    """Two currencies in one pass or one alone: debts of 1, 2, 4, ... units tell them apart."""
    n_assets, price = 2, 3.0
    units = -np.outer(2.0 ** np.arange(n_currencies + n_assets), np.ones(N_COLUMNS))
    units[:, LO] *= -1.0  # who holds all that others owe
    books = SimpleNamespace(units=units, cash=np.full(N_COLUMNS, -0.5))
    market = SimpleNamespace(
        usd_price=np.full(n_currencies + n_assets, price), rates=np.zeros(n_currencies + 1)
    )
    borrowing = np.full(HI - LO, np.nan)
    getattr(add_up_borrowing, "py_func", add_up_borrowing)(LO, HI, books, market, borrowing)
    owed = 0.5 + price * (2.0**n_currencies - 1.0)
    assert borrowing.tolist() == [0.5] + [owed] * (HI - LO - 1)
