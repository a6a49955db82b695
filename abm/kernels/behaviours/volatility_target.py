"""Volatility targets: fixed weights, levered to a volatility."""

from abm.kernels.behaviours.leverage_target import (
    VARIANCE,
    follow_target,
    is_same_mandate,
    local_variance,
)
from abm.kernels.compiler.jit import kernel


@kernel
def decide_volatility_target(lo, hi, books, market, rules, scratch):
    """Fixed weights, leverage to the volatility target on the fast estimate.          (M26)"""
    K, C, shares = market.quote.size, market.rates.size - 1, scratch.work[0]
    lanes = scratch.lanes
    variance = lanes[K + VARIANCE][: hi - lo]
    for i in range(lo, hi):
        for k in range(K):
            shares[k] = lanes[k, i - lo] = rules.mandates.weights[k, i]
        if i == lo or not is_same_mandate(i, i - 1, rules):
            fast_variance = local_variance(shares, market.covariance_fast, C)
        variance[i - lo] = fast_variance
    follow_target(lo, hi, rules.volatility_target, books, market, rules, scratch)
