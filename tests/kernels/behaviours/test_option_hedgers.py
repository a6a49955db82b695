"""Option hedgers: their trade by hand, its cap, its signs, and whose gain it is."""

import numpy as np
import pytest

from abm.agents import OptionHedgers
from abm.kernels.behaviours.option_hedger import hedgers_gamma
from abm.kernels.state import OWNERS
from abm.model import CarryUnwindModel
from abm.population.world import build_world
from tests.engine.worlds import (
    NKY,
    NONE,
    everybody,
    gross,
    pass_days,
    quiet,
    scenario,
    with_rules,
)

HEDGERS = {"kind": "short-gamma", "gamma_usd_bn": {"NKY": 40.0}, "expiry_per_day": 0.1}


def nikkei_alone(*, gamma=40.0, news=-0.01):
    """Dealers of 100, value investors of 300 who trade a third of their gap, and no one else."""
    hedgers = HEDGERS | {"gamma_usd_bn": {"NKY": gamma}}
    given = {
        "option_hedgers": hedgers,
        "liquidity__links": {},
        "liquidity__depth_multiple": 1.0,
        "liquidity__dealers__reversion_per_day": 0.0,
        "liquidity__impact": {"kind": "linear"},
        "instruments__NKY__dealer_depth_usd_bn": 100.0,
        "instruments__NKY__value_depth_usd_bn": 300.0,
        "instruments__NKY__value_speed_per_day": 1.0 / 3.0,
        "instruments__NKY__value_speed_gain": 0.0,
        "estimation__opening_multiple": 1.0,
    }
    world = quiet(build_world(scenario("calm", " ", **given), 1))
    world.chance.news[0, NKY] = news
    return with_rules(world, "estimate", slow_decay=1.0, fast_decay=1.0)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_fall_of_a_hundredth_by_hand(sign):
    world = pass_days(nikkei_alone(news=0.01 * sign))
    # D = 100 + 300/3 = 200: D (x - f) = Gamma x, x = f D / (D - Gamma) = .01 x 200/160
    assert world.market.log_price[NKY] == pytest.approx(0.0125 * sign)
    assert world.market.hedger_held[NKY] == pytest.approx(40.0 * 0.0125 * sign)
    pass_days(world, 1, 1)
    # a tenth expires; value investors go on from the third of the gap that they traded; dollars of
    # depth are other units at yesterday's close
    opening = -300.0 * 0.0025 / 3.0 * sign
    f, held, close = 0.01 * sign, 0.5 * sign, 0.0125 * sign
    x = world.market.log_price[NKY]
    value = opening + (-300.0 / np.exp(close) * (x - f) - opening) / 3.0
    dealers = -100.0 / np.exp(close) * (x - f)
    hedge = 0.9 * held + 40.0 / np.exp(close) * (x - close)
    assert value + dealers + hedge == pytest.approx(0.0, abs=1e-9)


def test_their_gamma_is_a_share_of_depth_at_most():
    assert hedgers_gamma(31.8, 276.0, 0.3425) == 31.8
    assert hedgers_gamma(31.8, 60.0, 0.3425) == pytest.approx(20.55)
    world = nikkei_alone(gamma=5000.0)
    share = world.rules.hedgers.depth_share
    assert 0.0 < share < 1.0
    assert pass_days(world).market.hedger_gamma[NKY] == pytest.approx(share * 200.0)


def test_without_gamma_news_moves_the_price_by_what_it_says():
    world = pass_days(nikkei_alone(gamma=0.0))
    assert world.market.log_price[NKY] == pytest.approx(-0.01)
    assert not world.market.hedger_held.any()


def test_they_are_an_account_to_look_at_where_a_scenario_has_them():
    model = CarryUnwindModel(scenario("calm", option_hedgers=HEDGERS), rng=1)
    model.step()
    (view,) = model.agents_by_type[OptionHedgers]
    units = model.world.market.hedger_gamma[NKY]
    assert units == 40.0 and view.gamma_usd_bn["SPX"] == 0.0
    assert view.gamma_usd_bn["NKY"] == pytest.approx(units * model.world.market.usd_price[NKY])
    assert view.units["NKY"] == model.world.market.hedger_held[NKY] != 0.0
    assert view.wealth_usd_bn == pytest.approx(0.0, abs=1e-12)
    without = CarryUnwindModel(scenario("calm", option_hedgers=NONE), rng=1)
    assert OptionHedgers not in without.agents_by_type


def test_what_hedgers_lose_is_their_owners_and_they_end_flat():
    world = nikkei_alone()
    start, scale = everybody(world), gross(world)
    for day in range(4):
        pass_days(world, 1, day)
        worth = np.exp(world.market.log_price[NKY]) * world.market.hedger_held[NKY]
        assert world.market.hedger_cash[0] + worth == pytest.approx(0.0, abs=1e-12)
        assert np.abs((everybody(world) - start) / scale).max() < 1e-9
    # sold after the fall, and bought back at a higher price: the price returns to the news
    assert world.market.outside[OWNERS, 0] < 0.0
    assert world.record.days["conservation_error"].max() < 1e-9
