"""Policy: the levers that authorities set for the day, and where each of them takes hold.

Today's rule reads the script. A rule that sees yesterday's markets returns the same levers.
"""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import copy


class Levers(NamedTuple):
    """Settings of one day; the defaults do nothing."""

    rates: np.ndarray  # (C + 1,) per year, dollar last
    margin_ceiling: float  # most that brokers may ask [share of gross assets]; infinite: none
    depth_floor: float  # share of dealers' calm depth that is guaranteed; 0: none
    basis_ceiling: float  # cross-currency basis at most [per year]; infinite: none
    official_orders: np.ndarray  # (K,) USD bn bought at any price


@inlined
def read_script(day, rule, script):
    """Levers of a day as scripted; an open swap line caps margins and props up dealers.    (M7)"""
    is_open = script.swap_line[day] > 0
    return Levers(
        script.rates[day],
        rule.margin_ceiling if is_open else math.inf,
        rule.depth_floor if is_open else 0.0,
        math.inf,
        script.official_usd_bn[day],
    )


@kernel
def pull_levers(day, market, rules, script):
    """Set rates, ceilings, floors, and official orders in units.                          (M7)"""
    levers = read_script(day, rules.policy, script)
    copy(levers.rates, market.rates)
    market.margin_ceiling[0] = levers.margin_ceiling
    market.depth_floor[0] = levers.depth_floor
    market.basis_ceiling[0] = levers.basis_ceiling
    for k in range(market.quote.size):
        market.external[k] = levers.official_orders[k] / market.usd_price[k]
