"""A deleveraging sale over a book: pro rata, least impact, waterfall."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from abm.kernels.constraints.liquidation import (
    LEAST_IMPACT,
    PRO_RATA,
    WATERFALL,
    least_impact,
    margin_required,
    pro_rata,
    spread_sale,
    waterfall,
)

pytestmark = pytest.mark.plain

REFERENCE = json.loads((Path(__file__).parents[2] / "reference/accounting_margin.json").read_text())
BOOK = {k: np.array(v) for k, v in REFERENCE["margin_liquidation"]["inputs"].items()}
EXPECTED = REFERENCE["margin_liquidation"]["expected"]
DEFICIT = float(margin_required(BOOK["pos"], BOOK["haircuts"]) - BOOK["equity"])
RULES = (PRO_RATA, LEAST_IMPACT, WATERFALL)


def spread(rule, positions, depth, haircuts, deficit):
    sales = np.full(positions.size, np.nan)
    relief = spread_sale(rule, positions, depth, haircuts, deficit, sales)
    return sales, relief


def impact_cost(sales, depth):
    """Cost of sales into a linear price impact [USD bn]: sum of q_k^2 / (2 D_k)."""
    return (sales**2 / (2.0 * depth)).sum()


@st.composite
def books(draw):
    n = draw(st.integers(1, 8))

    def numbers(low, high):
        return np.array(draw(st.lists(st.floats(low, high), min_size=n, max_size=n)))

    positions = numbers(0.01, 200.0) * np.sign(numbers(-1.0, 1.0) + 1e-9)
    haircuts = numbers(0.01, 0.5)
    share = draw(st.floats(0.01, 0.99))
    deficit = share * float(margin_required(positions, haircuts))
    return positions, numbers(10.0, 5000.0), haircuts, deficit


def test_the_margin_and_its_deficit_are_the_reference():
    assert margin_required(BOOK["pos"], BOOK["haircuts"]) == pytest.approx(
        EXPECTED["margin_required"]
    )
    assert pytest.approx(EXPECTED["deficit"]) == DEFICIT


@pytest.mark.parametrize(
    ("rule", "name"),
    [(PRO_RATA, "pro_rata"), (LEAST_IMPACT, "least_impact"), (WATERFALL, "waterfall")],
)
def test_each_rule_sells_what_the_reference_sells(rule, name):
    sales, relief = spread(rule, BOOK["pos"], BOOK["depth"], BOOK["haircuts"], DEFICIT)
    assert sales == pytest.approx(EXPECTED[name], rel=1e-12)
    assert impact_cost(sales, BOOK["depth"]) == pytest.approx(EXPECTED[f"cost_{name}"], rel=1e-12)
    assert relief == pytest.approx(DEFICIT, rel=1e-12)


def test_pro_rata_sells_one_share_of_everything():
    sales = np.empty(3)
    pro_rata(BOOK["pos"], BOOK["haircuts"], DEFICIT, sales)
    assert sales / BOOK["pos"] == pytest.approx(EXPECTED["pro_rata_fraction"], rel=1e-12)


def test_least_impact_by_hand_when_one_position_runs_out():
    # h D = 10, 10: ten each would free 4.0 of 4.0, but only 5 of the first are held
    sales = np.empty(2)
    flat = np.array([0.2, 0.2])
    relief = least_impact(np.array([5.0, 50.0]), np.array([50.0, 50.0]), flat, 4.0, sales)
    assert sales == pytest.approx([5.0, 15.0])
    assert relief == pytest.approx(4.0)


def test_the_waterfall_empties_the_deepest_market_before_the_next():
    sales = np.empty(3)
    depth = np.array([100.0, 900.0, 900.0])
    relief = waterfall(np.full(3, 10.0), depth, np.full(3, 0.1), 1.5, sales)
    assert sales == pytest.approx([0.0, 10.0, 5.0])  # equal depths by number
    assert relief == pytest.approx(1.5)


def test_a_short_is_bought_back():
    positions = np.array([100.0, -60.0])
    sales, relief = spread(PRO_RATA, positions, np.full(2, 500.0), np.full(2, 0.1), 4.0)
    assert sales == pytest.approx([25.0, -15.0])
    assert relief == pytest.approx(4.0)


def test_what_margin_ignores_is_not_sold_to_meet_a_call():
    for rule in (LEAST_IMPACT, WATERFALL):
        sales, _ = spread(rule, np.full(2, 10.0), np.array([9e9, 10.0]), np.array([0, 0.2]), 1.0)
        assert sales == pytest.approx([0.0, 5.0])


@given(books())
def test_every_rule_frees_the_deficit_and_oversells_nothing(book):
    positions, depth, haircuts, deficit = book
    for rule in RULES:
        sales, relief = spread(rule, positions, depth, haircuts, deficit)
        assert relief == pytest.approx(deficit, rel=1e-9)
        assert (np.abs(sales) <= np.abs(positions) * (1 + 1e-12)).all()
        assert (sales * positions >= 0.0).all()


@given(books())
def test_no_rule_is_cheaper_than_least_impact(book):
    positions, depth, haircuts, deficit = book
    cost = [impact_cost(spread(r, positions, depth, haircuts, deficit)[0], depth) for r in RULES]
    assert cost[LEAST_IMPACT] <= min(cost) * (1 + 1e-9)


@given(books())
def test_the_least_impact_sale_satisfies_the_first_order_conditions(book):
    positions, depth, haircuts, deficit = book
    sales, _ = spread(LEAST_IMPACT, positions, depth, haircuts, deficit)
    size = np.abs(sales)
    price_of_relief = size / (haircuts * depth)  # marginal cost per unit of margin freed
    free = size < np.abs(positions) * (1 - 1e-9)
    if free.any():
        multiplier = price_of_relief[free].max()
        assert price_of_relief[free] == pytest.approx(multiplier, rel=1e-9)
        assert (price_of_relief[~free] <= multiplier * (1 + 1e-9)).all()


def test_a_general_optimiser_finds_the_same_least_impact_sale():
    positions, depth = np.array([3.0, 40.0, 25.0, 60.0]), np.array([900.0, 150.0, 400.0, 60.0])
    haircuts, deficit = np.array([0.05, 0.2, 0.1, 0.3]), 9.0
    found = minimize(
        lambda q: impact_cost(q, depth),
        positions / 2,
        bounds=[(0, p) for p in positions],
        constraints={"type": "eq", "fun": lambda q: haircuts @ q - deficit},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    sales, _ = spread(LEAST_IMPACT, positions, depth, haircuts, deficit)
    assert sales == pytest.approx(found.x, abs=1e-4)


def test_a_call_beyond_the_book_sells_all_of_it_and_says_how_little_that_frees():
    for rule in RULES:
        sales, relief = spread(rule, BOOK["pos"], BOOK["depth"], BOOK["haircuts"], 1e3)
        assert sales == pytest.approx(BOOK["pos"])
        assert relief == pytest.approx(EXPECTED["margin_required"])


def test_no_deficit_no_sale():
    for rule in RULES:
        sales, relief = spread(rule, BOOK["pos"], BOOK["depth"], BOOK["haircuts"], 0.0)
        assert not sales.any()
        assert relief == 0.0
