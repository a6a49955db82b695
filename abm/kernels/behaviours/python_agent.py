"""Institutions written in Python: orders as given, and their brokers' margin."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.constraints.margin import set_margin_terms
from abm.kernels.markets.orders import IN_UNITS
from abm.kernels.risk import held_variance
from abm.kernels.state import CUSTOM


@kernel
def decide_custom(i, books, market, graph, rules, draws, swap_line):
    """A user's own institution: its orders as they were given, and its brokers' margin."""
    fast = market.work[3]
    fast[0] = held_variance(i, books, market)
    set_margin_terms(i, i + 1, fast, True, books, graph, rules, swap_line)
    if books.days_out[i] > 0 or books.closing[i]:
        return
    column = i - rules.mandates.first_row[CUSTOM]
    books.speed[i] = IN_UNITS
    for k in range(books.units.shape[0]):
        books.intent[k, i] = draws.orders_usd_bn[k, column] / market.usd_price[k]
