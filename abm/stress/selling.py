"""Forced sales and purchases: how much, and their cost in the markets of the day."""

from __future__ import annotations

import numpy as np

from abm.kernels.behaviours.dealer import MOST_HALF_SPREAD
from abm.stress.paths import PER_BN, Market

Array = np.ndarray


def sale_share(missing: Array, required: Array, by_spread: Array, by_size: Array) -> Array:
    """Share of an account to be sold for it to be within its margin after the sale.     (M144)

        E - c1 s - c2 s^2 = R (1 - s):   s = 2 u / (R - c1 + sqrt((R - c1)^2 - 4 c2 u))

    u = R - E is missing; a sale of all costs c1 by the spread and c2 by its size. All is sold
    where no share is enough. Without costs s = (R - E) / R.
    """
    room = required - by_spread
    square = room**2 - 4.0 * by_size * missing
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 2.0 * missing / (room + np.sqrt(np.maximum(square, 0.0)))
    is_enough = (room > 0.0) & (square >= 0.0)
    sold: Array = np.where(missing > 0.0, np.where(is_enough, np.minimum(share, 1.0), 1.0), 0.0)
    return sold


def half_spreads(market: Market) -> Array:
    """Dealers' half-spread in each market, (n, T + 1, K) [log].                          (M40)

    min(s max(1, fast volatility / calm volatility), 1/2)
    """
    calm = np.diag(market.calm_covariance)
    nervous = np.sqrt(np.maximum(market.variance / calm, 1.0))
    calm_spread = market.scenario.liquidity.dealers.half_spread_log
    spreads: Array = np.minimum(calm_spread * nervous, MOST_HALF_SPREAD)
    return spreads


def cost_of_all(amounts: Array, day: int, spreads: Array, market: Market) -> tuple[Array, Array]:
    """Cost of dealing amounts (n, K) [USD bn] on a day, by spread and by size [base].

    c1 = sum q_k h_k,   c2 = sum q_k^2 / (2 D_k),   D_k: depth of its market on the day
    """
    per_bn = market.fx[-1][:, day] / PER_BN
    by_spread = (amounts * spreads[:, day]).sum(axis=1) * per_bn
    by_size = (amounts**2 / (2.0 * market.depth[:, day])).sum(axis=1) * per_bn
    return by_spread, by_size


def turning(currency: int, into: int, day: int, spreads: Array, market: Market) -> Array:
    """Cost of turning money of a currency into another's on a day, per unit, (n,) [log]."""
    dollar = len(market.currencies) - 1
    legs = [c for c in (currency, into) if c != dollar] if currency != into else []
    cost: Array = sum((spreads[:, day, c] for c in legs), np.zeros(len(spreads)))
    return cost
