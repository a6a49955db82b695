"""The orders of all institutions, added into one small matrix.

An order is s (c_k W(x)/X_k - a_k) + q_k and wealth is linear in the USD prices X. With cash as one
more holding at price 1, z = (a, m) and Z = (X, 1), one matrix holds what all of them want:

    Q = sum_i (s_i c_i1, ..., s_i c_iK, s_i)' z_i
    sum_i d_ik = (Q Z)_k / X_k - Q_{K+1,k} + q_k

exactly, while no institution's wealth changes sign (`radius` says how far that is certain;
`gather_crossers` lists those for whom it can). Sums are added in a fixed tree: eight lanes in
chunks of 4,096 institutions, whatever the number of threads and the width of the processor.
"""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.jit import allocating_kernel, inlined, kernel
from abm.kernels.linear import LANES, TILE, add_lane_products

CHUNK = 4096  # institutions summed before the lanes are folded; callers that split, split here
_MAX_RADIUS = 0.2  # log; beyond it the bound for positions quoted in a currency does not hold
_QUOTED_WEIGHT = 1.0 + math.exp(_MAX_RADIUS)  # e^2r - 1 <= (1 + e^0.2)(e^r - 1) for r <= 0.2

_NEAR_RUIN = math.exp(_MAX_RADIUS) - 1.0  # share of gross below which wealth bounds the radius

RECORD_EXTRA = 4  # columns of a crosser's record beside holdings and shares, see gather_crossers


class Orders(NamedTuple):
    """Orders of all institutions. Rows and columns: K instruments, then cash (or the gap).

    wealth_terms : (K+1, K+1) Q; its last row is what is held and up for the gap, s a
    wealth_terms_nonresident : (K+1, K+1) the same over non-residents, whose assets need currency
    frozen, frozen_nonresident : (K,) units ordered whatever the price
    radius : (1,) largest log move within which no wealth can change sign
    tile, lanes, lane_frozen : scratch
    """

    wealth_terms: np.ndarray
    wealth_terms_nonresident: np.ndarray
    frozen: np.ndarray
    frozen_nonresident: np.ndarray
    radius: np.ndarray
    tile: np.ndarray
    lanes: np.ndarray
    lane_frozen: np.ndarray


def allocate_orders(n_instruments: int) -> Orders:
    """Empty orders for a market of K instruments."""
    k = n_instruments
    even = (k + 2) // 2 * 2
    return Orders(
        wealth_terms=np.zeros((k + 1, k + 1)),
        wealth_terms_nonresident=np.zeros((k + 1, k + 1)),
        frozen=np.zeros(k),
        frozen_nonresident=np.zeros(k),
        radius=np.full(1, _MAX_RADIUS),
        tile=np.zeros((2 * even + 3, TILE)),
        lanes=np.zeros((even, even, LANES)),
        lane_frozen=np.zeros((k, LANES)),
    )


@kernel
def clear_orders(orders):
    """No orders; nobody's wealth can change sign within the largest radius."""
    n = orders.frozen.size
    for k in range(n + 1):
        for j in range(n + 1):
            orders.wealth_terms[k, j] = 0.0
            orders.wealth_terms_nonresident[k, j] = 0.0
    for k in range(n):
        orders.frozen[k] = 0.0
        orders.frozen_nonresident[k] = 0.0
    orders.radius[0] = _MAX_RADIUS


@kernel
def add_orders(orders, part):
    """Add `part` to `orders`: chunks collected apart, added in their order."""
    n = orders.frozen.size
    for k in range(n + 1):
        for j in range(n + 1):
            orders.wealth_terms[k, j] += part.wealth_terms[k, j]
            orders.wealth_terms_nonresident[k, j] += part.wealth_terms_nonresident[k, j]
    for k in range(n):
        orders.frozen[k] += part.frozen[k]
        orders.frozen_nonresident[k] += part.frozen_nonresident[k]
    orders.radius[0] = min(orders.radius[0], part.radius[0])


@inlined
def safe_radius(wealth, gross):
    """Log move within which wealth keeps its sign: log(1 + |W|/G), G = sum |a| X, at most 0.2."""
    if not abs(wealth) < _NEAR_RUIN * gross:
        return _MAX_RADIUS
    return math.log1p(abs(wealth) / gross)


@inlined
def _even(n):
    """n, or the next even number: sums are made in blocks of two by two."""
    return n + n % 2


@inlined
def _price_weight(quote):
    """Weight of a position in G: two log moves compound in an asset quoted in a currency."""
    return _QUOTED_WEIGHT if quote >= 0 else 1.0


