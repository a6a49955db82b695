"""Margin calls, the money that meets them, and forced sales."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from abm.stress.loans import PARTS, Terms
from abm.stress.selling import half_spreads, sale_share
from tests.stress.toy import LEVERED, NAMES, YEN, carried, market, portfolio, still

HAND = json.loads((Path(__file__).parents[1] / "reference" / "accounting_margin.json").read_text())[
    "margin_liquidation"
]
COST = PARTS.index("liquidation")
FUND = {"instrument": "UST", "market_value": 1e8, "funding_currency": "JPY", "leverage": 5.0}


def falling(by, day=2, days=4, margin=0.1, **changed):
    """Treasuries fall by a share on one day; nothing else moves, and no night passes."""
    made = still(days=days)
    prices = made.log_prices.copy()
    prices[:, day:, NAMES.index("UST")] = np.log1p(-by)
    rate, nights = np.full_like(made.margin_rate, margin), np.zeros_like(made.nights)
    return replace(made, log_prices=prices, nights=nights, margin_rate=rate, **changed)


def test_the_sale_that_restores_a_margin_is_the_hand_sample_where_selling_is_free():
    positions, haircuts = np.array(HAND["inputs"]["pos"]), np.array(HAND["inputs"]["haircuts"])
    required = positions @ haircuts
    missing = np.array([required - HAND["inputs"]["equity"]])
    free = np.zeros(1)
    share = sale_share(missing, np.array([required]), free, free)[0]
    assert share == pytest.approx(HAND["expected"]["pro_rata_fraction"], rel=1e-12)
    sales, depth = share * positions, np.array(HAND["inputs"]["depth"])
    assert (sales**2 / (2.0 * depth)).sum() == pytest.approx(HAND["expected"]["cost_pro_rata"])


def test_after_a_sale_the_account_is_exactly_within_its_margin():
    missing, required = np.array([2.4, 1.0]), np.array([42.4, 42.4])
    by_spread, by_size = np.array([0.3, 0.0]), np.array([20.0, 5.0])
    share = sale_share(missing, required, by_spread, by_size)
    equity = required - missing - by_spread * share - by_size * share**2
    assert equity == pytest.approx(required * (1.0 - share), rel=1e-12)


def test_all_is_sold_where_no_sale_is_enough():
    huge = np.array([1e3])
    assert sale_share(np.array([5.0]), np.array([4.0]), 0 * huge, 0 * huge) == 1.0
    assert sale_share(np.array([1.0]), np.array([4.0]), 0 * huge, huge) == 1.0
    assert sale_share(np.array([0.0]), np.array([4.0]), huge, huge) == 0.0


def test_without_leverage_there_is_no_margin_call_whatever_happens():
    book = portfolio({"instrument": "UST", "market_value": 1e8},
                     {"instrument": "JPY", "currency": "JPY", "market_value": -1e10})  # fmt: skip
    found = carried(book, falling(0.9, margin=0.6))
    assert found.called == found.sold == {}


def test_a_call_by_hand_is_what_is_missing_in_the_currency_of_the_loan():
    # 100 held, 80 owed. A fall by 13% leaves 87 - 80 = 7, a tenth of 87 is 8.7: 1.7 is missing.
    found = carried(portfolio(FUND), falling(0.13))
    yen = 1.0 / 160.62
    assert found.called[YEN][0, 2] * yen == pytest.approx(1.7e6)
    assert found.needed[YEN][0, 2:] * yen == pytest.approx([1.7e6] * 3)
    # Sold is 1.7 of 8.7, by the costs of selling a little more.
    assert found.sold[YEN][0, 2] == pytest.approx(1.7 / 8.7, rel=5e-3)
    assert found.sold[YEN][0, 2] > 1.7 / 8.7
    assert not found.called[YEN][0, 3:].any()  # back inside, and nothing has moved since


def test_money_of_the_loans_currency_meets_a_call_without_cost_and_nothing_is_sold():
    purse = {"instrument": "JPY", "currency": "JPY", "market_value": 1.7e6 * 160.62, "name": "yen"}
    found = carried(portfolio(FUND, purse), falling(0.13 - 1e-12))
    assert not found.sold[YEN].any()
    assert found.pnl[0, -1] == pytest.approx(-13e6)
    assert found.parts[PARTS.index("margin"), 0, -1] == 0.0


def test_other_money_is_turned_into_it_at_both_half_spreads():
    purse = {"instrument": "AUD", "currency": "AUD", "market_value": 1e8, "name": "aud"}
    made = falling(0.13)
    found = carried(portfolio(FUND, purse), made)
    assert not found.sold[YEN].any()
    cost = half_spreads(made)[0, 2, :2].sum() * 1.7e6
    assert -found.parts[PARTS.index("margin"), 0, -1] == pytest.approx(cost, rel=1e-12)


def test_a_thinner_market_makes_a_forced_sale_dearer():
    deep = falling(0.16)
    thin, elsewhere = deep.depth.copy(), deep.depth.copy()
    thin[:, 2, NAMES.index("UST")] /= 20.0
    elsewhere[:, 2, NAMES.index("SPX")] /= 20.0
    made = [deep, replace(deep, depth=thin), replace(deep, depth=elsewhere)]
    cost = [-carried(portfolio(FUND), one).parts[COST, 0, -1] for one in made]
    assert 0.0 < cost[0] < cost[1] and cost[2] == cost[0]


def test_the_cost_of_a_sale_by_hand():
    calm = falling(0.16)
    depth = calm.depth.copy()
    depth[:, 2, [NAMES.index("UST"), YEN]] = [1500.0, 80.0]  # of that day, each market its own
    made = replace(calm, depth=depth)
    found = carried(portfolio(FUND), made)
    share = found.sold[YEN][0, 2]
    sold_bn = share * 84e6 / 1e9  # Treasuries for dollars, dollars for yen
    by_spread = sold_bn * half_spreads(made)[0, 2, [NAMES.index("UST"), YEN]].sum()
    by_size = sold_bn**2 / 2.0 * (1.0 / 1500.0 + 1.0 / 80.0)
    assert -found.parts[COST, 0, -1] == pytest.approx(1e9 * (by_spread + by_size), rel=1e-9)


def test_a_margin_of_ones_own_is_kept_whatever_the_market_asks():
    own = portfolio(FUND | {"margin_rate": 0.05})
    assert not carried(own, falling(0.13, margin=0.5)).called[YEN].any()


def test_a_loan_costs_its_rate_and_its_spread():
    made = still()
    made = replace(made, basis=0.0 * made.basis)
    found = carried(portfolio({"instrument": "JPY", "currency": "JPY", "market_value": -1e9}), made)
    growth = np.prod(1.0 + (0.001 + 0.003) * np.array([1, 1, 3, 1, 1, 1]) / 365.0)
    total = dict(zip(PARTS, found.parts[:, 0, -1] * 160.62, strict=True))
    assert total["rate"] + total["spread"] == pytest.approx(-1e9 * (growth - 1.0))
    assert total["rate"] == pytest.approx(total["spread"] / 3.0)
    assert total["carry"] == 0.0


def test_constant_funding_knows_neither_the_yen_nor_its_rate():
    made = market(n=50)
    book = portfolio(FUND | {"leverage": 2.0})
    still_ = carried(book, made, Terms(is_constant=True)).parts
    shocked = carried(book, made).parts
    fx, rate = PARTS.index("fx"), PARTS.index("rate")
    assert not still_[fx].any() and shocked[fx].any()
    assert np.ptp(still_[rate, :, -1]) < 1e-6
    assert np.array_equal(still_[0], shocked[0])


def test_no_more_is_paid_than_there_is():
    made = market(n=60, margin_rate=np.full((60, 7), 0.25))
    found = carried(portfolio(*LEVERED), made)
    shares = np.array(list(found.shares.values()))
    assert shares.min() >= 0.0 and shares.max() <= 1.0
    assert (np.diff(shares, axis=2) <= 0.0).all()
