"""Agents are views: they decide as the kernel does, and what is written is conserved."""

import numpy as np
import pytest

from abm.agents import Bank, CentralBank, Dealers, HedgeFund, TrendFollower, ValueInvestors
from abm.agents.decision import next_decision
from abm.errors import InvalidInput
from abm.model import CarryUnwindModel
from abm.scenario import load_scenario


def model(**changes):
    small = {"calendar.burn_in_days": 6, "calendar.drift_days": 5, "population.scale": 0.3}
    return CarryUnwindModel(load_scenario("august-2024").with_changes(small | changes), rng=7)


def first(of, kind):
    return next(iter(of.agents_by_type[kind]))


def test_every_agent_decides_as_the_kernel_does():
    """With one round and no limit, units after the day are s (c W/X - a) from the morning's a."""
    asked = model(risk_appetite={"kind": "none"})
    for _ in range(3):
        rows = range(len(asked.world.names))
        decided = [next_decision(asked.world, row, asked.next_day) for row in rows]
        asked.step()
        day, market = asked.world.record.days[asked.next_day - 1], asked.world.market
        assert day["rounds"] == 1.0 and day["n_at_limit"] == 0.0
        for row, wanted in enumerate(decided):
            wealth = wanted.cash + wanted.units @ market.usd_price
            target = wanted.intent * wealth / market.usd_price
            traded = wanted.intent
            if wanted.speed > 0.0:
                traded = wanted.speed * (target - wanted.units)
            own = slice(asked.world.rules.mandates.resident[row], None)
            after = asked.world.books.units[own, row]
            assert after == pytest.approx((wanted.units + traded)[own], rel=1e-12, abs=1e-12)


def test_an_order_closes_the_gap_to_the_target_at_the_agents_speed():
    asked = model()
    trend = first(asked, TrendFollower)
    wanted = next_decision(asked.world, trend.row, asked.n_days)  # at the last close
    held = np.array(list(trend.positions_usd_bn.values()))
    assert wanted.speed == asked.given_scenario.trend.speed_per_day
    gap = wanted.intent * trend.wealth_usd_bn - held
    assert wanted.orders_usd_bn == pytest.approx(wanted.speed * gap)
    assert list(trend.decide()) == list(asked.instruments)


def test_deciding_changes_nothing():
    world, untouched = model(), model()
    for agent in world.agents_by_type[HedgeFund]:
        agent.decide()
    world.run(), untouched.run()
    assert world.result().days.equals(untouched.result().days)


def test_what_is_written_is_what_the_next_day_uses_and_the_audit_balances():
    written, untouched = model(), model()
    fund = first(written, HedgeFund)
    fund.cash_usd_bn += 2.0
    fund.units["JPY"] -= 3.0
    fund.units = {"UST": 5.0, "NKY": -1.0}
    fund.wealth_usd_bn = 40.0
    first(written, Bank).wealth_usd_bn += 7.0
    assert fund.wealth_usd_bn == pytest.approx(40.0) and fund.units["NKY"] == -1.0
    written.run(), untouched.run()
    assert written.result().days["conservation_error"].max() < 1e-9
    assert not written.result().days["log_JPY"].equals(untouched.result().days["log_JPY"])


def test_wealth_and_borrowing_follow_a_write_at_once():
    fund = first(model(), HedgeFund)
    fund.units = dict.fromkeys(fund.units, 0.0)
    fund.cash_usd_bn = 3.0
    assert (fund.wealth_usd_bn, fund.borrowing_usd_bn, fund.leverage) == (3.0, 0.0, 1.0)
    fund.cash_usd_bn, fund.units["UST"] = -3.0, 4.0
    price = fund.world.market.usd_price[fund.model.instruments.index("UST")]
    assert fund.wealth_usd_bn == pytest.approx(4.0 * price - 3.0)
    assert fund.borrowing_usd_bn == 3.0


def test_a_gift_is_no_gain_and_a_withdrawal_no_drawdown():
    fund = first(model(), HedgeFund)
    drawdown = 1.0 - fund.wealth_usd_bn / fund.high_water_usd_bn
    fund.wealth_usd_bn = 0.5 * fund.wealth_usd_bn
    assert 1.0 - fund.wealth_usd_bn / fund.high_water_usd_bn == pytest.approx(drawdown)


def test_a_cap_on_leverage_that_is_written_binds():
    world = model()
    world.agents_by_type[HedgeFund].set("leverage_cap", 1.0)
    world.run()
    assert max(world.agents_by_type[HedgeFund].get("leverage")) < 1.6


def test_what_cannot_be_written_is_refused():
    fund = first(model(), HedgeFund)
    with pytest.raises(InvalidInput, match="did you mean JPY"):
        fund.units["JPZ"] = 1.0
    with pytest.raises(InvalidInput, match="finite"):
        fund.cash_usd_bn = float("nan")
    with pytest.raises(InvalidInput, match="at least 1"):
        fund.leverage_cap = 0.5
    with pytest.raises(KeyError):
        fund.units["XXX"]


def test_brokers_of_a_fund_know_it_as_their_client():
    world = model()
    fund = first(world, HedgeFund)
    assert sum(fund.brokers.values()) == pytest.approx(1.0)
    for bank in world.agents_by_type[Bank]:
        assert (fund.name in bank.clients) == (bank.name in fund.brokers)


def test_everything_held_adds_up_over_all_agents():
    world = model()
    world.run()
    market = world.world.market
    for k, name in enumerate(world.instruments):
        held = sum(a.units[name] for a in world.agents if not isinstance(a, Bank))
        outside = market.outside[:, k].sum() if k < len(market.rates) - 1 else 0.0
        outside += world.world.graph.book[k].sum()  # banks' trading books
        assert held + outside == pytest.approx(market.totals[k], abs=1e-9)


def test_market_makers_and_authorities_can_be_asked():
    world = model()
    assert set(first(world, CentralBank).policy_rates_per_year) >= {"JPY", "USD"}
    assert set(first(world, ValueInvestors).fundamentals) == set(world.instruments)
    assert min(first(world, Dealers).depth_usd_bn.values()) > 0.0
