"""The yen short: the yen that carry traders owe, and what a trade takes off it."""

import math

from abm.kernels.compiler.jit import kernel
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import COUNTED_BEYOND_HEDGE, NOT_COUNTED


@kernel
def carry_short(books, market, rules):
    """Yen owed to fund positions elsewhere, net, in units: what unwinds.               (M54)

    Hedge funds, desks, trend followers and retail traders with all they owe; risk parity beyond
    the yen sold forward against its yen assets. The trait ``carry_short`` says who counts.
    """
    trait = rules.mandates.carry_short
    owed, end = 0.0, 0
    while end < trait.size:
        start, end = next_counted(trait, NOT_COUNTED, end)
        owed -= chunk_sum(books.units[0][start:end])
    for k in range(market.rates.size - 1, market.quote.size):
        if market.quote[k] == 0:
            owed -= held_beyond_hedge(books.units[k], trait) * math.exp(market.log_price[k])
    return owed


@kernel
def next_counted(trait, least, after):
    """First row and end of the next stretch of rows whose trait is above `least`."""
    start = after
    while start < trait.size and trait[start] <= least:
        start += 1
    end = start
    while end < trait.size and trait[end] > least:
        end += 1
    return start, end


@kernel
def held_beyond_hedge(units, trait):
    """Units of an asset held by those whose yen counts beyond what hedges it."""
    held, end = 0.0, 0
    while end < trait.size:
        start, end = next_counted(trait, COUNTED_BEYOND_HEDGE - 1, end)
        held += chunk_sum(units[start:end])
    return held


@kernel
def short_closed(i, j, trades, market, rules):
    """Units by which a trade of institution i (column j of a chunk) lowers the yen short.  (M58)

    Of those who count beyond their hedge, yen-quoted assets that are sold close the yen sold
    against them, and the other way round.
    """
    trait = rules.mandates.carry_short[i]
    if trait == NOT_COUNTED:
        return 0.0
    closed = trades[0, j]
    if trait == COUNTED_BEYOND_HEDGE:
        for k in range(market.rates.size - 1, market.quote.size):
            if market.quote[k] == 0:
                closed += trades[k, j] * math.exp(market.log_price[k])
    return closed
