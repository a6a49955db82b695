"""One round of clearing: the first rest point of dx/dtau = F(x)/D from the last price.

    F_k = orders + currency legs + [h0 + sv (u(x) - h0) - h] - M (x - x_ref) - g + external

F_k = 0 within the limits, <= 0 at the lower one, >= 0 at the upper one; D = sv Lambda + M. Several
prices may clear a leveraged market. The one the flow reaches first is found by following it until
the natural residual max|clip(x + F/D) - x| is small, then polished by Newton and certified: the
spectrum of D^-1 dF/dx negative on the instruments within limits, and no jump in between. On quiet
days Newton goes there at once, and a bound on dF/dx proves that the flow could end nowhere else.
Orders
come as the matrices of `orders`, so that an evaluation costs O(K^2) for any number of institutions.
"""

import math
from typing import NamedTuple

from abm.kernels.impact import (
    BLOCK,
    DEPTH,
    EXCESS,
    FACTOR,
    FREE,
    JACOBIAN,
    KEPT,
    LOWER,
    ORIGIN,
    PER_DEPTH,
    PRICE,
    STEP,
    UPPER,
    ClearingWork,
    Liquidity,
    X,
    allocate_work,
    bound_growth,
    differentiate_excess,
    evaluate_excess,
    prepare_round,
)
from abm.kernels.jit import allocating_kernel, inlined, kernel
from abm.kernels.linear import (
    falls_by_cholesky,
    falls_by_majorant,
    falls_by_row_dominance,
    largest_real_part,
    solve_in_place,
)
from abm.kernels.orders import gather_crossers

__all__ = [
    "AT_LIMIT",
    "CLEARED",
    "FAILED",
    "LEFT_RADIUS",
    "TOLERANCE",
    "ClearingReport",
    "ClearingWork",
    "Liquidity",
    "allocate_work",
    "clear_round",
    "solve_clearing",
]

CLEARED, AT_LIMIT, FAILED, LEFT_RADIUS = 0, 1, 2, 3

TOLERANCE = 1e-10  # natural residual of a cleared market [log]
_REST = 1e-12  # below it the flow itself stands still, whatever the spectrum
_FIRST_SWITCH = 1e-3  # residual at which Newton takes over
_SHRINK = 0.05  # of the switch, when the certificate fails
_MAX_TIME_STEP = 0.4
_MAX_MOVE = 0.02  # log, of one step of the flow
_CREEP = 1e-4  # log; a step that moves less may take longer: next to a fold the flow is slow
_MAX_STIFF_STEP = 0.5  # time step times the largest row of |D^-1 dF/dx|
_STIFFNESS_EVERY = 8  # steps
_MAX_BEND = 0.5  # of a step, between its first and its mean slope; a steady flow has half that
_MAX_STEPS = 100_000
_MAX_NEWTON = 30
_MAX_NEWTON_MOVE = 0.05  # log
_MAX_JUMP = 100.0  # polish jump over the residual it started from
_MAX_POLISH = 0.01  # log; a longer jump may end at a neighbouring rest point
_MAX_LEAP = 0.1  # log; of Newton from the start, where it can be proved right


class ClearingReport(NamedTuple):
    """How a round ended. residual: natural, log; gain: 1 + max Re eig(D^-1 dF/dx), nan if none."""

    status: int
    iterations: int
    residual: float
    gain: float


@inlined
def _within(x, k, v):
    """x, or the limit that it is beyond."""
    if x < v[LOWER, k]:
        return v[LOWER, k]
    if x > v[UPPER, k]:
        return v[UPPER, k]
    return x


@inlined
def _pushed(k, v):
    """Whether instrument k is at a limit and its excess demand pushes it further."""
    if v[EXCESS, k] < 0.0:
        return v[X, k] <= v[LOWER, k]
    return v[EXCESS, k] > 0.0 and v[X, k] >= v[UPPER, k]


@inlined
def _velocity(n, v):
    """(natural residual, largest |F/D| of an instrument not pushed against its limit) [log]."""
    residual, fastest = 0.0, 0.0
    for k in range(n):
        move = v[EXCESS, k] * v[PER_DEPTH, k]
        shift = abs(_within(v[X, k] + move, k, v) - v[X, k])
        if not shift <= residual:
            residual = shift
        if abs(move) > fastest and not _pushed(k, v):
            fastest = abs(move)
    return residual, fastest


