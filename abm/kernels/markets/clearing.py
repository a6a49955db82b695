"""One round of clearing: the first rest point of dx/dtau = F(x)/D from the last price.

    F_k = orders + currency legs + [h0 + sv (u(x) - h0) - h] - M (x - x_ref) - g + external

F_k = 0 within the limits, <= 0 at the lower one, >= 0 at the upper one; D = sv Lambda + M. Several
prices may clear a leveraged market. The one the flow reaches first is found by following it until
the natural residual max|clip(x + F/D) - x| is small, then polished by Newton and certified: the
spectrum of D^-1 dF/dx negative on the instruments within limits, and no jump in between. On quiet
days Newton goes there at once, and a bound on dF/dx proves that the flow could end nowhere else.
Orders come as the matrices of `orders`: an evaluation costs O(K^2) for any number of institutions.
"""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.compiler.jit import allocating_kernel, inlined, kernel
from abm.kernels.contracts.balances import usd_price
from abm.kernels.markets.certify import feedback_gain, is_only_rest_point, is_stable
from abm.kernels.markets.flow import (
    AT_LIMIT,
    CLEARED,
    FAILED,
    LEFT_RADIUS,
    follow_flow,
    move_point,
    outside,
    pushed,
    take_free_block,
    velocity,
    within,
)
from abm.kernels.markets.impact import (
    BLOCK,
    EXCESS,
    FREE,
    IS_PRICED,
    KEPT,
    ORIGIN,
    PRICE,
    STEP,
    X,
    differentiate_excess,
    evaluate_excess,
    own_slope,
    prepare_round,
    take_terms,
)
from abm.kernels.markets.orders import gather_candidates
from abm.kernels.numerics.linear import solve_in_place

TOLERANCE = 1e-10  # natural residual of a cleared market [log]
_REST = 1e-12  # below it the flow itself stands still, whatever the spectrum
_FIRST_SWITCH = 1e-3  # residual at which Newton takes over
_SHRINK = 0.05  # of the switch, when the certificate fails
_CREEP = 1e-4  # log; a step that moves less may take longer: next to a fold the flow is slow
_MAX_STEPS = 100_000
_MAX_NEWTON = 30
_MAX_NEWTON_MOVE = 0.05  # log
_MAX_JUMP = 100.0  # polish jump over the residual it started from
_MAX_POLISH = 0.01  # log; a longer jump may end at a neighbouring rest point
_MAX_LEAP = 0.1  # log; of Newton from the start, where it can be proved right


class SolverOptions(NamedTuple):
    """Options of one clearing, and the arrays for its prices and excess demands, (K,) each."""

    tolerance: float  # of the natural residual, log
    want_gain: bool  # whether the feedback gain is computed
    log_price: np.ndarray
    excess: np.ndarray  # units


class ClearingReport(NamedTuple):
    """End of a round. residual: natural, log; gain: 1 + max Re eig(D^-1 dF/dx), nan if none."""

    status: int
    iterations: int
    residual: float
    gain: float


@inlined
def _step_alone(codes, v):
    """Newton's steps where every price moves its own market alone; returns how many there are."""
    n_free = 0
    for k in range(codes.shape[1]):
        if not pushed(k, v):
            codes[FREE, n_free] = k
            v[STEP, n_free] = -v[EXCESS, k] / own_slope(k, codes, v)
            n_free += 1
    return n_free


@kernel
def _newton_step(codes, v, m):
    """Move the instruments within limits by one capped Newton step; False if J is singular."""
    if codes[IS_PRICED, 0]:
        differentiate_excess(codes, v, m)
        n_free = take_free_block(codes, v, m)
        for i in range(n_free):
            v[STEP, i] = -v[EXCESS, codes[FREE, i]]
        if not solve_in_place(m[BLOCK], v[STEP], n_free):
            return False
    else:
        n_free = _step_alone(codes, v)
    largest = 0.0
    for i in range(n_free):
        largest = max(largest, abs(v[STEP, i]))
    scale = _MAX_NEWTON_MOVE / largest if largest > _MAX_NEWTON_MOVE else 1.0
    for i in range(n_free):
        k = codes[FREE, i]
        v[X, k] = within(v[X, k] + scale * v[STEP, i], k, v)
    return True


@kernel
def _polish(candidates, residual, allowed, tolerance, radius, codes, v, m):
    """Newton with the instruments at a limit held there: (status, steps, residual).

    Gives up where it leaves what is known, or strays further than `allowed` [log].
    """
    n = codes.shape[1]
    for step in range(_MAX_NEWTON):
        if residual < tolerance:
            return CLEARED, step, residual
        if not _newton_step(codes, v, m) or outside(radius, n, v):
            return FAILED, step, residual
        for k in range(n):
            if not abs(v[X, k] - v[KEPT, k]) <= allowed:
                return FAILED, step, residual
        evaluate_excess(candidates, codes, v, m)
        residual, _ = velocity(n, v)
    return FAILED, _MAX_NEWTON, residual


