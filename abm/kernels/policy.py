"""Policy: yesterday's markets in, the levers that authorities set for the day out.

A lever is set by the script, by the rule of an authority, or by both: rates, news and orders of
the two add up. Rules read closes and estimates of yesterday and uniform draws of the day, and
write into columns of their own world.
"""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.authorities.boj import follow_queue
from abm.kernels.authorities.fed import cut_when_volatile
from abm.kernels.authorities.mof import buy_when_weak, count_script, note_close, sell_when_strong
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import copy


class Levers(NamedTuple):
    """Settings of one day; the defaults do nothing."""

    rates: np.ndarray  # (C + 1,) per year, dollar last
    news: np.ndarray  # (K,) log: what rules tell; that of the script has moved fundamentals
    margin_ceiling: float  # most that brokers may ask [share of gross assets]; infinite: none
    depth_floor: float  # share of dealers' calm depth that is guaranteed; 0: none
    official_orders: np.ndarray  # (K,) USD bn bought at any price


@kernel
def follow_rules(day, market, rules, chance, script):
    """Rates, orders and news of the day: the script's, and those of rules by last night.  (M7)"""
    policy = rules.policy
    copy(script.official_usd_bn[day], market.policy_orders)
    market.policy_news[:] = 0.0
    market.rate_moves[:] = 0.0
    note_close(day, market)
    if policy.boj.is_on:
        follow_queue(day, market, policy.boj, script)
    if policy.buying.is_on or policy.selling.is_on:
        count_script(day, market, policy.buying, script)
    if policy.buying.is_on:
        buy_when_weak(day, market, policy.buying, chance)
    if policy.selling.is_on:
        sell_when_strong(day, market, policy.selling)
    if policy.fed.is_on:
        cut_when_volatile(day, market, policy.fed, script)
    for c in range(market.rates.size):
        market.rates_moved[c] += market.rate_moves[c]
        market.policy_rates[c] = script.rates[day, c] + market.rates_moved[c]


@inlined
def read_levers(day, market, rule, script):
    """Levers of a day; an open swap line caps margins and props up dealers.                (M7)"""
    is_open = script.swap_line[day] > 0
    return Levers(
        market.policy_rates,
        market.policy_news,
        rule.margin_ceiling if is_open else math.inf,
        rule.depth_floor if is_open else 0.0,
        market.policy_orders,
    )


@kernel
def pull_levers(day, market, rules, script):
    """Set rates, ceilings, floors, and official orders in units; tell the news of rules.   (M7)"""
    levers = read_levers(day, market, rules.policy, script)
    copy(levers.rates, market.rates)
    market.margin_ceiling[0] = levers.margin_ceiling
    market.depth_floor[0] = levers.depth_floor
    for k in range(market.quote.size):
        market.external[k] = levers.official_orders[k] / market.usd_price[k]
        if levers.news[k] != 0.0:
            market.fundamental[k] += levers.news[k]
            if rules.dealers.news_moves_reference:
                market.dealer_reference[k] += levers.news[k]
