"""The arithmetic of one carry trade, against hand numbers and a book in yen and dollars."""

import doctest
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm import carry
from abm.carry import (
    DAY_COUNT,
    attribute_pnl,
    break_evens,
    breakeven_rate,
    covered_forward,
    covered_return,
    excess_return,
    interest,
    net_carry,
    uncovered_return,
    year_fraction,
)
from abm.errors import InvalidInput

REFERENCE = json.loads((Path(__file__).parent / "reference/accounting_margin.json").read_text())

SEEDS = json.loads((Path(__file__).parent / "reference/seeds.json").read_text())

rates = st.floats(-0.02, 0.25)
spots = st.floats(50.0, 300.0)
years = st.floats(0.0, 5.0)
compoundings = st.sampled_from(["annual", "simple"])


def test_a_year_of_carry_by_hand():
    # 0.5% yen into 5% dollars at 150: 1.05 x 147/150 - 1.005 = 1.029 - 1.005
    assert uncovered_return(0.005, 0.05, 1.0, 150.0, 147.0) == pytest.approx(0.024, abs=1e-15)
    assert uncovered_return(0.005, 0.05, 1.0, 150.0, 147.0, cost=0.004) == pytest.approx(0.020)


def test_annual_and_simple_agree_after_one_year_and_part_after_two():
    one = [uncovered_return(0.0, 0.10, 1.0, 1.0, 1.0, 0.0, c) for c in ("annual", "simple")]
    two = [uncovered_return(0.0, 0.10, 2.0, 1.0, 1.0, 0.0, c) for c in ("annual", "simple")]
    assert one == pytest.approx([0.10, 0.10])
    assert two == pytest.approx([0.21, 0.20])


def test_daily_compounding_counts_each_currency_by_its_own_year():
    got = uncovered_return(
        0.365, 0.36, 9.9, 1.0, 1.0, 0.0, "daily", days=2, basis_domestic=365, basis_foreign=360
    )
    # a thousandth a day in both currencies, by ACT/365 and ACT/360
    assert got == pytest.approx(1.001**2 - 1.001**2, abs=1e-15)
    assert interest(0.36, 0.0, "daily", days=2, basis=360) == pytest.approx(0.002001)


def test_day_counts_are_those_of_the_money_markets():
    assert {c for c, n in DAY_COUNT.items() if n == 360} == {"USD", "MXN", "EUR", "CHF"}
    assert {c for c, n in DAY_COUNT.items() if n == 365} == {
        "JPY",
        "AUD",
        "NZD",
        "GBP",
        "TRY",
        "BRL",
    }
    assert year_fraction(90, "USD") == 0.25
    assert year_fraction(73, "JPY") == 0.2


def test_the_forward_with_and_without_basis_is_the_reference():
    case, expected = REFERENCE["cip_forward"]["inputs"], REFERENCE["cip_forward"]["expected"]
    terms = (case["S"], case["r_jpy"], case["r_usd"], case["T"])
    hedged = covered_forward(*terms, basis=case["basis"], compounding="simple")
    parity = covered_forward(*terms, compounding="simple")
    assert hedged == pytest.approx(expected["forward_with_basis"], rel=1e-14)
    assert parity == pytest.approx(expected["forward_cip"], rel=1e-14)
    assert hedged - case["S"] == pytest.approx(expected["points_with_basis"], rel=1e-12)


def test_the_forward_gives_back_the_yen_rate_implied_by_swaps():
    case, expected = REFERENCE["cip_forward"]["inputs"], REFERENCE["cip_forward"]["expected"]
    forward = covered_forward(
        case["S"], case["r_jpy"], case["r_usd"], case["T"], case["basis"], "simple"
    )
    implied = (forward / case["S"] * (1 + case["r_usd"] * case["T"]) - 1) / case["T"]
    assert implied == pytest.approx(expected["implied_jpy_rate"], abs=1e-14)
    # a yen investor who hedges a 4% Treasury: held to the forward instead of the end spot
    hedged = uncovered_return(0.0, 0.04, case["T"], case["S"], forward, 0.0, "simple") / case["T"]
    assert hedged == pytest.approx(expected["hedged_return_ust_y4pct_annual_simple"], rel=1e-12)


def test_the_break_even_spot_is_the_reference():
    case, expected = REFERENCE["cip_forward"]["inputs"], REFERENCE["cip_forward"]["expected"]
    got = breakeven_rate(case["r_jpy"], 0.04, case["T"], case["S"], compounding="simple")
    assert got == pytest.approx(expected["unhedged_breakeven_usdjpy"], rel=1e-14)


