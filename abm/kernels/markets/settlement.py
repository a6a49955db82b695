"""Settlement: every order at the clearing price, both legs; then everybody is marked.

An order in an asset quoted in a currency c trades two instruments: the asset against c with the
market makers, and c against dollars. Residents pay in c themselves. At a price limit the long side
is filled pro rata; the currency leg of what is not filled is reversed with the dealers, so that
nobody ends with a currency position he did not ask for.
"""

import math

from abm.kernels.behaviours.dealer import half_spread
from abm.kernels.carry_short import short_closed
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import mark_books
from abm.kernels.events import FORCED_SALE, MARKET, record_event
from abm.kernels.numerics.columns import add_debt, add_scaled, chunk_sum, fill_zero, is_any
from abm.kernels.record import (
    BUYING,
    DAY_FORCED,
    DAY_SHORT_CLOSED,
    DAY_VOLUME,
    GROSS,
    LEGS,
    ORDERED,
    SELLING,
)
from abm.kernels.state import CHUNK, N_KINDS, RETAIL_EQUITY, RETAIL_FX, RISK_PARITY

# Rows of the scratch lanes above the K rows of trades.
WEALTH, COST, LEG, GROSS_TRADE = 0, 1, 2, 3


@kernel
def settle(day, round_, books, market, rules, diary):
    """Trade all orders of the round at the new prices and mark every book.            (M40)"""
    first_event = diary.n_events[0]
    for row in range(diary.flows.shape[0]):
        fill_zero(diary.flows[row])
    spreads = market.work[1]
    for k in range(market.quote.size):
        calm, fast = rules.market.calm_volatility[k], math.sqrt(market.covariance_fast[k, k])
        spreads[k] = half_spread(calm, fast, rules.market)
    is_rationed = ration(books, market, rules, diary)
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        if round_ > 0 and not is_any(books.forced[lo:hi]):
            mark_books(lo, hi, books, market)
            continue
        write_trades(lo, hi, books, market, rules, diary)
        if is_rationed:
            fill_trades(lo, hi, market, rules, diary)
        record_forced(day, round_, lo, hi, books, market, rules, diary)
        commit_trades(lo, hi, books, market, rules, diary)
    settle_market_makers(books, market, rules, diary)
    for k in range(market.quote.size):
        diary.days[day, DAY_VOLUME] += diary.flows[GROSS, k] * market.usd_price[k]
    return first_event


@kernel
def write_trades(lo, hi, books, market, rules, diary):
    """Orders of a chunk at the clearing price, in units: s (c W/X - a), or frozen units. (M34)"""
    K = market.quote.size
    n = hi - lo
    wealth = diary.lanes[K + WEALTH][:n]
    fill_zero(wealth)
    add_scaled(1.0, books.cash[lo:hi], wealth)
    for k in range(K):
        add_scaled(market.usd_price[k], books.units[k][lo:hi], wealth)
    speed = books.speed[lo:hi]
    for k in range(K):
        trade = diary.lanes[k][:n]
        write_trade(
            1.0 / market.usd_price[k], wealth, speed, books.units[k][lo:hi],
            books.intent[k][lo:hi], trade,
        )  # fmt: skip
        diary.is_traded[k] = is_any(trade)
    if hi > rules.mandates.first_row[RETAIL_EQUITY]:
        for j in range(n):
            if rules.mandates.resident[lo + j] and speed[j] > 0.0:
                diary.lanes[0, j] = 0.0


@kernel
def write_trade(per_unit, wealth, speed, units, intent, trade):
    """One instrument's orders of a chunk: s (c W+ / X - a) where s > 0, units where s < 0."""
    for j in range(trade.size):
        target = speed[j] * (intent[j] * max(wealth[j], 0.0) * per_unit - units[j])
        trade[j] = target if speed[j] > 0.0 else intent[j] if speed[j] < 0.0 else 0.0


@kernel
def add_legs(c, n, lo, market, rules, diary):
    """Currency c that a chunk's non-residents need for their trades in assets quoted in it."""
    K = market.quote.size
    leg = diary.lanes[K + LEG][:n]
    fill_zero(leg)
    for k in range(market.rates.size - 1, K):
        if market.quote[k] == c:
            add_scaled(math.exp(market.log_price[k]), diary.lanes[k][:n], leg)
    if lo + n > rules.mandates.first_row[RETAIL_EQUITY]:
        for j in range(n):
            if rules.mandates.resident[lo + j]:
                leg[j] = 0.0


