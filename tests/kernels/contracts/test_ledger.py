"""Balances: interest, coupons, spread and capital by hand, and the whole carry book."""

import json
from pathlib import Path

import numpy as np
import pytest

from abm.kernels.state import ACCRUALS, SUBSCRIPTIONS
from abm.population.world import build_world
from tests.engine.worlds import (
    AUD,
    DOLLAR,
    JGB,
    JPY,
    MXN,
    NKY,
    SPX,
    UST,
    bottomless,
    held_estimates,
    pass_days,
    scenario,
    still,
    with_rules,
    with_wealth,
)

REFERENCE = Path(__file__).parents[2] / "reference/accounting_margin.json"
RATES = {
    "rates__funding_per_year": 0.0025,
    "rates__usd_per_year": 0.054,
    "instruments__AUD__yield_per_year": 0.0435,
    "instruments__MXN__yield_per_year": 0.108,
    "instruments__UST__yield_per_year": 0.045,
    "instruments__NKY__yield_per_year": 0.035,
    "instruments__JGB__yield_per_year": 0.0,
    "funding__basis_per_year": 0.003,
    "banks__spread_per_year": 0.004,
    "banks__spread_slope": 2.0,
}
ONE_FUND = {
    "funds__n": 1,
    "funds__styles": {
        "FXM": {
            "share_of_number": 1.0,
            "equity_usd_bn": 10.0,
            "leverage": 3.0,
            "yen_share": 1.0,
            "weights": {"AUD": 0.5, "UST": 0.5},
        }
    },
    "population__scale": 1.0,
    "calendar__days": 3,
}


def ledger(n_days=10.0, **changes):
    """One fund that does nothing but hold; one day that lasts n calendar days."""
    world = build_world(scenario("calm", "funds", **ONE_FUND | RATES | changes), 1, no_trade=True)
    world.chance.news[:] = 0.0
    world.script.accrual_days[:] = n_days
    world.books.units[:] = world.books.cash[:] = 0.0
    return with_rules(bottomless(held_estimates(world)), "funds", payout=0.0, subscription=0.0)


@pytest.mark.parametrize(
    ("held", "amount", "paid_in", "earned"),
    [
        (JPY, 365.0, JPY, 0.025),  # 365 x .0025 x 10/365
        (JPY, -365.0, JPY, -0.010),  # a yen loan is cheaper by half the basis: .0025 - .0015
        (AUD, 36.5, AUD, 0.0435),  # ACT/365
        (MXN, 36.0, MXN, 0.108),  # ACT/360
        (UST, 36.0, DOLLAR, 0.045),  # a coupon in dollars, ACT/360
        (NKY, 36.5, JPY, 0.035),  # a dividend in yen, ACT/365
        (JGB, 36.5, JPY, 0.0),
    ],
    ids=["yen", "yen-loan", "aud", "mxn", "treasury", "nikkei", "jgb"],
)
def test_ten_days_of_interest_and_coupons_by_hand(held, amount, paid_in, earned):
    world = with_rules(ledger(), "banks", spread=0.0)
    world.books.units[held, 0] = amount
    world = pass_days(world)
    balances = np.append(world.books.units[:DOLLAR, 0], world.books.cash)
    if held < DOLLAR:  # a currency: what was there is no interest
        balances[held] -= amount
    assert balances[paid_in] == pytest.approx(earned, abs=1e-12)
    assert world.market.outside[ACCRUALS, paid_in] == pytest.approx(-earned, abs=1e-12)
    assert np.delete(world.market.outside[ACCRUALS], paid_in) == pytest.approx(0.0, abs=1e-15)


def test_dollars_earn_and_cost_the_dollar_rate():
    world = with_rules(ledger(), "banks", spread=0.0)
    assert pass_days(with_wealth(world, 0, 36.0)).books.cash[0] == pytest.approx(36.054)
    world = with_rules(ledger(), "banks", spread=0.0)
    assert pass_days(with_wealth(world, 0, -36.0)).books.cash[0] == pytest.approx(-36.054)


def test_a_coupon_is_paid_on_the_price_of_the_morning():
    world = with_rules(ledger(), "banks", spread=0.0)
    world.books.units[SPX, 0] = 36.0
    world.chance.news[0, SPX] = np.log(1.05)  # the price rises before the second payment only
    world = pass_days(world, 2)
    interest = 0.058 * 0.054 / 36.0  # on the first dividend
    assert world.books.cash[0] == pytest.approx(0.058 * 2.05 + interest, rel=1e-9)


def indebted_to_two(*utilisations):
    """36bn of yen owed to banks 0 and 2, .6 and .4, and what their balance sheets are used by."""
    world = ledger()
    graph = world.graph._replace(
        broker_start=np.array([0, 2]),
        borrower=np.zeros(2, np.int64),
        broker=np.array([0, 2]),
        broker_share=np.array([0.6, 0.4]),
    )
    graph.utilisation[[0, 2]] = utilisations
    graph.loans[[0, 2]] = 21.6, 14.4
    world.books.units[JPY, 0], world.books.borrowing[0] = -36.0, 36.0
    return with_rules(world._replace(graph=graph), "banks", recapitalisation=0.0, basis=0.0)


