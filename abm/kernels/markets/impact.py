"""Price impact: the depth of a market, and the excess demand left at a point.

Value investors' laws are in `behaviours.value_investor`; all others are linear.
"""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.behaviours.value_investor import (
    LINEAR,
    NONE,
    TANH,
    filled_share,
    position_at,
    slope_at,
    value_order,
    value_slope,
)
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import wealth_at
from abm.kernels.markets.orders import currency_leg, unpriced_orders, worth_wanted


class Liquidity(NamedTuple):
    """Those who take the other side, by instrument (K,). Units, logs, units per log.

    law : int64, see `impact`; external : exogenous orders of the round;
    hedger_order : of option hedgers and order anticipators at a log price of 0, with hedger_gamma
    units more per log
    """

    value_held_open: np.ndarray
    value_held: np.ndarray
    value_depth: np.ndarray
    value_capacity: np.ndarray
    value_speed: np.ndarray
    fundamental: np.ndarray
    dealer_depth: np.ndarray
    dealer_reference: np.ndarray
    dealer_held: np.ndarray
    hedger_gamma: np.ndarray
    hedger_order: np.ndarray
    external: np.ndarray
    law: np.ndarray


# Rows of ClearingWork.vectors, one entry per instrument.
(
    LOWER,  # price limits
    UPPER,
    ORIGIN,  # log prices the flow starts from
    DEPTH,  # D = sv Lambda + M
    PER_DEPTH,  # 1/D
    CONSTANT,  # part of F that no price moves
    HELD_ABROAD,  # what non-residents hold and put up for their gap, less their frozen orders
    SPEED,  # of value investors, sv
    VALUE_DEPTH,
    CAPACITY,
    FUNDAMENTAL,
    LINEAR_SLOPE,  # of dealers less those who trade with the price
    X,  # the point
    LOCAL,  # exp(x)
    PRICE,  # USD price; cash, the last entry, has price 1
    WORTH,  # USD worth wanted, (Q Z)_k
    WORTH_ABROAD,  # of non-residents
    EXCESS,  # F
    KEPT,  # point to return to
    STEP,
    SHARE,  # of their capacity that value investors hold at the point
    POSITION,  # of value investors there
) = range(22)
# Rows of ClearingWork.codes: quote currency, law, the instruments within their limits, those quoted
# in a currency, how many of these there are, 1 if an order of an institution moves with prices, 1
# while the Jacobian is that of the point.
QUOTE, LAW, FREE, QUOTED, N_QUOTED, IS_PRICED, IS_DIFFERENTIATED = range(7)
# Matrices of ClearingWork.squares: target rows of Q (all, non-residents), dF/dx, scratch.
WANTED, WANTED_ABROAD, JACOBIAN, BLOCK, SCALED = range(5)


class ClearingWork(NamedTuple):
    """Scratch of the solver: the system of one round, and the point it stands at.

    Few arrays with named rows: a kernel call pays for every array it is handed.
    """

    codes: np.ndarray  # (7, K) int64
    vectors: np.ndarray  # (22, K+1)
    squares: np.ndarray  # (5, K+1, K+1)
    no_candidates: np.ndarray  # (0, 2K+4)


def allocate_work(n_instruments: int) -> ClearingWork:
    """Scratch for a market of K instruments; one per thread."""
    k = n_instruments
    return ClearingWork(
        codes=np.zeros((7, k), np.int64),
        vectors=np.zeros((22, k + 1)),
        squares=np.zeros((5, k + 1, k + 1)),
        no_candidates=np.zeros((0, 2 * k + 4)),
    )


@inlined
def depth_of_day(law, value_speed, value_depth, dealer_depth):
    """Units that a market takes in a day per log of price, D = sv Lambda + M.              (M37)"""
    return (value_speed * value_depth if law != NONE else 0.0) + dealer_depth


@inlined
def dealer_order(log_price, depth, reference, held):
    """Order of dealers [units]: -M (x - x_ref) - g, linear in the price.                   (M35)"""
    return -depth * (log_price - reference) - held


