"""Settlement: every order at the clearing price, both legs; then all books are marked.

An order in an asset quoted in a currency c trades two instruments: the asset against c with the
market makers, and c against dollars. Residents pay in c themselves. At a price limit the long side
is filled pro rata; the currency leg of what is not filled is reversed with the dealers, so that
no institution ends with a currency position that it did not order.
"""

import math

from abm.kernels.behaviours.dealer import half_spread
from abm.kernels.carry_short import short_closed
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.compiler.lanes import lane_sums
from abm.kernels.contracts.balances import add_up_borrowing, add_up_wealth
from abm.kernels.events import FORCED_SALE, MARKET, record_event
from abm.kernels.numerics.columns import add_scaled, chunk_sum, is_any
from abm.kernels.scratch import BUYING, GROSS, LEGS, ORDERED, SELLING
from abm.kernels.state import CHUNK, SWAP_USERS

LEAST_USD_BN = 1e-12  # a forced order of less is none
# Rows of the scratch lanes above the K rows of trades.
WEALTH, COST, LEG, GROSS_TRADE = 0, 1, 2, 3


@inlined
def set_spreads(market, rules, scratch):
    """Set what it costs to cross the spread of every market.                             (M40)"""
    spreads = scratch.work[1]
    for k in range(market.quote.size):
        calm, fast = rules.market.calm_volatility[k], math.sqrt(market.covariance_fast[k, k])
        spreads[k] = half_spread(calm, fast, rules.dealers)


@kernel
def write_trades(lo, hi, books, market, rules, scratch):
    """Orders of a chunk at the clearing price, in units: s (c W/X - a), or frozen units. (M34)"""
    K = market.quote.size
    n = hi - lo
    wealth = scratch.lanes[K + WEALTH][:n]
    add_up_wealth(lo, hi, books.units, books.cash, market.usd_price, wealth)
    speed = books.speed[lo:hi]
    for k in range(K):
        trade = scratch.lanes[k][:n]
        scratch.is_traded[k] = write_trade(
            1.0 / market.usd_price[k], wealth, speed, books.units[k][lo:hi],
            books.intent[k][lo:hi], trade,
        )  # fmt: skip
    scratch.has_residents[0] = is_any(rules.mandates.resident[lo:hi])
    if scratch.has_residents[0]:
        for j in range(n):
            if rules.mandates.resident[lo + j] and speed[j] > 0.0:
                scratch.lanes[0, j] = 0.0


@inlined
def write_trade(per_unit, wealth, speed, units, intent, trade):
    """One instrument's orders of a chunk: s (c W+ / X - a) where s > 0, units where s < 0.

    True if there is any.
    """
    count = 0
    for j in range(trade.size):
        target = speed[j] * (intent[j] * max(wealth[j], 0.0) * per_unit - units[j])
        order = target if speed[j] > 0.0 else intent[j] if speed[j] < 0.0 else 0.0
        trade[j] = order
        count += order != 0.0
    return count > 0


@kernel
def add_legs(c, n, lo, market, rules, scratch):
    """Currency c that a chunk's non-residents need for their trades in assets quoted in it."""
    K = market.quote.size
    leg = scratch.lanes[K + LEG][:n]
    leg[:] = 0.0
    for k in range(market.rates.size - 1, K):
        if market.quote[k] == c:
            add_scaled(market.local_price[k], scratch.lanes[k][:n], leg)
    if scratch.has_residents[0]:
        for j in range(n):
            if rules.mandates.resident[lo + j]:
                leg[j] = 0.0


@kernel
def ration(books, market, rules, scratch):
    """Share of the long side that is filled where a price is at its limit (1 elsewhere). (M39)

    Assets first: an institution needs a currency for what it gets of them, and no more.
    """
    K, C = market.quote.size, market.rates.size - 1
    for k in range(K):
        scratch.fill[k] = 1.0
        scratch.side[k] = 0.0
        if market.log_price[k] <= market.lower[k]:
            scratch.side[k] = -1.0
        elif market.log_price[k] >= market.upper[k]:
            scratch.side[k] = 1.0
    if not is_any(scratch.side):
        return False
    ration_long_sides(C, K, books, market, rules, scratch)
    ration_long_sides(0, C, books, market, rules, scratch)
    return True