@given(rates, rates, years, spots, st.floats(0.0, 0.02), compoundings)
def test_at_the_break_even_spot_the_trade_returns_zero(r_d, r_f, t, spot, cost, compounding):
    end = breakeven_rate(r_d, r_f, t, spot, cost, compounding)
    assert uncovered_return(r_d, r_f, t, spot, end, cost, compounding) == pytest.approx(
        0.0, abs=1e-13
    )


@given(rates, rates, years, spots, compoundings)
def test_without_cost_and_basis_the_break_even_spot_is_the_forward(r_d, r_f, t, spot, compounding):
    forward = covered_forward(spot, r_d, r_f, t, compounding=compounding)
    assert breakeven_rate(r_d, r_f, t, spot, 0.0, compounding) == pytest.approx(forward, rel=1e-13)


def test_break_even_counts_days_as_the_trade_does():
    terms = {"days": 91, "basis_domestic": 365, "basis_foreign": 360}
    end = breakeven_rate(0.0025, 0.053, 0.25, 150.0, 0.001, "daily", **terms)
    assert uncovered_return(0.0025, 0.053, 0.25, 150.0, end, 0.001, "daily", **terms) == (
        pytest.approx(0.0, abs=1e-15)
    )


def test_a_wider_negative_basis_makes_hedging_dollars_more_expensive():
    forwards = [covered_forward(150.0, 0.0025, 0.053, 0.25, b / 1e4) for b in (0, -30, -100, -300)]
    assert forwards == sorted(forwards, reverse=True)
    assert len(set(forwards)) == 4


def test_net_carry_is_the_differential_less_every_cost():
    assert net_carry(0.053, 0.001) == pytest.approx(0.052)
    assert net_carry(0.053, 0.001, 0.006, 0.0015) == pytest.approx(0.0445)


def test_profit_splits_by_hand():
    # 15,000 yen at 150 buy 100 dollars; 5% and 0.5% for a year; 150 -> 140
    got = attribute_pnl(15000.0, 0.005, 0.05, 1.0, 150.0, 140.0)
    assert got.carry == pytest.approx(675.0)  # 750 - 75
    assert got.fx_on_principal == pytest.approx(-1000.0)  # 100 dollars x -10
    assert got.fx_on_interest == pytest.approx(-50.0)  # 5 dollars x -10
    assert got.total == pytest.approx(-375.0)


@given(st.floats(-1e6, 1e6), rates, rates, years, spots, spots, compoundings)
def test_the_parts_sum_to_the_total_exactly(notional, r_d, r_f, t, spot, end, compounding):
    got = attribute_pnl(notional, r_d, r_f, t, spot, end, compounding)
    assert got.carry + got.fx_on_principal + got.fx_on_interest == got.total
    whole = notional * uncovered_return(r_d, r_f, t, spot, end, 0.0, compounding)
    assert math.isclose(got.total, whole, rel_tol=1e-12, abs_tol=1e-13 * (1 + abs(notional) * 20))


def test_the_yen_loan_of_a_dollar_book_is_the_reference():
    book, expected = REFERENCE["carry_book"]["inputs"], REFERENCE["carry_book"]["expected"]
    # A short yen position seen from the dollar: spot in dollars per yen, negative notional.
    loan = attribute_pnl(
        notional_domestic=-book["jpy_loan"] / book["S0"],
        rate_domestic=0.0,
        rate_foreign=book["r_fund"],
        years=year_fraction(book["days"], "JPY"),
        spot=1 / book["S0"],
        spot_end=1 / book["S1"],
    )
    parts = expected["attribution"]
    assert loan.carry == pytest.approx(parts["funding"], rel=1e-12)
    assert loan.fx_on_principal == pytest.approx(parts["fx_on_principal"], rel=1e-12)
    assert loan.fx_on_interest == pytest.approx(parts["fx_on_interest"], rel=1e-12)


