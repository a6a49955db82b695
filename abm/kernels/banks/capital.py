"""Capital of banks: dealers' and desks' profit, and how lost capital is rebuilt."""

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import account_value, add_cash
from abm.kernels.contracts.fund_shares import scaled_mark
from abm.kernels.contracts.loans import pay_bank
from abm.kernels.state import CAPITAL, DEALERS, DESKS, RECAPITALISATION, TRADING_DAYS


@kernel
def share_dealer_profit(market, graph):
    """Credit the day's profit of dealers to the core banks by capital.                (M43)"""
    dollar = market.rates.size - 1
    profit = account_value(market.dealer_held, market.dealer_cash, market.usd_price)
    capital = core_capital(graph)
    if capital <= 0.0:
        return
    for b in range(graph.equity.size):
        if graph.is_core[b] and graph.equity[b] > 0.0 and not graph.failed[b]:
            part = profit * graph.equity[b] / capital
            pay_bank(b, part, DEALERS, graph)
            market.dealer_cash[dollar] -= part


@kernel
def core_capital(graph):
    """Capital of the core banks that still stand [USD bn]."""
    capital = 0.0
    for b in range(graph.equity.size):
        if graph.is_core[b] and not graph.failed[b]:
            capital += max(graph.equity[b], 0.0)
    return capital


@inlined
def sweep_desks(books, graph, rules):
    """A desk's profit is its bank's; the desk keeps a fixed share of the bank's capital. (M44)"""
    share = rules.banks.desk_capital_share
    start, end = rules.mandates.desk_rows
    for i in range(start, end):
        bank, wealth = rules.mandates.owner[i], books.wealth[i]
        if bank < 0 or graph.failed[bank] or is_idle(i, books):
            continue
        sweep = wealth - share * max(graph.equity[bank] + wealth, 0.0)
        add_cash(i, -sweep, books)
        books.high_water[i] = scaled_mark(books.high_water[i], -sweep, wealth)
        books.entry_wealth[i] = books.wealth[i]
        pay_bank(bank, sweep, DESKS, graph)


@inlined
def rebuild_capital(market, graph, rules):
    """Lost capital comes back slowly, gains are paid out faster.                       (M47)"""
    dollar = market.rates.size - 1
    for b in range(graph.equity.size):
        if graph.failed[b]:
            continue
        gap = graph.opening_equity[b] - graph.equity[b]
        rate = rules.banks.recapitalisation / TRADING_DAYS
        flow = rate * gap if gap > 0.0 else rules.banks.payout_multiple * rate * gap
        pay_bank(b, flow, CAPITAL, graph)
        market.outside[RECAPITALISATION, dollar] -= flow