@kernel
def _add_row(units, cash, intent, speed, resident, prices, quote, orders, i):
    """Add the orders of institution i."""
    n = units.shape[0]
    s = speed[i]
    foreign = resident[i] == 0
    if s == 0.0:
        for k in range(n):
            orders.frozen[k] += intent[k, i]
            if foreign:
                orders.frozen_nonresident[k] += intent[k, i]
        return
    wealth, gross = cash[i], 0.0
    for k in range(n):
        worth = units[k, i] * prices[k]
        wealth += worth
        gross += abs(worth) * _price_weight(quote[k])
    orders.radius[0] = min(orders.radius[0], safe_radius(wealth, gross))
    for k in range(n + 1):
        share = s if k == n else s * intent[k, i]
        if (k < n and not wealth > 0.0) or (k == 0 and not foreign):
            share = 0.0
        for j in range(n + 1):
            term = share * (cash[i] if j == n else units[j, i])
            if k == n and j == 0 and not foreign:
                term = 0.0
            orders.wealth_terms[k, j] += term
            if foreign:
                orders.wealth_terms_nonresident[k, j] += term


@kernel
def collect_rows(units, cash, intent, speed, resident, prices, quote, rows, n_rows, orders):
    """Add the orders of a short list of institutions, rows[:n_rows], in the order given."""
    for r in range(n_rows):
        _add_row(units, cash, intent, speed, resident, prices, quote, orders, rows[r])


@inlined
def _any(row, count):
    """Whether any of the first `count` entries is not zero."""
    for t in range(count):
        if row[t] != 0.0:
            return True
    return False


@kernel
def _load_traders(cash, speed, resident, start, count, n, tile):
    """Cash and speeds of a tile, and a mask of those who send frozen units.

    Residents are added one by one: here they do neither, nor do the lanes past `count`.
    """
    s, frozen = _even(n + 1) + n, 2 * _even(n + 1)
    for t in range(count):
        abroad = 1.0 - resident[start + t]
        tile[n, t] = cash[start + t]
        tile[s, t] = speed[start + t] * abroad
        tile[frozen, t] = abroad if speed[start + t] == 0.0 else 0.0
    for t in range(count, TILE):
        tile[n, t] = 0.0
        tile[s, t] = 0.0
        tile[frozen, t] = 0.0


@kernel
def _load_holdings(units, prices, quote, start, count, n, tile):
    """Holdings of a tile, and what they are worth: wealth, and gross with its weights."""
    wealth, gross = 2 * _even(n + 1) + 1, 2 * _even(n + 1) + 2
    for t in range(TILE):
        tile[wealth, t] = tile[n, t]
        tile[gross, t] = 0.0
    for k in range(n):
        price, weight = prices[k], _price_weight(quote[k])
        for t in range(count):
            held = units[k, start + t]
            tile[k, t] = held
            tile[wealth, t] += held * price
            tile[gross, t] += abs(held * price) * weight
        for t in range(count, TILE):
            tile[k, t] = 0.0


@kernel
def _load_shares(intent, start, count, least, n, tile):
    """Speed times target share of a tile; nothing for those without wealth.

    Returns the least wealth over gross met so far, `least` or smaller.
    """
    first = _even(n + 1)
    s, wealth, gross = first + n, 2 * first + 1, 2 * first + 2
    n_near = 0
    for t in range(TILE):
        n_near += abs(tile[wealth, t]) < least * tile[gross, t]
    if n_near > 0:
        for t in range(count):
            if abs(tile[wealth, t]) < least * tile[gross, t] and tile[s, t] != 0.0:
                least = abs(tile[wealth, t]) / tile[gross, t]
    for t in range(TILE):
        tile[wealth, t] = tile[s, t] if tile[wealth, t] > 0.0 else 0.0
    for k in range(n):
        for t in range(count):
            tile[first + k, t] = tile[wealth, t] * intent[k, start + t]
        for t in range(count, TILE):
            tile[first + k, t] = 0.0
    return least


@kernel
def _add_products(n, tile, lanes):
    """Add shares times holdings of a tile to the sums, in eight lanes."""
    size = _even(n + 1)
    for k in range(0, size, 2):
        for z in range(0, size, 2):
            add_lane_products(lanes, k, z, tile, size + k)


@kernel
def _add_frozen(intent, start, count, n, tile, lanes):
    """Add the frozen units of a tile, in eight lanes."""
    frozen = 2 * _even(n + 1)
    for k in range(n):
        for t in range(count):
            lanes[k, t % LANES] += tile[frozen, t] * intent[k, start + t]


@inlined
def _fold(lane):
    """Sum of eight lanes, in a tree."""
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]))


@kernel
def _fold_lanes(orders):
    """Move the sums of the lanes into the orders."""
    n = orders.frozen.size
    for k in range(n + 1):
        for j in range(n + 1):
            total = _fold(orders.lanes[k, j])
            orders.wealth_terms[k, j] += total
            orders.wealth_terms_nonresident[k, j] += total
            for lane in range(LANES):
                orders.lanes[k, j, lane] = 0.0
    for k in range(n):
        total = _fold(orders.lane_frozen[k])
        orders.frozen[k] += total
        orders.frozen_nonresident[k] += total
        for lane in range(LANES):
            orders.lane_frozen[k, lane] = 0.0