def test_the_whole_dollar_book_earns_what_the_reference_earns():
    book, expected = REFERENCE["carry_book"]["inputs"], REFERENCE["carry_book"]["expected"]
    loan_usd = book["jpy_loan"] / book["S0"]
    assets = loan_usd + book["equity_usd"]
    coupon = assets * interest(book["asset_yield"], year_fraction(book["days"], "USD"), "simple")
    t_jpy = year_fraction(book["days"], "JPY")
    owed_jpy = book["jpy_loan"] * (1 + interest(book["r_fund"], t_jpy, "simple"))
    loan = attribute_pnl(
        -loan_usd, 0.0, book["r_fund"], t_jpy, 1 / book["S0"], 1 / book["S1"], "simple"
    )
    pnl = assets * book["asset_price_return"] + coupon + loan.total
    assert coupon == pytest.approx(expected["coupon_usd"], rel=1e-12)
    assert owed_jpy - book["jpy_loan"] == pytest.approx(expected["interest_jpy"], rel=1e-12)
    assert owed_jpy / book["S1"] == pytest.approx(expected["debt1_usd"], rel=1e-12)
    assert pnl == pytest.approx(expected["pnl"], rel=1e-11)
    assert book["equity_usd"] + pnl == pytest.approx(expected["equity1"], rel=1e-12)


def test_break_evens_by_hand():
    # 0.5% into 5% for a year at 150, costs 0.4%: 150 x 1.009/1.05; 1.05 - 0.004; 1.05 - 1.005
    got = break_evens(0.005, 0.05, 1.0, 150.0, 0.004)
    assert got.spot_end == pytest.approx(144.142857142857, abs=1e-9)
    assert got.depreciation == pytest.approx(0.041 / 1.05)
    assert got.rate_domestic == pytest.approx(0.046)
    assert got.cost == pytest.approx(0.045)


@given(rates, rates, st.floats(0.05, 5.0), spots, st.floats(0.0, 0.02), compoundings)
def test_each_break_even_alone_brings_the_trade_to_zero(r_d, r_f, t, spot, cost, compounding):
    level = break_evens(r_d, r_f, t, spot, cost, compounding)
    fallen = spot * (1.0 - level.depreciation)
    for terms in (
        (r_d, r_f, t, spot, level.spot_end, cost, compounding),
        (r_d, r_f, t, spot, fallen, cost, compounding),
        (level.rate_domestic, r_f, t, spot, spot, cost, compounding),
        (r_d, r_f, t, spot, spot, level.cost, compounding),
    ):
        assert uncovered_return(*terms) == pytest.approx(0.0, abs=1e-12)


@given(rates, rates, years, compoundings)
def test_a_hedged_deposit_earns_nothing_without_basis(r_d, r_f, t, compounding):
    assert covered_return(r_d, r_f, t, compounding=compounding) == pytest.approx(0.0, abs=1e-13)


def test_a_hedged_dollar_deposit_loses_the_basis_and_a_hedged_bond_adds_its_spread():
    # three months, simple, yen basis -40bp: a quarter of it
    assert covered_return(0.001, 0.053, 0.25, -0.004, None, "simple") == pytest.approx(-0.001)
    # one year: F/S = 1 (domestic at 0, basis 0, foreign at 0); a bond of 4% earns 4%
    assert covered_return(0.0, 0.0, 1.0, yield_foreign=0.04) == pytest.approx(0.04)
    # funded at the bill of 5% it earns 4% - 5%, valued at the forward of 1 / 1.05
    assert covered_return(0.0, 0.05, 1.0, yield_foreign=0.04) == pytest.approx(1.04 / 1.05 - 1)


def test_the_examples_of_the_docstring_are_right():
    assert doctest.testmod(carry) == (0, 5)


THREE_MONTHS = {"days": 91, "basis_domestic": 365, "basis_foreign": 360}


def test_each_leg_of_a_forward_accrues_by_its_own_day_count():
    # 91 days of yen by ACT/365 and of dollars by ACT/360, both simple, as the market quotes
    by_hand = 150.0 * (1.0 + 0.0025 * 91 / 365) / (1.0 + 0.053 * 91 / 360)
    got = covered_forward(150.0, 0.0025, 0.053, None, compounding="simple", **THREE_MONTHS)
    assert got == pytest.approx(by_hand, rel=1e-15)
    one_count = covered_forward(150.0, 0.0025, 0.053, 91 / 365, compounding="simple")
    assert one_count - got == pytest.approx(0.0268, abs=1e-4)  # 2.7 pips by one count for both


def test_a_forward_by_day_counts_is_the_break_even_of_the_trade():
    forward = covered_forward(150.0, 0.0025, 0.053, None, compounding="simple", **THREE_MONTHS)
    end = breakeven_rate(0.0025, 0.053, None, 150.0, compounding="simple", **THREE_MONTHS)
    assert end == pytest.approx(forward, rel=1e-15)
    basis = covered_return(0.0025, 0.053, None, -0.003, compounding="simple", **THREE_MONTHS)
    assert basis == pytest.approx(-0.003 * 91 / 365, rel=1e-12)


