"""The flow dx/dtau = F(x)/D inside the price limits, followed in explicit steps.

One step for all instruments: clipping each by itself would bend the path.
"""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.impact import (
    BLOCK,
    EXCESS,
    FREE,
    JACOBIAN,
    KEPT,
    LOWER,
    ORIGIN,
    PER_DEPTH,
    STEP,
    UPPER,
    X,
    differentiate_excess,
    evaluate_excess,
)
from abm.kernels.numerics.linear import solve_in_place

CLEARED, AT_LIMIT, FAILED, LEFT_RADIUS = 0, 1, 2, 3  # how a search for prices ends
_MAX_TIME_STEP = 0.4
_MAX_MOVE = 0.02  # log, of one step of the flow
_MAX_STIFF_STEP = 0.5  # time step times the largest row of |D^-1 dF/dx|
_STIFFNESS_EVERY = 8  # steps
_PATIENCE = 2_000  # explicit steps of one search, before creeping ones are tried
_SHORT = 1e-4  # log; where stability allows no longer explicit step
_MAX_CREEP = 1e-3  # log, of one creeping step
_SHORTER, _LONGER = 0.25, 1.25  # of the next step, after one that failed and one that did not
_RECOVERY = 1.05  # of the reach of creeping steps, per explicit step
_MAX_BEND = 0.5  # of a step, between its first and its mean slope; a steady flow has half that


@inlined
def within(x, k, v):
    """x, or the limit that it is beyond."""
    if x < v[LOWER, k]:
        return v[LOWER, k]
    if x > v[UPPER, k]:
        return v[UPPER, k]
    return x


@inlined
def pushed(k, v):
    """True if instrument k is at a limit and its excess demand pushes it further."""
    if v[EXCESS, k] < 0.0:
        return v[X, k] <= v[LOWER, k]
    return v[EXCESS, k] > 0.0 and v[X, k] >= v[UPPER, k]


@inlined
def velocity(n, v):
    """(natural residual, largest |F/D| of an instrument not pushed against its limit) [log]."""
    residual, fastest = 0.0, 0.0
    for k in range(n):
        move = v[EXCESS, k] * v[PER_DEPTH, k]
        shift = abs(within(v[X, k] + move, k, v) - v[X, k])
        if not shift <= residual:
            residual = shift
        if abs(move) > fastest and not pushed(k, v):
            fastest = abs(move)
    return residual, fastest


@inlined
def outside(radius, n, v):
    """True if the point is so far from the start that some wealth may have changed sign."""
    for k in range(n):
        if abs(v[X, k] - v[ORIGIN, k]) >= radius:
            return True
    return False


@inlined
def take_free_block(codes, v, m):
    """Jacobian of the instruments not held at a limit into the block; returns how many."""
    n_free = 0
    for k in range(codes.shape[1]):
        if not pushed(k, v):
            codes[FREE, n_free] = k
            n_free += 1
    if n_free == codes.shape[1]:
        for i in range(n_free):
            for j in range(n_free):
                m[BLOCK, i, j] = m[JACOBIAN, i, j]
        return n_free
    for i in range(n_free):
        for j in range(n_free):
            m[BLOCK, i, j] = m[JACOBIAN, codes[FREE, i], codes[FREE, j]]
    return n_free


@kernel
def stiffness(codes, v, m):
    """Largest absolute row sum of D^-1 dF/dx where prices can move: no eigenvalue is larger."""
    differentiate_excess(codes, v, m)
    n_free = take_free_block(codes, v, m)
    largest = 0.0
    for i in range(n_free):
        row = 0.0
        for j in range(n_free):
            row += abs(m[BLOCK, i, j])
        largest = max(largest, row * v[PER_DEPTH, codes[FREE, i]])
    return largest


@kernel
def heun_step(candidates, dt, radius, codes, v, m):
    """One projected step of the flow, second order in dt; False if it leaves the radius.

    One dt for all instruments: clipping each by itself would bend the path. On 12,000 stressed
    systems Euler steps of a quarter the length chose a wrong rest point in four, these in none.
    """
    n = codes.shape[1]
    for k in range(n):
        v[KEPT, k] = v[X, k]
        v[STEP, k] = dt * v[EXCESS, k] * v[PER_DEPTH, k]
        v[X, k] = within(v[X, k] + v[STEP, k], k, v)
    if outside(radius, n, v):
        return False
    evaluate_excess(candidates, codes, v, m)
    for k in range(n):
        mean_step = 0.5 * (v[STEP, k] + dt * v[EXCESS, k] * v[PER_DEPTH, k])
        v[X, k] = within(v[KEPT, k] + mean_step, k, v)
    if outside(radius, n, v):
        return False
    evaluate_excess(candidates, codes, v, m)
    return True


