"""Margin of written options: the rule by hand, and the money that stands behind them."""

import numpy as np
import pytest

from abm.stress.contracts import contracts_of
from abm.stress.exposures import Book
from abm.stress.option_margin import written_margin
from tests.stress.test_funding import FUND, falling
from tests.stress.toy import DOLLAR, YEN, carried, market, outcome, portfolio, still

CALL = {"instrument": "JPY", "quantity": -1e9, "kind": "call", "strike": 160, "expiry": "90d"}
CASH = {"instrument": "USD", "market_value": 2e6, "name": "cash"}


def margin(*lines, made=None):
    return contracts_of(portfolio(*lines), made or market(), (1,)).margins


@pytest.mark.parametrize(
    ("kind", "spot", "by_hand"),
    [
        ("call", 1.00, 0.02 + 0.04 * 1.00),  # at the money
        ("call", 0.98, 0.02 + 0.04 * 0.98 - 0.02),  # 2 cents out
        ("call", 0.90, 0.02 + 0.0075 * 0.90),  # far out: the least
        ("call", 1.10, 0.02 + 0.04 * 1.10),  # in the money: nothing is taken off
        ("put", 1.02, 0.02 + 0.04 * 1.02 - 0.02),
        ("put", 1.20, 0.02 + 0.0075 * 1.20),
    ],
)
def test_the_rule_by_hand(kind, spot, by_hand):
    found = written_margin(kind, 1.0, np.array([spot]), np.array([0.02]))
    assert found == pytest.approx([by_hand], rel=1e-12)


def test_a_written_option_asks_for_margin_and_a_bought_one_for_nothing():
    made = market()
    (dollars,) = margin(CALL, made=made).values()
    (marks,) = contracts_of(portfolio(CALL), made, (1,)).written[DOLLAR].marks.values()
    worth = marks.value
    spot = made.fx[YEN] / made.fx[DOLLAR]
    out = np.maximum(1.0 / 160.0 - spot, 0.0)
    by_hand = -worth + 1e9 * np.maximum(0.04 * spot - out, 0.0075 * spot)
    assert dollars == pytest.approx(by_hand, rel=1e-12)
    assert margin(CALL | {"quantity": 1e9}) == {}
    assert margin({"instrument": "JPY", "quantity": -1e9, "kind": "forward", "expiry": "9d"}) == {}


def test_the_same_option_bought_is_taken_off_and_another_is_not():
    (half,) = margin(CALL, CALL | {"quantity": 5e8, "name": "bought"}).values()
    (whole,) = margin(CALL).values()
    assert half == pytest.approx(0.5 * whole)
    other = CALL | {"quantity": 1e9, "strike": 150, "name": "bought"}
    assert np.array_equal(*margin(CALL, other).values(), *margin(CALL).values())


def test_an_option_that_was_paid_out_asks_for_nothing():
    (dollars,) = margin(CALL | {"expiry": "2d"}, made=still()).values()  # two nights
    assert (dollars[:, :2] > 0.0).all() and not dollars[:, 2:].any()


def test_margin_that_money_covers_costs_nothing_and_what_it_does_not_is_told():
    made = market()
    rich = outcome(portfolio(CALL, CASH | {"market_value": 1e9}), made)
    assert not rich.carried.uncovered[DOLLAR].any() and not rich.carried.is_forced.any()
    alone = carried(portfolio(CALL | {"quantity": 1e9}), made).parts
    cash = carried(portfolio(CASH | {"market_value": 1e9}), made).parts
    assert rich.carried.parts == pytest.approx(cash - alone, abs=1e-4)
    poor = outcome(portfolio(CALL, CASH | {"market_value": 1e5}), made)
    dollars = poor.contracts.margins[DOLLAR]
    assert poor.carried.uncovered[DOLLAR][:, 0] == pytest.approx(dollars[:, 0] - 1e5)
    assert poor.option_margin["p_uncovered"].iloc[0] == 1.0
    assert len(poor.option_margin) == made.n_days + 1
    is_short = poor.carried.uncovered[DOLLAR] > 0.0
    is_short[:, 0] = False  # as its owner wrote it
    assert np.array_equal(poor.carried.is_forced, is_short) and is_short[:, 1].any()
    assert np.array_equal(poor.paths["first_sale_day"] == 1, is_short[:, 1])


IN_YEN = {"instrument": "USD", "currency": "JPY", "quantity": -6e6, "kind": "put", "strike": 162,
          "expiry": "90d", "name": "in yen"}  # fmt: skip
YEN_CASH = {"instrument": "JPY", "currency": "JPY", "market_value": 2e6 * 160.62, "name": "yen"}


@pytest.mark.parametrize(
    ("cash", "option", "currency", "size"),
    [(CASH, CALL, DOLLAR, 2e6), (YEN_CASH, IN_YEN, YEN, 2e6 * 160.62)],
    ids=["other money", "money of the loan"],
)
def test_money_behind_an_option_does_not_meet_the_call_of_a_loan(cash, option, currency, size):
    made = falling(0.13)  # 1.7 million are called
    free = carried(portfolio(FUND, cash), made)
    written = carried(portfolio(FUND, cash, option), made)
    assert not free.sold[YEN].any() and written.sold[YEN][0, 2] > 0.0
    behind = contracts_of(portfolio(option), made, (1,)).margins[currency][0, 2]
    left = written.shares[Book("money", currency)][0, 2] * size
    assert left == pytest.approx(behind)
