"""Two columns of the day: the funds that do not borrow, and the yen short that force closed."""

import numpy as np
import pytest

from abm.kernels import carry_short as record
from abm.kernels.events import FORCED_SALE
from abm.kernels.record import unlevered_share
from abm.kernels.state import HEDGE_FUND, RISK_PARITY, TREND
from abm.population.world import build_world
from tests.engine.worlds import JPY, NKY, pass_days, rows_of, scenario, still

# On tuples of columns a kernel would be compiled anew; its formula is the same without.
carry_short, short_closed = (
    getattr(kernel, "py_func", kernel) for kernel in (record.carry_short, record.short_closed)
)


def test_a_fund_that_is_out_or_hardly_borrows_is_unlevered():
    wealth, borrowing = np.array([10.0, 10.0, 10.0, -1.0]), np.array([0.5, 0.51, 30.0, 4.0])
    assert unlevered_share(wealth, borrowing, np.zeros(4, np.int64)) == 0.25
    assert unlevered_share(wealth, borrowing, np.array([0, 0, 7, 0])) == 0.50


@pytest.mark.parametrize("row", [0, RISK_PARITY, TREND])
@pytest.mark.parametrize("instrument", [JPY, NKY])
def test_what_a_trade_closes_of_the_yen_short_is_what_the_short_falls_by(row, instrument):
    world = pass_days(build_world(scenario(risk_parity__yen_share=0.5), 4), 3)
    i = int(world.rules.mandates.first_row[row])
    trades = np.zeros((len(world.market.quote), 1))
    trades[instrument] = 0.125
    closed = short_closed(i, 0, trades, world.market, world.rules)
    before = carry_short(world.books, world.market, world.rules)
    world.books.units[instrument, i] += 0.125
    after = carry_short(world.books, world.market, world.rules)
    assert closed == pytest.approx(before - after, abs=1e-12)
    assert (closed != 0.0) == (instrument == JPY or row == RISK_PARITY)


def test_trades_of_those_outside_the_yen_short_close_none_of_it():
    world = build_world(scenario(), 4)
    first, trades = world.rules.mandates.first_row, np.ones((len(world.market.quote), 1))
    for outside in (3, 6, 7):  # volatility targets, retail equity, insurers
        assert short_closed(int(first[outside]), 0, trades, world.market, world.rules) == 0.0


def test_a_storm_closes_by_force_and_empties_funds():
    calm, storm = (build_world(scenario(shock__surprise_bp=bp), 4) for bp in (0, 150))
    for world in (calm, storm):
        pass_days(world, 12)
    closed = storm.record.days["yen_short_closed_by_force_units"][:12]
    assert calm.record.days["yen_short_closed_by_force_units"][:12].max() < closed.max()
    assert storm.record.days["share_unlevered"][11] > calm.record.days["share_unlevered"][11]


def test_the_share_unlevered_is_of_hedge_funds_alone():
    world = pass_days(build_world(scenario(shock__surprise_bp=150), 4), 12)
    funds = slice(*np.array(rows_of(world, HEDGE_FUND))[[0, -1]] + [0, 1])
    books = world.books
    hardly = books.borrowing[funds] <= 0.05 * books.wealth[funds]
    share = np.mean(hardly | (books.suspended_days[funds] > 0))
    assert 0.0 < share < 1.0 and world.record.days["share_unlevered"][11] == share


def test_what_force_closed_in_a_day_is_the_sum_over_all_who_were_forced():
    world = still("funds", margin={"kind": "fixed", "rate": 0.33}, funds__grace_share=0.0)
    world.chance.news[0, JPY] = 0.10
    pass_days(world)
    events = world.record.events[: world.record.n_events[0]]
    bought = events[(events["kind"] == FORCED_SALE) & (events["instrument"] == JPY)]
    assert len(set(bought["institution"])) > 1
    yen = bought["amount_usd_bn"].sum() / world.market.usd_price[JPY]
    assert world.record.days["yen_short_closed_by_force_units"][0] == pytest.approx(yen)
