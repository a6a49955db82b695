"""Those who follow a rule: risk parity, volatility targets, trends; a chunk of columns at a time.

They act on local prices, the currency of their assets sold forward. The first K scratch lanes hold
the shares of the instruments, the others what is said below.
"""

import math

from abm.kernels.columns import add_scaled, fill_zero, is_any, write_product
from abm.kernels.jit import inlined, kernel
from abm.kernels.margin import set_margin_terms
from abm.kernels.rules import banded_speed
from abm.kernels.weights import equal_risk_contributions, inverse_volatility_weights

# Scratch lanes above the K rows of shares.
VARIANCE, FAST, HELD, AIM = 0, 1, 2, 3


@inlined
def target_leverage(i, variance, rules):
    """min(sigma* / sigma_p, cap)                                                       (M24)"""
    volatility = math.sqrt(max(variance, 1e-12))
    return min(rules.mandates.target_volatility[i] / volatility, rules.mandates.leverage_cap[i])


@inlined
def is_idle(i, books):
    """Whether an institution takes no decisions: it sits out, is being closed, or has nothing."""
    return books.days_out[i] > 0 or books.closing[i] != 0 or books.wealth[i] <= 0.0


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
def follow_target(lo, hi, rule, books, market, rules, lanes):
    """Trade towards the volatility target where leverage has left its band.        (M24, M25)"""
    K, C = market.quote.size, market.rates.size - 1
    n = hi - lo
    variance, held, aim = lanes[K + VARIANCE], lanes[K + HELD][:n], lanes[K + AIM][:n]
    fill_zero(held)
    fill_zero(aim)
    for k in range(C, K):
        add_scaled(market.usd_price[k], books.units[k][lo:hi], held)
    for i in range(lo, hi):
        if is_idle(i, books):
            continue
        target = target_leverage(i, variance[i - lo], rules)
        books.speed[i] = banded_speed(held[i - lo] / books.wealth[i], target, rule)
        aim[i - lo] = target if books.speed[i] > 0.0 else 0.0
    lend_yen(aim, rules.mandates.weights[0][lo:hi], books.intent[0][lo:hi])
    for k in range(C, K):
        set_hedged_intents(k, lo, hi, aim, books, market, lanes)


@kernel
def lend_yen(aim, yen_share, intent):
    """The part of the loan that is in yen: -phi (lambda - 1)+ of wealth.                  (M25)"""
    for j in range(aim.size):
        intent[j] = min(yen_share[j], 0.0) * max(aim[j] - 1.0, 0.0)


@kernel
def set_hedged_intents(k, lo, hi, aim, books, market, lanes):
    """Target shares L w of one instrument, its quote currency sold forward.               (M25)"""
    share = lanes[k][: hi - lo]
    write_product(aim, share, share)
    add_scaled(1.0, share, books.intent[k][lo:hi])
    if market.quote[k] >= 0:
        add_scaled(-1.0, share, books.intent[market.quote[k]][lo:hi])


@kernel
def decide_risk_parity(lo, hi, books, market, graph, rules, swap_line, lanes):
    """Equal risk, leverage to the volatility target, cut fast and rebuilt slowly. (M23, M24)"""
    K, C, shares = market.quote.size, market.rates.size - 1, market.work[0]
    variance, fast = lanes[K + VARIANCE][: hi - lo], lanes[K + FAST][: hi - lo]
    for i in range(lo, hi):
        if i == lo or not is_same_mandate(i, i - 1, rules):
            weigh_by_risk(rules.mandates.weights[:, i], market, rules, shares)
            slow_variance = local_variance(shares, market.covariance, C)
            fast_variance = local_variance(shares, market.covariance_fast, C)
        variance[i - lo], fast[i - lo] = slow_variance, fast_variance
        for k in range(K):
            lanes[k, i - lo] = shares[k]
    if is_any(rules.mandates.margined[lo:hi]):
        set_margin_terms(lo, hi, fast, False, books, graph, rules, swap_line)
    follow_target(lo, hi, rules.followers.parity, books, market, rules, lanes)


@kernel
def weigh_by_risk(tilt, market, rules, shares):
    """Weights of risk parity, by the rule of the scenario.                             (M23)"""
    if rules.followers.equal_risk:
        equal_risk_contributions(market.covariance, tilt, shares, market.work[2])
    else:
        inverse_volatility_weights(tilt, market.covariance, shares)


@inlined
def is_same_mandate(i, other, rules):
    """Whether two institutions have the same weights: what follows from them is the same."""
    weights, n_equal = rules.mandates.weights, 0
    for k in range(weights.shape[0]):
        n_equal += weights[k, i] == weights[k, other]
    return n_equal == weights.shape[0]


@kernel
def decide_volatility_target(lo, hi, books, market, rules, lanes):
    """Fixed weights, leverage to the volatility target on the fast estimate.          (M26)"""
    K, C, shares = market.quote.size, market.rates.size - 1, market.work[0]
    variance = lanes[K + VARIANCE][: hi - lo]
    for i in range(lo, hi):
        for k in range(K):
            shares[k] = lanes[k, i - lo] = rules.mandates.weights[k, i]
        if i == lo or not is_same_mandate(i, i - 1, rules):
            fast_variance = local_variance(shares, market.covariance_fast, C)
        variance[i - lo] = fast_variance
    follow_target(lo, hi, rules.followers.target, books, market, rules, lanes)


@kernel
def decide_trend(lo, hi, books, market, rules, lanes):
    """Follow the trend in every market, both ways, up to the gross cap.                (M27)"""
    K, n = market.quote.size, hi - lo
    mandates = rules.mandates
    gross, aim = lanes[K + HELD][:n], lanes[K + AIM][:n]
    fill_zero(gross)
    fill_zero(aim)
    for k in range(K):
        size_by_trend(
            market.trend_size[1, k], market.trend_size[2, k], mandates.is_slow[lo:hi],
            mandates.target_volatility[lo:hi], mandates.weights[k][lo:hi], lanes[k][:n], gross,
        )  # fmt: skip
    for i in range(lo, hi):
        if is_idle(i, books):
            continue
        books.speed[i] = rules.followers.trend_speed
        total = gross[i - lo]
        aim[i - lo] = min(1.0, mandates.leverage_cap[i] / total) if total > 0.0 else 1.0
    for k in range(K):
        set_hedged_intents(k, lo, hi, aim, books, market, lanes)


@kernel
def size_by_trend(fast, slow, is_slow, target_volatility, weight, share, gross):
    """Shares of one instrument by the trend of each follower's own filter; adds to the gross."""
    for j in range(share.size):
        share[j] = weight[j] * (target_volatility[j] * (slow if is_slow[j] else fast))
        gross[j] += abs(share[j])
