"""What a portfolio is worth on simulated paths, and where its profit comes from."""

import numpy as np
import pytest

from abm.carry import covered_return, uncovered_return
from abm.stress.loans import PARTS, Terms
from tests.stress.toy import (
    AUD,
    DOLLAR,
    LEVERED,
    MIXED,
    NAMES,
    RATES,
    YEN,
    carried,
    market,
    portfolio,
    still,
)

CENT = 0.01


def test_a_portfolio_of_one_instrument_has_that_instruments_distribution():
    made = market(n=200)
    book = portfolio({"instrument": "SPX", "market_value": 1e6})
    found = dict(zip(PARTS, carried(book, made).parts, strict=True))
    log = made.log_prices[:, :, NAMES.index("SPX")]
    assert found["price"] == pytest.approx(1e6 * np.expm1(log), abs=1e-6)
    assert not found["fx"].any()


@pytest.mark.parametrize("base", ["USD", "JPY"])
@pytest.mark.parametrize("terms", [Terms(), Terms(is_hedged=True), Terms(is_constant=True)])
@pytest.mark.parametrize("lines", [MIXED, LEVERED, (*MIXED, *LEVERED)])
def test_parts_add_up_to_the_cent_on_every_path(base, terms, lines):
    named = [line | {"name": f"{at}"} for at, line in enumerate(lines)]
    # The yen line of MIXED cannot be hedged into yen.
    lines = [{k: v for k, v in line.items() if base == "USD" or k != "hedge_share"}
             for line in named]  # fmt: skip
    found = carried(portfolio(*lines, base=base), market(base=base), terms)
    assert np.abs(found.parts.sum(axis=0) - found.pnl).max() < CENT
    assert found.pnl.std() > 1e4


def test_twice_the_portfolio_is_twice_the_result():
    made = market()
    double = [
        line | {k: 2.0 * line[k] for k in ("market_value", "quantity") if line.get(k)}
        for line in MIXED
    ]
    once, twice = carried(portfolio(*MIXED), made), carried(portfolio(*double), made)
    assert np.array_equal(twice.parts, 2.0 * once.parts)


def test_a_forced_sale_of_twice_the_size_costs_more_than_twice():
    made = market(margin_rate=np.full((40, 7), 0.3))
    double = [line | {"market_value": 2.0 * line["market_value"]} for line in LEVERED]
    once, twice = carried(portfolio(*LEVERED), made), carried(portfolio(*double), made)
    cost, double_cost = (-found.parts[PARTS.index("liquidation"), :, -1] for found in (once, twice))
    assert (cost > 0.0).any()
    assert (double_cost[cost > 0.0] > 2.0 * cost[cost > 0.0]).all()


def test_permuted_lines_give_the_same_bytes():
    lines = [line | {"name": f"{at}"} for at, line in enumerate((*MIXED, *LEVERED))]
    made = market()
    once = carried(portfolio(*lines), made)
    again = carried(portfolio(*lines[5:], *lines[4::-1]), made)
    assert again.parts.tobytes() == once.parts.tobytes()


def test_a_carry_trade_in_the_ledger_is_that_of_the_book():
    days = 6
    made = market(n=20, days=days, base="JPY", basis=np.zeros((1, days + 1, 4)))
    made = type(made)(**{**vars_of(made), "rates": np.broadcast_to(RATES, (1, days + 1, 4))})
    spot = made.fx[AUD]
    deposit = {"instrument": "AUD", "currency": "AUD", "market_value": 1e6}
    pnl = carried(portfolio(deposit, base="JPY"), made).pnl
    # One night at simple interest, at the spot of the close after it.
    one = uncovered_return(
        0.0, 0.0435, None, spot[:, 0], spot[:, 1], compounding="simple",
        days=1, basis_domestic=365, basis_foreign=365,
    )  # fmt: skip
    assert pnl[:, 1] == pytest.approx(1e6 * spot[0, 0] * one, rel=1e-10)


def vars_of(made):
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


def test_fully_hedged_earns_the_basis_whatever_the_spot_does():
    made = market(n=30, days=6, base="JPY")
    line = {"instrument": "AUD", "currency": "AUD", "market_value": 1e6, "hedge_share": 1.0}
    dollars = {"instrument": "USD", "market_value": 1e6, "hedge_share": 1.0, "name": "dollars"}
    pnl = carried(portfolio(line, dollars, base="JPY"), made).pnl[:, 1]
    value = 1e6 * (made.fx[AUD][0, 0] + made.fx[DOLLAR][0, 0])
    # Yen interest of a night, and the basis of -0.3% on it: what `abm.carry` says of the hedge.
    funded = (1.0 + RATES[YEN] / 365.0) - 1.0
    basis = covered_return(
        RATES[YEN], RATES[DOLLAR], None, -0.003, compounding="simple",
        days=1, basis_domestic=365, basis_foreign=360,
    )  # fmt: skip
    assert basis == pytest.approx(-0.003 / 365.0)
    assert pnl == pytest.approx(value * (funded + basis), rel=1e-9)
    assert np.ptp(pnl) < CENT


def test_a_hedge_takes_a_currency_out_of_the_profit_but_for_interest_on_the_day():
    made = market(n=300)
    line = {"instrument": "NKY", "currency": "JPY", "market_value": 1e9}
    open_, shut = (carried(portfolio(line | {"hedge_share": h}), made).parts for h in (0.0, 1.0))
    fx = PARTS.index("fx")
    assert shut[fx, :, -1].std() < 0.1 * open_[fx, :, -1].std()  # the day's own gain is open
    assert np.array_equal(shut[0], open_[0])


def test_nothing_moves_and_only_interest_is_earned():
    book = portfolio(
        {"instrument": "MXN", "currency": "MXN", "market_value": 1e6},
        {"instrument": "UST", "market_value": 1e6, "name": "bond"},
    )
    found = dict(zip(PARTS, carried(book, still()).parts, strict=True))
    pesos = 1e6 / 18.277
    growth = np.cumprod([1.0, *(1.0 + 0.108 * np.array([1, 1, 3, 1, 1, 1]) / 360.0)])
    coupons = 1e6 * 0.044 * np.cumsum([0, 1, 1, 3, 1, 1, 1]) / 360.0  # on the face
    assert found["carry"][0] == pytest.approx(pesos * (growth - 1.0) + coupons)
    assert not found["fx"].any() and not found["price"].any()


def test_betas_move_a_line_by_what_they_say():
    made = market()
    line = {"market_value": 1e6, "currency": "JPY", "beta_SPX": 1.2, "beta_HY": -0.5}
    price = carried(portfolio(line), made).pnl
    log = 1.2 * made.log_prices[:, :, NAMES.index("SPX")]
    log -= 0.5 * made.log_prices[:, :, NAMES.index("HY")]
    yen = made.fx[YEN]
    assert price == pytest.approx(1e6 * (np.exp(log) * yen - yen[:, :1]), abs=1e-6)


def test_a_proxy_of_the_table_of_betas_is_its_betas():
    betas = portfolio_betas()
    made = market()
    by_table = portfolio({"proxy": "fund", "market_value": 1e6}, betas=betas)
    by_column = portfolio({"market_value": 1e6, "beta_SPX": 0.7, "beta_UST": 0.1})
    assert np.array_equal(carried(by_table, made).parts, carried(by_column, made).parts)


def portfolio_betas():
    import pandas as pd

    return pd.DataFrame([{"proxy": "fund", "beta_SPX": 0.7, "beta_UST": 0.1}])
