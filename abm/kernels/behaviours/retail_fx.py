"""Retail currency traders: households short yen on margin. Their stop-out: constraints/loss_cut."""

import math

from abm.kernels.behaviours.expectations import carry_share
from abm.kernels.behaviours.idle import is_out
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.orders import IN_UNITS
from abm.kernels.numerics.columns import add_scaled


@inlined
def lean_against(c, market, rule):
    """Multiple of their usual position in a cross of the yen, after its moves.            (M28)

    c is a currency, or the one behind the last: the dollar, which does not move.
    """
    days, is_dollar = rule.contrarian_days, c == market.rates.size - 1
    move = market.close[0, 0] - market.close[days, 0]
    if not is_dollar:
        move -= market.close[0, c] - market.close[days, c]
    return contrarian_scale(move, rule)


@kernel
def decide_retail_fx(lo, hi, books, market, rules, scratch):
    """Constant units of each cross, mildly contrarian, within a share of the legal leverage.

    (M28, M79)
    """
    rule, mandates, dollar = rules.retail_fx, rules.mandates, market.rates.size - 1
    owed, size, lean = scratch.lanes[0], scratch.lanes[1], scratch.work[0]
    usd_rate = market.rates[market.rates.size - 1]
    share = carry_share(rule.full_carry, market.rates[0], usd_rate)
    in_dollars = share * lean_against(dollar, market, rule)
    for i in range(lo, hi):
        owed[i - lo] = -in_dollars * mandates.weights[0, i]
    for c in range(1, dollar):
        lean[c] = share * lean_against(c, market, rule)
        add_scaled(lean[c] - in_dollars, mandates.weights[c][lo:hi], owed[: hi - lo])
    for i in range(lo, hi):
        if is_out(i, books):
            continue
        most = rule.most_leverage * max(books.wealth[i], 0.0) / market.usd_price[0]
        base = mandates.size_usd_bn[i]
        size[i - lo] = base if base * owed[i - lo] <= most else most / owed[i - lo]
        books.speed[i] = IN_UNITS
    close_gap(
        rule.speed, -1.0, books.speed[lo:hi], size, owed, books.units[0][lo:hi],
        books.intent[0][lo:hi],
    )  # fmt: skip
    for c in range(1, dollar):
        close_gap(
            rule.speed, lean[c], books.speed[lo:hi], size, mandates.weights[c][lo:hi],
            books.units[c][lo:hi], books.intent[c][lo:hi],
        )  # fmt: skip


@kernel
def close_gap(pace, lean, speed, size, weight, units, intent):
    """Units that bring those who trade a share of the way to their size."""
    for j in range(intent.size):
        wanted = lean * size[j] * weight[j]
        intent[j] = pace * (wanted - units[j]) if speed[j] == IN_UNITS else 0.0


@inlined
def contrarian_scale(yen_rise, rule):
    """Retail traders lean against a rise of the yen: 1 + a tanh(rise / scale).            (M28)"""
    return 1.0 + rule.contrarian * math.tanh(yen_rise / rule.contrarian_scale)
