"""One trading day. ``advance_day`` is the table of contents; ODD §3 has the same lines."""

from abm.kernels.banks.capital import rebuild_capital, share_dealer_profit, sweep_desks
from abm.kernels.banks.failures import fail_banks
from abm.kernels.banks.losses import pass_on_losses
from abm.kernels.behaviours.dealer import withdraw_dealers
from abm.kernels.behaviours.decisions import decide
from abm.kernels.compiler.ahead import compile_ahead
from abm.kernels.compiler.jit import kernel
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.bank_leverage import cut_lines, set_lines
from abm.kernels.constraints.forced_orders import force_orders, test_margins
from abm.kernels.contracts.balances import accrue_institutions, accrue_market_makers, mark_all
from abm.kernels.contracts.fund_shares import move_capital, raise_high_water, return_after_absence
from abm.kernels.contracts.loans import mark_loans, pay_spread
from abm.kernels.events import record_script
from abm.kernels.markets.rounds import build_orders, clear_and_settle, trade_in_rounds
from abm.kernels.numerics.columns import copy
from abm.kernels.record import record_day
from abm.kernels.risk import estimate_risk
from abm.kernels.state import FARTHEST_LOG


@kernel
def advance_day(day, books, market, graph, rules, draws, diary):
    """One trading day, in order (ODD §3)."""
    hear_news(day, market, rules, draws, diary)
    accrue(day, books, market, graph, rules, draws)
    mark_and_move_capital(books, market, rules, diary)
    decide(day, books, market, graph, rules, draws, diary)
    trade_in_rounds(day, books, market, graph, rules, draws, diary)
    pass_on_losses(day, books, market, graph, rules, diary)
    settle_banks(day, books, market, graph, rules, diary)
    withdraw_dealers(market, graph, rules, draws.swap_line[day])
    estimate_risk(market, rules)
    record_day(day, books, market, graph, rules, diary)


def run_days(first, last, books, market, graph, rules, draws, diary):
    """All days first <= day < last in one compiled loop."""
    references = by_reference(books, market, graph, rules, draws, diary)
    compile_ahead(
        run_days_compiled,
        (decide, build_orders, test_margins, force_orders, settle_banks, pass_on_losses, accrue),
        clear_and_settle,
        references,
    )
    run_days_compiled(first, last, *references)


@kernel
def run_days_compiled(first, last, books, market, graph, rules, draws, diary):
    """`run_days` on columns by reference."""
    for day in range(first, last):
        advance_day(day, books, market, graph, rules, draws, diary)


@kernel
def hear_news(day, market, rules, draws, diary):
    """News moves fundamentals and, where public, the dealers' reference; rates are set. (M6, M7)"""
    C = market.rates.size - 1
    copy(market.value_held, market.value_held_open)
    for k in range(market.quote.size):
        market.fundamental[k] += draws.news[day, k]
        if rules.market.news_moves_reference:
            market.dealer_reference[k] += draws.news[day, k]
        market.lower[k] = max(market.close[0, k] - rules.market.daily_limit[k], -FARTHEST_LOG)
        market.upper[k] = min(market.close[0, k] + rules.market.daily_limit[k], FARTHEST_LOG)
        market.external[k] = draws.official_usd_bn[day, k] / market.usd_price[k]
    for c in range(C + 1):
        market.rates[c] = draws.rates[day, c]
    record_script(day, market, draws, diary)


@kernel
def accrue(day, books, market, graph, rules, draws):
    """Interest and coupons against the outside accounts; financing spread to the brokers."""
    accrue_institutions(day, books, market, rules, draws)
    accrue_market_makers(day, market, rules, draws)
    pay_spread(day, books, graph, market, rules, draws)


@kernel
def mark_and_move_capital(books, market, rules, diary):
    """Mark every book; those who sat out come back; investors pay in and take out."""
    mark_all(books, market)
    return_after_absence(books, market, rules)
    move_capital(books, market, rules, diary)
    raise_high_water(books.wealth, books.high_water)


@kernel
def settle_banks(day, books, market, graph, rules, diary):
    """Dealers' and desks' profit, failures, fresh capital, and the lines of tomorrow."""
    share_dealer_profit(market, graph)
    sweep_desks(books, graph, rules)
    fail_banks(day, books, market, graph, rules, diary)
    rebuild_capital(market, graph, rules)
    mark_loans(books, graph, rules)
    set_lines(graph, rules)
    cut_lines(books, graph)
