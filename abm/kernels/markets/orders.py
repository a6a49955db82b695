"""The orders of all institutions, added into one small matrix.

An order is s (c_k W(x)/X_k - a_k) + q_k and wealth is linear in the USD prices X. With cash as one
more holding at price 1, z = (a, m) and Z = (X, 1), one matrix holds what all of them want:

    Q = sum_i (s_i c_i1, ..., s_i c_iK, s_i)' z_i
    sum_i d_ik = (Q Z)_k / X_k - Q_{K+1,k} + q_k

exactly, while no institution's wealth changes sign (`radius` says how far that is certain;
`gather_candidates` lists those for whom it can). Sums are added in a fixed tree: eight lanes in
chunks of 4,096 institutions, whatever the number of threads and the width of the processor.
"""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.compiler.jit import allocating_kernel, inlined, kernel
from abm.kernels.compiler.lanes import LANES, add_lane_products, fold_lanes
from abm.kernels.contracts.balances import add_up_wealth, usd_price, wealth_at
from abm.kernels.numerics.columns import is_any
from abm.kernels.numerics.linear import TILE

CHUNK = 4096  # institutions summed before the lanes are folded; callers that split, split here
IN_UNITS = -1.0  # speed of an institution whose intent is units, whatever the price
_MAX_RADIUS = 0.2  # log; beyond it the bound for positions quoted in a currency does not hold
_QUOTED_WEIGHT = 1.0 + math.exp(_MAX_RADIUS)  # e^2r - 1 <= (1 + e^0.2)(e^r - 1) for r <= 0.2
_NEAR_RUIN = math.exp(_MAX_RADIUS) - 1.0  # share of gross below which wealth bounds the radius
RECORD_EXTRA = (
    4  # columns of a candidate's record beside holdings and shares, see gather_candidates
)


class Orders(NamedTuple):
    """Orders of all institutions. Rows and columns: K instruments, then cash (or the gap).

    wealth_terms : (K+1, K+1) Q; its last row is what is held and up for the gap, s a
    wealth_terms_nonresident : (K+1, K+1) the same over non-residents, whose assets need currency
    frozen, frozen_nonresident : (K,) units ordered whatever the price
    radius : (1,) largest log move within which no wealth can change sign
    tile, lanes, rows : scratch
    """

    wealth_terms: np.ndarray
    wealth_terms_nonresident: np.ndarray
    frozen: np.ndarray
    frozen_nonresident: np.ndarray
    radius: np.ndarray
    tile: np.ndarray
    lanes: np.ndarray
    rows: np.ndarray


class PriceLimits(NamedTuple):
    """Start of one round's log prices, and limits on how far they may go; each is (K,)."""

    quote: np.ndarray  # int64: currency an asset is quoted in, -1 for dollars
    lower: np.ndarray
    upper: np.ndarray
    start: np.ndarray


class OrderBook(NamedTuple):
    """Holdings and targets of institutions, by column.

    units, intent : (K, N) held; target shares of wealth, or units to trade
    cash : (N,) dollars
    speed : (N,) share of the gap to the target, IN_UNITS, or 0 for no order
    resident : (N,) uint8
    """

    units: np.ndarray
    cash: np.ndarray
    intent: np.ndarray
    speed: np.ndarray
    resident: np.ndarray


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
        tile=np.zeros((2 * even + 2, TILE)),
        lanes=np.zeros((even, even, LANES)),
        rows=np.zeros(CHUNK, np.int64),
    )


@kernel
def clear_orders(orders):
    """No orders; no institution's wealth can change sign within the largest radius."""
    orders.wealth_terms[:] = 0.0
    orders.wealth_terms_nonresident[:] = 0.0
    orders.frozen[:] = 0.0
    orders.frozen_nonresident[:] = 0.0
    orders.radius[0] = _MAX_RADIUS


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
def _wealth_row(n):
    """Row of a tile with wealth, above holdings and cash, and shares and speed; then gross."""
    return 2 * _even(n + 1)


@inlined
def _price_weight(quote):
    """Weight of a position in G: two log moves compound in an asset quoted in a currency."""
    return _QUOTED_WEIGHT if quote >= 0 else 1.0


@kernel
def _add_frozen(book, rows, orders):
    """Add the units that these institutions order at any price."""
    for r in range(rows.size):
        is_foreign = book.resident[rows[r]] == 0
        for k in range(orders.frozen.size):
            units = book.intent[k, rows[r]]
            orders.frozen[k] += units
            orders.frozen_nonresident[k] += units if is_foreign else 0.0