@inlined
def _outside(radius, n, v):
    """Whether the point is so far from the start that some wealth may have changed sign."""
    for k in range(n):
        if abs(v[X, k] - v[ORIGIN, k]) >= radius:
            return True
    return False


@kernel
def _stiffness(codes, v, m):
    """Largest absolute row sum of D^-1 dF/dx where prices can move: no eigenvalue is larger."""
    differentiate_excess(codes, v, m)
    n_free = _take_free_block(codes, v, m)
    largest = 0.0
    for i in range(n_free):
        row = 0.0
        for j in range(n_free):
            row += abs(m[BLOCK, i, j])
        largest = max(largest, row * v[PER_DEPTH, codes[FREE, i]])
    return largest


@kernel
def _heun_step(crossers, dt, radius, codes, v, m):
    """One projected step of the flow, second order in dt; False if it leaves the radius.

    One dt for all instruments: clipping each by itself would bend the path. On 12,000 stressed
    systems Euler steps of a quarter the length chose a wrong rest point in four, these in none.
    """
    n = codes.shape[1]
    for k in range(n):
        v[KEPT, k] = v[X, k]
        v[STEP, k] = dt * v[EXCESS, k] * v[PER_DEPTH, k]
        v[X, k] = _within(v[X, k] + v[STEP, k], k, v)
    if _outside(radius, n, v):
        return False
    evaluate_excess(crossers, codes, v, m)
    for k in range(n):
        mean_step = 0.5 * (v[STEP, k] + dt * v[EXCESS, k] * v[PER_DEPTH, k])
        v[X, k] = _within(v[KEPT, k] + mean_step, k, v)
    if _outside(radius, n, v):
        return False
    evaluate_excess(crossers, codes, v, m)
    return True


@inlined
def _move_point(destination, origin, n, v):
    """Copy one row of points onto another."""
    for k in range(n):
        v[destination, k] = v[origin, k]


@inlined
def _is_bent(n, v):
    """Whether the step just made is far from the straight one.

    Where demand turns steep at once, next to the floor of a market, such steps would go back and
    forth for ever: a shorter one is made in their place.
    """
    straight, apart = 0.0, 0.0
    for k in range(n):
        step = _within(v[KEPT, k] + v[STEP, k], k, v) - v[KEPT, k]
        straight = max(straight, abs(step))
        apart = max(apart, abs(v[X, k] - v[KEPT, k] - step))
    return apart > _MAX_BEND * straight


@kernel
def _follow_flow(crossers, switch, creep, radius, budget, codes, v, m):
    """Explicit projected flow until the residual is below `switch`: (status, steps, residual).

    Steps that move less than `creep` [log] may be longer than the usual time step.
    """
    stable, dt, trust = 0.0, 0.0, 1.0
    for step in range(budget):
        residual, fastest = _velocity(codes.shape[1], v)
        if residual < switch:
            return CLEARED, step, residual
        if step % _STIFFNESS_EVERY == 0 or dt > _MAX_TIME_STEP:
            stable = _MAX_STIFF_STEP / _stiffness(codes, v, m)
        usual = min(_MAX_TIME_STEP, _MAX_MOVE / fastest)
        dt = trust * min(stable, max(usual, creep / fastest))
        if not _heun_step(crossers, dt, radius, codes, v, m):
            return LEFT_RADIUS, step, residual
        if _is_bent(codes.shape[1], v):
            _move_point(X, KEPT, codes.shape[1], v)
            evaluate_excess(crossers, codes, v, m)
            trust *= 0.25
        else:
            trust = min(1.25 * trust, 1.0)
    return FAILED, budget, math.inf


@inlined
def _take_free_block(codes, v, m):
    """Jacobian of the instruments not held at a limit into the block; returns how many."""
    n_free = 0
    for k in range(codes.shape[1]):
        if not _pushed(k, v):
            codes[FREE, n_free] = k
            n_free += 1
    for i in range(n_free):
        for j in range(n_free):
            m[BLOCK, i, j] = m[JACOBIAN, codes[FREE, i], codes[FREE, j]]
    return n_free


