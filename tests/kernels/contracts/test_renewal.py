"""Owners of accounts: renewal of households, trade and owners of value investors, by hand."""

import numpy as np
import pytest

from abm.kernels.compiler.reference import by_reference
from abm.kernels.contracts.balances import mark_prices
from abm.kernels.state import OWNERS, RETAIL_EQUITY, RETAIL_FX, SUBSCRIPTIONS, TRADE
from abm.population.world import build_world
from tests.engine.worlds import (
    AUD,
    DOLLAR,
    JPY,
    NKY,
    bottomless,
    held_estimates,
    pass_days,
    scenario,
    with_rules,
)


def held_still(*groups, **changes):
    """A world in which nothing trades and no interest is due."""
    world = build_world(scenario("calm", *groups, **changes), 1, no_trade=True)
    world.chance.news[:] = 0.0
    world.script.accrual_days[:] = 0.0
    return bottomless(held_estimates(world))


def test_a_thousandth_of_the_accounts_leaves_with_its_gain():
    world = held_still("retail_fx", retail_fx__renewal_per_day=0.001)
    rich, poor = world.rules.mandates.first_row[RETAIL_FX] + np.arange(2)
    opening = world.rules.mandates.opening_wealth.copy()
    world.books.cash[rich] += 2.0
    world.books.cash[poor] -= 0.1
    before = world.books.cash.copy()
    pass_days(world, 1)
    gained = world.books.cash - before
    assert gained[rich] == pytest.approx(-0.002) and gained[poor] == pytest.approx(1e-4)
    assert np.delete(gained, [rich, poor]) == pytest.approx(0.0, abs=1e-12)
    assert world.market.outside[SUBSCRIPTIONS, DOLLAR] == pytest.approx(0.002 - 1e-4)
    assert world.books.wealth[rich] == pytest.approx(opening[rich] + 2.0 - 0.002)


def test_a_margin_account_opens_anew_at_its_leverage_and_at_todays_price():
    world = held_still("retail_equity", retail_equity__renewal_per_day=0.02)
    row = world.rules.mandates.first_row[RETAIL_EQUITY]
    held, owed = world.books.units[[NKY, JPY], row]
    for level in (world.market.log_price, world.market.close[0], world.market.fundamental):
        level[NKY] = 0.2
    world.market.dealer_reference[NKY] = 0.2
    mark_prices(*by_reference(world.market))
    pass_days(world, 1)
    worth = held * np.exp(0.2)
    leverage = held / (held + owed)
    gain = worth / leverage - (worth + owed)  # below 0: a winner takes money out
    assert gain < 0.0
    assert world.books.wealth[row] == pytest.approx(worth + owed + 0.02 * gain)
    assert world.books.units[NKY, row] == held


def test_trade_takes_a_thousandth_and_owners_four_of_value_investors():
    world = held_still(
        "retail_fx", liquidity__trade_share_per_day=0.001, liquidity__payout_share_per_day=0.004
    )
    world = with_rules(world, "value_investors", speed=np.zeros(9))
    market = world.market
    market.value_held[AUD], market.value_cash[AUD], market.value_cash[DOLLAR] = 50.0, -5.0, 10.0
    market.official_units[AUD], market.official_cash[DOLLAR] = -45.0, -10.0
    for level in (market.log_price, market.close[0], market.fundamental, market.dealer_reference):
        level[AUD] = 0.2
    price = market.usd_price[AUD] = np.exp(0.2)
    pass_days(world, 1)
    assert market.outside[TRADE, [AUD, DOLLAR]] == pytest.approx([0.05, -0.05 * price])
    assert market.outside[OWNERS, [AUD, DOLLAR]] == pytest.approx(
        [-0.02, 0.004 * (10.0 + 0.05 * price)]
    )
    assert market.value_cash[AUD] == pytest.approx(-4.98)
    assert market.value_held_open[AUD] == pytest.approx(49.95)