@kernel
def ration_long_sides(first, last, books, market, rules, scratch):
    """Share filled of instruments first..last, of the net orders of every institution, of all
    market makers, and of authorities.                                                     (M39)
    """
    if not is_any(scratch.side[first:last]):
        return
    C = market.rates.size - 1
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        write_trades(lo, hi, books, market, rules, scratch)
        fill_assets(lo, hi, market, rules, scratch)
        for k in range(first, last):
            if scratch.side[k] == 0.0:
                continue
            if k < C:
                add_legs(k, hi - lo, lo, market, rules, scratch)
            for j in range(hi - lo):
                leg = scratch.lanes[market.quote.size + LEG, j] if k < C else 0.0
                count_order(k, scratch.lanes[k, j] + leg, scratch)
    for k in range(first, last):
        count_order(k, market.value_order[k], scratch)
        count_order(k, market.dealer_order[k], scratch)
        count_order(k, market.hedger_order[k], scratch)
        count_order(k, market.anticipator_order[k], scratch)
        count_order(k, market.external[k], scratch)
        sold, bought = scratch.flows[SELLING, k], scratch.flows[BUYING, k]
        if scratch.side[k] < 0.0 and sold > 0.0:
            scratch.fill[k] = min(1.0, bought / sold)
        if scratch.side[k] > 0.0 and bought > 0.0:
            scratch.fill[k] = min(1.0, sold / bought)


@inlined
def count_order(k, order, scratch):
    """Add an order to the buying or the selling side of its market."""
    if order > 0.0:
        scratch.flows[BUYING, k] += order
    else:
        scratch.flows[SELLING, k] -= order


@inlined
def filled(order, k, scratch):
    """Filled part of an order: all of it, or the rationed share on the long side."""
    return order * scratch.fill[k] if order * scratch.side[k] > 0.0 else order


@kernel
def fill_assets(lo, hi, market, rules, scratch):
    """Ration a chunk's trades in assets.                                                  (M39)

    An institution that sells its assets' currency forward sells none for those it did not get.
    """
    hedges = rules.mandates.hedges_quote_currency
    for k in range(market.rates.size - 1, market.quote.size):
        if scratch.side[k] != 0.0:
            c, local = market.quote[k], market.local_price[k]
            for j in range(hi - lo):
                order = scratch.lanes[k, j]
                scratch.lanes[k, j] = filled(order, k, scratch)
                if c >= 0 and hedges[lo + j]:
                    scratch.lanes[c, j] += local * (order - scratch.lanes[k, j])


@kernel
def fill_trades(lo, hi, market, rules, scratch):
    """Ration a chunk's trades, assets before the currencies that they need.               (M39)

    With L' the leg of what was filled in the assets: the institution trades fill(d + L') of the
    currency and pays for its assets out of that, so its own part becomes fill(d + L') - L'.
    """
    K, C, n = market.quote.size, market.rates.size - 1, hi - lo
    fill_assets(lo, hi, market, rules, scratch)
    for c in range(C):
        if scratch.side[c] != 0.0:
            add_legs(c, n, lo, market, rules, scratch)
            for j in range(n):
                leg = scratch.lanes[K + LEG, j]
                scratch.lanes[c, j] = filled(scratch.lanes[c, j] + leg, c, scratch) - leg


@kernel
def commit_trades(lo, hi, books, market, rules, scratch):
    """Move units and cash of a chunk, pay the spread, mark wealth and borrowing.     (M2, M40)"""
    K, C = market.quote.size, market.rates.size - 1
    n = hi - lo
    cost, leg = scratch.lanes[K + COST][:n], scratch.lanes[K + LEG][:n]
    gross, cash = scratch.lanes[K + GROSS_TRADE][:n], books.cash[lo:hi]
    cost[:] = 0.0
    for k in range(K):
        has_leg = k < C and is_leg_traded(k, market, scratch)
        if not (scratch.is_traded[k] or has_leg):
            continue
        trade, price = scratch.lanes[k][:n], market.usd_price[k]
        leg[:] = 0.0
        if has_leg:
            add_legs(k, n, lo, market, rules, scratch)
        move_units(scratch.work[1, k] * price, trade, leg, books.units[k][lo:hi], gross, cost)
        of_legs, ordered, both = lane_sums((leg, trade, gross), n)
        scratch.flows[LEGS, k] += of_legs
        scratch.flows[ORDERED, k] += ordered
        scratch.flows[GROSS, k] += both
        if k < C or market.quote[k] < 0:
            pay(price, trade, leg, cash)
        else:
            pay_residents(k, lo, n, books, market, rules, scratch)
    charge(cost, scratch.lanes[K + WEALTH][:n], cash, books.wealth[lo:hi])
    add_up_borrowing(lo, hi, books, market, books.borrowing[lo:hi])
    market.dealer_cash[C] += chunk_sum(cost)