def test_an_attribution_counts_the_days_of_each_leg():
    got = attribute_pnl(15000.0, 0.0025, 0.053, None, 150.0, 147.0, **THREE_MONTHS)
    assert got.carry == pytest.approx(15000.0 * (0.053 * 91 / 360 - 0.0025 * 91 / 365))


def test_the_excess_return_is_that_of_the_founding_notes():
    case = SEEDS["s004_uia_formula"]["inputs"]
    terms = (case["i_d"], case["i_f"], case["T"], case["S0"], case["ES"], case["c"])
    expected = SEEDS["s004_uia_formula"]["expected"]
    assert excess_return(*terms) == pytest.approx(expected["R_compound"], rel=1e-12)
    assert excess_return(*terms, "simple") == pytest.approx(expected["R_simple"], rel=1e-12)


@given(rates, rates, years, spots, spots, compoundings)
def test_the_excess_return_is_the_uncovered_one_after_funding(r_d, r_f, t, spot, end, compounding):
    excess = excess_return(r_d, r_f, t, spot, end, 0.0, compounding)
    owed = 1.0 + interest(r_d, t, compounding)
    profit = uncovered_return(r_d, r_f, t, spot, end, 0.0, compounding)
    assert excess * owed == pytest.approx(profit, abs=1e-12)


def test_arrays_broadcast():
    ends = np.array([140.0, 150.0, 160.0])
    got = uncovered_return(0.005, 0.05, 1.0, 150.0, ends)
    assert got == pytest.approx([uncovered_return(0.005, 0.05, 1.0, 150.0, e) for e in ends])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: uncovered_return(0.01, 0.05, 1.0, 0.0, 150.0), "spot = 0.0: must be above 0"),
        (lambda: uncovered_return(0.01, math.nan, 1.0, 150.0, 150.0), "rate = nan"),
        (lambda: uncovered_return(0.01, 0.05, -1.0, 150.0, 150.0), "years = -1.0"),
        (lambda: uncovered_return(0.01, 0.05, 1.0, 1.0, 1.0, 0.0, "monthly"), "'monthly'"),
        (lambda: uncovered_return(0.01, 0.05, 1.0, 1.0, 1.0, 0.0, "daily"), "needs days"),
        (lambda: covered_forward(150.0, 0.01, -1.0, 1.0), "1 + rate = 0.0"),
        (lambda: covered_forward(150.0, 0.01, 0.05, 0.25, **THREE_MONTHS), "give one"),
        (lambda: covered_forward(150.0, 0.01, 0.05, 0.25, days=91), "give one"),
        (lambda: covered_forward(150.0, 0.01, 0.05, None, days=91), "DAY_COUNT"),
        (lambda: covered_forward(150.0, 0.01, 0.05, None), "years = None"),
        (lambda: excess_return(0.01, 0.05, 1.0, 1.0, 0.0), "spot_end = 0.0: must be above 0"),
        (lambda: covered_forward(150.0, 0.01, 0.05, 1.0, 0.0, "daily"), "'annual' or 'simple'"),
        (lambda: attribute_pnl(math.inf, 0.01, 0.05, 1.0, 1.0, 1.0), "notional_domestic = inf"),
        (lambda: attribute_pnl(1.0, 0.01, 0.05, 1.0, 1.0, 1.0, "daily"), "'annual' or 'simple'"),
        (lambda: breakeven_rate(0.01, 0.05, 1.0, -150.0), "spot = -150.0"),
        (lambda: net_carry(0.01, 0.05, math.nan), "cost = nan"),
        (lambda: year_fraction(30, "XXX"), "no day count for 'XXX'"),
        (lambda: break_evens(0.01, 0.05, 0.0, 1.0), "years = 0.0: must be above 0"),
        (lambda: break_evens(0.01, 0.05, 1.0, 1.0, 2.0), "after cost = -0.95"),
        (lambda: break_evens(0.01, 0.05, 1.0, 1.0, 0.0, "daily"), "'annual' or 'simple'"),
        (lambda: covered_return(0.01, 0.05, 1.0, math.nan), "basis = nan"),
        (lambda: covered_return(0.01, 0.05, 1.0, compounding="daily"), "'annual' or 'simple'"),
    ],
)
def test_impossible_terms_are_refused_with_the_number_given(call, said):
    with pytest.raises(InvalidInput) as refused:
        call()
    assert said in str(refused.value)
