"""Depth in dollars, and the units that it comes to, by hand."""

import numpy as np
import pytest

from abm.kernels.behaviours.dealer import withdraw_dealers
from abm.kernels.behaviours.option_hedger import hedge_options
from abm.kernels.behaviours.value_investor import open_value_investors
from abm.kernels.compiler.reference import by_reference
from abm.kernels.contracts.balances import mark_prices
from abm.population.world import build_world
from tests.engine.worlds import JGB, JPY, NKY, pass_days, quiet, scenario, with_rules


def test_depth_is_capital_in_dollars():
    hedgers = {"kind": "short-gamma", "gamma_usd_bn": {"NKY": 10.0}}
    world = quiet(build_world(scenario("calm", " ", option_hedgers=hedgers), 1))
    moved = {JPY: -0.5, NKY: 0.2}
    for k, x in moved.items():
        world.market.fundamental[k] = world.market.log_price[k] = x
        world.market.dealer_reference[k] = world.market.close[0, k] = x
    market, rules = by_reference(world.market, world.rules)
    mark_prices(market)
    open_value_investors(market, rules)
    hedge_options(market, rules)
    prices = np.ones(9)
    prices[[JPY, NKY, JGB]] = np.exp([-0.5, 0.2 - 0.5, -0.5])  # shares and bonds with their yen
    value, dealers = world.rules.value_investors, world.rules.dealers
    assert world.market.value_depth == pytest.approx(value.depth / prices)
    calm = with_rules(world, "dealers", volatility_exponent=0.0, capital_exponent=0.0)
    withdraw_dealers(*by_reference(calm.market, calm.graph, calm.rules))
    assert calm.market.dealer_depth == pytest.approx(dealers.depth / prices)
    assert world.market.hedger_gamma[NKY] == pytest.approx(10.0 / np.exp(-0.3))


def test_the_same_dollars_move_a_cheap_yen_as_far_as_a_dear_one():
    moves = []
    for x in (-0.5, 0.0):
        world = quiet(build_world(scenario("calm", " "), 1))
        world.market.fundamental[JPY] = world.market.log_price[JPY] = x
        world.market.dealer_reference[JPY] = world.market.close[0, JPY] = x
        market, graph, rules = by_reference(world.market, world.graph, world.rules)
        mark_prices(market)
        withdraw_dealers(market, graph, rules)
        world.script.official_usd_bn[0, JPY] = 20.0
        pass_days(world)
        moves.append(world.market.log_price[JPY] - x)
    assert moves[0] == pytest.approx(moves[1], rel=1e-9)
    assert moves[1] > 0.01
