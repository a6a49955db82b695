"""The rounds of a day: build orders, clear, settle both legs, mark, test margins, again."""

from abm.kernels.audit import conservation_error, larger, wealth_error
from abm.kernels.behaviours.idle import clear_orders_of
from abm.kernels.behaviours.value_investor import NONE, value_position
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.forced_orders import force_orders, test_margins
from abm.kernels.constraints.margin import fail_unmet_calls
from abm.kernels.contracts.balances import mark_prices
from abm.kernels.events import record_limits, share_flows
from abm.kernels.markets.clearing import Goal, clear_round
from abm.kernels.markets.impact import Liquidity
from abm.kernels.markets.orders import (
    IN_UNITS,
    Box,
    Traders,
    clear_orders,
    collect_orders,
    collect_rows,
)
from abm.kernels.markets.settlement import settle
from abm.kernels.numerics.columns import copy, fill_zero
from abm.kernels.record import (
    DAY_AT_LIMIT,
    DAY_CONSERVATION,
    DAY_GAIN,
    DAY_ITERATIONS,
    DAY_RESIDUAL,
    DAY_ROUNDS,
    DAY_STATUS,
)
from abm.kernels.state import AT_LIMIT, FAILED


@kernel
def trade_in_rounds(day, books, market, graph, rules, draws, diary):
    """Round 0 carries voluntary orders and overdue calls, later rounds only forced ones."""
    is_silent = day >= draws.silent_from
    for round_ in range(rules.market.rounds + 1):
        n_forced = 0
        if not is_silent:
            test_margins(day, round_, books, market, graph, rules, diary)
            if round_ < rules.market.rounds:
                n_forced = force_orders(day, round_, books, market, graph, rules, diary)
        if round_ > 0 and n_forced == 0:
            break
        follow_links(market, rules)
        build_orders(round_, n_forced, books, market, rules, diary)
        status = clear_and_settle(day, round_, books, market, graph, rules, draws, diary)
        withdraw_orders(round_, n_forced, books, market, diary)
        if round_ > 0 and status == FAILED:
            break  # nothing has moved: the same orders would meet the same market
    if not is_silent:
        fail_unmet_calls(day, books, market, graph, rules, diary)


@kernel
def follow_links(market, rules):
    """Fundamentals that follow other markets; the dealers' reference moves with them.   (M33)

    f_k = own - beta (lag x_c(yesterday) + (1 - lag) x_c(now)) + gamma x_leader(yesterday)
    """
    for k in range(market.quote.size):
        level = 0.0
        currency, leader = market.quote[k], rules.market.leader[k]
        if currency >= 0:
            lag = rules.market.link_lag[k]
            yen = lag * market.close[0, currency] + (1.0 - lag) * market.log_price[currency]
            level -= rules.market.link_beta[k] * yen
        if leader >= 0:
            level += rules.market.leader_beta[k] * market.close[0, leader]
        market.dealer_reference[k] += level - market.link_level[k]
        market.link_level[k] = level


@kernel
def withdraw_orders(round_, n_forced, books, market, diary):
    """Nobody trades in the next round unless forced; official orders are for the first."""
    fill_zero(market.external)
    if round_ == 0:
        clear_orders_of(0, books.cash.size, books)
        return
    for r in range(n_forced):
        clear_orders_of(diary.rows[r], diary.rows[r] + 1, books)


@kernel
def build_orders(round_, n_forced, books, market, rules, diary):
    """Add the orders of all who trade in this round into one matrix.                      (M34)"""
    orders = market.orders
    if rules.market.orders_frozen:
        freeze_intents(books, market, rules)
    clear_orders(orders)
    traders = traders_of(books, rules)
    if round_ == 0:
        collect_orders(traders, market.usd_price, market.quote, 0, books.cash.size, orders)
    else:
        collect_rows(traders, market.usd_price, market.quote, diary.rows[:n_forced], orders)


@inlined
def traders_of(books, rules):
    """Books and intents as clearing takes them."""
    return Traders(books.units, books.cash, books.intent, books.speed, rules.mandates.resident)


@kernel
def freeze_intents(books, market, rules):
    """Orders in units at the round's opening prices, whatever the price becomes."""
    for i in range(books.cash.size):
        speed = books.speed[i]
        if speed <= 0.0:
            continue
        for k in range(market.quote.size):
            wanted = books.intent[k, i] * max(books.wealth[i], 0.0) / market.usd_price[k]
            books.intent[k, i] = speed * (wanted - books.units[k, i])
        if rules.mandates.resident[i]:
            books.intent[0, i] = 0.0
        books.speed[i] = IN_UNITS


@kernel
def clear_and_settle(day, round_, books, market, graph, rules, draws, diary):
    """New prices, both legs of every trade, and the audit; how it cleared. A failed round moves
    nothing, and the audit sees that it did not.
    """
    K = market.quote.size
    row = diary.days[day]
    rule = rules.market
    if round_ == 0:
        copy(market.usd_price, diary.mark)
    for k in range(K):
        diary.before[k] = market.log_price[k]
        market.anchor[k] = market.fundamental[k] + market.link_level[k]
    liquidity = Liquidity(
        market.value_held_open, market.value_held, rule.value_depth, rule.value_capacity,
        rule.value_speed, market.anchor, market.dealer_depth, market.dealer_reference,
        market.dealer_held, market.external, rule.law,
    )  # fmt: skip
    want_gain = round_ == 0 and draws.gain_every > 0 and day % draws.gain_every == 0
    box = Box(market.quote, market.lower, market.upper, diary.before)
    goal = Goal(rule.tolerance, want_gain, market.log_price, market.excess)
    report = clear_round(
        traders_of(books, rules), market.orders, liquidity, box, goal, market.solver
    )
    row[DAY_ROUNDS] = round_ + 1.0
    row[DAY_STATUS] = max(row[DAY_STATUS], float(report.status))
    row[DAY_ITERATIONS] += report.iterations
    if want_gain:
        row[DAY_GAIN] = report.gain
    if report.status == FAILED:
        audit_books(row, books, market, graph, draws)
        return report.status
    row[DAY_RESIDUAL] = max(row[DAY_RESIDUAL], report.residual)
    mark_prices(market)
    quote_market_makers(market, rule)
    first_event = settle(day, round_, books, market, rules, diary)
    share_flows(day, round_, first_event, market, diary)
    if report.status == AT_LIMIT:
        row[DAY_AT_LIMIT] += record_limits(day, round_, market, diary)
    audit_books(row, books, market, graph, draws)
    return report.status


@kernel
def audit_books(row, books, market, graph, draws):
    """The day's largest error so far."""
    if draws.audit:
        error = conservation_error(books, market, graph)
        error = larger(error, wealth_error(books, market, graph))
        row[DAY_CONSERVATION] = larger(row[DAY_CONSERVATION], error)


@kernel
def quote_market_makers(market, rule):
    """What value investors and dealers order at the new price, in units.                (M35)"""
    for k in range(market.quote.size):
        wanted = value_position(
            rule.law[k], market.log_price[k], market.anchor[k], rule.value_depth[k],
            rule.value_capacity[k],
        )  # fmt: skip
        opening = market.value_held_open[k]
        target = opening + rule.value_speed[k] * (wanted - opening)
        market.value_order[k] = target - market.value_held[k] if rule.law[k] != NONE else 0.0
        quoted = -market.dealer_depth[k] * (market.log_price[k] - market.dealer_reference[k])
        market.dealer_order[k] = quoted - market.dealer_held[k]