@kernel
def collect_orders(units, cash, intent, speed, resident, prices, quote, lo, hi, orders):
    """Add the orders of institutions lo <= i < hi at the USD prices (K,).                 (M34)

    units, intent (K, N); cash, speed (N,); resident (N,) uint8; quote (K,) int64. The bits of the
    sum depend on lo and hi, and on nothing else.
    """
    n, tile, least = prices.size, orders.tile, _NEAR_RUIN
    speeds = _even(n + 1) + n
    for chunk in range(lo, hi, CHUNK):
        stop = min(chunk + CHUNK, hi)
        for start in range(chunk, stop, TILE):
            count = min(TILE, stop - start)
            _load_traders(cash, speed, resident, start, count, n, tile)
            if _any(tile[speeds], count):
                _load_holdings(units, prices, quote, start, count, n, tile)
                least = _load_shares(intent, start, count, least, n, tile)
                _add_products(n, tile, orders.lanes)
            if _any(tile[2 * _even(n + 1)], count):
                _add_frozen(intent, start, count, n, tile, orders.lane_frozen)
        _fold_lanes(orders)
        for i in range(chunk, stop):
            if resident[i] != 0:
                _add_row(units, cash, intent, speed, resident, prices, quote, orders, i)
    if least < _NEAR_RUIN:
        orders.radius[0] = min(orders.radius[0], math.log1p(least))


@kernel
def _can_cross(units, cash, quote, lower, upper, i):
    """Whether wealth can be positive somewhere in the price box and not positive elsewhere."""
    least, most = cash[i], cash[i]
    for k in range(units.shape[0]):
        held = units[k, i]
        low, high = lower[k], upper[k]
        if quote[k] >= 0:
            low += lower[quote[k]]
            high += upper[quote[k]]
        if held >= 0.0:
            least += held * math.exp(low)
            most += held * math.exp(high)
        else:
            least += held * math.exp(high)
            most += held * math.exp(low)
    return least <= 0.0 and most > 0.0


@allocating_kernel
def gather_crossers(units, cash, intent, speed, resident, prices, quote, lower, upper):
    """Records of the institutions whose wealth could change sign within the price limits.

    Each row: holdings and cash (K+1), speed times target shares (K), whether the aggregate at
    `prices` has their targets in it (1 or 0), the same now (the solver keeps it), whether they are
    non-residents. Allocates; needed on bad days only.
    """
    n, n_rows = units.shape
    n_crossers = 0
    rows = np.empty(n_rows, np.int64)
    for i in range(n_rows):
        if speed[i] > 0.0 and _can_cross(units, cash, quote, lower, upper, i):
            rows[n_crossers] = i
            n_crossers += 1
    records = np.zeros((n_crossers, 2 * n + RECORD_EXTRA))
    for r in range(n_crossers):
        i = rows[r]
        wealth = cash[i]
        for k in range(n):
            wealth += units[k, i] * prices[k]
            records[r, k] = units[k, i]
            if k > 0 or resident[i] == 0:
                records[r, n + 1 + k] = speed[i] * intent[k, i]
        records[r, n] = cash[i]
        records[r, 2 * n + 1] = 1.0 if wealth > 0.0 else 0.0
        records[r, 2 * n + 2] = records[r, 2 * n + 1]
        records[r, 2 * n + 3] = 1.0 if resident[i] == 0 else 0.0
    return records


@kernel
def freeze_orders(orders, quote, start):
    """Put what institutions order at the log prices `start` in place of their demand.

    Currency legs are counted at the same prices. Excess demand then separates by instrument.
    """
    n = quote.size
    prices = orders.tile[0]
    for k in range(n):
        c = quote[k]
        prices[k] = math.exp(start[k] + start[c]) if c >= 0 else math.exp(start[k])
    prices[n] = 1.0
    for k in range(n):
        ordered = -orders.wealth_terms[n, k]
        abroad = orders.frozen_nonresident[k] - orders.wealth_terms_nonresident[n, k]
        for j in range(n + 1):
            ordered += orders.wealth_terms[k, j] * prices[j] / prices[k]
            abroad += orders.wealth_terms_nonresident[k, j] * prices[j] / prices[k]
        orders.frozen[k] += ordered
        if quote[k] >= 0:
            orders.frozen[quote[k]] += math.exp(start[k]) * abroad
    for k in range(n + 1):
        for j in range(n + 1):
            orders.wealth_terms[k, j] = 0.0
            orders.wealth_terms_nonresident[k, j] = 0.0
    for k in range(n):
        orders.frozen_nonresident[k] = 0.0
    orders.radius[0] = math.inf
