"""Days of the market of `thurner`, compiled: every price is found by our clearing kernel.

The kernel clears orders of the form "share of wealth", and the share that a fund wants depends on
the price being found. So the price of a day is the limit of a short sequence of clearings. Each
states the demand at the price x of the one before, exact in value and in slope there:

    fund h         an institution: target share lambda_h(x), speed 1
    its haste      the change of lambda_h with the price, as a linear law: beta_h W_h units per log
    noise traders  an institution without units that spends its money: target share 1
    the float      N less what the funds hold: noise traders bring it all (`external`)

A thousandth of the noise traders' money is spent through dealers whose linear schedule touches
theirs at x: the flow that picks the price needs a market of some depth. Every clearing starts from
x, so it moves the way the excess demand at x points, and x bounds the price from then on: Newton
steps in a shrinking interval, towards the price met first from the last one. Of 16,000 steps held
against a fine grid 33 had several prices that clear; all ended at the first.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from abm.kernels.behaviours.value_investor import LINEAR
from abm.kernels.compiler.jit import kernel
from abm.kernels.markets.clearing import TOLERANCE, SolverOptions, clear_round
from abm.kernels.markets.flow import FAILED
from abm.kernels.markets.impact import ClearingWork, Liquidity, allocate_work
from abm.kernels.markets.orders import (
    OrderBook,
    Orders,
    PriceLimits,
    allocate_orders,
    clear_orders,
    collect_orders,
)

Floats = npt.NDArray[np.float64]

THROUGH_DEALERS = 1e-3  # share of the noise traders' money
_NEAR = (
    1e-6  # log; a clearing that moves the price by less is the last: the error left is its square
)
_REACH = 0.5  # log; price limits of one clearing, about the price it starts from
_MAX_CLEARINGS = 200

#: Columns of what a day leaves behind.
PRICE, AT_LIMIT, DEFAULTS, BANK_LOSS, CLEARINGS = range(5)
N_COLUMNS = 5


class Rules(NamedTuple):
    """The paper's parameters; money in the paper's unit, time in steps."""

    aggressiveness: Floats  # beta_h, (n_funds,) leverage per unit of mispricing
    leverage_limit: float  # lambda_max
    fundamental: float  # V
    n_units: float  # N
    opening_wealth: float  # W_0
    flow_sensitivity: float  # b
    benchmark_return: float  # r_b per step
    averaging: float  # a, weight of the newest return in a fund's record
    ruin_share: float  # of the opening wealth
    steps_out: int  # T_reintro


class Market(NamedTuple):
    """State of the market as the kernel takes it: columns are the funds, then the noise traders."""

    units: Floats  # (1, n_funds + 1)
    cash: Floats  # (n_funds + 1,)
    intent: Floats  # (1, n_funds + 1) target shares
    speed: Floats  # (n_funds + 1,) 0 while a fund is out
    resident: npt.NDArray[np.uint8]
    wealth: Floats  # (n_funds,) at the last close, flows included
    record: Floats  # (n_funds,) average return
    steps_out: npt.NDArray[np.int64]  # (n_funds,) until it comes back, 0 if it trades
    price: Floats  # (1,) of the last close
    log_price: Floats  # (1,) of the last clearing
    lower: Floats  # (1,) its limits
    upper: Floats
    start: Floats  # (1,) where it began
    excess: Floats
    quote: npt.NDArray[np.int64]
    liquidity: Liquidity
    orders: Orders
    work: ClearingWork


def open_market(rules: Rules) -> Market:
    """All funds with their opening wealth in cash, and a price equal to the fundamental."""
    n_funds = rules.aggressiveness.size
    names = [name for name in Liquidity._fields if name != "law"]
    quiet: dict[str, Any] = {name: np.zeros(1) for name in names}
    liquidity = Liquidity(**quiet, law=np.full(1, LINEAR))
    liquidity.value_capacity[0] = 1.0
    liquidity.value_speed[0] = 1.0
    return Market(
        units=np.zeros((1, n_funds + 1)),
        cash=np.append(np.full(n_funds, rules.opening_wealth), 0.0),
        intent=np.zeros((1, n_funds + 1)),
        speed=np.ones(n_funds + 1),
        resident=np.zeros(n_funds + 1, np.uint8),
        wealth=np.full(n_funds, rules.opening_wealth),
        record=np.zeros(n_funds),
        steps_out=np.zeros(n_funds, np.int64),
        price=np.full(1, rules.fundamental),
        **{name: np.zeros(1) for name in ("log_price", "lower", "upper", "start", "excess")},
        quote=np.full(1, -1, np.int64),
        liquidity=liquidity,
        orders=allocate_orders(1),
        work=allocate_work(1),
    )


@kernel
def wanted_leverage(price: float, aggressiveness: float, rules: Rules) -> float:
    """Share of its wealth that a fund wants to hold: min(beta (V - p), lambda_max), at least 0."""
    mispricing = rules.fundamental - price
    return min(max(aggressiveness * mispricing, 0.0), rules.leverage_limit)


@kernel
def state_demand(log_price: float, money: float, rules: Rules, market: Market) -> None:
    """Targets and liquidity that equal the demand of all at this price, in value and slope."""
    price, floating, haste = math.exp(log_price), rules.n_units, 0.0
    n_funds = rules.aggressiveness.size
    for h in range(n_funds):
        target = wanted_leverage(price, rules.aggressiveness[h], rules)
        market.intent[0, h] = target
        floating -= market.units[0, h]
        if 0.0 < target < rules.leverage_limit and market.speed[h] > 0.0:
            wealth = market.units[0, h] * price + market.cash[h]
            haste += rules.aggressiveness[h] * max(wealth, 0.0)
    market.cash[n_funds] = (1.0 - THROUGH_DEALERS) * money
    market.intent[0, n_funds] = 1.0
    liquidity = market.liquidity
    liquidity.value_depth[0], liquidity.fundamental[0] = haste, log_price
    depth = THROUGH_DEALERS * money / price
    liquidity.dealer_depth[0], liquidity.dealer_reference[0] = depth, log_price
    liquidity.external[0] = depth - floating


@kernel
def clear_once(
    log_price: float, low: float, high: float, money: float, rules: Rules, market: Market
) -> int:
    """One clearing that starts from `log_price` and stays from low to high; returns its status."""
    state_demand(log_price, money, rules, market)
    market.start[0] = log_price
    market.lower[0] = max(low, log_price - _REACH)
    market.upper[0] = min(high, log_price + _REACH)
    market.price[0] = math.exp(log_price)
    clear_orders(market.orders)
    traders = OrderBook(market.units, market.cash, market.intent, market.speed, market.resident)
    collect_orders(traders, market.price, market.quote, 0, market.cash.size, market.orders)
    limits = PriceLimits(market.quote, market.lower, market.upper, market.start)
    options = SolverOptions(TOLERANCE, False, market.log_price, market.excess)
    report = clear_round(traders, market.orders, market.liquidity, limits, options, market.work)
    status: int = report.status
    return status


@kernel
def find_price(money: float, rules: Rules, market: Market) -> int:
    """Price of the day, first met from yesterday's; returns the clearings taken, 0 for failure."""
    x, low, high = math.log(market.price[0]), -math.inf, math.inf
    for n_clearings in range(1, _MAX_CLEARINGS):
        if clear_once(x, low, high, money, rules, market) == FAILED:
            return 0
        found = market.log_price[0]
        if abs(found - x) < _NEAR:
            market.price[0] = math.exp(found)
            return n_clearings
        if found > x:
            low = x
        else:
            high = x
        x = found if low < found < high else 0.5 * (low + high)
    return 0


