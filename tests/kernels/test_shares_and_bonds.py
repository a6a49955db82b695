"""Links to news, urgency, the flight to bonds, coupons and margin longs, by hand."""

import numpy as np
import pytest

from abm.kernels.behaviours.expectations import set_market_view
from abm.kernels.behaviours.value_investor import urgent_speed
from abm.kernels.compiler.reference import by_reference
from abm.kernels.markets.rounds import update_linked_fundamentals
from abm.kernels.state import ACCRUALS, RETAIL_EQUITY
from abm.population.script import write_script
from abm.population.world import build_world
from abm.scenario import load_scenario
from tests.engine.worlds import (
    DOLLAR,
    JGB,
    JPY,
    NKY,
    SPX,
    UST,
    bottomless,
    held_estimates,
    pass_days,
    quiet,
    scenario,
    still,
    with_rules,
)

CURVE = {
    "JGB": {"duration_years": 9.0, "surprise_pass_through": 0.28, "haven_of": "NKY"},
    "UST": {"duration_years": 8.0, "haven_of": "SPX", "haven_beta": 0.1},
}


def test_a_link_to_news_ignores_the_price_of_the_currency():
    link = {"NKY": {"currency_beta": 1.6, "lag_share": 0.75}}
    world = quiet(build_world(scenario("calm", " ", liquidity__links=link), 1))
    market = world.market
    market.fundamental_before[JPY], market.fundamental[JPY] = 0.01, 0.03
    market.close[0, JPY] = market.log_price[JPY] = 0.2
    update_linked_fundamentals(*by_reference(market, world.rules))
    assert market.link_level[NKY] == pytest.approx(-1.6 * (0.75 * 0.01 + 0.25 * 0.03))
    world.chance.news[0, JPY] = 0.02
    pass_days(world)
    assert market.fundamental_before[JPY] == 0.03
    assert market.fundamental[JPY] == pytest.approx(0.05)


def test_value_investors_hurry_as_the_gap_widens():
    assert urgent_speed(0.1, 0.15, 59.0, 0.9) == pytest.approx(0.15 * 1.59)
    assert urgent_speed(-0.1, 0.15, 59.0, 0.9) == urgent_speed(0.1, 0.15, 59.0, 0.9)
    assert urgent_speed(2.0, 0.15, 59.0, 0.9) == 0.9
    assert urgent_speed(2.0, 0.95, 59.0, 0.9) == 0.95
    urgent = {"value_speed_per_day": 0.12, "value_speed_gain": 100.0}
    world = still(" ", **{f"instruments__NKY__{key}": value for key, value in urgent.items()})
    world.market.log_price[NKY], world.market.link_level[NKY] = -0.1, 0.1
    pass_days(world)
    assert world.market.value_speed[NKY] == pytest.approx(0.12 * 5.0)
    assert world.market.value_speed[SPX] == world.rules.value_investors.speed[SPX]


def test_money_flees_into_bonds_from_falling_shares():
    world = still(" ", bonds=CURVE)
    world.chance.news[0, SPX] = -0.05
    pass_days(world)
    assert world.market.log_price[UST] == pytest.approx(0.0, abs=1e-9)
    assert world.market.haven_average[UST] == pytest.approx(-0.05 / 20.0)
    pass_days(world, 1, 1)
    assert world.market.log_price[UST] == pytest.approx(0.1 * (0.05 - 0.0025))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_surprise_of_25_points_by_hand(sign):
    hike = load_scenario("hike").with_changes({"shock.surprise_bp": 25.0 * sign, "bonds": CURVE})
    day = hike.calendar.burn_in_days
    news = write_script(hike).news[day]
    assert news[JGB] == pytest.approx(-9.0 * 0.28 * 0.0025 * sign)
    assert news[UST] == 0.0


def test_a_fixed_coupon_is_paid_on_the_unit_and_yields_more_when_cheap():
    world = build_world(scenario("calm", "funds", bonds=CURVE, calendar__days=3), 1, no_trade=True)
    world.chance.news[:] = 0.0
    world.script.accrual_days[:] = 10.0
    world.books.units[:] = world.books.cash[:] = world.books.borrowing[:] = 0.0
    world = bottomless(held_estimates(world))
    world = with_rules(world, "funds", payout=0.0, subscription=0.0)
    world.books.units[UST, 0] = 36.0
    for state in (world.market.log_price, world.market.close[0], world.market.fundamental):
        state[UST] = -0.5
    world.market.dealer_reference[UST] = -0.5
    pass_days(world)
    assert world.books.cash[0] == pytest.approx(36.0 * 0.044 * 10.0 / 360.0)
    assert world.market.outside[ACCRUALS, DOLLAR] == pytest.approx(-world.books.cash[0])
    funds = with_rules(world, "funds", trend_weight=0.0, value_weight=0.0)
    set_market_view(*by_reference(funds.market, funds.rules))
    assert funds.market.expected[UST] == pytest.approx(0.044 * np.exp(0.5))


def margin_long(news, days_to_pay=2):
    """Margin longs of leverage 3 in the Nikkei, to be cut below a third less a tenth."""
    given = {
        "retail_equity__days_to_pay": days_to_pay,
        "retail_equity__leverage": 3.0,
        "retail_equity__leverage_dispersion": 0.0,
        "retail_equity__loss_cut": 0.25,
        "retail_equity__loss_cut_spread": 0.0,
        "retail_equity__speed_per_day": 0.96,
        "liquidity__links": {},
    }
    world = still("retail_equity", **given)
    world.chance.news[: len(news), NKY] = news
    row = world.rules.mandates.first_row[RETAIL_EQUITY]
    opening = world.books.units[NKY, row]
    left = []
    for day in range(5):
        pass_days(world, 1, day)
        left.append(world.books.units[NKY, row] / opening)
    return left


def test_a_margin_long_has_two_days_to_pay():
    assert margin_long([-0.15])[:4] == pytest.approx([1.0, 1.0, 0.04, 0.04**2])
    assert margin_long([-0.15, 0.1]) == pytest.approx([1.0] * 5)  # cured at the second close
    assert margin_long([-0.15], 0)[:2] == pytest.approx([1.0, 0.04])
    assert margin_long([0.15]) == pytest.approx([1.0] * 5)
