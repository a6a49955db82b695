"""One trader with one account: a position against yen, opened once and held until the end.

Its margin call and its stop-out: constraints/loss_cut.
"""

from abm.kernels.behaviours.idle import is_out
from abm.kernels.compiler.jit import inlined
from abm.kernels.markets.orders import IN_UNITS


@inlined
def decide_trader(i, day, books, market, rules):
    """Sell yen for another currency on the day of the opening; afterwards hold on.       (M138)

    q_c = w_c N / X_c,   w_J = -1
    """
    mandates = rules.mandates
    if day != rules.trader.open_day or is_out(i, books):
        return
    books.speed[i] = IN_UNITS
    for c in range(market.rates.size - 1):
        bought = mandates.weights[c, i] * mandates.size_usd_bn[i]
        books.intent[c, i] = bought / market.usd_price[c]