@kernel
def _find_rest_point(candidates, tolerance, radius, work):
    """Leap with proof, or flow, polish, certificate, each time from nearer.

    Returns (status, iterations, residual).
    """
    codes, v, m = work.codes, work.vectors, work.squares
    n = codes.shape[1]
    switch, creep = _FIRST_SWITCH, 0.0
    n_flow, n_newton = 0, 0
    evaluate_excess(candidates, codes, v, m)
    if candidates.shape[0] == 0:
        move_point(KEPT, X, n, v)
        residual, _ = velocity(n, v)
        status, n_newton, residual = _polish(
            candidates, residual, _MAX_LEAP, tolerance, radius, codes, v, m
        )
        if status == CLEARED and is_only_rest_point(radius, codes, v, m):
            return CLEARED, n_newton, residual
        move_point(X, KEPT, n, v)
        evaluate_excess(candidates, codes, v, m)
    while True:
        budget = _MAX_STEPS - n_flow
        status, steps, residual = follow_flow(
            candidates, switch, creep, radius, budget, codes, v, m
        )
        n_flow += steps
        if status != CLEARED or residual < _REST:
            return status, n_flow + n_newton, residual
        move_point(KEPT, X, n, v)
        allowed = min(_MAX_JUMP * residual, _MAX_POLISH)  # further on another rest point may lie
        status, steps, polished = _polish(
            candidates, residual, allowed, tolerance, radius, codes, v, m
        )
        n_newton += steps
        if status == CLEARED and is_stable(codes, v, m):
            return CLEARED, n_flow + n_newton, polished
        move_point(X, KEPT, n, v)
        evaluate_excess(candidates, codes, v, m)
        switch, creep = min(switch, residual) * _SHRINK, _CREEP


@kernel
def solve_prepared(is_finite, candidates, radius, options, work):
    """Prices of the round that is in work, and excess demand there, to `options`; see below."""
    codes, v = work.codes, work.vectors
    n = codes.shape[1]
    for k in range(n):
        options.log_price[k], options.excess[k] = v[ORIGIN, k], 0.0
    if not is_finite:
        return ClearingReport(FAILED, 0, math.inf, math.nan)
    status, iterations, residual = _find_rest_point(candidates, options.tolerance, radius, work)
    if status != CLEARED or not math.isfinite(residual):
        status = LEFT_RADIUS if status == LEFT_RADIUS else FAILED
        return ClearingReport(status, iterations, math.inf, math.nan)
    for k in range(n):
        options.log_price[k], options.excess[k] = v[X, k], v[EXCESS, k]
        if pushed(k, v):
            status = AT_LIMIT
    gain = feedback_gain(codes, v, work.squares) if options.want_gain else math.nan
    return ClearingReport(status, iterations, residual, gain)


@inlined
def solve_clearing(orders, candidates, liquidity, limits, options, work):
    """Prices of one round, and excess demand there, to `options`.                            (M37)

    `candidates` are the records of `gather_candidates`, made for these limits, or
    work.no_candidates. Status CLEARED, AT_LIMIT, FAILED (prices of the start, excess 0) or
    LEFT_RADIUS: beyond orders.radius the candidates are needed (`clear_round` sees to it).
    """
    is_finite = prepare_round(orders, liquidity, limits, work)
    if candidates.shape[0] > 0:
        take_terms(orders, work)  # who is without wealth at the start may have some later
    return solve_prepared(is_finite, candidates, orders.radius[0], options, work)


@inlined
def clear_round(book, orders, liquidity, limits, options, work):
    """`solve_clearing`, again with the candidates if the prices leave the safe radius.

    `orders` must have been collected at the prices of the start; their radius is then put to
    infinity, since every candidate is listed.
    """
    report = solve_clearing(orders, work.no_candidates, liquidity, limits, options, work)
    if report.status == LEFT_RADIUS:
        report = clear_beyond_radius(book, orders, liquidity, limits, options, work)
    return report


@allocating_kernel
def clear_beyond_radius(book, orders, liquidity, limits, options, work):
    """`solve_clearing` with every institution listed whose wealth may change sign."""
    quote, start = limits.quote, limits.start
    prices = work.vectors[PRICE][: quote.size]
    for k in range(quote.size):
        prices[k] = usd_price(k, start, quote)
    candidates = gather_candidates(book, prices, limits)
    orders.radius[0] = math.inf
    return solve_clearing(orders, candidates, liquidity, limits, options, work)
