"""The Federal Reserve by rule: it cuts its rate while shares are very volatile."""

import math

from abm.kernels.authorities.memory import CUT, is_within
from abm.kernels.compiler.jit import inlined

POINTS = 100.0  # of a volatility gauge, per unit of volatility


@inlined
def cut_when_volatile(day, market, rule, script):
    """Cut the dollar's rate while an average of volatility is high.                       (M103)

    V <- V + (1 - 2^(-1/h)) (100 sqrt(S_f) - V);   cut if V > threshold and none for n days
    """
    k = rule.asset
    gauge = POINTS * math.sqrt(max(market.covariance_fast[k, k], 0.0))
    market.fear_gauge[0] += rule.weight * (gauge - market.fear_gauge[0])
    if day < rule.first_day or market.fear_gauge[0] <= rule.threshold:
        return
    if is_within(day, market.last_act[CUT], rule.spacing_days - 1):
        return
    dollar = market.rates.size - 1
    rate = script.rates[day, dollar] + market.rates_moved[dollar]
    cut = min(rule.cut, rate - rule.floor)
    if cut > 0.0:
        market.rate_moves[dollar] -= cut
        market.last_act[CUT] = day
