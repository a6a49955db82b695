"""Portfolio weights of those who size by risk: inverse volatility, equal risk contributions.

A budget (or tilt) of zero leaves an instrument out. Shapes: `cov` (K, K), the rest (K,).
"""

import math
from typing import NamedTuple

from abm.kernels.compiler.jit import inlined, kernel

MAX_SWEEPS = 20_000
TOLERANCE = 1e-10  # of the portfolio variance


class WeightsReport(NamedTuple):
    """End of the solver of the weights."""

    converged: bool
    sweeps: int
    residual: float


@kernel
def normalise(out):
    """Scale weights to sum to one; all zero stays all zero."""
    total = 0.0
    for k in range(out.size):
        total += out[k]
    if total > 0.0:
        for k in range(out.size):
            out[k] /= total


@kernel
def inverse_volatility_weights(tilt, cov, out):
    """Write weights in proportion to tilt_k / sigma_k, summing to one.                    (M23)

    An instrument without risk has no finite size by this rule: it gets none.
    """
    for k in range(tilt.size):
        out[k] = 0.0
        if tilt[k] > 0.0 and cov[k, k] > 0.0:
            out[k] = tilt[k] / math.sqrt(cov[k, k])
    normalise(out)


@kernel
def risk_residual(cov, budget, scale, x, marginal):
    """Largest gap between a risk contribution and its budget; refreshes `marginal` = cov x."""
    worst = 0.0
    for i in range(x.size):
        marginal[i] = 0.0
        for j in range(x.size):
            marginal[i] += cov[i, j] * x[j]
        if x[i] > 0.0:
            worst = max(worst, abs(x[i] * marginal[i] - budget[i] / scale))
    return worst


@inlined
def coordinate(rest, variance, budget):
    """Weight at which one instrument bears its budget, given the covariance with the rest.

    v x^2 + c x - b = 0:   x = (-c + sqrt(c^2 + 4 v b)) / (2 v)
    """
    root = math.sqrt(rest * rest + 4.0 * variance * budget)
    if rest > 0.0:  # the same root without cancellation
        return 2.0 * budget / (root + rest)
    return 0.5 * (root - rest) / variance


@kernel
def equal_risk_contributions(cov, budget, out, work):
    """Write weights whose shares of portfolio variance are the budget; return a WeightsReport.

        w_i (cov w)_i / (w' cov w) = b_i / sum b,   w > 0,   sum w = 1

    The unnormalised weights minimise x' cov x / 2 - sum b ln x, which is strictly convex. Cyclical
    coordinate descent solves one coordinate after another exactly (Griveau-Billion, Richard and
    Roncalli 2013), starting from the solution without correlations.
    `cov` must be positive definite on what the budget includes; `work` (K,) is scratch.

    (M23)
    """
    n = budget.size
    scale = 0.0
    for k in range(n):
        if budget[k] > 0.0 and cov[k, k] > 0.0:
            scale += budget[k]
    for k in range(n):
        out[k] = 0.0
        if budget[k] > 0.0 and cov[k, k] > 0.0:
            out[k] = math.sqrt(budget[k] / (scale * cov[k, k]))
    residual = risk_residual(cov, budget, scale, out, work)
    sweeps = 0
    while residual > TOLERANCE and sweeps < MAX_SWEEPS:
        for i in range(n):
            if out[i] > 0.0:
                rest = work[i] - cov[i, i] * out[i]
                moved = coordinate(rest, cov[i, i], budget[i] / scale) - out[i]
                out[i] += moved
                for j in range(n):
                    work[j] += cov[i, j] * moved
        residual = risk_residual(cov, budget, scale, out, work)
        sweeps += 1
    normalise(out)
    return WeightsReport(residual <= TOLERANCE, sweeps, residual)
