"""Trend followers: long rising markets, short falling ones."""

import math

from abm.kernels.behaviours.expectations import carry_share
from abm.kernels.behaviours.idle import is_idle
from abm.kernels.behaviours.leverage_target import AIM, HELD, add_hedged
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.state import LEAST_VARIANCE, TRADING_DAYS


@kernel
def decide_trend(lo, hi, books, market, rules, scratch):
    """Follow the trend in every market, both ways, up to the gross cap.                (M27)"""
    K, n = market.quote.size, hi - lo
    mandates, lanes = rules.mandates, scratch.lanes
    gross, aim = lanes[K + HELD][:n], lanes[K + AIM][:n]
    gross[:] = 0.0
    aim[:] = 0.0
    for k in range(K):
        size_by_trend(
            market.trend_size[1, k], market.trend_size[2, k], mandates.uses_slow_filter[lo:hi],
            mandates.target_volatility[lo:hi], mandates.weights[k][lo:hi], lanes[k][:n], gross,
        )  # fmt: skip
    for i in range(lo, hi):
        if is_idle(i, books):
            continue
        books.speed[i] = rules.trend.speed
        aim[i - lo] = within_cap(gross[i - lo], mandates.leverage_cap[i])
    add_hedged(0, lo, hi, aim, lanes, market.quote, books.intent)


@inlined
def within_cap(gross, cap):
    """Share of wanted positions that the gross cap allows.                               (M27)"""
    return min(1.0, cap / gross) if gross > 0.0 else 1.0


@kernel
def size_by_trend(fast, slow, uses_slow, target_volatility, weight, share, gross):
    """Shares of one instrument by the trend of each follower's own filter; adds to the gross."""
    for j in range(share.size):
        share[j] = weight[j] * (target_volatility[j] * (slow if uses_slow[j] else fast))
        gross[j] += abs(share[j])


@inlined
def size_trends(market, rules):
    """Write each filter's position per unit of weight and target volatility.             (M27)

    The signal is the moving average over its standard deviation on calm days without a trend. A
    short position in yen is scaled by what it earns.                                     (M79)
    """
    usd_rate = market.rates[market.rates.size - 1]
    short_share = carry_share(rules.trend.full_carry, market.rates[0], usd_rate)
    for filter_ in range(1, 3):
        span = rules.estimate.trend_days[filter_]
        for k in range(market.quote.size):
            calm = rules.market.calm_volatility[k]
            scale = calm / filter_scale(span)
            volatility = math.sqrt(market.covariance_fast[k, k])
            market.trend_size[filter_, k] = trend_size(
                market.trend[filter_, k] / scale, volatility, calm, rules.trend
            )
        market.trend_size[filter_, 0] = held_back(market.trend_size[filter_, 0], short_share)


@inlined
def held_back(size, short_share):
    """Position in yen, of which a short one earns the differential.                      (M79)"""
    return short_share * size if size < 0.0 else size


@inlined
def filter_scale(span):
    """Yearly volatility over the standard deviation of a moving average: sqrt(250 (2n-1))  (M27)"""
    return math.sqrt(TRADING_DAYS * (2.0 * span - 1.0))


@inlined
def trend_size(signal, volatility, calm_volatility, rule):
    """Share of wealth a trend follower holds per unit of weight and target volatility.   (M27)

    c = w sigma* size;  size = (g/2) tanh(k z) / max(sigma_f, v sigma_calm)
    """
    floored = max(volatility, rule.volatility_floor * calm_volatility, math.sqrt(LEAST_VARIANCE))
    return 0.5 * rule.gain / floored * math.tanh(rule.signal_scale * signal)
