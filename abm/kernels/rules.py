"""How one institution decides: each rule once, as a function of one institution's numbers.

The day loops over these functions and ``agent.decide()`` calls the same loop on one row. Nothing
here changes anything; what is returned is committed by ``decide.py``.
"""

import math

from abm.kernels.jit import inlined
from abm.kernels.state import TRADING_DAYS, Z_99

TEN_DAYS = 10.0 / TRADING_DAYS
LEAST_VARIANCE = 1e-12  # per year: whoever sizes by risk takes at least a volatility of 1e-6
MOST_SPREAD = 1.0  # per year: dearer credit is none, whatever the lender's balance sheet
MOST_HALF_SPREAD = 0.5  # log: to trade costs at most half of the price


@inlined
def margin_rate(volatility, concentration, utilisation, rule):
    """Margin rate a prime broker asks [share of gross assets].

    h = clip(max(h_min, k_h sigma sqrt(10/250)) (1 + k_c HHI + k_b u), 0, h_max)          (M17)

    sigma: volatility of the net portfolio per year; u: brokers' balance sheet use above the
    threshold, weighted by their shares of the loan.
    """
    load = 1.0 + rule.concentration_load * concentration + rule.utilisation_load * utilisation
    rate = max(rule.floor, rule.volatility_multiple * volatility * math.sqrt(TEN_DAYS)) * load
    return min(rate, rule.ceiling)


@inlined
def wanted_leverage(expected_return, risk_aversion, variance):
    """Mean-variance leverage, never short of the portfolio: max(0, mu / (gamma v)).        (M20)"""
    return max(0.0, expected_return / (risk_aversion * max(variance, LEAST_VARIANCE)))


@inlined
def var_leverage(var_limit, variance):
    """Leverage at which the 99% ten-day loss equals the limit [share of NAV].             (M21)"""
    return var_limit / (Z_99 * math.sqrt(TEN_DAYS * max(variance, LEAST_VARIANCE)))


@inlined
def fund_order(leverage, target, limit_var, drawdown, rule):
    """Leverage a hedge fund trades towards today and the share of the gap it closes.    (M22)

    Inside the no-trade band nothing. Above the target down at ``speed_down``, below it up at
    ``speed_up``; faster when value at risk is breached or the stop-loss is hit.
    """
    stopped = 1.0 + rule.stop_share * max(target - 1.0, 0.0)
    pace = rule.speed_down if leverage > target else rule.speed_up
    pace = 0.0 if abs(leverage - target) <= rule.band * target else pace
    pace = rule.speed_var if leverage > rule.var_tolerance * limit_var else pace
    if drawdown > rule.stop_drawdown:
        return min(leverage, stopped), rule.speed_stop if leverage > stopped else 0.0
    return target, pace


@inlined
def banded_speed(current, target, rule):
    """Speed of a rule follower: fast down, slow up, nothing inside the dead band.       (M25)"""
    if current > target * (1.0 + rule.dead_band):
        return rule.speed_down
    if current < target * (1.0 - rule.dead_band):
        return rule.speed_up
    return 0.0


@inlined
def trend_size(signal, volatility, calm_volatility, rule):
    """Share of wealth a trend follower holds per unit of weight and target volatility.   (M27)

    c = w sigma* size;  size = (g/2) tanh(0.8 z) / max(sigma_f, 0.7 sigma_calm)
    """
    floored = max(volatility, rule.volatility_floor * calm_volatility, math.sqrt(LEAST_VARIANCE))
    return 0.5 * rule.trend_gain / floored * math.tanh(rule.signal_scale * signal)


@inlined
def financing_spread(utilisation, rule):
    """Spread a broker asks over the policy rate, per year: min(s0 (1 + s1 u), 1).          (M10)"""
    return min(rule.spread * (1.0 + rule.spread_slope * utilisation), MOST_SPREAD)


@inlined
def half_spread(calm_volatility, volatility, rule):
    """Half of the bid-ask spread, log: s max(1, sigma_f / sigma), at most 1/2.             (M40)"""
    return min(rule.half_spread * max(1.0, volatility / calm_volatility), MOST_HALF_SPREAD)


@inlined
def contrarian_scale(yen_move, rule):
    """Retail traders lean against the yen: 1 + a tanh(five-day move / scale).            (M28)"""
    return 1.0 + rule.contrarian * math.tanh(yen_move / rule.contrarian_scale)


@inlined
def hedge_order_usd_bn(yen_rise, basis_change, assets_usd_bn, built_usd_bn, rule):
    """Yen a life insurer buys to raise its hedge [USD bn].                               (M29)

    q = s (c2 (20-day yen rise)+ A + c1 (b + b0) A - hedge built so far)
    """
    wanted = (
        rule.insurer_rise * max(yen_rise, 0.0) + rule.insurer_basis * basis_change
    ) * assets_usd_bn
    return rule.insurer_speed * (wanted - built_usd_bn)


@inlined
def capital_flow_usd_bn(wealth, opening_wealth, payout, subscription):
    """Money investors add (+) or take out (-) in a day [USD bn].                         (M12)"""
    if wealth > opening_wealth:
        return -payout * (wealth - opening_wealth)
    return subscription * (opening_wealth - wealth)


@inlined
def dealer_depth(calm_depth, calm_volatility, volatility, capital_share, rule, swap_line):
    """Units a dealer absorbs per log unit of price.                                      (M50)

    M = M0 max(floor, min(1, sigma/sigma_f)^eta_v (core capital / initial)^eta_b)

    A swap line with the central bank puts its own floor under the depth.
    """
    withdrawal = min(1.0, calm_volatility / max(volatility, 1e-12)) ** rule.volatility_exponent
    withdrawal *= max(capital_share, 0.0) ** rule.capital_exponent
    floor = max(rule.depth_floor, rule.swap_line_depth) if swap_line else rule.depth_floor
    return calm_depth * max(floor, withdrawal)