@inlined
def _prepare_instrument(k, liquidity, own, abroad, v):
    """Constants of instrument k: `own` and `abroad` are orders that no price moves [units].

    Of value investors and dealers it is what they would order at u = 0 and x = 0.
    """
    speed = liquidity.value_speed[k] if liquidity.law[k] != NONE else 0.0
    held = value_order(
        liquidity.law[k], 0.0, speed, liquidity.value_held_open[k], liquidity.value_held[k]
    )
    depth = depth_of_day(
        liquidity.law[k], liquidity.value_speed[k], liquidity.value_depth[k],
        liquidity.dealer_depth[k],
    )  # fmt: skip
    dealers = dealer_order(
        0.0, liquidity.dealer_depth[k], liquidity.dealer_reference[k], liquidity.dealer_held[k]
    )
    v[CONSTANT, k] = own + held + dealers + liquidity.external[k] + liquidity.hedger_order[k]
    v[HELD_ABROAD, k] = -abroad
    v[SPEED, k] = speed
    v[DEPTH, k] = depth
    v[PER_DEPTH, k] = 1.0 / depth if depth > 0.0 else math.nan
    v[VALUE_DEPTH, k] = liquidity.value_depth[k]
    v[CAPACITY, k] = liquidity.value_capacity[k]
    v[FUNDAMENTAL, k] = liquidity.fundamental[k]
    v[LINEAR_SLOPE, k] = liquidity.dealer_depth[k] - liquidity.hedger_gamma[k]


@kernel
def prepare_round(orders, liquidity, limits, work):
    """Copy the round's system into work; returns whether all of it is finite and D > 0."""
    quote, lower, upper, start = limits.quote, limits.lower, limits.upper, limits.start
    v = work.vectors
    all_terms, abroad_terms = orders.wealth_terms, orders.wealth_terms_nonresident
    check, n_priced, n_infinite, n_quoted = 0.0, 0, 0, 0
    for k in range(quote.size):
        own = unpriced_orders(k, orders.frozen, all_terms)
        abroad = unpriced_orders(k, orders.frozen_nonresident, abroad_terms)
        _prepare_instrument(k, liquidity, own, abroad, v)
        work.codes[QUOTE, k], work.codes[LAW, k] = quote[k], liquidity.law[k]
        if quote[k] >= 0:
            work.codes[QUOTED, n_quoted] = k
            n_quoted += 1
        v[LOWER, k], v[UPPER, k], v[ORIGIN, k] = lower[k], upper[k], start[k]
        v[X, k] = min(max(start[k], lower[k]), upper[k])
        check += (v[CONSTANT, k] + v[HELD_ABROAD, k]) + (v[PER_DEPTH, k] + start[k])
        n_priced += abroad != 0.0
        for j in range(quote.size + 1):  # counted: a sum would take them one after the other
            term, foreign = all_terms[k, j], abroad_terms[k, j]
            n_priced += (term != 0.0) | (foreign != 0.0)
            n_infinite += (term - term != 0.0) | (foreign - foreign != 0.0)
    work.codes[N_QUOTED, 0] = n_quoted
    work.codes[IS_PRICED, 0] = 0
    if n_priced > 0:
        take_terms(orders, work)
    return n_infinite == 0 and math.isfinite(check)


@kernel
def take_terms(orders, work):
    """Copy the orders that move with prices into work."""
    m, n = work.squares, work.codes.shape[1]
    for k in range(n):
        for j in range(n + 1):
            m[WANTED, k, j] = orders.wealth_terms[k, j]
            m[WANTED_ABROAD, k, j] = orders.wealth_terms_nonresident[k, j]
    work.vectors[PRICE, n] = 1.0
    work.codes[IS_PRICED, 0] = 1


