"""Dealers: the price at which they hold nothing, the depth they quote, the spread they earn."""

import math

from abm.kernels.banks.capital import core_capital
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.bank_requirement import head_room
from abm.kernels.markets.depth import depth_in_units

MOST_HALF_SPREAD = 0.5  # log: to trade costs at most half of the price
LEAST_VOLATILITY = 1e-12  # per year


@inlined
def half_spread(calm_volatility, volatility, rule):
    """Half of the bid-ask spread, log: s max(1, sigma_f / sigma), at most 1/2.             (M40)"""
    return min(rule.half_spread * max(1.0, volatility / calm_volatility), MOST_HALF_SPREAD)


@inlined
def dealer_depth(calm_depth, calm_volatility, volatility, capital_share, rule, guaranteed):
    """Units a dealer absorbs per log unit of price.                                      (M50)

    M = M0 max(floor, min(1, sigma/sigma_f)^eta_v (core capital / initial)^eta_b)

    capital_share: of all of it, or of the head-room, by the scenario.

    guaranteed: share of calm depth below which a policy lets it not fall, 0 without one.
    """
    calm = min(1.0, calm_volatility / max(volatility, LEAST_VOLATILITY))
    withdrawal = calm**rule.volatility_exponent
    withdrawal *= max(capital_share, 0.0) ** rule.capital_exponent
    return calm_depth * max(rule.depth_floor, guaranteed, withdrawal)


@kernel
def capacity_share(graph, rule):
    """Core banks' capital, or their head-room (M107), over that of the opening."""
    if rule.by_head_room:
        opening = graph.opening_room[0]
        return head_room(graph) / opening if opening > 0.0 else 1.0
    opening = 0.0
    for b in range(graph.equity.size):
        opening += graph.opening_equity[b] if graph.is_core[b] else 0.0
    return core_capital(graph) / opening if opening > 0.0 else 1.0


@kernel
def withdraw_dealers(market, graph, rules):
    """The dealers' reference creeps to the price; depth follows volatility and capital.

    (M49, M50)
    """
    share = capacity_share(graph, rules.dealers)
    for k in range(market.quote.size):
        gap = market.log_price[k] - market.dealer_reference[k]
        market.dealer_reference[k] += rules.dealers.reversion * gap
        if not rules.channels.dealers_withdraw:
            continue
        volatility = math.sqrt(market.covariance_fast[k, k])
        calm_depth = depth_in_units(rules.dealers.depth[k], market.usd_price[k])
        market.dealer_depth[k] = dealer_depth(
            calm_depth, rules.market.calm_volatility[k], volatility, share,
            rules.dealers, market.depth_floor[0],
        )  # fmt: skip
