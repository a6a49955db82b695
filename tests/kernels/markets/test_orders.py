"""Orders added into small matrices: the same as one by one, to the last bit of a fixed tree."""

import math

import numpy as np
import pytest

from abm.kernels.markets.orders import (
    IN_UNITS,
    OrderBook,
    PriceLimits,
    allocate_orders,
    collect_orders,
    collect_rows,
    freeze_orders,
    gather_candidates,
    safe_radius,
)

QUOTE = np.array([-1, -1, -1, 0])


def random_books(n: int, seed: int = 0):
    """units, cash, intent, speed, resident of n institutions in two currencies and two assets."""
    rng = np.random.default_rng(seed)
    speed = rng.choice([IN_UNITS, 0.0, 0.1, 0.5, 1.0], n)
    intent = rng.normal(0, 1, (4, n))
    resident = (rng.random(n) < 0.15).astype(np.uint8)
    return OrderBook(rng.normal(0, 1, (4, n)), rng.normal(1, 2, n), intent, speed, resident)


PRICES = np.array([1.1, 0.7, 2.0, 1.5])


def collected(books, lo: int = 0, hi: int | None = None):
    orders = allocate_orders(4)
    hi = books.cash.size if hi is None else hi
    collect_orders(books, PRICES, QUOTE, lo, hi, orders)
    return orders


def fold(lanes: list[float]) -> float:
    a, b, c, d, e, f, g, h = lanes
    return ((a + e) + (c + g)) + ((b + f) + (d + h))


def plain_wealth_terms(units, cash, intent, speed, resident) -> np.ndarray:
    """Q of non-residents in plain Python floats: eight lanes, then a tree."""
    terms = np.zeros((5, 5))
    for k in range(5):
        for j in range(5):
            lanes = [0.0] * 8
            for place, i in enumerate(np.flatnonzero((resident == 0) & (speed > 0))):
                wealth = float(cash[i])
                for instrument in range(4):
                    wealth += float(units[instrument, i]) * float(PRICES[instrument])
                share = float(speed[i])
                if k < 4:
                    share = (share if wealth > 0 else 0.0) * float(intent[k, i])
                lanes[place % 8] += share * float(cash[i] if j == 4 else units[j, i])
            terms[k, j] = fold(lanes)
    return terms


@pytest.mark.plain
@pytest.mark.parametrize("n", [1, 8, 63, 64, 200])
def test_eight_lanes_sum_bit_for_bit_as_plain_python(n):
    books = random_books(n, seed=n)
    expected = plain_wealth_terms(*books)
    assert (collected(books).wealth_terms_nonresident == expected).all()


@pytest.mark.plain
def test_institutions_collected_by_list_give_the_same_orders():
    books = random_books(150)
    listed, whole = allocate_orders(4), collected(books)
    rows = np.random.default_rng(0).permutation(150)
    collect_rows(books, PRICES, QUOTE, rows, listed)
    for field in ("wealth_terms", "wealth_terms_nonresident", "frozen", "frozen_nonresident"):
        assert getattr(listed, field) == pytest.approx(getattr(whole, field), rel=0, abs=1e-12)
    assert listed.radius[0] == whole.radius[0]


def test_an_order_by_hand():
    """W = 10 + 2 x 1.5 - 4 x 1.1 = 8.6; half the gap to a share of 0.5 in the second asset."""
    units, intent = np.zeros((4, 1)), np.zeros((4, 1))
    units[:, 0], intent[3, 0] = [-4.0, 0.0, 0.0, 2.0], 0.5
    books = OrderBook(units, np.array([10.0]), intent, np.array([0.5]), np.zeros(1, np.uint8))
    orders = collected(books)
    wanted = orders.wealth_terms @ np.append(PRICES, 1.0)
    assert wanted[:4] / PRICES - orders.wealth_terms[4, :4] == pytest.approx(
        [2.0, 0.0, 0.0, 0.5 * (0.5 * 8.6 / 1.5 - 2.0)]
    )


