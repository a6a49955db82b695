"""One trading day. ``advance_day`` is the table of contents; ODD §3 has the same lines."""

import math

from abm.kernels.ahead import compile_ahead
from abm.kernels.banks import (
    core_capital,
    cut_lines,
    fail_banks,
    mark_loans,
    pass_on_losses,
    rebuild_capital,
    set_lines,
    share_dealer_profit,
    sweep_desks,
)
from abm.kernels.cash import add_cash
from abm.kernels.columns import copy
from abm.kernels.decide import decide
from abm.kernels.jit import kernel
from abm.kernels.ledger import (
    accrue_institutions,
    accrue_market_makers,
    mark_all,
    move_capital,
    pay_spread,
)
from abm.kernels.margin import force_orders, test_margins
from abm.kernels.record import record_day, record_script
from abm.kernels.reference import by_reference
from abm.kernels.risk import estimate_risk
from abm.kernels.rounds import build_orders, clear_and_settle, trade_in_rounds
from abm.kernels.rules import dealer_depth
from abm.kernels.state import CUSTOM, FARTHEST_LOG, INSURER, SUBSCRIPTIONS


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
def raise_high_water(wealth, high_water):
    """The mark below which losses are counted is the highest wealth so far.               (M12)"""
    for i in range(wealth.size):
        high_water[i] = max(high_water[i], wealth[i])


@kernel
def return_after_absence(books, market, rules):
    """After its time out an institution starts again with its opening wealth.         (M11)"""
    dollar, first = market.rates.size - 1, rules.mandates.first_row
    for i in range(books.cash.size):
        if books.days_out[i] == 0 or first[INSURER] <= i < first[CUSTOM]:
            continue
        books.days_out[i] -= 1
        if books.days_out[i] > 0:
            continue
        capital = max(rules.mandates.opening_wealth[i] - books.wealth[i], 0.0)
        add_cash(i, capital, books)
        books.high_water[i] = books.wealth[i]
        books.entry_wealth[i] = books.wealth[i]
        market.outside[SUBSCRIPTIONS, dollar] -= capital


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


@kernel
def withdraw_dealers(market, graph, rules, swap_line):
    """The dealers' reference creeps to the price; depth follows volatility and capital.

    (M49, M50)
    """
    opening = 0.0
    for b in range(graph.equity.size):
        opening += graph.opening_equity[b] if graph.is_core[b] else 0.0
    share = core_capital(graph) / opening if opening > 0.0 else 1.0
    for k in range(market.quote.size):
        gap = market.log_price[k] - market.dealer_reference[k]
        market.dealer_reference[k] += rules.market.reversion * gap
        volatility = math.sqrt(market.covariance_fast[k, k])
        market.dealer_depth[k] = dealer_depth(
            rules.market.dealer_depth[k], rules.market.calm_volatility[k], volatility, share,
            rules.market, swap_line,
        )  # fmt: skip
