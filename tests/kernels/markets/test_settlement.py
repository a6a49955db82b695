"""Who gets what at the clearing price: rationing at a limit, both legs, the dealing spread."""

import numpy as np
import pytest

from abm.agents.decision import next_decision
from abm.kernels.markets.flow import AT_LIMIT
from abm.kernels.state import RETAIL_EQUITY, RETAIL_FX, RISK_PARITY
from abm.population.world import build_world
from tests.engine.worlds import JGB, JPY, NKY, NONE, pass_days, quiet, scenario, still, with_rules

N_CURRENCIES = 3


def shocked(news, limits=None, **changes):
    """One round of one day without interest or margin calls, its news by instrument."""
    alone = {"banks__desk": NONE, "banks__trading_book": NONE}
    alone |= {"option_hedgers": NONE, "risk_appetite": NONE}
    changes = {"clearing__rounds": 1, "margin": NONE} | alone | changes
    world = build_world(scenario("calm", **changes), 2)
    world = quiet(world)
    for k, move in news.items():
        world.chance.news[0, k] = move
    limit = np.full(9, 0.12)
    for k, width in (limits or {}).items():
        limit[k] = width
    return with_rules(world, "market", daily_limit=limit)


def before_and_after(world):
    """Own orders at the clearing price and what was traded: (orders, legs, traded), (K, N) each.

    None is forced in the morning: orders are what the institutions decide.
    """
    units, cash, market = world.books.units.copy(), world.books.cash.copy(), world.market
    decisions = [next_decision(world, row, 0) for row in range(cash.size)]
    intent = np.array([d.intent for d in decisions]).T
    speed = np.array([d.speed for d in decisions])
    pass_days(world)
    books, price = world.books, market.usd_price[:, None]
    worth = np.maximum(cash + market.usd_price @ units, 0.0)
    orders = np.where(speed > 0.0, speed * (intent * worth / price - units), intent)
    foreign = world.rules.mandates.resident == 0
    orders[JPY, ~foreign & (speed > 0.0)] = 0.0
    legs, yen = np.zeros_like(orders), market.quote == JPY
    legs[JPY] = np.exp(market.log_price[yen]) @ orders[yen] * foreign
    return orders, legs, books.units - units


def net_of_residents(world, traded):
    """Trades without what residents pay in yen for their own shares."""
    home = world.rules.mandates.resident == 1
    own = traded.copy()
    own[JPY, home] += np.exp(world.market.log_price[NKY]) * traded[NKY, home]
    return own


def yen_needed(world, orders, traded):
    """Own yen orders; who hedges shares keeps the hedge of those that were not sold."""
    first, needed = world.rules.mandates.first_row, orders[JPY].copy()
    hedgers = slice(first[RISK_PARITY], first[RETAIL_FX])
    unsold = (orders - traded)[NKY, hedgers]
    needed[hedgers] += np.exp(world.market.log_price[NKY]) * unsold
    return needed


def test_inside_the_limits_all_orders_are_filled():
    world = shocked({JPY: 0.03, NKY: -0.04})
    orders, _, traded = before_and_after(world)
    assert world.record.days["status"][0] == 0 and abs(traded).max() > 0.1
    np.testing.assert_allclose(net_of_residents(world, traded), orders, atol=1e-9)


def limit_down():
    """Nikkei news of a tenth below, a limit of a hundredth: sellers are rationed."""
    quick = {"population__scale": 1.0, "trend__speed_per_day": 0.2}
    world = shocked({NKY: -0.10, JPY: 0.03}, {NKY: 0.01}, **quick)
    world.script.official_usd_bn[0, NKY] = 0.5  # buyers: an official one, and
    trader = world.rules.mandates.first_row[RETAIL_EQUITY + 1] - 1
    world.rules.mandates.size_usd_bn[trader] += 1.0  # one who has fewer shares than he wants
    held = world.market.value_held.copy(), world.market.dealer_held.copy()
    orders, legs, traded = before_and_after(world)
    assert world.record.days["status"][0] == AT_LIMIT
    assert world.market.log_price[NKY] == pytest.approx(-0.01, abs=1e-12)
    assert abs(world.market.log_price[JPY]) < 0.11
    makers = world.market.value_held - held[0], world.market.dealer_held - held[1]
    assert world.market.official_units[NKY] == 0.5
    return world, orders, legs, traded, makers


