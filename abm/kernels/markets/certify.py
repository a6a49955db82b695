"""Proofs about a rest point, and the feedback gain there."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.flow import take_free_block
from abm.kernels.markets.impact import (
    BLOCK,
    FREE,
    IS_PRICED,
    JACOBIAN,
    KEPT,
    LINEAR_SLOPE,
    LOWER,
    PER_DEPTH,
    SCALED,
    STEP,
    UPPER,
    X,
    bound_growth,
    differentiate_excess,
)
from abm.kernels.numerics.linear import falls_by_row_dominance, largest_real_part


@kernel
def largest_eigenvalue(n_free, codes, v, m):
    """max Re eig(D^-1 J) of the free block."""
    for i in range(n_free):
        for j in range(n_free):
            m[SCALED, i, j] = m[BLOCK, i, j] * v[PER_DEPTH, codes[FREE, i]]
    return largest_real_part(m[SCALED], n_free)


@kernel
def is_stable(codes, v, m):
    """True if the spectrum of D^-1 dF/dx on the free block is negative: a cheap proof first."""
    differentiate_excess(codes, v, m)
    n_free = take_free_block(codes, v, m)
    if falls_by_row_dominance(m[BLOCK], n_free):
        return True
    return largest_eigenvalue(n_free, codes, v, m) < 0.0


@inlined
def falls_everywhere(n, v):
    """True if market makers' demand falls in every price: value investors' rises in none."""
    for k in range(n):
        if not v[LINEAR_SLOPE, k] > 0.0:
            return False
    return True


@kernel
def is_only_rest_point(radius, codes, v, m):
    """True if the flow from the start KEPT must come to rest at the point, d away.

    If on the box |y - x| <= d around the point every row of dF/dx sums to less than zero, its
    off-diagonal entries counted as positive, distances to the point only shrink along the flow
    (Desoer and Vidyasagar 1975, matrix measure of the maximum norm). Sufficient: the rows at the
    point, plus the most that each can have grown within the box. A market alone has one rest point
    where its excess demand falls in its price everywhere.
    """
    n, distance = codes.shape[1], 0.0
    if not codes[IS_PRICED, 0] and falls_everywhere(n, v):
        return True
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
def feedback_gain(codes, v, m):
    """1 + max Re eig(D^-1 dF/dx) on the instruments within limits; nan if there are none. (M38)"""
    differentiate_excess(codes, v, m)
    n_free = take_free_block(codes, v, m)
    if n_free == 0:
        return math.nan
    return 1.0 + largest_eigenvalue(n_free, codes, v, m)