@kernel
def trade(previous: float, rules: Rules, market: Market, day: Floats) -> None:
    """Funds hold what they want at the price found; the return of the day enters their record."""
    price = market.price[0]
    for h in range(rules.aggressiveness.size):
        if market.speed[h] == 0.0:
            continue
        gain = market.units[0, h] * (price - previous) / market.wealth[h]
        market.record[h] += rules.averaging * (gain - market.record[h])
        wealth = market.units[0, h] * price + market.cash[h]
        target = wanted_leverage(price, rules.aggressiveness[h], rules)
        market.units[0, h] = target * max(wealth, 0.0) / price
        market.cash[h] = wealth - market.units[0, h] * price
        market.wealth[h] = wealth


@kernel
def close_the_ruined(rules: Rules, market: Market, day: Floats) -> None:
    """Funds below a tenth of the opening wealth leave; a wealth below zero is their bank's loss."""
    for h in range(rules.aggressiveness.size):
        if market.speed[h] == 0.0:
            continue
        if market.wealth[h] >= rules.ruin_share * rules.opening_wealth:
            target = wanted_leverage(market.price[0], rules.aggressiveness[h], rules)
            if target == rules.leverage_limit:
                day[AT_LIMIT] = 1.0
            continue
        day[DEFAULTS] += 1.0
        day[BANK_LOSS] += max(-market.wealth[h], 0.0)
        market.units[0, h], market.cash[h], market.wealth[h] = 0.0, 0.0, 0.0
        market.speed[h], market.steps_out[h] = 0.0, rules.steps_out


@kernel
def move_clients(rules: Rules, market: Market) -> None:
    """Clients add to a fund, or take from it, in proportion to its record over the benchmark."""
    for h in range(rules.aggressiveness.size):
        excess_return = market.record[h] - rules.benchmark_return
        flow = max(rules.flow_sensitivity * excess_return, -1.0) * market.wealth[h]
        market.cash[h] += flow
        market.wealth[h] += flow


@kernel
def reopen(rules: Rules, market: Market) -> None:
    """Funds that have been out for the full time begin again."""
    for h in range(rules.aggressiveness.size):
        if market.speed[h] > 0.0:
            continue
        if market.steps_out[h] == 0:
            market.speed[h], market.record[h] = 1.0, 0.0
            market.cash[h] = market.wealth[h] = rules.opening_wealth
        market.steps_out[h] -= 1


@kernel
def follow_days(
    first: int, last: int, money: Floats, rules: Rules, market: Market, days: Floats
) -> int:
    """Days first to last: noise traders' money (n_days,) in, `days` (n_days, N_COLUMNS) out.

    Returns the day whose market could not be cleared, or -1.
    """
    for day in range(first, last):
        previous = market.price[0]
        reopen(rules, market)
        days[day, CLEARINGS] = find_price(money[day], rules, market)
        if days[day, CLEARINGS] == 0.0:
            return day
        days[day, PRICE] = market.price[0]
        trade(previous, rules, market, days[day])
        close_the_ruined(rules, market, days[day])
        move_clients(rules, market)
    return -1