def test_at_a_limit_as_much_is_bought_as_sold():
    traded, (value, dealers) = limit_down()[3:]
    trades = np.append(traded[NKY], [value[NKY], dealers[NKY], 0.5])
    assert trades.sum() == pytest.approx(0.0, abs=1e-10)
    assert trades[trades > 0].sum() > 0.55  # some did buy


def test_at_a_limit_all_sellers_are_filled_by_the_same_share_and_buyers_in_full():
    world, orders, _, traded, (value, dealers) = limit_down()
    sold = orders[NKY] < -1e-9
    share = traded[NKY, sold] / orders[NKY, sold]
    assert sold.sum() > 5 and 0.0 < share[0] < 1.0
    assert share == pytest.approx(share[0], rel=1e-9)
    assert world.scratch.fill[NKY] == pytest.approx(share[0], rel=1e-9)
    np.testing.assert_allclose(traded[NKY, ~sold], orders[NKY, ~sold], atol=1e-9)
    # value investors and dealers stand in the same queue
    for order, got in ((world.market.value_order, value), (world.market.dealer_order, dealers)):
        assert order[NKY] < 0.0 and got[NKY] == pytest.approx(share[0] * order[NKY], rel=1e-9)


def test_no_institution_ends_with_a_currency_it_did_not_order():
    # the yen of shares that were not sold are not kept: yen positions move by own orders alone,
    # and the yen that hedge shares are bought back for those that were sold
    world, orders, _, traded, _ = limit_down()
    expected = yen_needed(world, orders, traded)
    assert (expected - orders[JPY]).min() < -1e-4
    np.testing.assert_allclose(net_of_residents(world, traded)[JPY], expected, atol=1e-9)


def test_limit_up_rations_buyers():
    world = shocked({NKY: 0.10}, {NKY: 0.01})
    orders, _, traded = before_and_after(world)
    bought = orders[NKY] > 1e-9
    assert world.market.log_price[NKY] == pytest.approx(0.01) and world.scratch.side[NKY] == 1.0
    share = traded[NKY, bought] / orders[NKY, bought]
    assert share == pytest.approx(world.scratch.fill[NKY], rel=1e-9)
    sold = ~bought
    np.testing.assert_allclose(traded[NKY, sold], orders[NKY, sold], atol=1e-9)


def test_a_rationed_currency_fills_net_orders_alike():
    # yen limit up: own order and the leg of Nikkei trades are one order in the yen market
    world = shocked({JPY: 0.10, NKY: -0.02}, {JPY: 0.02})
    orders, legs, traded = before_and_after(world)
    assert world.market.log_price[JPY] == pytest.approx(0.02)
    net = (orders + legs)[JPY]
    got = net_of_residents(world, traded)[JPY] + legs[JPY]
    bought = net > 1e-9
    assert bought.sum() > 3 and got[bought] / net[bought] == pytest.approx(world.scratch.fill[JPY])
    np.testing.assert_allclose(got[~bought], net[~bought], atol=1e-9)


def test_an_asset_and_its_currency_at_their_limits_ration_the_asset_first():
    """Who sells half of the shares he meant to needs half of the yen leg: that joins the queue.

    Reversing the whole leg of what was not sold would leave him with yen he never traded.
    """
    world = shocked({JPY: 0.10, NKY: -0.10}, {JPY: 0.02, NKY: 0.01})
    world.script.official_usd_bn[0, NKY] = 0.05
    orders, _, traded = before_and_after(world)
    fill, side = world.scratch.fill, world.scratch.side
    assert side[JPY] == 1.0 and side[NKY] == -1.0
    assert 0.0 < fill[NKY] < 1.0 and 0.0 < fill[JPY] < 1.0
    foreign = world.rules.mandates.resident == 0
    leg = np.exp(world.market.log_price[NKY]) * traded[NKY] * foreign
    leg += np.exp(world.market.log_price[JGB]) * traded[JGB] * foreign
    needed = yen_needed(world, orders, traded) + leg
    got = net_of_residents(world, traded)[JPY] + leg
    bought = needed > 1e-9
    np.testing.assert_allclose(got[bought], fill[JPY] * needed[bought], atol=1e-9)
    np.testing.assert_allclose(got[~bought], needed[~bought], atol=1e-9)


