"""Estimates from a day's prices, recounted from the prices of a run."""

import numpy as np
import pytest

from abm.kernels.state import RISK_PARITY, VOLATILITY_TARGET
from abm.population.world import build_world
from tests.engine.worlds import JPY, NKY, SPX, pass_days, scenario, still, with_rules

N_DAYS = 12


def after_a_run(n_days=N_DAYS):
    """A world after some days, how it opened, and its daily returns."""
    world = build_world(scenario(shock__surprise_bp=60.0), 4)
    opening = world.market.covariance.copy(), world.market.trend.copy()
    pass_days(world, n_days)
    prices = np.vstack([np.zeros(9), world.record.log_prices[:n_days]])
    return world, opening, np.diff(prices, axis=0)


def test_covariances_are_exponential_averages_of_squared_daily_returns():
    world, (opening, _), returns = after_a_run()
    rule = world.rules.estimate
    for decay, found in (
        (rule.slow_decay, world.market.covariance),
        (rule.fast_decay, world.market.covariance_fast),
    ):
        ages = decay ** np.arange(N_DAYS - 1, -1, -1)
        expected = decay**N_DAYS * opening
        expected += (1.0 - decay) * 250.0 * np.einsum("t,tk,tj->kj", ages, returns, returns)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_a_move_of_one_percent_a_day_by_hand():
    # .94 x nothing + .06 x 250 x .0001
    world = with_rules(still("funds"), "estimate", fast_decay=0.94, slow_decay=0.97)
    world.market.covariance[:] = world.market.covariance_fast[:] = 0.0
    world.chance.news[0, JPY] = 0.01
    pass_days(world)
    assert world.market.covariance_fast[JPY, JPY] == pytest.approx(0.0015, rel=1e-6)
    assert world.market.covariance[JPY, JPY] == pytest.approx(0.00075, rel=1e-6)


def test_trends_are_moving_averages_of_returns():
    world, (_, opening), returns = after_a_run()
    for row, days in enumerate(world.rules.estimate.trend_days):
        expected = opening[row].copy()
        for day in returns:
            expected += (day - expected) / days
        np.testing.assert_allclose(world.market.trend[row], expected, rtol=1e-9, atol=1e-15)


def test_closes_are_kept_newest_first():
    world, _, _ = after_a_run()
    np.testing.assert_array_equal(world.market.close[:N_DAYS], world.record.log_prices[::-1])


def test_dealers_withdraw_by_volatility_and_head_room_of_core_banks():
    world, _, _ = after_a_run(N_DAYS - 1)
    # tomorrow's depth is set before the day's return is in the estimate
    fast = np.sqrt(np.diag(world.market.covariance_fast))
    pass_days(world, 1, N_DAYS - 1)
    rule, graph = world.rules.dealers, world.graph
    core = graph.is_core > 0
    room = np.maximum(graph.equity - graph.requirement, 0.0)[core].sum() / graph.opening_room[0]
    share = np.minimum(1.0, world.rules.market.calm_volatility / fast) ** rule.volatility_exponent
    assert rule.by_head_room and abs(room - 1.0) > 0.05
    share *= room**rule.capital_exponent
    depth = rule.depth * np.maximum(rule.depth_floor, share)
    units = depth / world.market.usd_price
    np.testing.assert_allclose(world.market.dealer_depth, units, rtol=1e-12)
    assert depth[JPY] < 0.95 * rule.depth[JPY]
    reported = world.record.days["dealer_depth_share"][N_DAYS - 1]
    assert reported == pytest.approx(depth[JPY] / rule.depth[JPY])


def test_dealers_reference_moves_with_news_and_creeps_towards_the_price():
    world = with_rules(still("funds"), "dealers", reversion=0.1)
    world.market.dealer_reference[JPY] = -0.02  # held: 0.02 x depth, at a price of zero
    world.market.fundamental[JPY] = -0.02
    pass_days(world)  # the price goes to where both stand
    assert world.market.log_price[JPY] == pytest.approx(-0.02, abs=1e-9)
    world.chance.news[1, JPY] = 0.05
    pass_days(world, 1, 1)
    assert world.market.dealer_reference[JPY] == pytest.approx(0.03, abs=1e-9)
    deaf = with_rules(still("funds"), "dealers", news_moves_reference=False, reversion=0.25)
    depth = np.full(9, 1e15)
    depth[JPY] = 1.0  # value investors set the price, dealers follow by a quarter a day
    deaf = with_rules(deaf, "dealers", depth=depth)
    deaf.market.dealer_depth[JPY] = 1.0
    deaf.chance.news[0, JPY] = 0.04
    pass_days(deaf)
    assert deaf.market.log_price[JPY] == pytest.approx(0.04, abs=1e-9)
    assert deaf.market.dealer_reference[JPY] == pytest.approx(0.01, abs=1e-9)


def test_the_nikkei_follows_the_yen_and_yesterdays_new_york():
    link = {"currency_beta": 1.2, "lag_share": 0.75, "leader": "SPX", "leader_beta": 0.7}
    world = still("funds", liquidity__links={"NKY": link})
    world.chance.news[0, [JPY, SPX]] = 0.03, -0.05
    pass_days(world, 3)
    # a quarter of the yen's news counts on its day, the rest and New York on the morning after
    assert world.record.log_prices[0, NKY] == pytest.approx(-1.2 * 0.25 * 0.03, abs=1e-9)
    after = -1.2 * 0.03 + 0.7 * -0.05
    assert world.record.log_prices[1:3, NKY] == pytest.approx([after, after], abs=1e-9)


def test_the_carry_short_counts_yen_owed_to_hold_something_else():
    world = pass_days(build_world(scenario(risk_parity__yen_share=0.5), 4), 3)
    books, first = world.books, world.rules.mandates.first_row
    yen, shares = -books.units[JPY], np.exp(world.market.log_price[NKY]) * books.units[NKY]
    parity = slice(*first[[RISK_PARITY, RISK_PARITY + 1]])
    counted = yen[: first[RISK_PARITY]].sum() + (yen - shares)[parity].sum()
    counted += yen[first[VOLATILITY_TARGET + 1] : first[6]].sum()  # trend and retail currency
    bonds = np.exp(world.market.log_price[8]) * books.units[8, parity].sum()
    assert world.record.days["yen_short_units"][2] == pytest.approx(counted - bonds, rel=1e-12)
    assert counted > 100.0
