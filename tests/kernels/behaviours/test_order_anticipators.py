"""Order anticipators: what they learn, their trade by hand, their limit, whose gain it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.agents import OrderAnticipators
from abm.kernels.behaviours.order_anticipator import (
    FLOW,
    MOVES,
    PRODUCT,
    SQUARE,
    ordered_in_advance,
)
from abm.kernels.state import SUBSCRIPTIONS
from abm.model import CarryUnwindModel
from abm.population.world import build_world
from tests.engine.worlds import (
    DOLLAR,
    JPY,
    NKY,
    NONE,
    everybody,
    gross,
    pass_days,
    quiet,
    scenario,
    with_rules,
)

RULE = {
    "kind": "order-flow",
    "share": {"JPY": 0.05, "NKY": 0.05, "AUD": 0.0, "MXN": 0.0},
    "decay_per_day": 0.8,
    "depth_share": 0.3,
    "capital_usd_bn": 2.0,
    "leverage_cap": 5.0,
}


def one_market(k=JPY, *, news=-0.01, gamma=40.0, memory=np.inf, **rule):
    """Dealers of 100, value investors of 300 who trade a third of their gap, and no one else.

    Anticipators have learnt to trade `gamma` per log: .05 of 160 a day for five days.
    """
    name = {JPY: "JPY", NKY: "NKY"}[k]
    given = {
        "order_anticipators": RULE | rule,
        "liquidity__links": {},
        "liquidity__depth_multiple": 1.0,
        "liquidity__trade_share_per_day": 0.0,
        "liquidity__dealers__reversion_per_day": 0.0,
        "liquidity__impact": {"kind": "linear"},
        f"instruments__{name}__dealer_depth_usd_bn": 100.0,
        f"instruments__{name}__value_depth_usd_bn": 300.0,
        f"instruments__{name}__value_speed_per_day": 1.0 / 3.0,
        f"instruments__{name}__value_speed_gain": 0.0,
        "estimation__opening_multiple": 1.0,
    }
    world = quiet(build_world(scenario("calm", " ", **given), 1))
    world.chance.news[0, k] = news
    world.market.order_flow[SQUARE, k] = 1e-4
    world.market.order_flow[PRODUCT, k] = 1e-4 * gamma * (1.0 - 0.8) / 0.05
    world = with_rules(world, "anticipators", memory_days=memory)
    return with_rules(world, "estimate", slow_decay=1.0, fast_decay=1.0)


def capital(market):
    """What they hold, at the prices of now."""
    worth = market.anticipator_held @ market.usd_price + market.anticipator_cash[DOLLAR]
    return worth + market.anticipator_cash[:DOLLAR] @ market.usd_price[:DOLLAR]


def test_what_is_held_per_log_by_hand():
    # 2e-2 / 1e-4 = 200 on the first day, five times that on all days; a twentieth of it
    assert ordered_in_advance(0.02, 1e-4, 0.05, 0.8, 60.0) == pytest.approx(50.0)
    assert ordered_in_advance(-0.02, 1e-4, 0.05, 0.8, 60.0) == pytest.approx(-50.0)
    assert ordered_in_advance(0.02, 1e-4, 0.05, 0.8, 45.0) == 45.0
    assert ordered_in_advance(-0.02, 1e-4, 0.05, 0.8, 45.0) == -45.0
    assert ordered_in_advance(0.0, 0.0, 0.05, 0.8, 45.0) == 0.0


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_move_of_a_hundredth_by_hand(sign):
    world = pass_days(one_market(news=0.01 * sign))
    market = world.market
    # D = 100 + 300/3 = 200: D (x - f) = Gamma x, x = f D / (D - Gamma) = .01 x 200/160
    assert market.log_price[JPY] == pytest.approx(0.0125 * sign)
    assert market.anticipator_held[JPY] == pytest.approx(40.0 * 0.0125 * sign)
    pass_days(world, 1, 1)
    # four fifths of the orders that they expected are left; value investors and dealers go on
    opening, f = -300.0 * 0.0025 / 3.0 * sign, 0.01 * sign
    x, dearer = market.log_price[JPY], np.exp(0.0125 * sign)  # depth is dollars
    value = opening + (-300.0 / dearer * (x - f) - opening) / 3.0
    dealers = -100.0 / dearer * (x - f)
    advance = 40.0 * (0.8 * 0.0125 * sign + x - 0.0125 * sign)
    assert market.anticipator_held[JPY] == pytest.approx(advance)
    assert value + dealers + advance == pytest.approx(0.0, abs=1e-9)


def test_a_day_of_orders_is_learnt_by_hand():
    world = one_market(gamma=0.0, memory=4.0)
    flow, moves, square, product = world.market.order_flow[:, JPY]
    assert (flow, moves, product) == (0.0, 0.0, 0.0) and square == 1e-4
    pass_days(world)  # a move of -.01, without orders
    world.market.order_flow[FLOW, JPY] = -3.0
    pass_days(world, 1, 1)  # the move is known
    world.market.order_flow[FLOW, JPY] = -2.0
    pass_days(world, 1, 2)  # and the orders after it
    world.market.order_flow[FLOW, JPY] = -1.0
    pass_days(world, 1, 3)  # four fifths of the move are left
    known = world.market.order_flow[:, JPY]
    assert known[PRODUCT] == pytest.approx(0.01 * 2.0 / 4.0 * 0.75 + 0.008 * 1.0 / 4.0)
    square = (1e-4 * 0.75**2) * 0.75 + 1e-4 / 4.0
    assert known[SQUARE] == pytest.approx(square * 0.75 + 0.008**2 / 4.0)
    assert known[FLOW] == 0.0


def test_without_news_what_they_hold_in_advance_is_sold_at_the_pace_of_the_others():
    world = pass_days(one_market())
    largest = abs(world.market.anticipator_held[JPY])
    pass_days(world, 10, 1)
    assert 0.0 < abs(world.market.anticipator_held[JPY]) < largest * 0.8**8


def test_orders_they_see_are_those_of_institutions():
    given = {"liquidity__mode": "frozen", "liquidity__trade_share_per_day": 0.0}
    world = build_world(scenario("calm", order_anticipators=RULE, **given), 3)
    market = world.market

    def other_side():
        held = market.value_held + market.dealer_held + market.hedger_held
        return held + market.anticipator_held + market.official_units

    before = other_side()
    pass_days(quiet(world), 3)
    seen = market.order_flow[FLOW].copy()
    last = other_side()
    pass_days(world, 1, 3)
    np.testing.assert_allclose(market.order_flow[FLOW], last - other_side(), atol=1e-9)
    assert seen.any() and (before != last).any()


@settings(max_examples=25, deadline=None)
@given(
    gamma=st.floats(-200.0, 200.0),
    moved=st.floats(-0.3, 0.3),
    lost=st.floats(-30.0, 5.0),
    leverage=st.sampled_from([0.0, 1.0, 5.0]),
)
def test_the_book_is_what_capital_allows(gamma, moved, lost, leverage):
    world = one_market(gamma=gamma, leverage_cap=leverage, renewal_per_day=0.25)
    market = world.market
    market.order_flow[MOVES, JPY] = moved
    market.anticipator_cash[DOLLAR] += lost
    market.outside[SUBSCRIPTIONS, DOLLAR] -= lost
    left = 2.0 + 0.75 * lost  # a quarter of a loss is filled up, of a gain paid out
    pass_days(world)
    move = world.rules.market.calm_volatility[JPY] / np.sqrt(250.0)
    book = abs(market.anticipator_open[JPY]) + abs(market.anticipator_gamma[JPY]) * move
    assert book <= leverage * max(left, 0.0) + 1e-9
    if left < 0.0:
        assert market.anticipator_held[JPY] == 0.0
    assert abs(market.anticipator_gamma[JPY]) <= 0.3 * 200.0 + 1e-9


def test_gains_are_paid_out_and_losses_filled_up_in_every_currency():
    world = one_market(NKY, renewal_per_day=1.0)
    start, scale = everybody(world), gross(world)
    for day in range(4):
        before = capital(world.market)
        pass_days(world, 1, day)
        assert np.abs((everybody(world) - start) / scale).max() < 1e-9
    # sold after the fall, and bought back: no yen are left over, and capital is that of the opening
    assert before != pytest.approx(2.0, abs=1e-6)
    market = world.market
    worth = np.exp(market.log_price[NKY]) * market.anticipator_held[NKY]
    today = np.exp(market.log_price[NKY] - world.market.close[1, NKY]) - 1.0
    assert abs(market.anticipator_cash[JPY] + worth) <= abs(0.5 * today)
    assert market.anticipator_cash[DOLLAR] == pytest.approx(2.0)
    assert world.record.days["conservation_error"].max() < 1e-9


def test_they_are_an_account_to_look_at_where_a_scenario_has_them():
    model = CarryUnwindModel(scenario("calm", order_anticipators=RULE), rng=1)
    for _ in range(3):
        model.step()
    (view,) = model.agents_by_type[OrderAnticipators]
    market = model.world.market
    worth = market.anticipator_gamma[NKY] * market.usd_price[NKY]
    assert view.gamma_usd_bn["NKY"] == pytest.approx(worth) and worth != 0.0
    assert view.gamma_usd_bn["AUD"] == 0.0
    assert view.wealth_usd_bn == pytest.approx(capital(market))
    without = CarryUnwindModel(scenario("calm", order_anticipators=NONE), rng=1)
    assert OrderAnticipators not in without.agents_by_type