@kernel
def _add_row(book, prices, quote, orders, i):
    """Add the orders of institution i."""
    units, cash, n = book.units, book.cash, book.units.shape[0]
    s, foreign = book.speed[i], book.resident[i] == 0
    if s <= 0.0:
        return
    wealth, gross = wealth_at(i, units, cash, prices), 0.0
    for k in range(n):
        gross += abs(units[k, i] * prices[k]) * _price_weight(quote[k])
    orders.radius[0] = min(orders.radius[0], safe_radius(wealth, gross))
    for k in range(n + 1):
        share = s if k == n else s * book.intent[k, i]
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
def collect_rows(book, prices, quote, rows, orders):
    """Add the orders of a short list of institutions, in the order given."""
    for r in range(rows.size):
        if book.speed[rows[r]] == IN_UNITS:
            _add_frozen(book, rows[r : r + 1], orders)
        else:
            _add_row(book, prices, quote, orders, rows[r])


@kernel
def _weigh(count, prices, quote, tile):
    """Wealth of a tile's institutions, and gross positions with their weights."""
    n = prices.size
    wealth, gross = tile[_wealth_row(n)][:count], tile[_wealth_row(n) + 1][:count]
    add_up_wealth(0, count, tile, tile[n], prices, wealth)
    gross[:] = 0.0
    for k in range(n):
        price, weight, held = prices[k], _price_weight(quote[k]), tile[k]
        for t in range(count):
            gross[t] += abs(held[t] * price) * weight


@inlined
def _nearest_ruin(count, n, tile, least):
    """Least wealth over gross positions met so far: `least`, or smaller in this tile."""
    wealth, gross = tile[_wealth_row(n)], tile[_wealth_row(n) + 1]
    for t in range(count):
        if abs(wealth[t]) < least * gross[t]:
            least = abs(wealth[t]) / gross[t]
    return least


@inlined
def _scale_shares(count, n, tile):
    """Target shares times speed; nothing for those without wealth."""
    first = _even(n + 1)
    speed, wealth = tile[first + n], tile[_wealth_row(n)]
    for t in range(count):
        wealth[t] = speed[t] if wealth[t] > 0.0 else 0.0
    for k in range(n):
        shares = tile[first + k]
        for t in range(count):
            shares[t] *= wealth[t]


@kernel
def _add_products(count, n, tile, lanes):
    """Add shares times holdings of a tile to the sums, in eight lanes; blocks of zeros add none.

    The columns past `count`, up to a multiple of eight, hold zeros.
    """
    size = _even(n + 1)
    whole = (count + LANES - 1) // LANES * LANES
    for row in range(2 * size):
        for t in range(count, whole):
            tile[row, t] = 0.0
    for k in range(0, size, 2):
        if is_any(tile[size + k][:count]) or is_any(tile[size + k + 1][:count]):
            for z in range(0, size, 2):
                add_lane_products(lanes, k, z, tile, size + k, whole)


@inlined
def _load_tile(book, rows, n, tile):
    """Holdings and cash, target shares and speed of the given institutions."""
    first, count = _even(n + 1), rows.size
    for k in range(n):
        for t in range(count):
            tile[k, t] = book.units[k, rows[t]]
            tile[first + k, t] = book.intent[k, rows[t]]
    for t in range(count):
        tile[n, t] = book.cash[rows[t]]
        tile[first + n, t] = book.speed[rows[t]]


@kernel
def _add_tile(book, prices, quote, rows, least, orders):
    """Add the orders of a tile of institutions; return the least wealth over gross met so far."""
    n, tile, count = prices.size, orders.tile, rows.size
    _load_tile(book, rows, n, tile)
    _weigh(count, prices, quote, tile)
    least = _nearest_ruin(count, n, tile, least)
    _scale_shares(count, n, tile)
    _add_products(count, n, tile, orders.lanes)
    return least


@inlined
def _fold_lanes(orders):
    """Move the sums of the lanes into the orders."""
    n = orders.frozen.size
    for k in range(n + 1):
        for j in range(n + 1):
            total = fold_lanes(orders.lanes, k, j)
            orders.wealth_terms[k, j] += total
            orders.wealth_terms_nonresident[k, j] += total


@inlined
def _is_apart(speed, resident):
    """True for an order that goes into no tile: in units, or of a resident."""
    return (speed == IN_UNITS) | ((resident != 0) & (speed != 0.0))


@kernel
def _collect_apart(book, prices, quote, lo, hi, orders):
    """Add the orders of institutions lo..hi that go into no tile."""
    count = 0
    for i in range(lo, hi):
        if not _is_apart(book.speed[i], book.resident[i]):
            continue
        if book.speed[i] == IN_UNITS:
            orders.rows[count] = i
            count += 1
        else:
            _add_row(book, prices, quote, orders, i)
    _add_frozen(book, orders.rows[:count], orders)


@inlined
def _list_pooled(lo, speed, resident, rows):
    """List those from row `lo` on whose orders go into tiles; return how many.

    Written without a branch: who trades today is hard to guess, and a wrong guess costs more.
    """
    count = 0
    for j in range(speed.size):
        rows[count] = lo + j
        count += (speed[j] != 0.0) & (not _is_apart(speed[j], resident[j]))
    return count


