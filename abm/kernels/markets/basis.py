"""The price of dollars in currency swaps: what is asked for over what banks and the line supply.

A yen-funded fund lends dollars in the swap, so that its unwind takes supply away.
"""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.bank_requirement import head_room
from abm.kernels.contracts.balances import accrued
from abm.kernels.contracts.swaps import write_balances
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import CAPACITY, CHUNK, DEMAND, LINE, SQUEEZE

POINTS = 100.0  # of a volatility gauge, per unit of volatility
OPENS, WAS_OPEN = 0, 1  # of `market.line_days`


@kernel
def count_swap_demand(books, market, rules, scratch):
    """Dollars that institutions would borrow by swaps today, less what they lend [USD bn]. (M119)

    sum_i share_ci (a_ci + L_i) X_c: insurers and companies hold the yen that they hedge with,
    speculators owe it.
    """
    for s in range(market.swapped.size):
        total = 0.0
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            balances = scratch.lanes[0][: hi - lo]
            write_balances(s, lo, hi, books, market, rules.mandates, balances)
            total += chunk_sum(balances)
        market.swap_demand[s] = total * market.usd_price[market.swapped[s]]


@kernel
def quote_basis(day, market, graph, rules, script):
    """The basis of the day, from last night's books, prices and banks.          (M119 to M122)"""
    if market.swapped.size == 0 or not rules.channels.basis_moves:
        return
    gauge_squeeze(market, rules.basis.squeeze)
    for s in range(market.swapped.size):
        terms = market.swap_terms[s]
        terms[SQUEEZE] = squeeze(market, rules.basis.squeeze) + script.squeeze[day, s]
        change = (market.swap_demand[s] - market.opening_demand[s]) / rules.basis.volume[s]
        opening = graph.opening_room[0]
        room = head_room(graph) / opening if opening > 0.0 else 1.0
        terms[CAPACITY] = swap_capacity(room, script.crosses_year[day, s], rules.basis)
        terms[DEMAND] = max(1.0 + terms[SQUEEZE] + change, 0.0)
        draw_line(s, is_line_open(day, market, rules.basis.line, script), market, rules.basis)
        shortage = terms[DEMAND] / terms[CAPACITY] - terms[LINE]
        market.basis[s] = basis_of(shortage, rules.basis.calm[s], rules.basis)
        note_basis(s, market)
    watch_basis(day, market, rules.basis.line)


@inlined
def basis_of(shortage, calm, rule):
    """Three-month basis per year: -min(b0 max(R - L, least), widest).                     (M119)"""
    return -min(calm * max(shortage, rule.least), rule.widest)


@inlined
def note_basis(s, market):
    """Keep today's basis before those of earlier days."""
    past = market.basis_past[s]
    for back in range(past.size - 1, 0, -1):
        past[back] = past[back - 1]
    past[0] = market.basis[s]


@inlined
def gauge_squeeze(market, rule):
    """Average of a gauge of fear: volatility of shares, and their fall from the highest close.

    V <- V + (1 - 2^(-1/h)) (100 (v sigma + (1 - v) (sigma0 + w (max x - x))) - V)         (M120)
    """
    if not rule.is_on:
        return
    k, high = rule.asset, market.close[0, rule.asset]
    for back in range(1, rule.fall_days + 1):
        high = max(high, market.close[back, k])
    volatility = math.sqrt(max(market.covariance_fast[k, k], 0.0))
    by_fall = rule.calm + rule.fall_weight * (high - market.close[0, k])
    share = rule.volatility_share
    gauge = POINTS * (share * volatility + (1.0 - share) * by_fall)
    market.squeeze_gauge[0] += rule.weight * (gauge - market.squeeze_gauge[0])


@inlined
def squeeze(market, rule):
    """Dollars hoarded in fear, over calm demand: k (V - V0)+ clip(D / D0, 0, 1).          (M120)

    D: rise of the dollar against all other currencies in n days.
    """
    if not rule.is_on:
        return 0.0
    n_currencies, rise = market.rates.size - 1, 0.0
    for c in range(n_currencies):
        rise -= (market.close[0, c] - market.close[rule.rise_days, c]) / n_currencies
    felt = min(max(rise / rule.full_rise, 0.0), 1.0)
    return rule.slope * max(market.squeeze_gauge[0] - rule.threshold, 0.0) * felt


@inlined
def swap_capacity(room, crosses_year, rule):
    """Capacity over that of the opening: max(room^e (1 - y YE), floor).                   (M121)"""
    turn = rule.year_end if crosses_year else 0.0
    return max(room**rule.room_exponent * (1.0 - turn), rule.least_capacity)


@inlined
def is_line_open(day, market, rule, script):
    """True if banks can draw dollars today: by the script, or by the rule.                (M122)"""
    by_rule = rule.is_by_rule and 0 <= market.line_days[OPENS] <= day
    return by_rule or script.swap_line[day] > 0


@inlined
def draw_line(s, is_open, market, rule):
    """What banks draw and pass on, through equal lags, until dollars cost what the line does.

    L* = (R - cost / b0)+ while it is open;   L_1 follows L*, L_2 follows L_1, L = L_3      (M122)
    """
    terms, stages, share = market.swap_terms[s], market.line_stages[s], rule.line.stage_share
    wanted = 0.0
    if is_open and rule.calm[s] > 0.0:  # else there is no basis to lower
        wanted = max(terms[DEMAND] / terms[CAPACITY] - rule.line.cost / rule.calm[s], 0.0)
    stages[2] += share * (stages[1] - stages[2])
    stages[1] += share * (stages[0] - stages[1])
    stages[0] += share * (wanted - stages[0])
    terms[LINE] = stages[2]
    market.line_usd_bn[s] = stages[0] * rule.volume[s] * terms[CAPACITY]


@inlined
def watch_basis(day, market, rule):
    """Rule of the line: it opens some days after a basis that is wide and widened fast.   (M122)"""
    past = market.basis_past[0]
    is_wide = past[0] <= rule.opens_at and past[0] - past[rule.fall_days] <= rule.opens_on_fall
    if rule.is_by_rule and market.line_days[OPENS] < 0 and is_wide:
        market.line_days[OPENS] = day + rule.delay_days


@inlined
def pay_for_line(days, market, rules):
    """What banks pay on the dollars they have drawn, beyond the dollar rate.              (M122)

    They lend them on at that rate, and earn the basis. Dealers pay, central banks receive.
    """
    dollar = market.rates.size - 1
    period = accrued(rules.basis.line.bank_spread, days, rules.market.day_count[dollar])
    for s in range(market.swapped.size):
        market.dealer_cash[dollar] -= period * market.line_usd_bn[s]
        market.official_cash[dollar] += period * market.line_usd_bn[s]


@inlined
def buy_dollars_in_spot(market, rules):
    """Spot orders of those whose dollars no swap supplies, the next day.                  (M123)

    Y* = theta Q0 (R - L - threshold)+;   order = clip(Y* - Y, +- limit) in dollars
    """
    rule = rules.basis
    for s in range(market.swapped.size):
        terms, c = market.swap_terms[s], market.swapped[s]
        shortage = terms[DEMAND] / terms[CAPACITY] - terms[LINE] - rule.spot_threshold
        wanted = rule.spot_share[s] * rule.volume[s] * max(shortage, 0.0)
        wanted -= market.user_dollars[s]
        bought = min(max(wanted, -rule.spot_limit), rule.spot_limit)
        market.user_order[c] = -bought / market.usd_price[c]
        market.external[c] += market.user_order[c]