@inlined
def _follow_candidates(candidates, n, v, m):
    """Take the targets of institutions whose wealth is gone out of Q, and put back the others'."""
    columns, prices = candidates.T, v[PRICE][:n]
    for r in range(candidates.shape[0]):
        wealth = wealth_at(r, columns, columns[n], prices)
        solvent = 1.0 if wealth > 0.0 else 0.0
        change = solvent - candidates[r, 2 * n + 2]
        if change != 0.0:
            candidates[r, 2 * n + 2] = solvent
            for k in range(n):
                share = change * candidates[r, n + 1 + k]
                for j in range(n + 1):
                    m[WANTED, k, j] += share * candidates[r, j]
                    m[WANTED_ABROAD, k, j] += share * candidates[r, j] * candidates[r, 2 * n + 3]


@inlined
def _set_prices(codes, v):
    """exp(x), and the USD prices."""
    for k in range(codes.shape[1]):
        v[LOCAL, k] = math.exp(v[X, k])
        v[PRICE, k] = v[LOCAL, k]
    for q in range(codes[N_QUOTED, 0]):
        k = codes[QUOTED, q]
        v[PRICE, k] *= v[LOCAL, codes[QUOTE, k]]


@kernel
def evaluate_excess(candidates, codes, v, m):
    """Excess demand F at the point, with currency legs: buying an asset buys its currency. (M36)

    F_k += (Q Z)_k / X_k,    F_c += sum over assets k quoted in c of exp(x_k) d_k of non-residents
    """
    n = codes.shape[1]
    codes[IS_DIFFERENTIATED, 0] = 0
    if codes[IS_PRICED, 0]:
        _evaluate_orders(candidates, codes, v, m)
    else:
        v[EXCESS, :n] = 0.0
    for k in range(n):
        law, z = codes[LAW, k], v[X, k] - v[FUNDAMENTAL, k]
        v[SHARE, k] = filled_share(law, z, v[CAPACITY, k])
        v[POSITION, k] = position_at(law, z, v[SHARE, k], v[VALUE_DEPTH, k], v[CAPACITY, k])
        value = v[SPEED, k] * v[POSITION, k]
        linear = -v[LINEAR_SLOPE, k] * v[X, k]
        v[EXCESS, k] = v[EXCESS, k] + v[CONSTANT, k] + value + linear
    if codes[IS_PRICED, 0]:
        _evaluate_legs(codes, v, m)


@inlined
def _evaluate_orders(candidates, codes, v, m):
    """Orders of institutions, (Q Z)_k / X_k, into the excess demand."""
    n = codes.shape[1]
    _set_prices(codes, v)
    if candidates.shape[0] > 0:
        _follow_candidates(candidates, n, v, m)
    wanted, prices = m[WANTED], v[PRICE]
    for k in range(n):
        v[WORTH, k] = worth_wanted(k, wanted, prices)
        v[EXCESS, k] = v[WORTH, k] / v[PRICE, k]


@inlined
def _evaluate_legs(codes, v, m):
    """Add the currencies of what non-residents order to the excess demand."""
    abroad, prices = m[WANTED_ABROAD], v[PRICE]
    for q in range(codes[N_QUOTED, 0]):
        k = codes[QUOTED, q]
        v[WORTH_ABROAD, k] = worth_wanted(k, abroad, prices)
        ordered = v[WORTH_ABROAD, k] / v[PRICE, k] - v[HELD_ABROAD, k]
        v[EXCESS, codes[QUOTE, k]] += currency_leg(v[LOCAL, k], ordered)


@inlined
def _differentiate_orders(codes, v, m):
    """Jacobian of (Q Z)_k / X_k: X_j moves with x_j and with the price of its currency."""
    n = codes.shape[1]
    for k in range(n):
        scale = 1.0 / v[PRICE, k]
        for j in range(n):
            m[JACOBIAN, k, j] = scale * m[WANTED, k, j] * v[PRICE, j]
        for q in range(codes[N_QUOTED, 0]):
            j = codes[QUOTED, q]
            m[JACOBIAN, k, codes[QUOTE, j]] += scale * m[WANTED, k, j] * v[PRICE, j]
        m[JACOBIAN, k, k] -= scale * v[WORTH, k]