@pytest.mark.parametrize(
    ("second_use", "paid"),
    [
        (0.0, (0.0024, 0.0016)),  # 40 bp of 21.6 and of 14.4, for ten days of 360
        (0.1, (0.0024, 0.0016 * 1.2)),  # .1 over its threshold: 40 x (1 + 2 x .1) bp
    ],
)
def test_the_spread_goes_from_the_borrower_to_its_brokers_by_share(second_use, paid):
    world = indebted_to_two(0.0, second_use)
    before, cash = world.graph.equity.copy(), world.books.cash[0]
    pass_days(world)
    assert (world.graph.equity - before)[[0, 2]] == pytest.approx(paid, rel=1e-9)
    assert world.books.cash[0] - cash == pytest.approx(-sum(paid), abs=1e-15)


def test_redemptions_and_subscriptions_do_not_look_like_losses():
    world = with_rules(still("funds", **ONE_FUND), "funds", payout=0.01, subscription=0.003)
    with_wealth(world, 0, 12.0)
    world.books.high_water[0] = 12.0
    pass_days(world)
    # 1% of the 2bn above opening wealth leaves; the mark leaves with it
    assert world.books.wealth[0] == pytest.approx(11.98)
    assert world.books.high_water[0] == pytest.approx(11.98)
    world = with_rules(still("funds", **ONE_FUND), "funds", payout=0.01, subscription=0.003)
    with_wealth(world, 0, 6.0)
    world.books.high_water[0] = 12.0
    pass_days(world)  # .3% of the 4bn that are missing
    assert world.books.wealth[0] == pytest.approx(6.012)
    assert world.books.high_water[0] == pytest.approx(12.0 * 6.012 / 6.0)


def test_subscriptions_come_from_the_named_account():
    world = with_rules(still("funds", **ONE_FUND), "funds", payout=0.01, subscription=0.003)
    with_wealth(world, 0, 6.0)
    before = world.market.outside[SUBSCRIPTIONS, DOLLAR]
    pass_days(world)
    assert world.market.outside[SUBSCRIPTIONS, DOLLAR] - before == pytest.approx(-0.012)


def carry_book():
    """The reference's book in the engine: yen at 150 to the dollar, amounts in USD."""
    book = json.loads(REFERENCE.read_text())["carry_book"]
    given, loan = book["inputs"], book["inputs"]["jpy_loan"] / book["inputs"]["S0"]
    world = ledger(
        given["days"],
        rates__funding_per_year=given["r_fund"],
        rates__usd_per_year=0.0,
        instruments__SPX__yield_per_year=given["asset_yield"],
        funding__basis_per_year=0.0,
    )
    world = with_rules(world, "banks", spread=0.0)
    world.books.units[JPY, 0], world.books.units[SPX, 0] = -loan, loan + given["equity_usd"]
    world.chance.news[0, JPY] = np.log(given["S0"] / given["S1"])
    world.chance.news[0, SPX] = np.log(1.0 + given["asset_price_return"])
    return world, given, book["expected"]


def test_the_carry_book_of_the_reference_comes_out_of_the_ledger():
    world, given, expected = carry_book()
    start = world.books.units[:, 0].copy()
    pass_days(world)
    books, price = world.books, world.market.usd_price
    assert start[SPX] == pytest.approx(expected["assets0"], rel=1e-12)
    assert 1.0 - start[JPY] / given["equity_usd"] == pytest.approx(expected["leverage0"])
    owed = -books.units[JPY, 0]
    assert books.cash[0] == pytest.approx(expected["coupon_usd"], rel=1e-9)
    assert (owed + start[JPY]) * given["S0"] == pytest.approx(expected["interest_jpy"], rel=1e-7)
    assert books.borrowing[0] == pytest.approx(expected["debt1_usd"], rel=1e-9)
    assert books.units[SPX, 0] * price[SPX] + books.cash[0] == pytest.approx(
        expected["assets1"], rel=1e-9
    )
    assert books.wealth[0] == pytest.approx(expected["equity1"], rel=1e-9)
    assert books.wealth[0] - given["equity_usd"] == pytest.approx(expected["pnl"], rel=1e-8)


def test_its_profit_splits_into_price_coupon_funding_and_currency():
    world, given, expected = carry_book()
    start = world.books.units[:, 0].copy()
    pass_days(world)
    books, price = world.books, world.market.usd_price
    interest = books.units[JPY, 0] - start[JPY]  # at the old rate
    parts = {
        "price": start[SPX] * (price[SPX] - 1.0),
        "coupon": books.cash[0],
        "funding": interest,
        "fx_on_principal": start[JPY] * (price[JPY] - 1.0),
        "fx_on_interest": interest * (price[JPY] - 1.0),
    }
    assert parts == pytest.approx(expected["attribution"], rel=1e-6)
    assert sum(parts.values()) == pytest.approx(books.wealth[0] - given["equity_usd"], rel=1e-9)