def test_yen_for_shares_that_are_not_bought_are_no_part_of_the_queue_for_yen():
    """Both limit up: buyers of yen share what is sold, and nothing is left over for dealers."""
    world = shocked({JPY: 0.10, NKY: 0.10}, {JPY: 0.02, NKY: 0.01})
    held = world.market.dealer_held[JPY]
    before_and_after(world)
    fill, side, order = world.scratch.fill, world.scratch.side, world.market.dealer_order[JPY]
    assert side[JPY] == 1.0 and side[NKY] == 1.0
    assert 0.0 < fill[NKY] < 0.9 and 0.0 < fill[JPY] < 1.0
    took = fill[JPY] * order if order > 0.0 else order
    assert world.market.dealer_held[JPY] - held == pytest.approx(took, abs=1e-9)


def test_both_legs_match_at_the_price_and_the_spread_paid_is_the_spread_received():
    world = with_rules(shocked({JPY: 0.03, NKY: -0.04}), "dealers", half_spread=0.002)
    books, market = world.books, world.market
    calm, fast = world.rules.market.calm_volatility, np.sqrt(np.diag(market.covariance_fast))
    units, cash = books.units.copy(), books.cash.copy()
    dealers, equity = market.dealer_cash[-1], world.graph.equity.sum()
    _, legs, traded = before_and_after(world)
    price = market.usd_price
    # wealth at the closing price, before and after trading, differs by the spread alone
    worth = cash + price @ units
    crossed = abs(net_of_residents(world, traded) + legs) * price[:, None]
    crossed[JPY, world.rules.mandates.resident == 1] = 0.0
    cost = (0.002 * np.maximum(1.0, fast / calm)) @ crossed
    np.testing.assert_allclose(worth - (books.cash + price @ books.units), cost, atol=1e-10)
    # dealers' earnings go to banks at the close: spread, and what they earned on their own book
    makers = market.dealer_held @ price + market.dealer_cash @ np.append(price[:N_CURRENCIES], 1.0)
    assert makers == pytest.approx(0.0, abs=1e-9) and dealers == 0.0
    own = market.dealer_held @ price
    paid = sum(
        held * np.exp(x) * (price[JPY] if quote == JPY else 1.0)
        for held, x, quote in zip(market.dealer_held, market.log_price, market.quote, strict=True)
    )
    assert own == pytest.approx(paid)  # bought at the close, worth the close: no gain but spread
    assert world.graph.equity.sum() - equity == pytest.approx(cost.sum(), rel=1e-9)


def test_residents_pay_for_shares_in_yen():
    world = shocked({NKY: -0.06}, retail_equity__speed_per_day=0.5, retail_equity__days_to_pay=0)
    first, last = world.rules.mandates.first_row[RETAIL_EQUITY : RETAIL_EQUITY + 2]
    world.rules.mandates.loss_cut[first:last] = 0.9  # all are cut
    units, cash = world.books.units[:, first:last].copy(), world.books.cash[first:last].copy()
    pass_days(world)
    traded = world.books.units[:, first:last] - units
    assert traded[NKY] == pytest.approx(-0.5 * units[NKY])
    assert (world.books.cash[first:last] == cash).all()
    assert traded[JPY] == pytest.approx(-np.exp(world.market.log_price[NKY]) * traded[NKY])


def test_an_official_order_is_executed_once_however_many_rounds_a_day_has():
    world = still("funds", margin={"kind": "fixed", "rate": 0.3}, funds__grace_share=0.0)
    world.script.official_usd_bn[0, JPY] = 5.0
    world.chance.news[0, JPY] = 0.1  # calls funds once round 0 has cleared
    pass_days(world)
    assert world.record.n_calls.sum() > 0 and world.record.days["rounds"][0] > 1
    assert world.market.official_units[JPY] == pytest.approx(5.0)
    assert world.market.official_cash[-1] == pytest.approx(-5.0 * np.exp(0.1))