@kernel
def ration(books, market, rules, diary):
    """Share of the long side that is filled where a price is at its limit (1 elsewhere). (M39)

    Counted over every institution's net order, value investors, dealers and official orders.
    """
    K, C = market.quote.size, market.rates.size - 1
    is_rationed = False
    for k in range(K):
        diary.fill[k] = 1.0
        diary.side[k] = 0.0
        if market.log_price[k] <= market.lower[k]:
            diary.side[k] = -1.0
        elif market.log_price[k] >= market.upper[k]:
            diary.side[k] = 1.0
        is_rationed = is_rationed or diary.side[k] != 0.0
    if not is_rationed:
        return False
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        write_trades(lo, hi, books, market, rules, diary)
        for k in range(K):
            if diary.side[k] == 0.0:
                continue
            if k < C:
                add_legs(k, hi - lo, lo, market, rules, diary)
            for j in range(hi - lo):
                leg = diary.lanes[K + LEG, j] if k < C else 0.0
                count_order(k, diary.lanes[k, j] + leg, diary)
    for k in range(K):
        count_order(k, market.value_order[k], diary)
        count_order(k, market.dealer_order[k], diary)
        count_order(k, market.external[k], diary)
        sold, bought = diary.flows[SELLING, k], diary.flows[BUYING, k]
        if diary.side[k] < 0.0 and sold > 0.0:
            diary.fill[k] = min(1.0, bought / sold)
        if diary.side[k] > 0.0 and bought > 0.0:
            diary.fill[k] = min(1.0, sold / bought)
    return True


@inlined
def count_order(k, order, diary):
    """Add an order to the buying or the selling side of its market."""
    if order > 0.0:
        diary.flows[BUYING, k] += order
    else:
        diary.flows[SELLING, k] -= order


@inlined
def filled(order, k, diary):
    """What is filled of an order: all of it, or the rationed share on the long side."""
    return order * diary.fill[k] if order * diary.side[k] > 0.0 else order


@kernel
def fill_trades(lo, hi, market, rules, diary):
    """Ration a chunk's trades, assets before the currencies that they need.             (M39)

    With L' the leg of what was filled in the assets: the institution trades fill(d + L') of the
    currency and pays for its assets out of that, so its own part becomes fill(d + L') - L'. Who
    sells the currency of his assets forward does not for those he did not get.
    """
    K, C = market.quote.size, market.rates.size - 1
    first, n = rules.mandates.first_row, hi - lo
    for k in range(C, K):
        if diary.side[k] != 0.0:
            c, local = market.quote[k], math.exp(market.log_price[k])
            for j in range(n):
                order = diary.lanes[k, j]
                diary.lanes[k, j] = filled(order, k, diary)
                if c >= 0 and first[RISK_PARITY] <= lo + j < first[RETAIL_FX]:
                    diary.lanes[c, j] += local * (order - diary.lanes[k, j])
    for c in range(C):
        if diary.side[c] != 0.0:
            add_legs(c, n, lo, market, rules, diary)
            for j in range(n):
                leg = diary.lanes[K + LEG, j]
                diary.lanes[c, j] = filled(diary.lanes[c, j] + leg, c, diary) - leg


