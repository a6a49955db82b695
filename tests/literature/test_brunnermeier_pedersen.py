"""Margin and loss spirals against the reference sheet, hand numbers and a second solver."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from abm.errors import InvalidInput
from abm.literature import brunnermeier_pedersen as paper
from abm.literature.brunnermeier_pedersen import AT_REST, Spiral, follow_spiral, response, rest

SHEET = json.loads(
    (Path(__file__).parents[1] / "reference" / "brunnermeier_pedersen.json").read_text()
)
NAMES = {"dp_deta": "response", "dp_deta_formula": "response", "p_selected_highest": "price",
         "p": "price", "x": "position", "m": "margin"}  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return paper.findings(quick=True)


@pytest.mark.parametrize("sheet", SHEET["cases"], ids=lambda case: case["name"])
def test_both_cases_of_the_reference_sheet(sheet, found):
    given_ = sheet["inputs"]
    name = "rising margin" if "theta" in given_ else "constant margin"
    margin, theta = given_.get("m", given_.get("mbar")), given_.get("theta", 0.0)
    market = [given_[key] for key in ("c", "v", "Z", "W0", "x0", "p0")]
    assert paper.CASES[name] == Spiral(margin, theta, *market)
    row = found.set_index("market").loc[name]
    for key, value in sheet["expected"].items():
        if key not in ("roots", "dp_deta_fd"):
            assert row[NAMES.get(key, key)] == pytest.approx(value, rel=SHEET["tolerance_rel"])


def test_without_a_book_and_with_a_fixed_margin_one_turn_is_all():
    calm = AT_REST._replace(position=0.0)
    turns = follow_spiral(calm, -0.1)
    assert turns[-1] == pytest.approx(0.95 - 0.1 / (20 * 0.2), rel=1e-14)
    assert response(calm) == pytest.approx(1 / (20 * 0.2), rel=1e-10)


def test_each_turn_is_a_fixed_share_of_the_one_before():
    """1.5 units at a margin of 0.2 against customers of slope 20: a share of 1.5/4."""
    falls = -np.diff(follow_spiral(AT_REST._replace(position=1.5), -1e-4))[:8]
    assert falls[1:] / falls[:-1] == pytest.approx(1.5 / 4.0, rel=1e-3)
    assert falls[0] == pytest.approx(1e-4 / 4.0, rel=1e-3)


def test_the_position_is_what_customers_leave_and_what_funding_allows():
    for spiral in (*paper.CASES.values(), *paper.MARKETS.values()):
        at = rest(spiral, -0.02)
        left = spiral.customer_supply - spiral.customer_slope * (spiral.fundamental - at.price)
        assert at.position == pytest.approx(left, rel=1e-11)


def test_who_gains_when_prices_fall_dampens_the_shock():
    assert response(AT_REST._replace(position=-2.0)) < response(AT_REST._replace(position=0.0))


@pytest.mark.parametrize("theta", [0.0, 0.2, 0.5])
def test_the_multiplier_grows_without_bound_up_to_the_stability_limit(theta):
    limit = 20 * 0.2 - theta * 3.0  # c m - theta x
    near = AT_REST._replace(margin_sensitivity=theta, position=limit - 0.25)
    assert response(near) * 4.0 == pytest.approx(16.0, rel=2e-5)
    assert paper.multiplier_formula(near._replace(position=limit + 1e-9), 3.0, 0.2) == np.inf


def test_beyond_the_limit_the_smallest_loss_moves_the_price_as_far_as_another_rest():
    """(0.2 + u/2)(3 - 20 u) = 0.6 - 3 u has the roots 0 and 0.05 in the fall u."""
    fragile = AT_REST._replace(margin_sensitivity=0.5)
    assert rest(fragile, -1e-9).price == pytest.approx(0.90, abs=1e-7)


def test_where_no_speculator_is_left_customers_set_the_price():
    at = rest(AT_REST, -0.16)
    assert at.price == pytest.approx(1.0 - 4.0 / 20.0, rel=1e-13) and at.position == 0.0


def test_ample_funding_holds_the_price_at_the_fundamental():
    at = rest(AT_REST, 1.0)
    assert at.price == 1.0 and at.position == 4.0 and at.ended


def first_root(s, shock):
    """First zero of excess demand on the way from the last price, by a fine grid and brentq."""

    def excess(p):
        wealth = s.wealth + shock + s.position * (p - s.last_price)
        held = max(wealth, 0.0) / (s.margin + s.margin_sensitivity * (s.last_price - p))
        return held - s.customer_supply + s.customer_slope * (s.fundamental - p)

    alone = s.fundamental - s.customer_supply / s.customer_slope
    end = s.fundamental if excess(s.last_price) > 0.0 else alone
    grid = np.linspace(s.last_price, end, 3001)
    signs = np.sign([excess(p) for p in grid])
    change = np.flatnonzero(signs[1:] != signs[0])
    if not change.size:
        return end, np.inf
    low, high = sorted(grid[change[0] : change[0] + 2])
    root = brentq(excess, low, high, xtol=1e-15)
    return root, -(excess(root + 1e-7) - excess(root - 1e-7)) / 2e-7 / s.customer_slope


@settings(max_examples=40, deadline=None)
@given(
    theta=st.floats(0.0, 0.8), margin=st.floats(0.1, 0.5), slope=st.floats(5.0, 40.0),
    position=st.floats(0.0, 4.0), shock=st.floats(-0.4, 0.1),
)  # fmt: skip
def test_the_spiral_ends_at_the_first_price_of_a_second_solver(
    theta, margin, slope, position, shock
):
    spiral = AT_REST._replace(
        margin=margin, margin_sensitivity=theta, customer_slope=slope, position=position
    )
    root, slack = first_root(spiral, shock)
    assume(slack > 0.03)  # near the stability limit turns shrink slowly and roots sit close
    assert rest(spiral, shock).price == pytest.approx(root, rel=1e-9)


@given(scale=st.floats(0.01, 100.0))
@settings(max_examples=10, deadline=None)
def test_a_market_of_more_units_falls_no_further(scale):
    bigger = AT_REST._replace(
        customer_slope=20.0 * scale, customer_supply=4.0 * scale, wealth=0.6 * scale,
        position=3.0 * scale,
    )  # fmt: skip
    assert rest(bigger, -0.03 * scale).price == pytest.approx(rest(AT_REST, -0.03).price, rel=1e-9)


def test_the_quick_table_shows_what_it_must(found):
    lines = paper.compare(found)
    assert 4 <= len(lines) <= 25 and all(line.agrees for line in lines)
    assert found["ended"].dropna().all()
    assert found.equals(paper.findings(quick=True))


def test_the_figure_says_what_was_found(found):
    figure = paper.figure(found)
    assert figure.get_figwidth() * figure.dpi == 1200
    assert "4 times" in figure.texts[0].get_text() and "10 times" in figure.texts[0].get_text()
    assert "to 0.90" in figure.texts[1].get_text().replace("\n", " ")


def test_the_paper_stands_on_the_clearing_kernel(monkeypatch):
    def broken(problem):
        raise ArithmeticError("no kernel")

    monkeypatch.setattr(paper, "clear_market", broken)
    with pytest.raises(ArithmeticError):
        paper.findings(quick=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"margin": 0.0}, "margin = 0.0: must be above 0"),
        ({"wealth": np.nan}, "wealth = nan: must be finite"),
        ({"last_price": 1.2}, "last_price = 1.2: must not exceed fundamental, 1.0"),
        ({"customer_supply": 20.0}, "customer_supply = 20.0: must be from 0 to below 20"),
        ({"margin_sensitivity": 4.0}, "margin_sensitivity = 4.0: .* from price 0.8 to 1"),
        ({"margin_sensitivity": -2.0}, "margin_sensitivity = -2.0: must leave a margin above 0"),
        ({"position": -4.0}, "position = -4.0: must be above -4, or turns diverge"),
    ],
)
def test_what_is_no_market_is_refused_with_what_was_given(change, said):
    with pytest.raises(InvalidInput, match=said):
        rest(AT_REST._replace(**change))


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidInput) as refusal:
        rest(AT_REST._replace(margin=-1.0, customer_slope=0.0, wealth=np.inf))
    said = str(refusal.value)
    assert all(word in said for word in ("margin = -1.0", "customer_slope = 0.0", "wealth = inf"))