@kernel
def collect_orders(book, prices, quote, lo, hi, orders):
    """Add the orders of institutions lo <= i < hi at the USD prices (K,).                 (M34)

    Those who trade towards a target are moved together into tiles. The bits of the sum depend on
    lo and hi and on what is ordered.
    """
    least = _NEAR_RUIN
    for chunk in range(lo, hi, CHUNK):
        stop = min(chunk + CHUNK, hi)
        _collect_apart(book, prices, quote, chunk, stop, orders)
        count = _list_pooled(chunk, book.speed[chunk:stop], book.resident[chunk:stop], orders.rows)
        for first in range(0, count, TILE):
            rows = orders.rows[first : min(first + TILE, count)]
            least = _add_tile(book, prices, quote, rows, least, orders)
        _fold_lanes(orders)
    if least < _NEAR_RUIN:
        orders.radius[0] = min(orders.radius[0], math.log1p(least))


@inlined
def _can_cross(book, limits, i):
    """True if wealth can be positive somewhere in the price box and not positive elsewhere."""
    least, most = book.cash[i], book.cash[i]
    for k in range(limits.quote.size):
        held = book.units[k, i]
        low, high = limits.lower[k], limits.upper[k]
        if limits.quote[k] >= 0:
            low += limits.lower[limits.quote[k]]
            high += limits.upper[limits.quote[k]]
        if held >= 0.0:
            least += held * math.exp(low)
            most += held * math.exp(high)
        else:
            least += held * math.exp(high)
            most += held * math.exp(low)
    return least <= 0.0 and most > 0.0


@allocating_kernel
def gather_candidates(book, prices, limits):
    """Records of the institutions whose wealth could change sign within the price limits.

    Each row: holdings and cash (K+1), speed times target shares (K), whether the aggregate at
    `prices` has their targets in it (1 or 0), the same now (the solver keeps it), whether they are
    non-residents. Allocates; needed on bad days only.
    """
    units, cash, speed, resident = book.units, book.cash, book.speed, book.resident
    n, n_rows = units.shape
    n_candidates = 0
    rows = np.empty(n_rows, np.int64)
    for i in range(n_rows):
        if speed[i] > 0.0 and _can_cross(book, limits, i):
            rows[n_candidates] = i
            n_candidates += 1
    records = np.zeros((n_candidates, 2 * n + RECORD_EXTRA))
    for r in range(n_candidates):
        i = rows[r]
        wealth = wealth_at(i, units, cash, prices)
        for k in range(n):
            records[r, k] = units[k, i]
            if k > 0 or resident[i] == 0:
                records[r, n + 1 + k] = speed[i] * book.intent[k, i]
        records[r, n] = cash[i]
        records[r, 2 * n + 1] = 1.0 if wealth > 0.0 else 0.0
        records[r, 2 * n + 2] = records[r, 2 * n + 1]
        records[r, 2 * n + 3] = 1.0 if resident[i] == 0 else 0.0
    return records


@inlined
def worth_wanted(k, terms, prices):
    """USD worth of instrument k that is wanted, (Q Z)_k.                            (M34, M36)"""
    worth = 0.0
    for j in range(prices.size):
        worth += terms[k, j] * prices[j]
    return worth


@inlined
def unpriced_orders(k, frozen, terms):
    """Part of the orders of instrument k that no price moves [units].               (M34, M36)"""
    return frozen[k] - terms[frozen.size, k]


@inlined
def currency_leg(local_price, ordered):
    """Units of its currency that non-residents buy for an asset they order.             (M36)"""
    return local_price * ordered


@kernel
def freeze_orders(orders, quote, start):
    """Put what institutions order at the log prices `start` in place of their demand.

    Currency legs are counted at the same prices. Excess demand then separates by instrument.
    """
    n = quote.size
    prices = orders.tile[0][: n + 1]
    for k in range(n):
        prices[k] = usd_price(k, start, quote)
    prices[n] = 1.0
    every, nonresident = orders.wealth_terms, orders.wealth_terms_nonresident
    for k in range(n):
        ordered = unpriced_orders(k, orders.frozen, every)
        abroad = unpriced_orders(k, orders.frozen_nonresident, nonresident)
        orders.frozen[k] = ordered + worth_wanted(k, every, prices) / prices[k]
        if quote[k] >= 0:
            abroad += worth_wanted(k, nonresident, prices) / prices[k]
            orders.frozen[quote[k]] += currency_leg(math.exp(start[k]), abroad)
    orders.wealth_terms[:] = 0.0
    orders.wealth_terms_nonresident[:] = 0.0
    orders.frozen_nonresident[:] = 0.0
    orders.radius[0] = math.inf
