"""Cifuentes, Ferrucci and Shin 2005: the sale, the price, and the jump."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from abm.errors import InvalidInput
from abm.literature import cifuentes
from abm.literature.cifuentes import FOLD_IMPACT, Banks, find_outcome, sales_at

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "cifuentes.json").read_text())
NAMES = {"no_sales": "sound", "spiral_mild": "mild", "spiral_illiquid": "illiquid"}
THREE = cifuentes.CASES[1].banks


@pytest.fixture(scope="module")
def table():
    return cifuentes.findings(quick=True)


@pytest.mark.parametrize("case", SHEET["cases"], ids=lambda c: c["name"])
def test_a_case_of_an_independent_program_is_stated_and_met(case):
    stated = next(c for c in cifuentes.CASES if c.name == NAMES[case["name"]])
    given = case["inputs"]
    books = Banks(given["e"], given["c"], given["L"], given["b"], given["rstar"])
    assert stated.banks == books and stated.impact == given["a"]
    found, expected = find_outcome(books, given["a"]), case["expected"]
    tolerance = {"rel": 0, "abs": SHEET["tolerance_abs"]}
    assert found.price == pytest.approx(expected["p"], **tolerance)
    assert found.sales == pytest.approx(expected["s"], **tolerance)
    assert found.clearing.payments == pytest.approx(expected["x"], **tolerance)
    assert found.clearing.equity == pytest.approx(expected["net_worth"], **tolerance)


def test_every_line_agrees_on_quick_findings(table):
    assert all(line.agrees for line in cifuentes.compare(table))


def test_a_bank_sells_until_its_ratio_is_met_by_hand():
    """Equity 7.5 carries 93.75 at 8%; of these 10 are claims, so 83.75 of the 100 units stay."""
    sales, clearing = sales_at(1.0, THREE)
    assert clearing.equity == pytest.approx([7.5, 10, 12])
    assert sales == pytest.approx([16.25, 0, 0])


def test_after_the_sale_every_seller_is_at_its_capital_ratio():
    found = find_outcome(THREE, 4.15e-4)
    kept = np.array(THREE.illiquid) - found.sales
    ratio = found.clearing.equity / (found.price * kept + 10.0)
    sells = found.sales > 0
    assert sells.tolist() == [True, True, False]
    assert ratio[sells] == pytest.approx(0.08) and ratio[~sells] > 0.08


def iterated_plainly(banks: Banks, impact: float, price: float) -> float:
    """The fixed point of the price from a start, with payments by plain iteration."""
    units, cash, outside = (np.array(x) for x in (banks.illiquid, banks.liquid, banks.outside))
    debts = np.array(banks.debts, float)
    due = debts.sum(axis=1) + outside
    shares = debts / due[:, None]
    for _ in range(3000):
        paid = due.copy()
        for _ in range(60):
            paid = np.minimum(due, price * units + cash + shares.T @ paid)
        received = shares.T @ paid
        equity = price * units + cash + received - paid
        wanted = units - (equity / banks.capital_ratio - received) / price
        before, price = price, math.exp(-impact * np.clip(wanted, 0, units).sum())
        if abs(before - price) < 1e-14:
            break
    return price


@pytest.mark.parametrize("impact", [0.0, 1e-4, 3e-4, 4e-4, 4.3e-4, 6e-4, 5e-3])
def test_price_is_that_of_plain_iteration_without_our_kernels(impact):
    assert find_outcome(THREE, impact).price == pytest.approx(
        iterated_plainly(THREE, impact, 1.0), rel=0, abs=1e-9
    )


def test_below_the_jump_a_lower_answer_exists_and_the_greater_is_given():
    low = iterated_plainly(THREE, 4e-4, 0.5)
    assert low == pytest.approx(math.exp(-4e-4 * 300))
    assert find_outcome(THREE, 4e-4).price > 0.98


def test_the_jump_is_where_a_line_touches_a_curve():
    """-log p = a (2301.25 / p - 2300): two banks short of capital, before the third sells."""
    fold = brentq(lambda p: -math.log(p) - (1 - 2300 * p / 2301.25), 0.9, 0.995, xtol=1e-15)
    assert pytest.approx(fold / 2301.25, rel=1e-12) == FOLD_IMPACT
    calm, jumped = (find_outcome(THREE, factor * FOLD_IMPACT) for factor in (0.98, 1.02))
    assert calm.sales.sum() < 60 and jumped.sales.tolist() == [100, 100, 100]


@given(st.floats(1.0, 30.0), st.floats(1e-9, 3e-3), st.floats(1e-3, 1.0))
def test_a_deeper_market_never_ends_lower(cash, impact, share):
    banks = Banks([100, 80], [cash, 5], [[0, 20], [15, 0]], [75, 70], 0.1)
    shallow, deep = find_outcome(banks, impact), find_outcome(banks, share * impact)
    assert deep.price >= shallow.price - 1e-9
    assert (deep.sales <= shallow.sales + 1e-6).all()


def test_in_a_market_of_endless_depth_the_price_stays_one():
    found = find_outcome(THREE, 0.0)
    assert found.price == 1.0 and found.sales == pytest.approx([16.25, 0, 0])


@pytest.mark.parametrize("kernel", ["clear_market", "clear_interbank"])
def test_without_our_kernels_there_are_no_findings(kernel, monkeypatch, table):
    monkeypatch.setattr(cifuentes, kernel, None)
    cifuentes.figure(table)
    with pytest.raises(TypeError):
        cifuentes.findings(quick=True)


def test_what_is_no_ratio_or_impact_is_refused_at_once():
    with pytest.raises(InvalidInput) as refusal:
        find_outcome(THREE._replace(capital_ratio=0.0), math.nan)
    assert "capital_ratio = 0.0: must be above 0" in str(refusal.value)
    assert "impact = nan: must be 0, or finite" in str(refusal.value)
    with pytest.raises(InvalidInput, match=r"liquid = \[1, -2\]: must be 3 finite amounts"):
        find_outcome(THREE._replace(liquid=[1, -2]), 1e-4)
    with pytest.raises(InvalidInput, match="external_liabilities"):
        find_outcome(THREE._replace(outside=[1]), 1e-4)
    with pytest.raises(InvalidInput, match="no price to speak of"):
        find_outcome(THREE, 1e3)
