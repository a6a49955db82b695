"""Each rule of one institution against numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.kernels.behaviours.dealer import dealer_depth, half_spread
from abm.kernels.behaviours.hedge_fund import fund_order
from abm.kernels.behaviours.leverage_target import banded_speed
from abm.kernels.behaviours.life_insurer import hedge_order_usd_bn
from abm.kernels.behaviours.retail_fx import contrarian_scale
from abm.kernels.behaviours.trend_follower import trend_size
from abm.kernels.behaviours.value_investor import NONE, TANH
from abm.kernels.constraints.margin import volatility_margin
from abm.kernels.contracts.loans import financing_spread
from abm.kernels.markets.impact import depth_of_day
from abm.population.rules import make_rules
from abm.scenario import load_scenario

RULES = make_rules(load_scenario("calm"))
MARGIN = RULES.margin._replace(
    floor=0.08, ceiling=0.6, volatility_multiple=6.0, concentration_load=0.1, utilisation_load=2.0
)
FUNDS = RULES.funds._replace(
    band=0.2, speed_up=0.05, speed_down=0.1, var_tolerance=1.1, speed_var=0.15,
    stop_drawdown=0.25, stop_share=0.25, speed_stop=0.5,
)  # fmt: skip
BAND = RULES.risk_parity.band._replace(speed_down=0.6, speed_up=0.05, dead_band=0.05)
TREND = RULES.trend._replace(gain=0.5, signal_scale=0.8, volatility_floor=0.7)
HOMES = RULES.retail_fx._replace(contrarian=0.25, contrarian_scale=0.03)
INSURERS = RULES.insurers._replace(speed=0.05, hedge_per_rise=0.4)
DEALERS = RULES.dealers._replace(volatility_exponent=1.5, capital_exponent=0.5, depth_floor=0.05)


@pytest.mark.parametrize(
    ("volatility", "concentration", "utilisation", "rate"),
    [
        (0.10, 0.0, 0.0, 0.12),  # 6 x .10 x sqrt(10/250)
        (0.05, 0.0, 0.0, 0.08),  # the floor, above .06
        (0.10, 0.5, 0.0, 0.126),  # 5% dearer for half a Herfindahl
        (0.10, 0.0, 0.1, 0.144),  # 20% dearer at brokers a tenth over their threshold
        (0.05, 1.0, 0.1, 0.104),  # add-ons on the floor too: .08 x 1.3
        (1.00, 0.0, 0.0, 0.6),  # the ceiling, below 1.2
    ],
)
def test_margin_rates_by_hand(volatility, concentration, utilisation, rate):
    got = volatility_margin(volatility, concentration, utilisation, MARGIN)
    assert got == pytest.approx(rate, rel=1e-14)


@given(*[st.floats(0.0, 2.0)] * 3, st.floats(1.0, 2.0))
def test_margin_never_falls_with_risk_and_stays_in_its_bounds(sigma, hhi, use, more):
    low = volatility_margin(sigma, hhi, use, MARGIN)
    high = volatility_margin(sigma * more, hhi * more, use * more, MARGIN)
    assert MARGIN.floor <= low <= high <= MARGIN.ceiling


@pytest.mark.parametrize(
    ("leverage", "target", "limit_var", "drawdown", "goes_to", "speed"),
    [
        (3.0, 3.5, 9.0, 0.0, 3.5, 0.0),  # inside 20% of its target: nothing
        (3.0, 4.0, 9.0, 0.0, 4.0, 0.05),  # up, slowly
        (4.0, 3.0, 9.0, 0.0, 3.0, 0.1),  # down, faster
        (4.0, 3.0, 3.0, 0.0, 3.0, 0.15),  # over 1.1 x what value at risk allows: faster still
        (3.2, 3.0, 3.0, 0.0, 3.0, 0.0),  # over the limit, within the tolerance
        (3.0, 3.0, 9.0, 0.3, 1.5, 0.5),  # stopped out: 1 + (3 - 1) / 4
        (1.2, 3.0, 9.0, 0.3, 1.2, 0.0),  # stopped out and already below: waits, adds nothing
        (3.0, 0.5, 9.0, 0.3, 1.0, 0.5),  # never below leverage 1 by the stop
        (3.0, 3.0, 9.0, 0.25, 3.0, 0.0),  # at the stop, not beyond it
    ],
)
def test_what_a_hedge_fund_trades_towards(leverage, target, limit_var, drawdown, goes_to, speed):
    got = fund_order(leverage, target, limit_var, drawdown, FUNDS)
    assert got == pytest.approx((goes_to, speed))


def test_value_at_risk_that_is_breached_slows_no_fund():
    # usual pace .3, pace of a breach .15: a fund beyond what value at risk allows sells at .3
    eager = FUNDS._replace(speed_down=0.3)
    assert fund_order(4.0, 3.0, 3.0, 0.0, eager) == pytest.approx((3.0, 0.3))
    assert fund_order(4.0, 3.0, 9.0, 0.0, eager) == pytest.approx((3.0, 0.3))


def test_rule_followers_cut_fast_rebuild_slowly_and_ignore_small_gaps():
    speeds = [banded_speed(held, 2.0, BAND) for held in (2.2, 2.09, 2.0, 1.91, 1.8)]
    assert speeds == [0.6, 0.0, 0.0, 0.0, 0.05]


def test_trend_followers_size_by_signal_over_volatility():
    # half of .5 / .1 = 2.5, times tanh(.8)
    share = trend_size(1.0, 0.1, 0.1, TREND)
    assert share == pytest.approx(2.5 * math.tanh(0.8))
    assert trend_size(-1.0, 0.1, 0.1, TREND) == -share
    assert trend_size(1.0, 0.2, 0.1, TREND) == pytest.approx(share / 2)
    # calm beyond 70% of calm volatility buys no more
    assert trend_size(1.0, 0.01, 0.1, TREND) == pytest.approx(share / 0.7)


def test_retail_traders_lean_against_the_yen():
    assert contrarian_scale(0.0, HOMES) == 1.0
    assert contrarian_scale(0.03, HOMES) == pytest.approx(1.0 + 0.25 * math.tanh(1.0))
    assert contrarian_scale(-0.03, HOMES) == pytest.approx(1.0 - 0.25 * math.tanh(1.0))


def test_insurers_buy_yen_after_it_has_risen():
    # 10% in 20 days on 300bn: .4 x .1 x 300 = 12 wanted, a twentieth of what is missing a day
    calm = INSURERS.calm_basis
    assert hedge_order_usd_bn(0.1, calm, 0.45, 300.0, 0.0, INSURERS) == pytest.approx(0.6)
    assert hedge_order_usd_bn(0.1, calm, 0.45, 300.0, 12.0, INSURERS) == pytest.approx(0.0)
    assert hedge_order_usd_bn(-0.1, calm, 0.45, 300.0, 0.0, INSURERS) == 0.0
    # and less where the basis is dear: 100bp more, 2 a unit, is 2% of 300 sold at a twentieth a day
    rule = INSURERS._replace(hedge_per_basis=2.0)
    assert hedge_order_usd_bn(0.0, calm - 0.01, 0.45, 300.0, 0.0, rule) == pytest.approx(-0.3)
    assert hedge_order_usd_bn(0.0, calm - 1.0, 0.45, 300.0, 0.0, rule) == pytest.approx(-6.75)


def depth(volatility, capital=1.0, guaranteed=0.0):
    return dealer_depth(400.0, 0.1, volatility, capital, DEALERS, guaranteed)


def test_dealers_withdraw_when_volatility_rises_and_capital_falls():
    assert depth(0.1) == 400.0
    assert depth(0.05) == 400.0  # calm beyond calm adds nothing
    assert depth(0.4) == pytest.approx(50.0)  # 4^1.5 = 8 times thinner
    assert depth(0.1, 0.25) == pytest.approx(200.0)  # sqrt of the capital left
    assert depth(0.4, 0.25) == pytest.approx(25.0)  # both together
    assert depth(10.0) == depth(0.1, -1.0) == pytest.approx(20.0)  # the floor of a twentieth
    assert depth(10.0, 1.0, 0.6) == pytest.approx(240.0)  # the swap line's floor


def test_credit_and_trading_have_a_dearest_price():
    """.3% a year, doubled for every half of a balance sheet too much, and 100% at most."""
    banks = RULES.banks._replace(spread=0.003, spread_slope=2.0)
    assert financing_spread(0.5, banks) == pytest.approx(0.006)
    assert financing_spread(1e6, banks) == 1.0
    market = RULES.dealers._replace(half_spread=1e-4)
    assert half_spread(0.1, 0.05, market) == 1e-4
    assert half_spread(0.1, 0.3, market) == pytest.approx(3e-4)
    assert half_spread(1e-4, 30.0, market) == 0.5


def test_without_any_risk_sizes_are_numbers():
    still = TREND._replace(volatility_floor=0.0)
    assert math.isfinite(trend_size(1.0, 0.0, 0.1, still))


def test_a_market_without_value_investors_is_as_deep_as_its_dealers():
    assert depth_of_day(TANH, 0.25, 400.0, 50.0) == 150.0
    assert depth_of_day(NONE, 0.25, 400.0, 50.0) == 50.0
