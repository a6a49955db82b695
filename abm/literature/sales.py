"""The market that the fire-sale papers share: sellers of given amounts, and who takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.market import ClearingProblem, MarketClearing

#: Limits of the price variable where the paper has none.
NO_FLOOR, NO_CEILING = -50.0, 50.0


def sales_market(
    sold: ArrayLike,
    depth: ArrayLike,
    law: str = "linear",
    capacity: ArrayLike = 1.0,
    start: ArrayLike = 0.0,
    lower: ArrayLike = NO_FLOOR,
) -> ClearingProblem:
    """Sales of given units to value investors who hold nothing at the price before the sale.

    Parameters
    ----------
    sold : (n_institutions, n_instruments)
        Units sold whatever the price; negative where bought.
    depth, capacity : (n_instruments,) or one number for all
        Lambda [units per unit of x] and ub of the impact law.
    law : str
        Impact law of `abm.kernels.behaviours.value_investor`.
    start, lower : (n_instruments,) or one number for all
        x before the sale, which is also the fundamental, and the lowest x.
    """
    orders = -np.atleast_2d(np.asarray(sold, dtype=np.float64))
    n_institutions, n = orders.shape
    none, nothing, before = np.zeros(n_institutions), np.zeros(n), np.full(n, start, dtype=float)
    return ClearingProblem(
        holdings=np.zeros_like(orders), cash=none, targets=np.zeros_like(orders), speed=none,
        orders=orders, resident=none, quote=np.full(n, -1.0), value_held_open=nothing,
        value_held=nothing, dealer_held=nothing, value_depth=np.full(n, depth, dtype=float),
        value_capacity=np.full(n, capacity, dtype=float), value_speed=np.ones(n),
        fundamental=before, dealer_depth=nothing, dealer_reference=nothing, external=nothing,
        lower=np.full(n, lower, dtype=float), upper=np.full(n, NO_CEILING), start=before, law=law,
    )  # fmt: skip


def settled(clearing: MarketClearing) -> NDArray[np.float64]:
    """The x found; NaN where the market could not be cleared, so that no comparison agrees."""
    if clearing.status == "failed":
        return np.full_like(clearing.log_prices, np.nan)
    return clearing.log_prices