@kernel
def _newton_step(codes, v, m):
    """Move the instruments within limits by one capped Newton step; False if J is singular."""
    differentiate_excess(codes, v, m)
    n_free = _take_free_block(codes, v, m)
    for i in range(n_free):
        v[STEP, i] = -v[EXCESS, codes[FREE, i]]
    if not solve_in_place(m[BLOCK], v[STEP], n_free):
        return False
    largest = 0.0
    for i in range(n_free):
        largest = max(largest, abs(v[STEP, i]))
    scale = _MAX_NEWTON_MOVE / largest if largest > _MAX_NEWTON_MOVE else 1.0
    for i in range(n_free):
        k = codes[FREE, i]
        v[X, k] = _within(v[X, k] + scale * v[STEP, i], k, v)
    return True


@kernel
def _polish(crossers, residual, allowed, tolerance, radius, codes, v, m):
    """Newton with the instruments at a limit held there: (status, steps, residual).

    Gives up where it leaves what is known, or strays further than `allowed` [log].
    """
    n = codes.shape[1]
    for step in range(_MAX_NEWTON):
        if residual < tolerance:
            return CLEARED, step, residual
        if not _newton_step(codes, v, m) or _outside(radius, n, v):
            return FAILED, step, residual
        for k in range(n):
            if not abs(v[X, k] - v[KEPT, k]) <= allowed:
                return FAILED, step, residual
        evaluate_excess(crossers, codes, v, m)
        residual, _ = _velocity(n, v)
    return FAILED, _MAX_NEWTON, residual


@kernel
def _largest_eigenvalue(n_free, codes, v, m):
    """max Re eig(D^-1 J) of the free block."""
    for i in range(n_free):
        for j in range(n_free):
            m[FACTOR, i, j] = m[BLOCK, i, j] * v[PER_DEPTH, codes[FREE, i]]
    return largest_real_part(m[FACTOR], n_free)


@kernel
def _is_stable(codes, v, m):
    """Whether the spectrum of D^-1 dF/dx on the free block is negative: cheap proofs first."""
    differentiate_excess(codes, v, m)
    n_free = _take_free_block(codes, v, m)
    if falls_by_row_dominance(m[BLOCK], n_free):
        return True
    for i in range(n_free):  # D^-1/2 J D^-1/2 has the spectrum of D^-1 J
        for j in range(n_free):
            scale = v[DEPTH, codes[FREE, i]] * v[DEPTH, codes[FREE, j]]
            m[FACTOR, i, j] = m[BLOCK, i, j] / math.sqrt(scale)
    if falls_by_cholesky(m[FACTOR], n_free, m[JACOBIAN]):
        return True
    if falls_by_majorant(m[BLOCK], n_free, m[FACTOR]):
        return True
    return _largest_eigenvalue(n_free, codes, v, m) < 0.0


@kernel
def _is_only_rest_point(radius, codes, v, m):
    """Whether the flow from the start KEPT must come to rest at the point, d away.

    If on the box |y - x| <= d around the point every row of dF/dx sums to less than nought, its
    off-diagonal entries counted as positive, distances to the point only shrink along the flow
    (Desoer and Vidyasagar 1975, matrix measure of the maximum norm). Sufficient: the rows at the
    point, plus the most that each can have grown within the box.
    """
    n, distance = codes.shape[1], 0.0
    for k in range(n):
        distance = max(distance, abs(v[X, k] - v[KEPT, k]))
    if not 2.0 * distance < radius:
        return False
    for k in range(n):
        if not v[LOWER, k] < v[X, k] - distance or not v[X, k] + distance < v[UPPER, k]:
            return False
    differentiate_excess(codes, v, m)
    bound_growth(distance, codes, v, m)
    for k in range(n):
        row = m[JACOBIAN, k, k] + v[STEP, k]
        for j in range(n):
            if j != k:
                row += abs(m[JACOBIAN, k, j])
        if not row < 0.0:
            return False
    return True


@kernel
def _feedback_gain(codes, v, m):
    """1 + max Re eig(D^-1 dF/dx) on the instruments within limits; nan if there are none. (M38)"""
    differentiate_excess(codes, v, m)
    n_free = _take_free_block(codes, v, m)
    if n_free == 0:
        return math.nan
    return 1.0 + _largest_eigenvalue(n_free, codes, v, m)


