"""Retail currency traders: households short yen on margin."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.orders import IN_UNITS


@kernel
def contrarian_view(market, rules):
    """How much of their usual position retail traders want after the yen's last moves.  (M28)"""
    days = rules.households.contrarian_days
    return contrarian_scale(market.close[0, 0] - market.close[days, 0], rules.households)


@kernel
def decide_retail_fx(lo, hi, books, market, rules, lanes):
    """Constant units, mildly contrarian, within 90% of the legal leverage.             (M28)"""
    households, mandates = rules.households, rules.mandates
    scale = contrarian_view(market, rules)
    size = lanes[0]
    for i in range(lo, hi):
        if books.days_out[i] > 0 or books.closing[i]:
            continue
        most = households.most_leverage * max(books.wealth[i], 0.0) / market.usd_price[0]
        size[i - lo] = min(mandates.size_usd_bn[i] * scale, most)
        books.speed[i] = IN_UNITS
    for k in range(market.rates.size - 1):
        close_gap(
            households.speed, books.speed[lo:hi], size, mandates.weights[k][lo:hi],
            books.units[k][lo:hi], books.intent[k][lo:hi],
        )  # fmt: skip


@kernel
def close_gap(pace, speed, size, weight, units, intent):
    """Units that bring those who trade a share of the way to their size."""
    for j in range(intent.size):
        intent[j] = pace * (size[j] * weight[j] - units[j]) if speed[j] == IN_UNITS else 0.0


@inlined
def contrarian_scale(yen_move, rule):
    """Retail traders lean against the yen: 1 + a tanh(five-day move / scale).            (M28)"""
    return 1.0 + rule.contrarian * math.tanh(yen_move / rule.contrarian_scale)
