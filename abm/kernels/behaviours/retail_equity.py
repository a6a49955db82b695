"""Retail equity traders: residents long of shares on margin. Stop-out: constraints/loss_cut."""

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.orders import IN_UNITS
from abm.kernels.numerics.columns import is_any


@kernel
def decide_retail_equity(lo, hi, books, market, rules, scratch):
    """Margin longs in shares are held; after a liquidation they are bought back slowly. (M28)"""
    mandates, pace = rules.mandates, scratch.lanes[0][: hi - lo]
    for i in range(lo, hi):
        pace[i - lo] = 0.0 if is_idle(i, books) else rules.retail_equity.speed
    for k in range(market.rates.size - 1, market.quote.size):
        if is_any(mandates.weights[k][lo:hi]):
            buy_back(
                pace, mandates.size_usd_bn[lo:hi], mandates.weights[k][lo:hi],
                books.units[k][lo:hi], books.intent[k][lo:hi], books.speed[lo:hi],
            )  # fmt: skip


@inlined
def buy_back(pace, size, weight, units, intent, speed):
    """Orders of those who hold less of an instrument than their size; they sell none."""
    for j in range(intent.size):
        gap = size[j] * weight[j] - units[j]
        is_short = (gap > 0.0) & (pace[j] > 0.0)
        intent[j] = pace[j] * gap if is_short else 0.0
        speed[j] = IN_UNITS if is_short else speed[j]