@inlined
def is_leg_traded(c, market, scratch):
    """True if a chunk trades an asset that is quoted in currency c."""
    for k in range(market.quote.size):
        if market.quote[k] == c and scratch.is_traded[k]:
            return True
    return False


@inlined
def move_units(spread, trade, leg, units, gross, cost):
    """Add what was traded to the balances; what crossed the spread, legs included, is paid for."""
    for j in range(trade.size):
        gross[j] = abs(trade[j]) + abs(leg[j])
        cost[j] += spread * abs(trade[j] + leg[j])
        units[j] += trade[j]


@inlined
def pay(price, trade, leg, cash):
    """Dollars for what was traded, the currency leg included."""
    for j in range(trade.size):
        cash[j] -= price * (trade[j] + leg[j])


@kernel
def charge(cost, before, cash, wealth):
    """The spread is paid: wealth is what it was at the clearing price, less that."""
    for j in range(cost.size):
        cash[j] -= cost[j]
        wealth[j] = 0.0 + before[j] - cost[j]  # an empty book is worth 0.0, not -0.0


@inlined
def pay_residents(k, lo, n, books, market, rules, scratch):
    """Residents pay for an asset out of their own balance in the currency it is quoted in."""
    local = market.local_price[k]
    if not scratch.has_residents[0]:
        return
    balance = books.units[market.quote[k]]
    for j in range(n):
        if rules.mandates.resident[lo + j]:
            balance[lo + j] -= local * scratch.lanes[k, j]


@inlined
def settle_market_makers(market, scratch):
    """Value investors, hedgers, anticipators, central banks; dealers take the rest.     (M40)"""
    K, C = market.quote.size, market.rates.size - 1
    for k in range(K):
        value = filled(market.value_order[k], k, scratch)
        official = filled(market.external[k], k, scratch)
        hedge = filled(market.hedger_order[k], k, scratch)
        advance = filled(market.anticipator_order[k], k, scratch)
        institutions = scratch.flows[ORDERED, k] + (scratch.flows[LEGS, k] if k < C else 0.0)
        dealers = -(institutions + value + official + hedge + advance)
        market.value_held[k] += value
        market.dealer_held[k] += dealers
        market.hedger_held[k] += hedge
        market.anticipator_held[k] += advance
        market.official_units[k] += official
        payer = market.quote[k] if market.quote[k] >= 0 else C
        price = market.local_price[k]
        market.value_cash[payer] -= price * value
        market.dealer_cash[payer] -= price * dealers
        market.hedger_cash[payer] -= price * hedge
        market.anticipator_cash[payer] -= price * advance
        market.official_cash[payer] -= price * official
        if market.user_order[k] != 0.0:
            settle_swap_users(k, price, scratch, market)


@inlined
def settle_swap_users(c, price, scratch, market):
    """Spot trade of those who find no swap; it was part of the official orders.     (M40, M123)"""
    dollar = market.rates.size - 1
    traded = filled(market.user_order[c], c, scratch)
    market.official_units[c] -= traded
    market.official_cash[dollar] += price * traded
    market.outside[SWAP_USERS, c] += traded
    market.outside[SWAP_USERS, dollar] -= price * traded
    for s in range(market.swapped.size):
        if market.swapped[s] == c:
            market.user_dollars[s] -= price * traded


@kernel
def record_forced(hi, done, market, rules, record, scratch):
    """Write down the forced orders of a chunk that ends at row `hi`; return how many are done.

    ``done`` of the forced rows lie before the chunk. Sales are below 0; what was sold but yen is
    summed by kind of seller.
    """
    today, mandates = record.now[0], rules.mandates
    while done < scratch.n_forced[0] and scratch.rows[done] < hi:
        i = scratch.rows[done]
        j = i % CHUNK
        closed = short_closed(i, j, scratch.lanes, market, rules)
        record.days[today].yen_short_closed_by_force_units += closed
        for k in range(market.quote.size):
            amount = scratch.lanes[k, j] * market.usd_price[k]
            if abs(amount) > LEAST_USD_BN:
                record_event(FORCED_SALE, i, MARKET, k, amount, record.cause[i], record)
            if k > 0 and amount < 0.0:
                record.forced_usd_bn[today, mandates.kind[i]] -= amount
                record.forced_sales[i] -= amount
        done += 1
    return done


@inlined
def record_volume(market, record, scratch):
    """Add the round's gross trading to the day's volume."""
    row = record.days[record.now[0]]
    for k in range(market.quote.size):
        row.volume_usd_bn += scratch.flows[GROSS, k] * market.usd_price[k]
