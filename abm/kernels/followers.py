"""Those who follow a rule: risk parity, volatility targets, trends.

They act on local prices, the currency of their assets sold forward.
"""

import math

from abm.kernels.jit import inlined, kernel
from abm.kernels.margin import set_margin_terms
from abm.kernels.rules import banded_speed
from abm.kernels.weights import equal_risk_contributions, inverse_volatility_weights


@inlined
def target_leverage(i, variance, rules):
    """min(sigma* / sigma_p, cap)                                                       (M24)"""
    volatility = math.sqrt(max(variance, 1e-12))
    return min(rules.mandates.target_volatility[i] / volatility, rules.mandates.leverage_cap[i])


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
def set_follower_intent(i, shares, target, rule, books, market, rules):
    """Target shares of a rule follower: L w, the currency of assets sold forward.      (M25)"""
    if books.days_out[i] > 0 or books.closing[i] or books.wealth[i] <= 0.0:
        return
    K, C = market.quote.size, market.rates.size - 1
    held = 0.0
    for k in range(C, K):
        held += books.units[k, i] * market.usd_price[k]
    speed = banded_speed(held / books.wealth[i], target, rule)
    if speed == 0.0:
        return
    books.speed[i] = speed
    books.intent[0, i] = min(rules.mandates.weights[0, i], 0.0) * max(target - 1.0, 0.0)
    for k in range(C, K):
        books.intent[k, i] = target * shares[k]
        if market.quote[k] >= 0:
            books.intent[market.quote[k], i] -= target * shares[k]


@kernel
def decide_risk_parity(i, books, market, graph, rules, swap_line):
    """Equal risk, leverage to the volatility target, cut fast and rebuilt slowly. (M23, M24)"""
    C = market.rates.size - 1
    shares = market.work[0]
    if rules.followers.equal_risk:
        equal_risk_contributions(
            market.covariance, rules.mandates.weights[:, i], shares, market.work[2]
        )
    else:
        inverse_volatility_weights(rules.mandates.weights[:, i], market.covariance, shares)
    variance = local_variance(shares, market.covariance, C)
    if rules.mandates.margined[i]:
        fast = market.work[3]
        fast[0] = local_variance(shares, market.covariance_fast, C)
        set_margin_terms(i, i + 1, fast, False, books, graph, rules, swap_line)
    target = target_leverage(i, variance, rules)
    set_follower_intent(i, shares, target, rules.followers.parity, books, market, rules)


@kernel
def decide_volatility_target(i, books, market, rules):
    """Fixed weights, leverage to the volatility target on the fast estimate.          (M26)"""
    C = market.rates.size - 1
    shares = market.work[0]
    for k in range(market.quote.size):
        shares[k] = rules.mandates.weights[k, i]
    variance = local_variance(shares, market.covariance_fast, C)
    target = target_leverage(i, variance, rules)
    set_follower_intent(i, shares, target, rules.followers.target, books, market, rules)


@kernel
def decide_trend(i, books, market, rules):
    """Follow the trend in every market, both ways, up to the gross cap.                (M27)"""
    if books.days_out[i] > 0 or books.closing[i] or books.wealth[i] <= 0.0:
        return
    K = market.quote.size
    followers, mandates = rules.followers, rules.mandates
    filter_ = 2 if mandates.is_slow[i] else 1
    shares = market.work[0]
    gross = 0.0
    for k in range(K):
        size = mandates.target_volatility[i] * market.trend_size[filter_, k]
        shares[k] = mandates.weights[k, i] * size
        gross += abs(shares[k])
    clip = min(1.0, mandates.leverage_cap[i] / gross) if gross > 0.0 else 1.0
    books.speed[i] = followers.trend_speed
    for k in range(K):
        books.intent[k, i] += clip * shares[k]
        if market.quote[k] >= 0:
            books.intent[market.quote[k], i] -= clip * shares[k]
