"""Retail equity traders: residents long of shares on margin. Stop-out: constraints/loss_cut."""

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import kernel
from abm.kernels.markets.orders import IN_UNITS


@kernel
def decide_retail_equity(i, books, market, rules):
    """Margin longs in shares are held; after a liquidation they are bought back slowly. (M28)"""
    if is_idle(i, books):
        return
    for k in range(market.rates.size - 1, market.quote.size):
        wanted = rules.mandates.size_usd_bn[i] * rules.mandates.weights[k, i]
        if wanted > books.units[k, i]:
            books.speed[i] = IN_UNITS
            books.intent[k, i] = rules.retail_equity.speed * (wanted - books.units[k, i])