@kernel
def commit_trades(lo, hi, books, market, rules, diary):
    """Move units and cash of a chunk, pay the spread, mark wealth and borrowing.     (M2, M40)"""
    K, C = market.quote.size, market.rates.size - 1
    n = hi - lo
    cost, leg = diary.lanes[K + COST][:n], diary.lanes[K + LEG][:n]
    gross, cash = diary.lanes[K + GROSS_TRADE][:n], books.cash[lo:hi]
    fill_zero(cost)
    for k in range(K):
        has_leg = k < C and is_leg_traded(k, market, diary)
        if not (diary.is_traded[k] or has_leg):
            continue
        trade, price = diary.lanes[k][:n], market.usd_price[k]
        fill_zero(leg)
        if has_leg:
            add_legs(k, n, lo, market, rules, diary)
            diary.flows[LEGS, k] += chunk_sum(leg)
        diary.flows[ORDERED, k] += chunk_sum(trade)
        move_units(market.work[1, k] * price, trade, leg, books.units[k][lo:hi], gross, cost)
        diary.flows[GROSS, k] += chunk_sum(gross)
        if k < C or market.quote[k] < 0:
            pay(price, trade, leg, cash)
        else:
            pay_residents(k, lo, n, books, market, rules, diary)
    borrowing, wealth = books.borrowing[lo:hi], books.wealth[lo:hi]
    add_scaled(-1.0, cost, cash)
    fill_zero(wealth)
    add_scaled(1.0, diary.lanes[K + WEALTH][:n], wealth)
    add_scaled(-1.0, cost, wealth)
    fill_zero(borrowing)
    add_debt(1.0, cash, borrowing)
    for c in range(C):
        add_debt(market.usd_price[c], books.units[c][lo:hi], borrowing)
    market.dealer_cash[C] += chunk_sum(cost)


@kernel
def is_leg_traded(c, market, diary):
    """Whether a chunk trades an asset that is quoted in currency c."""
    for k in range(market.quote.size):
        if market.quote[k] == c and diary.is_traded[k]:
            return True
    return False


@kernel
def move_units(spread, trade, leg, units, gross, cost):
    """Add what was traded to the balances; what crossed the spread, legs included, is paid for."""
    for j in range(trade.size):
        gross[j] = abs(trade[j]) + abs(leg[j])
        cost[j] += spread * abs(trade[j] + leg[j])
        units[j] += trade[j]


@kernel
def pay(price, trade, leg, cash):
    """Dollars for what was traded, the currency leg included."""
    for j in range(trade.size):
        cash[j] -= price * (trade[j] + leg[j])


@kernel
def pay_residents(k, lo, n, books, market, rules, diary):
    """Residents pay for an asset out of their own balance in the currency it is quoted in."""
    local = math.exp(market.log_price[k])
    if lo + n <= rules.mandates.first_row[RETAIL_EQUITY]:
        return
    balance = books.units[market.quote[k]]
    for j in range(n):
        if rules.mandates.resident[lo + j]:
            balance[lo + j] -= local * diary.lanes[k, j]


@kernel
def settle_market_makers(books, market, rules, diary):
    """Value investors, central banks, and the dealers who take what is left.            (M40)"""
    K, C = market.quote.size, market.rates.size - 1
    for k in range(K):
        value = filled(market.value_order[k], k, diary)
        official = filled(market.external[k], k, diary)
        institutions = diary.flows[ORDERED, k] + (diary.flows[LEGS, k] if k < C else 0.0)
        dealers = -(institutions + value + official)
        market.value_held[k] += value
        market.dealer_held[k] += dealers
        market.official_units[k] += official
        payer = market.quote[k] if market.quote[k] >= 0 else C
        price = math.exp(market.log_price[k])
        market.value_cash[payer] -= price * value
        market.dealer_cash[payer] -= price * dealers
        market.official_cash[payer] -= price * official


@kernel
def record_forced(day, round_, lo, hi, books, market, rules, diary):
    """Write down the forced orders of a chunk, sales below 0; what was sold but yen is summed."""
    first = rules.mandates.first_row
    if not is_any(books.forced[lo:hi]):
        return
    for i in range(lo, hi):
        if books.forced[i] == 0:
            continue
        kind = 0
        while kind < N_KINDS - 1 and i >= first[kind + 1]:
            kind += 1
        closed = short_closed(i, i - lo, diary.lanes, market, rules)
        diary.days[day, DAY_SHORT_CLOSED] += closed
        for k in range(market.quote.size):
            amount = diary.lanes[k, i - lo] * market.usd_price[k]
            if abs(amount) > 1e-12:
                record_event(day, round_, FORCED_SALE, i, MARKET, k, amount, diary.cause[i], diary)
            if k > 0 and amount < 0.0:
                diary.days[day, DAY_FORCED + kind] -= amount
                diary.forced_sales[i] -= amount
