"""A forced sale into a square-root market: how many equilibria, where, and when all is sold."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

import abm.literature.square_root as square_root
from abm.errors import InvalidInput
from abm.literature.square_root import (
    BY_HAND,
    ONE_BANK,
    PAPER,
    Banks,
    closed_form,
    equilibria,
    fold,
    price_fall,
    unstable_equilibrium,
)


@pytest.fixture(scope="module")
def findings():
    return PAPER.findings(quick=True)


@pytest.mark.parametrize("sale", [0.01, 0.25, 1.0])
@pytest.mark.parametrize("n_banks", [1, 2, 5])
def test_the_market_falls_by_the_root_of_what_is_sold(sale, n_banks):
    banks = ONE_BANK._replace(n_banks=n_banks)
    assert price_fall(banks, sale) == pytest.approx(0.06 * math.sqrt(n_banks * sale), rel=1e-7)
    assert price_fall(banks, 0.0) == 0.0


@pytest.mark.parametrize(("n_banks", "shock"), BY_HAND)
def test_equilibria_are_those_of_the_quadratic_by_hand(n_banks, shock):
    banks = ONE_BANK._replace(n_banks=n_banks)
    lower, unstable, upper = BY_HAND[n_banks, shock]
    found = equilibria(banks, shock)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=1e-7)
    assert found.is_unique == (lower == upper)
    between = unstable_equilibrium(banks, shock)
    assert between == pytest.approx(unstable, abs=1e-7, nan_ok=True)
    assert closed_form(banks, shock) == pytest.approx((lower, unstable, upper), nan_ok=True)


def test_the_regimes_meet_where_the_quadratic_says():
    """One bank: K^2/4m = 0.0036/0.32 = 0.01125 below 0.04; all is sold when c = m - K = 0.02."""
    assert fold(ONE_BANK) == pytest.approx(0.02875)
    assert equilibria(ONE_BANK, 0.0285).is_unique and not equilibria(ONE_BANK, 0.029).is_unique
    assert not equilibria(ONE_BANK, 0.0399).is_unique and equilibria(ONE_BANK, 0.0401).is_unique
    assert equilibria(ONE_BANK, 0.0599).lower < 1.0 == equilibria(ONE_BANK, 0.0601).lower


def test_with_the_first_cent_of_shortfall_more_than_half_is_sold():
    assert equilibria(ONE_BANK, 0.04 - 1e-6).lower == 0.0
    assert equilibria(ONE_BANK, 0.04 + 1e-6).lower > (0.06 / 0.08) ** 2 == 0.5625


def fixed_points_by_scan(banks: Banks, shock: float) -> list[float]:
    """Sign changes of g(s) - s on a grid in sqrt(s), from the formula and not the market."""
    slope = banks.impact * math.sqrt(banks.n_banks)

    def gap(y):
        capital = banks.capital - shock - slope * y
        return min(1.0, max(0.0, 1.0 - capital / banks.requirement)) - y * y

    grid = np.linspace(0.0, 1.0, 4001)
    found = [0.0] if gap(0.0) == 0.0 else []
    for a, b in pairwise(grid):
        if gap(a) * gap(b) < 0.0:
            found.append(brentq(gap, a, b, xtol=1e-14) ** 2)
    return [*found, 1.0] if gap(1.0) >= 0.0 else found


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 0.1), st.floats(0.02, 0.12), st.floats(0.05, 0.15), st.integers(1, 4))
def test_iteration_ends_at_the_lowest_and_the_highest_of_all_fixed_points(shock, k, m, n_banks):
    banks = Banks(capital=0.12, requirement=m, impact=k, n_banks=n_banks)
    assume(abs(shock - fold(banks)) > 1e-3 and abs(shock - (0.12 - m)) > 1e-3)
    assume(abs(m - (0.12 - shock) + k * math.sqrt(n_banks) - m) > 1e-3)
    found, all_of_them = equilibria(banks, shock), fixed_points_by_scan(banks, shock)
    assert found.lower == pytest.approx(all_of_them[0], abs=2e-6)
    assert found.upper == pytest.approx(all_of_them[-1], abs=2e-6)


def test_the_unstable_one_divides_those_who_rest_from_those_who_sell():
    middle = unstable_equilibrium(ONE_BANK, 0.03)
    below, above = 0.99 * middle, 1.01 * middle
    assert square_root.required_sale(ONE_BANK, 0.03, below) < below
    assert square_root.required_sale(ONE_BANK, 0.03, above) > above


@given(st.floats(0.0, 0.07), st.floats(0.0, 0.01))
@settings(max_examples=15, deadline=None)
def test_a_larger_shock_never_sells_less(shock, more):
    assume(all(abs(f - fold(ONE_BANK)) > 1e-4 for f in (shock, shock + more)))
    mild, hard = equilibria(ONE_BANK, shock), equilibria(ONE_BANK, shock + more)
    assert mild.lower <= hard.lower + 1e-8 and mild.upper <= hard.upper + 1e-8
    assert mild.lower <= mild.upper + 1e-8


def test_on_what_is_left_at_new_marks_the_three_regimes_are_the_same():
    """Requirement m (1-s)(1-f)(1-k sqrt s): none, a sale of its own making, and one that must be.

    Capital is then 0.12 - f - k sqrt(s) (1-f); fixed points by scan of y = sqrt(s).
    """
    y = np.linspace(0.0, 1.0, 100_001)[1:]
    counts = []
    for shock in (0.01, 0.037, 0.05):
        value = (1.0 - shock) * (1.0 - 0.06 * y)
        gap = 0.08 * (1.0 - y**2) * value - (0.12 - shock - 0.06 * y * (1.0 - shock))
        counts.append(int((gap[:-1] * gap[1:] < 0.0).sum()))
    assert counts == [0, 2, 1]


def test_every_number_agrees(findings):
    lines = PAPER.compare(findings)
    assert [line.quantity for line in lines if not line.agrees] == [] and 4 <= len(lines) <= 25


@pytest.mark.parametrize(
    ("banks", "shock", "message"),
    [
        (ONE_BANK._replace(requirement=0.0), 0.0, "requirement = 0.0, must be positive"),
        (ONE_BANK._replace(impact=math.nan), 0.0, "impact = nan"),
        (ONE_BANK._replace(n_banks=1.5), 0.0, "n_banks = 1.5, must be a whole number"),
        (ONE_BANK, -0.1, "shock = -0.1"),
        (ONE_BANK._replace(capital=-1.0), math.inf, "capital = -1.0.*shock = inf"),
    ],
)
@pytest.mark.parametrize("find", [equilibria, unstable_equilibrium])
def test_bad_input_is_refused_with_what_was_given(find, banks, shock, message):
    with pytest.raises(InvalidInput, match=message):
        find(banks, shock)


def test_without_the_market_there_is_nothing_to_find(monkeypatch):
    def closed(problem):
        raise RuntimeError("closed")

    monkeypatch.setattr(square_root, "clear_market", closed)
    with pytest.raises(RuntimeError, match="closed"):
        PAPER.findings(quick=True)


def test_the_figure_says_what_was_found(findings):
    title = PAPER.figure(findings).texts[0].get_text()
    assert "2.9 and 4%" in title and "56%" in title
