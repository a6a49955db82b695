"""Order anticipators: they buy before those who are expected to buy, and sell to them.

Institutions trade towards their targets at a pace, so that their orders follow a move of the price
for days. What they learn of it is in the rows of ``market.order_flow``.
"""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import account_value
from abm.kernels.contracts.renewal import renewed_usd_bn
from abm.kernels.markets.impact import depth_of_day
from abm.kernels.scratch import LEGS, ORDERED
from abm.kernels.state import SUBSCRIPTIONS, TRADING_DAYS

# Net orders of institutions today; decayed sum of moves, as of last night; means of its square and
# of its product with the orders of the next day.
FLOW, MOVES, SQUARE, PRODUCT = 0, 1, 2, 3


@inlined
def ordered_in_advance(product, square, share, decay, most):
    """Units held per log of decayed move: theta beta/(1 - rho), at most c (D - Gamma).    (M90)

    beta = E[m q]/E[m^2] are the orders of the first day, 1/(1 - rho) those of all days over it.
    """
    expected = product / square / (1.0 - decay) if square > 0.0 else 0.0
    return min(max(share * expected, -most), most)


@kernel
def anticipate_orders(market, rules):
    """Position of the morning and trade with the price of today, from all orders so far.

    (M90 to M92)
    """
    rule = rules.anticipators
    if not rule.is_on:
        return
    learn_from_orders(market, rule)
    renew_anticipators(market, rule)
    value = rules.value_investors
    for k in range(market.quote.size):
        depth = depth_of_day(
            value.law[k], market.value_speed[k], market.value_depth[k], market.dealer_depth[k]
        )
        gamma = ordered_in_advance(
            market.order_flow[PRODUCT, k], market.order_flow[SQUARE, k], rule.share[k],
            rule.decay, rule.depth_share * (depth - market.hedger_gamma[k]),
        )  # fmt: skip
        market.anticipator_gamma[k] = gamma
        market.anticipator_open[k] = gamma * rule.decay * market.order_flow[MOVES, k]
    limit_anticipators(market, rules)


@inlined
def learn_from_orders(market, rule):
    """Regress yesterday's orders on the moves before; the move of yesterday joins them.   (M90)"""
    flow, moves, square, product = market.order_flow
    for k in range(market.quote.size):
        square[k] += (moves[k] * moves[k] - square[k]) / rule.memory_days
        product[k] += (moves[k] * flow[k] - product[k]) / rule.memory_days
        moves[k] = rule.decay * moves[k] + market.close[0, k] - market.close[1, k]
        flow[k] = 0.0


@inlined
def renew_anticipators(market, rule):
    """Pay out a share of gains, fill up a share of losses, in each currency.              (M92)"""
    n_currencies = market.rates.size - 1
    for c in range(n_currencies + 1):
        net = market.anticipator_cash[c]
        for k in range(market.quote.size):
            if market.quote[k] == c or (market.quote[k] < 0 and c == n_currencies):
                net += market.local_price[k] * market.anticipator_held[k]
        opening = rule.capital if c == n_currencies else 0.0
        amount = renewed_usd_bn(net, opening, rule.renewal)
        market.anticipator_cash[c] += amount
        market.outside[SUBSCRIPTIONS, c] -= amount


@kernel
def limit_anticipators(market, rules):
    """Scale the book, a move of one standard deviation included, to what capital allows.  (M91)"""
    rule, book = rules.anticipators, 0.0
    for k in range(market.quote.size):
        move = rules.market.calm_volatility[k] / math.sqrt(TRADING_DAYS)
        size = abs(market.anticipator_open[k]) + abs(market.anticipator_gamma[k]) * move
        book += size * market.usd_price[k]
    capital = account_value(market.anticipator_held, market.anticipator_cash, market.usd_price)
    most = rule.leverage_cap * max(capital, 0.0)
    allowed = most / book if book > most else 1.0
    for k in range(market.quote.size):
        market.anticipator_gamma[k] *= allowed
        market.anticipator_open[k] *= allowed


@inlined
def held_in_advance(k, log_price, market):
    """Units anticipators want to hold at a log price: Gamma (rho m(t-1) + x - x(t-1)).    (M91)"""
    move = log_price - market.close[0, k]
    return market.anticipator_open[k] + market.anticipator_gamma[k] * move


@inlined
def note_orders(market, rules, scratch):
    """Add the orders of institutions that were filled in the round, currency legs included."""
    if not rules.anticipators.is_on:
        return
    n_currencies = market.rates.size - 1
    for k in range(market.quote.size):
        legs = scratch.flows[LEGS, k] if k < n_currencies else 0.0
        market.order_flow[FLOW, k] += scratch.flows[ORDERED, k] + legs
