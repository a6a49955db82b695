"""Risk appetite: remembered losses by hand, the second round, and both signs."""

from math import log

import numpy as np
import pytest

from abm.kernels.behaviours.risk_appetite import NOW, loss_since, remembered_losses
from abm.kernels.rules import AppetiteRule
from abm.population.world import build_world
from tests.engine.worlds import NKY, SPX, pass_days, quiet, scenario

RULE = AppetiteRule(True, 0.74, 0.05, np.zeros(1))
APPETITE = {"kind": "losses", "betas": {"NKY": 0.4, "SPX": 0.1}}


def test_remembered_losses_by_hand():
    assert remembered_losses(0.1, log(100 / 95), RULE) == pytest.approx(0.074 + 0.0512933)
    assert remembered_losses(0.0, -0.5, RULE) == -0.05
    assert remembered_losses(0.9, 0.9, RULE) == 1.0
    assert loss_since(100.0, 95.0) == pytest.approx(0.0512933)
    assert loss_since(0.0, 0.0) == 0.0 and loss_since(100.0, -5.0) > 10.0


def one_day(appetite, news):
    given = {"risk_appetite": appetite, "liquidity__links": {}}
    world = quiet(build_world(scenario("calm", "funds", **given), 1))
    world.chance.news[0, SPX] = news
    return pass_days(world)


@pytest.mark.parametrize("news", [-0.03, 0.03])
def test_a_loss_lowers_shares_in_the_second_round_of_its_day(news):
    plain, moved = one_day({"kind": "none"}, news), one_day(APPETITE, news)
    assert plain.record.days["rounds"][0] == 1 and moved.record.days["rounds"][0] == 2
    fall = moved.market.log_price[NKY] - plain.market.log_price[NKY]
    assert np.sign(fall) == np.sign(news)
    # what funds had lost in the first round: the second adds a little to it
    assert 0.5 < fall / (-0.4 * moved.market.appetite[NOW]) < 1.0
    assert np.sign(moved.market.appetite[NOW]) == -np.sign(news)


def test_gains_count_up_to_their_most_and_a_quiet_week_forgets():
    world = one_day(APPETITE | {"most_gain_log": 0.001}, 0.03)
    assert world.market.appetite[NOW] == pytest.approx(-0.001)
    world = one_day(APPETITE, -0.03)
    before = world.market.appetite[NOW]
    pass_days(world, 9, 1)
    assert abs(world.market.appetite[NOW]) < 0.2 * before
