"""Leverage to a target volatility, cut fast and rebuilt slowly: risk parity and volatility targets.

They act on local prices, the currency of their assets sold forward. The first K scratch lanes hold
the shares of the instruments, the others as named below.
"""

import math

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import add_scaled_rows
from abm.kernels.state import LEAST_VARIANCE

# Scratch lanes above the K rows of shares.
VARIANCE, FAST, HELD, AIM = 0, 1, 2, 3


@inlined
def volatility_target_leverage(target_volatility, variance, cap):
    """Leverage at the target volatility: min(sigma* / sigma_p, cap)                       (M24)"""
    return min(target_volatility / math.sqrt(max(variance, LEAST_VARIANCE)), cap)


@kernel
def open_at_target(target_volatility, variance, caps, leverage):
    """Leverage of funds with the same assets at their own targets, at the opening.        (M24)"""
    for i in range(leverage.size):
        leverage[i] = volatility_target_leverage(target_volatility[i], variance, caps[i])


@kernel
def local_variance(shares, covariance, n_currencies):
    """Variance of the assets at local prices: their currency is hedged.                   (M24)"""
    variance = 0.0
    for k in range(n_currencies, shares.size):
        if shares[k] != 0.0:
            for j in range(n_currencies, shares.size):
                variance += shares[k] * covariance[k, j] * shares[j]
    return variance


@kernel
def follow_target(lo, hi, rule, books, market, rules, scratch):
    """Trade towards the volatility target where leverage has left its band.        (M24, M25)"""
    K, C, mandates = market.quote.size, market.rates.size - 1, rules.mandates
    n, lanes = hi - lo, scratch.lanes
    variance, held, aim = lanes[K + VARIANCE], lanes[K + HELD][:n], lanes[K + AIM][:n]
    held[:] = 0.0
    aim[:] = 0.0
    add_scaled_rows(C, lo, market.usd_price, books.units, held)
    for i in range(lo, hi):
        if is_idle(i, books):
            continue
        target = volatility_target_leverage(
            mandates.target_volatility[i], variance[i - lo], mandates.leverage_cap[i]
        )
        books.speed[i] = banded_speed(held[i - lo] / books.wealth[i], target, rule)
        aim[i - lo] = target if books.speed[i] > 0.0 else 0.0
    lend_yen(aim, mandates.weights[0][lo:hi], books.intent[0][lo:hi])
    add_hedged(C, lo, hi, aim, lanes, market.quote, books.intent)


@kernel
def lend_yen(aim, yen_share, intent):
    """The part of the loan that is in yen: -phi (lambda - 1)+ of wealth.                  (M25)"""
    for j in range(aim.size):
        intent[j] = min(yen_share[j], 0.0) * max(aim[j] - 1.0, 0.0)


@kernel
def add_hedged(first, lo, hi, aim, weights, quote, shares):
    """Add L w to shares lo..hi of instruments from `first` on, their currency sold.       (M25)

    The weights (K, chunk) become the shares.
    """
    for k in range(first, quote.size):
        for j in range(hi - lo):
            weights[k, j] *= aim[j]
            shares[k, lo + j] += weights[k, j]
        if quote[k] >= 0:
            for j in range(hi - lo):
                shares[quote[k], lo + j] -= weights[k, j]


@inlined
def is_same_mandate(i, other, rules):
    """True if two institutions have the same weights, and hence the same orders per unit."""
    weights, n_equal = rules.mandates.weights, 0
    for k in range(weights.shape[0]):
        n_equal += weights[k, i] == weights[k, other]
    return n_equal == weights.shape[0]


@inlined
def banded_speed(current, target, rule):
    """Speed of a rule follower: fast down, slow up, nothing inside the dead band.       (M25)"""
    if current > target * (1.0 + rule.dead_band):
        return rule.speed_down
    if current < target * (1.0 - rule.dead_band):
        return rule.speed_up
    return 0.0
