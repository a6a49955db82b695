"""Institutions written in Python: orders as given, and their brokers' margin."""

from abm.kernels.behaviours.idle import is_out
from abm.kernels.compiler.jit import kernel
from abm.kernels.markets.orders import IN_UNITS
from abm.kernels.state import CUSTOM


@kernel
def take_user_orders(orders, books, market, rules):
    """Take the orders of all institutions written in Python as they were given."""
    first, last = rules.mandates.first_row[CUSTOM], rules.mandates.first_row[CUSTOM + 1]
    for i in range(first, last):
        if is_out(i, books):
            continue
        books.speed[i] = IN_UNITS
        for k in range(books.units.shape[0]):
            books.intent[k, i] = orders.usd_bn[k, i - first] / market.usd_price[k]