def test_those_without_wealth_want_nothing_but_out():
    units = np.full((4, 1), 1.0)
    books = OrderBook(units, np.array([-10.0]), np.ones((4, 1)), np.ones(1), np.zeros(1, np.uint8))
    orders = collected(books)
    assert (orders.wealth_terms[:4] == 0).all()
    assert (orders.wealth_terms[4] == [1, 1, 1, 1, -10]).all()


def test_residents_send_no_target_order_in_their_own_currency():
    units = np.full((4, 1), 1.0)
    books = OrderBook(units, np.array([1.0]), np.ones((4, 1)), np.ones(1), np.ones(1, np.uint8))
    orders = collected(books)
    assert (orders.wealth_terms[0] == 0).all() and orders.wealth_terms[4, 0] == 0
    assert (orders.wealth_terms_nonresident == 0).all()
    assert (orders.wealth_terms[3] == 1).all()


def test_frozen_orders_are_units_whatever_the_price():
    intent = np.arange(12.0).reshape(4, 3)
    resident = np.array([0, 1, 0], np.uint8)
    speed = np.array([IN_UNITS, IN_UNITS, 0.0])  # the third orders nothing
    orders = collected(OrderBook(np.ones((4, 3)), np.ones(3), intent, speed, resident))
    assert orders.frozen == pytest.approx(intent[:, :2].sum(axis=1))
    assert orders.frozen_nonresident == pytest.approx(intent[:, 0])
    assert (orders.wealth_terms == 0).all() and orders.radius[0] == 0.2


def test_no_institution_is_ruined_within_the_safe_radius():
    rng = np.random.default_rng(3)
    books = random_books(60, seed=3)
    units, cash, _, speed, _ = books
    trading = speed > 0
    before = cash + units.T @ PRICES
    radius = collected(books).radius[0]
    for _ in range(2000):
        x = radius * rng.choice([-1.0, 1.0], 4)
        prices = PRICES * np.exp(x + np.where(QUOTE >= 0, x[QUOTE], 0.0))
        after = cash + units.T @ prices
        assert (np.sign(after) == np.sign(before))[trading].all()


def test_the_safe_radius_is_the_move_that_ruins_a_one_asset_fund():
    """Holds 100, owes 80: a fall of log(1 + 20/100) ruins no holder, one of log(100/80) does."""
    assert safe_radius(20.0, 100.0) == pytest.approx(math.log(1.2))
    assert safe_radius(20.0, 0.0) == 0.2


def test_only_those_who_can_lose_everything_within_limits_are_listed():
    units = np.zeros((4, 3))
    units[2] = [10.0, 10.0, 10.0]
    cash = np.array([-19.0, -5.0, -19.0])  # wealth 1, 15, 1 at a price of 2
    speed = np.array([1.0, 1.0, 0.0])
    books = OrderBook(units, cash, np.ones((4, 3)), speed, np.zeros(3, np.uint8))
    start = np.log(PRICES)
    box = PriceLimits(QUOTE, start - 0.1, start + 0.1, start)
    records = gather_candidates(books, PRICES, box)
    assert records.shape[0] == 1
    assert records[0, 4] == -19.0 and records[0, 9] == 1.0


def test_frozen_demand_is_the_order_at_the_opening_price():
    books = random_books(40, seed=5)
    start = np.log(np.array([1.1, 0.7, 2.0, 1.5 / 1.1]))
    orders = collected(books)
    z = np.append(PRICES, 1.0)
    own = orders.wealth_terms @ z
    demand = own[:4] / PRICES - orders.wealth_terms[4, :4] + orders.frozen
    abroad = (orders.wealth_terms_nonresident @ z)[3] / PRICES[3]
    abroad += orders.frozen_nonresident[3] - orders.wealth_terms_nonresident[4, 3]
    demand[0] += math.exp(start[3]) * abroad
    freeze_orders(orders, QUOTE, start)
    assert orders.frozen == pytest.approx(demand, rel=1e-12)
    assert (orders.wealth_terms == 0).all() and math.isinf(orders.radius[0])