@kernel
def _find_rest_point(crossers, tolerance, radius, work):
    """Leap with proof, or flow, polish, certificate, each time from nearer.

    Returns (status, iterations, residual).
    """
    codes, v, m = work.codes, work.vectors, work.squares
    n = codes.shape[1]
    switch, creep = _FIRST_SWITCH, 0.0
    n_flow, n_newton = 0, 0
    evaluate_excess(crossers, codes, v, m)
    if crossers.shape[0] == 0:
        _move_point(KEPT, X, n, v)
        residual, _ = _velocity(n, v)
        status, n_newton, residual = _polish(
            crossers, residual, _MAX_LEAP, tolerance, radius, codes, v, m
        )
        if status == CLEARED and _is_only_rest_point(radius, codes, v, m):
            return CLEARED, n_newton, residual
        _move_point(X, KEPT, n, v)
        evaluate_excess(crossers, codes, v, m)
    while True:
        budget = _MAX_STEPS - n_flow
        status, steps, residual = _follow_flow(crossers, switch, creep, radius, budget, codes, v, m)
        n_flow += steps
        if status != CLEARED or residual < _REST:
            return status, n_flow + n_newton, residual
        _move_point(KEPT, X, n, v)
        allowed = min(_MAX_JUMP * residual, _MAX_POLISH)  # further on another rest point may lie
        status, steps, polished = _polish(
            crossers, residual, allowed, tolerance, radius, codes, v, m
        )
        n_newton += steps
        if status == CLEARED and _is_stable(codes, v, m):
            return CLEARED, n_flow + n_newton, polished
        _move_point(X, KEPT, n, v)
        evaluate_excess(crossers, codes, v, m)
        switch, creep = min(switch, residual) * _SHRINK, _CREEP


@kernel
def solve_clearing(
    orders,
    crossers,
    liquidity,
    quote,
    lower,
    upper,
    start,
    tolerance,
    want_gain,
    x_out,
    excess_out,
    work,
):
    """Prices of one round: log prices to x_out, excess demand there to excess_out [units]. (M37)

    `crossers` are the records of `gather_crossers`, made for these limits, or work.no_crossers.
    Status CLEARED, AT_LIMIT, FAILED (x_out = start, excess_out = 0) or LEFT_RADIUS: beyond
    orders.radius the crossers are needed (`clear_round` sees to it).
    """
    v = work.vectors
    for k in range(quote.size):
        x_out[k], excess_out[k] = start[k], 0.0
    if not prepare_round(orders, liquidity, quote, lower, upper, start, work):
        return ClearingReport(FAILED, 0, math.inf, math.nan)
    status, iterations, residual = _find_rest_point(crossers, tolerance, orders.radius[0], work)
    if status != CLEARED or not math.isfinite(residual):
        status = LEFT_RADIUS if status == LEFT_RADIUS else FAILED
        return ClearingReport(status, iterations, math.inf, math.nan)
    for k in range(quote.size):
        x_out[k], excess_out[k] = v[X, k], v[EXCESS, k]
        if _pushed(k, v):
            status = AT_LIMIT
    gain = _feedback_gain(work.codes, v, work.squares) if want_gain else math.nan
    return ClearingReport(status, iterations, residual, gain)


@allocating_kernel
def clear_round(
    units,
    cash,
    intent,
    speed,
    resident,
    orders,
    liquidity,
    quote,
    lower,
    upper,
    start,
    tolerance,
    want_gain,
    x_out,
    excess_out,
    work,
):
    """`solve_clearing`, again with the crossers if the prices leave the safe radius.

    `orders` must have been collected at the prices of `start`; their radius is then put to
    infinity, since every crosser is listed.
    """
    crossers = work.no_crossers
    while True:
        report = solve_clearing(
            orders,
            crossers,
            liquidity,
            quote,
            lower,
            upper,
            start,
            tolerance,
            want_gain,
            x_out,
            excess_out,
            work,
        )
        if report.status != LEFT_RADIUS:
            return report
        prices = work.vectors[PRICE]
        for k in range(quote.size):
            c = quote[k]
            prices[k] = math.exp(start[k] + start[c]) if c >= 0 else math.exp(start[k])
        crossers = gather_crossers(
            units, cash, intent, speed, resident, prices, quote, lower, upper
        )
        orders.radius[0] = math.inf
