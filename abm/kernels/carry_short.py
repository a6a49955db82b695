"""The yen short: the yen that carry traders owe, and what a trade takes off it."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import COUNTED_BEYOND_HEDGE, NOT_COUNTED


@kernel
def carry_short(books, market, rules):
    """Yen owed to fund positions elsewhere, net, in units: what unwinds.               (M54)

    Hedge funds, desks, trend followers and retail traders with all they owe; risk parity beyond
    the yen sold forward against its yen assets. The trait ``carry_short`` says who counts.
    """
    mandates, owed = rules.mandates, 0.0
    for stretch in mandates.short_rows:
        owed -= chunk_sum(books.units[0][stretch[0] : stretch[1]])
    for k in range(market.rates.size - 1, market.quote.size):
        if market.quote[k] == 0:
            held = 0.0
            for stretch in mandates.hedged_rows:
                held += chunk_sum(books.units[k][stretch[0] : stretch[1]])
            owed -= held * market.local_price[k]
    return owed


@inlined
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
                closed += trades[k, j] * market.local_price[k]
    return closed
