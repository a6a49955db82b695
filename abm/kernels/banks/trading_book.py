"""Trading books of banks: assets in dollars that they hold, funded at the policy rate."""

from abm.kernels.compiler.jit import inlined
from abm.kernels.contracts.balances import accrued, coupon_base
from abm.kernels.contracts.loans import add_capital, pay_bank
from abm.kernels.state import ACCRUALS, BOOK, BOOK_CARRY


@inlined
def book_worth(b, graph, market):
    """Worth of a bank's trading book at the market's prices, sum_k T_kb X_k [USD bn].   (M108)"""
    worth = 0.0
    for k in range(graph.book.shape[0]):
        worth += graph.book[k, b] * market.usd_price[k]
    return worth


@inlined
def accrue_books(days, market, graph, rules):
    """Coupons of trading books, less what the dollars in them cost, to their banks.      (M108)

    sum_k T_kb coupon_k - r_U n/D_U (value at the last mark)
    """
    if graph.book.shape[0] == 0:
        return
    dollar = market.rates.size - 1
    day_count = rules.market.day_count[dollar]
    funding = accrued(market.rates[dollar], days, day_count)
    for b in range(graph.equity.size):
        carry = -funding * graph.book_value[b]
        for k in range(dollar, market.quote.size):
            coupon = accrued(rules.market.income[k], days, day_count)
            carry += coupon * coupon_base(k, market, rules.market) * graph.book[k, b]
        pay_bank(b, carry, BOOK_CARRY, graph)
        market.outside[ACCRUALS, dollar] -= carry


@inlined
def mark_trading_books(market, graph):
    """Gains and losses of trading books since the last mark are their banks'.            (M108)"""
    if graph.book.shape[0] == 0:
        return
    for b in range(graph.equity.size):
        worth = book_worth(b, graph, market)
        add_capital(b, worth - graph.book_value[b], BOOK, graph)
        graph.book_value[b] = worth
