"""The yen short: the yen that carry traders owe, and what a trade takes off it."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import HEDGE_FUND, RETAIL_EQUITY, RISK_PARITY, TREND, VOLATILITY_TARGET


@kernel
def carry_short(books, market, rules):
    """Yen owed to fund positions elsewhere, net, in units: what unwinds.               (M54)

    Hedge funds, desks, trend followers and retail traders with all they owe; risk parity beyond
    the yen sold forward against its yen assets.
    """
    first = rules.mandates.first_row
    yen = books.units[0]
    owed = -chunk_sum(yen[first[HEDGE_FUND] : first[VOLATILITY_TARGET]])
    owed -= chunk_sum(yen[first[TREND] : first[RETAIL_EQUITY]])
    for k in range(market.rates.size - 1, market.quote.size):
        if market.quote[k] == 0:
            held = chunk_sum(books.units[k][first[RISK_PARITY] : first[VOLATILITY_TARGET]])
            owed -= held * math.exp(market.log_price[k])
    return owed


@inlined
def is_carry_trader(i, first_row):
    """Whether the yen that an institution owes counts in the yen short.                (M54)"""
    return i < first_row[VOLATILITY_TARGET] or first_row[TREND] <= i < first_row[RETAIL_EQUITY]


@kernel
def short_closed(i, j, trades, market, rules):
    """Units by which a trade of institution i (column j of a chunk) lowers the yen short.  (M58)

    Of risk parity, yen-quoted assets that are sold close the yen sold against them, and the other
    way round.
    """
    first = rules.mandates.first_row
    if not is_carry_trader(i, first):
        return 0.0
    closed = trades[0, j]
    if first[RISK_PARITY] <= i < first[VOLATILITY_TARGET]:
        for k in range(market.rates.size - 1, market.quote.size):
            if market.quote[k] == 0:
                closed += trades[k, j] * math.exp(market.log_price[k])
    return closed