@inlined
def _differentiate_legs(k, codes, v, m):
    """Add the derivatives of instrument k's currency leg, and of X_k through its currency."""
    n = codes.shape[1]
    c = codes[QUOTE, k]
    scale = 1.0 / v[PRICE, c]
    m[JACOBIAN, k, c] -= v[WORTH, k] / v[PRICE, k]
    for j in range(n):
        m[JACOBIAN, c, j] += scale * m[WANTED_ABROAD, k, j] * v[PRICE, j]
    for q in range(codes[N_QUOTED, 0]):
        j = codes[QUOTED, q]
        m[JACOBIAN, c, codes[QUOTE, j]] += scale * m[WANTED_ABROAD, k, j] * v[PRICE, j]
    m[JACOBIAN, c, c] -= scale * v[WORTH_ABROAD, k]
    m[JACOBIAN, c, k] -= v[LOCAL, k] * v[HELD_ABROAD, k]


@inlined
def own_slope(k, codes, v):
    """Slope of market makers' orders at the point evaluated last [units per log]."""
    z = v[X, k] - v[FUNDAMENTAL, k]
    slope = slope_at(codes[LAW, k], z, v[SHARE, k], v[VALUE_DEPTH, k], v[CAPACITY, k])
    return v[SPEED, k] * slope - v[LINEAR_SLOPE, k]


@kernel
def differentiate_excess(codes, v, m):
    """Jacobian dF/dx at the point evaluated last."""
    n = codes.shape[1]
    if codes[IS_DIFFERENTIATED, 0]:
        return
    if codes[IS_PRICED, 0]:
        _differentiate_orders(codes, v, m)
    else:
        m[JACOBIAN] = 0.0
    for k in range(n):
        m[JACOBIAN, k, k] += own_slope(k, codes, v)
    if codes[IS_PRICED, 0]:
        for q in range(codes[N_QUOTED, 0]):
            _differentiate_legs(codes[QUOTED, q], codes, v, m)
    codes[IS_DIFFERENTIATED, 0] = 1


@inlined
def bound_growth(distance, codes, v, m):
    """Most by which a row sum of dF/dx grows within `distance` [log] of the point, into v[STEP].

    Rows sum the diagonal and the sizes of the other entries. Every term of an order is a ratio of
    products of two prices and grows by no more than exp(4 distance); F_k has it in its own price,
    in that of j, of the currency of j and of its own currency. Value investors' slope is flattest
    at the far end of the box.
    """
    n = codes.shape[1]
    v[STEP, :n] = 0.0
    if codes[IS_PRICED, 0]:
        _bound_growth_of_orders(distance, codes, v, m)
    for k in range(n):
        z = abs(v[X, k] - v[FUNDAMENTAL, k])
        depth, capacity = v[VALUE_DEPTH, k], v[CAPACITY, k]
        if codes[LAW, k] == TANH or codes[LAW, k] == LINEAR:
            flattest = value_slope(codes[LAW, k], z + distance, 0.0, depth, capacity)
            slope = slope_at(codes[LAW, k], z, v[SHARE, k], depth, capacity)
            v[STEP, k] += v[SPEED, k] * (flattest - slope)
        elif v[SPEED, k] > 0.0:
            v[STEP, k] = math.inf


@inlined
def _bound_growth_of_orders(distance, codes, v, m):
    """The part of institutions' orders in it, currency legs included."""
    n = codes.shape[1]
    stretch = 4.0 * math.expm1(4.0 * distance)
    for k in range(n):
        size = 0.0
        for j in range(n + 1):
            size += abs(m[WANTED, k, j]) * v[PRICE, j]
        v[STEP, k] += stretch * size / v[PRICE, k]
    for q in range(codes[N_QUOTED, 0]):
        k = codes[QUOTED, q]
        size = 0.0
        for j in range(n + 1):
            size += abs(m[WANTED_ABROAD, k, j]) * v[PRICE, j]
        size = size / v[PRICE, codes[QUOTE, k]] + v[LOCAL, k] * abs(v[HELD_ABROAD, k])
        v[STEP, codes[QUOTE, k]] += stretch * size
