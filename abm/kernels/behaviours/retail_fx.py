"""Retail currency traders: households short yen on margin. Their stop-out: constraints/loss_cut."""

import math

from abm.kernels.behaviours.expectations import carry_share
from abm.kernels.behaviours.idle import is_out
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.orders import IN_UNITS


@kernel
def contrarian_view(market, rules):
    """Multiple of their usual position that retail traders want after the yen's moves.   (M28)"""
    days = rules.retail_fx.contrarian_days
    return contrarian_scale(market.close[0, 0] - market.close[days, 0], rules.retail_fx)


@kernel
def decide_retail_fx(lo, hi, books, market, rules, scratch):
    """Constant units, mildly contrarian, within a share of the legal leverage.    (M28, M79)"""
    rule, mandates = rules.retail_fx, rules.mandates
    scale = contrarian_view(market, rules) * carry_share(rule.full_carry, market.rates)
    size = scratch.lanes[0]
    for i in range(lo, hi):
        if is_out(i, books):
            continue
        most = rule.most_leverage * max(books.wealth[i], 0.0) / market.usd_price[0]
        size[i - lo] = min(mandates.size_usd_bn[i] * scale, most)
        books.speed[i] = IN_UNITS
    for k in range(market.rates.size - 1):
        close_gap(
            rule.speed, books.speed[lo:hi], size, mandates.weights[k][lo:hi],
            books.units[k][lo:hi], books.intent[k][lo:hi],
        )  # fmt: skip


@kernel
def close_gap(pace, speed, size, weight, units, intent):
    """Units that bring those who trade a share of the way to their size."""
    for j in range(intent.size):
        intent[j] = pace * (size[j] * weight[j] - units[j]) if speed[j] == IN_UNITS else 0.0


@inlined
def contrarian_scale(yen_move, rule):
    """Retail traders lean against the yen: 1 + a tanh(move / scale).                     (M28)"""
    return 1.0 + rule.contrarian * math.tanh(yen_move / rule.contrarian_scale)