@inlined
def move_point(destination, origin, n, v):
    """Copy one row of points onto another."""
    for k in range(n):
        v[destination, k] = v[origin, k]


@inlined
def is_bent(n, v):
    """True if the step just made is far from the straight one.

    Where demand turns steep at once, next to the floor of a market, such steps would go back and
    forth permanently: a shorter one is made in their place.
    """
    straight, apart = 0.0, 0.0
    for k in range(n):
        step = within(v[KEPT, k] + v[STEP, k], k, v) - v[KEPT, k]
        straight = max(straight, abs(step))
        apart = max(apart, abs(v[X, k] - v[KEPT, k] - step))
    return apart > _MAX_BEND * straight


@kernel
def creeping_step(candidates, reach, fastest, radius, codes, v, m):
    """One linearly implicit step of the flow, of about `reach` [log]; CLEARED if it was made.

        (D / dt - dF/dx) step = F        on the instruments that are not held at a limit

    One price may have far to go at a millionth of its distance a step (value investors have used
    up their capital, or its market is a million times as deep) while others, at rest, forbid longer
    explicit steps. FAILED, and nothing moves, where the step is long or goes beyond where the flow
    turns back.
    """
    n, k_fastest = codes.shape[1], 0
    differentiate_excess(codes, v, m)
    n_free = take_free_block(codes, v, m)
    for i in range(n_free):
        k = codes[FREE, i]
        for j in range(n_free):
            m[BLOCK, i, j] = -m[BLOCK, i, j]
        m[BLOCK, i, i] += fastest / (reach * v[PER_DEPTH, k])
        v[STEP, i] = v[EXCESS, k]
        if abs(v[EXCESS, k] * v[PER_DEPTH, k]) >= fastest:
            k_fastest = k
    if not solve_in_place(m[BLOCK], v[STEP], n_free):
        return FAILED
    for i in range(n_free):
        if not abs(v[STEP, i]) <= 2.0 * reach:
            return FAILED
    way = v[EXCESS, k_fastest]
    move_point(KEPT, X, n, v)
    for i in range(n_free):
        k = codes[FREE, i]
        v[X, k] = within(v[X, k] + v[STEP, i], k, v)
    if outside(radius, n, v):
        return LEFT_RADIUS
    evaluate_excess(candidates, codes, v, m)
    if (v[X, k_fastest] - v[KEPT, k_fastest]) * way >= 0.0 and v[EXCESS, k_fastest] * way >= 0.0:
        return CLEARED
    move_point(X, KEPT, n, v)
    evaluate_excess(candidates, codes, v, m)
    return FAILED


@kernel
def follow_flow(candidates, switch, creep, radius, budget, codes, v, m):
    """Explicit projected flow until the residual is below `switch`: (status, steps, residual).

    Steps that move less than `creep` [log] may be longer than the usual time step, and implicit
    after many of them.
    """
    stable, dt, trust, reach = 0.0, 0.0, 1.0, _MAX_CREEP
    for step in range(budget):
        residual, fastest = velocity(codes.shape[1], v)
        if residual < switch:
            return CLEARED, step, residual
        if step >= _PATIENCE and stable * fastest < min(_SHORT, reach):
            status = creeping_step(candidates, reach, fastest, radius, codes, v, m)
            if status == LEFT_RADIUS:
                return LEFT_RADIUS, step, residual
            reach = min(_LONGER * reach, _MAX_CREEP) if status == CLEARED else _SHORTER * reach
            dt = 2.0 * _MAX_TIME_STEP  # the next explicit step looks at the stiffness again
            continue
        reach = min(_RECOVERY * reach, _MAX_CREEP)
        if step % _STIFFNESS_EVERY == 0 or dt > _MAX_TIME_STEP:
            stable = _MAX_STIFF_STEP / stiffness(codes, v, m)
        usual = min(_MAX_TIME_STEP, _MAX_MOVE / fastest)
        dt = trust * min(stable, max(usual, creep / fastest))
        if not heun_step(candidates, dt, radius, codes, v, m):
            return LEFT_RADIUS, step, residual
        if is_bent(codes.shape[1], v):
            move_point(X, KEPT, codes.shape[1], v)
            evaluate_excess(candidates, codes, v, m)
            trust *= _SHORTER
        else:
            trust = min(_LONGER * trust, 1.0)
    return FAILED, budget, math.inf
