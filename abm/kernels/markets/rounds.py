"""One round of trading: orders are added up, and prices found at which they clear."""

from abm.kernels.behaviours.idle import cancel_orders
from abm.kernels.behaviours.option_hedger import hedge_wanted
from abm.kernels.behaviours.order_anticipator import held_in_advance
from abm.kernels.behaviours.risk_appetite import NOW
from abm.kernels.behaviours.value_investor import value_order
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import mark_prices
from abm.kernels.markets.clearing import SolverOptions, clear_round
from abm.kernels.markets.flow import FAILED
from abm.kernels.markets.impact import POSITION, Liquidity, dealer_order
from abm.kernels.markets.orders import (
    IN_UNITS,
    OrderBook,
    PriceLimits,
    clear_orders,
    collect_orders,
    collect_rows,
)
from abm.kernels.markets.settlement import write_trades
from abm.kernels.numerics.columns import copy
from abm.kernels.state import CHUNK


@inlined
def update_linked_fundamentals(market, rules):
    """Fundamentals that follow other markets; the dealers' reference moves with them.

    f_k = own - beta (lag f_c(yesterday) + (1 - lag) f_c(today)) + gamma x_leader(yesterday) (M33)
        - haven beta (x_leader - its average) - appetite beta R                      (M86, M87)
    """
    rule = rules.market
    for k in range(market.quote.size):
        level = 0.0
        currency, leader, fled = market.quote[k], rule.leader[k], rule.haven_leader[k]
        if currency >= 0:
            before, now = market.fundamental_before[currency], market.fundamental[currency]
            followed = rule.link_lag[k] * before + (1.0 - rule.link_lag[k]) * now
            level -= rule.link_beta[k] * followed
        if leader >= 0:
            level += rule.leader_beta[k] * market.close[0, leader]
        if fled >= 0:
            level -= rule.haven_beta[k] * (market.log_price[fled] - market.haven_average[k])
        if rules.appetite.is_on:
            level -= rules.appetite.beta[k] * market.appetite[NOW]
        market.dealer_reference[k] += level - market.link_level[k]
        market.link_level[k] = level


@kernel
def build_orders(round_, books, market, rules, scratch):
    """Add the orders of all who trade in this round into one matrix.                      (M34)"""
    orders = scratch.orders
    if rules.market.orders_frozen:
        freeze_intents(books, market, rules, scratch)
    clear_orders(orders)
    book = order_book(books, rules)
    if round_ == 0:
        collect_orders(book, market.usd_price, market.quote, 0, books.cash.size, orders)
    else:
        rows = scratch.rows[: scratch.n_forced[0]]
        collect_rows(book, market.usd_price, market.quote, rows, orders)


@inlined
def order_book(books, rules):
    """Holdings and targets as clearing takes them."""
    return OrderBook(books.units, books.cash, books.intent, books.speed, rules.mandates.resident)


@kernel
def freeze_intents(books, market, rules, scratch):
    """Orders in units at the round's opening prices, whatever the price becomes.          (M34)"""
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        write_trades(lo, hi, books, market, rules, scratch)
        for i in range(lo, hi):
            if books.speed[i] > 0.0:
                books.speed[i] = IN_UNITS
                for k in range(market.quote.size):
                    books.intent[k, i] = scratch.lanes[k, i - lo]


@kernel
def find_prices(want_gain, books, market, rules, scratch):
    """Find the prices that clear the round, mark all instruments at them, and report how it ended.

    A failed round moves nothing.                                                          (M37)
    """
    value = rules.value_investors
    copy(market.log_price, scratch.before)
    gamma, order = scratch.work[2], scratch.work[3]
    for k in range(market.quote.size):
        market.anchor[k] = market.fundamental[k] + market.link_level[k]
        gamma[k] = market.hedger_gamma[k] + market.anticipator_gamma[k]
        order[k] = hedge_wanted(k, 0.0, market) - market.hedger_held[k]
        order[k] += held_in_advance(k, 0.0, market) - market.anticipator_held[k]
    liquidity = Liquidity(
        market.value_held_open, market.value_held, market.value_depth, value.capacity,
        market.value_speed, market.anchor, market.dealer_depth, market.dealer_reference,
        market.dealer_held, gamma, order, market.external, value.law,
    )  # fmt: skip
    limits = PriceLimits(market.quote, market.lower, market.upper, scratch.before)
    options = SolverOptions(rules.market.tolerance, want_gain, market.log_price, market.excess)
    report = clear_round(
        order_book(books, rules), scratch.orders, liquidity, limits, options, scratch.solver
    )
    if report.status != FAILED:
        mark_prices(market)
        quote_market_makers(scratch.solver.vectors[POSITION], market, value)
    return report


@inlined
def quote_market_makers(wanted, market, rule):
    """Orders at the new price of all who quote along the price.              (M35, M84, M91)

    ``wanted``: positions that value investors want at it.
    """
    for k in range(market.quote.size):
        market.value_order[k] = value_order(
            rule.law[k], wanted[k], market.value_speed[k], market.value_held_open[k],
            market.value_held[k],
        )  # fmt: skip
        market.dealer_order[k] = dealer_order(
            market.log_price[k], market.dealer_depth[k], market.dealer_reference[k],
            market.dealer_held[k],
        )  # fmt: skip
        hedge = hedge_wanted(k, market.log_price[k], market)
        market.hedger_order[k] = hedge - market.hedger_held[k]
        advance = held_in_advance(k, market.log_price[k], market)
        market.anticipator_order[k] = advance - market.anticipator_held[k]


@kernel
def cancel_round(round_, books, market, scratch):
    """Cancel the orders of a round: in the next one only the forced trade, and no authority."""
    market.external[:] = 0.0
    market.user_order[:] = 0.0
    if round_ == 0:
        cancel_orders(0, books.cash.size, books)
        return
    for r in range(scratch.n_forced[0]):
        cancel_orders(scratch.rows[r], scratch.rows[r] + 1, books)
