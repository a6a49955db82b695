"""Sensitivities in place of lines: what they earn by hand, and every way to write one wrongly."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abm.errors import ScenarioFaults
from abm.stress.curves import yield_rise
from abm.stress.portfolio import read_portfolio
from tests.stress.toy import DOLLAR, HIKE, NAMES, YEN, market, outcome, still

COLUMNS = ["RiskType", "Qualifier", "Bucket", "Label1", "Label2", "Amount", "AmountCurrency"]
HEAD = ",".join(COLUMNS)
UST, SPX, HY, JGB = (NAMES.index(name) for name in ("UST", "SPX", "HY", "JGB"))


def book(*rows, base="USD", betas=None):
    """Rows: risk type, qualifier, maturity, amount, currency."""
    written = [[r, q, "", label, "", amount, c] for r, q, label, amount, c in rows]
    return read_portfolio(pd.DataFrame(written, columns=COLUMNS), HIKE, betas, base)


def moved(k, log, days=3):
    """Nothing moves but one market, by so much on the first day."""
    made = still(days=days)
    prices = made.log_prices.copy()
    prices[:, 1:, k] = log
    return replace(made, log_prices=prices)


def profit(one, made):
    found = outcome(one, made, (1, 3))
    parts = found.carried.parts.sum(axis=0)
    assert parts == pytest.approx(found.carried.pnl, abs=1e-9)
    assert found.own_money == 0.0
    return found.profits[0, -1]


def test_a_currency_that_rises_by_five_per_cent_earns_five_times_the_amount():
    one = book(("Risk_FX", "JPY", "", 2000.0, "USD"))
    assert profit(one, moved(YEN, np.log(1.05))) == pytest.approx(10_000.0)
    found = outcome(one, moved(YEN, np.log(1.05)), (1,)).split
    assert found.loc[found["part"] == "fx", "mean"].item() == pytest.approx(10_000.0)


def test_an_equity_and_the_users_own_betas():
    fall = moved(SPX, np.log(0.9))
    assert profit(book(("Risk_Equity", "SPX", "", -500.0, "USD")), fall) == pytest.approx(5000.0)
    betas = pd.DataFrame({"proxy": ["Crude", "ISIN:X"], "beta_SPX": [0.5, 2.0]})
    rows = (
        ("Risk_Commodity", "Crude", "", 100.0, "USD"),
        ("Risk_Equity", "ISIN:X", "", 1.0, "USD"),
    )
    by_hand = 100.0 * 100.0 * (0.9**0.5 - 1.0) + 100.0 * (0.9**2 - 1.0)
    assert profit(book(*rows, betas=betas), fall) == pytest.approx(by_hand)


def test_a_treasury_rally_by_hand_at_three_maturities():
    rally = moved(UST, 0.082)  # a yield down by 1% at its 8.2 years
    for years, basis_points in (("30y", -100.0), ("4y", -100.0 * 4.0 / 8.2), ("6M", -50.0 / 8.2)):
        one = book(("Risk_IRCurve", "USD", years, -40.0, "USD"))
        assert profit(one, rally) == pytest.approx(-40.0 * basis_points)


def test_the_overnight_end_is_the_policy_rate():
    made = market()
    rise = yield_rise(0.0, YEN, made)
    assert rise[:, -1] == pytest.approx(np.full(made.n, 0.005))
    far = yield_rise(9.0, YEN, made)
    assert far == pytest.approx(-made.log_prices[:, :, JGB] / 9.0)


def test_between_two_bonds_yields_are_on_the_line(monkeypatch):
    monkeypatch.setattr("abm.stress.curves.bonds_in", lambda *_: {"UST": 2.0, "JGB": 10.0})
    made = market()
    short, long = -made.log_prices[:, :, UST] / 2.0, -made.log_prices[:, :, JGB] / 10.0
    assert yield_rise(6.0, DOLLAR, made) == pytest.approx((short + long) / 2.0)
    assert yield_rise(1.0, DOLLAR, made) == pytest.approx(short / 2.0)  # the rate rests


def test_a_credit_spread_is_what_the_price_says_beyond_treasuries():
    one = book(("Risk_CreditQ", "HY", "5y", -10.0, "USD"))
    assert profit(one, moved(HY, -0.04)) == pytest.approx(-10.0 * 100.0)  # 4% over 4 years
    both = moved(HY, 0.04)
    prices = both.log_prices.copy()
    prices[:, 1:, UST] = 0.082  # yields at 4 years down by 100 x 4/8.2: all that the price says
    spread = -100.0 + 100.0 * 4.0 / 8.2
    both = replace(both, log_prices=prices)
    assert profit(one, both) == pytest.approx(-10.0 * spread)


def test_amounts_in_another_currency_are_worth_what_it_is_today():
    one = book(("Risk_Equity", "SPX", "", 160.62, "JPY"))
    assert profit(one, moved(SPX, np.log(1.01))) == pytest.approx(1.0)


def test_rows_of_one_factor_add_up_in_any_order_and_twice_the_amounts_is_twice_the_result():
    rows = [("Risk_FX", "JPY", "", 0.1 * n, "USD") for n in range(1, 8)]
    rows += [("Risk_FX", "AUD", "", 3.0, "USD"), ("Risk_IRCurve", "JPY", "10y", 2.0, "USD")]
    made = market()
    one, turned = (outcome(book(*given), made) for given in (rows, rows[::-1]))
    assert one.portfolio.names == ("Risk_FX JPY", "Risk_FX AUD", "Risk_IRCurve JPY 10y")
    assert np.array_equal(one.profits, turned.profits)
    double = outcome(book(*rows, *rows), made)
    assert double.profits == pytest.approx(2.0 * one.profits, rel=1e-12)
    lines = one.lines[one.lines["horizon"] == 6]
    assert lines["mean"].sum() == pytest.approx(one.profits[:, -1].mean())
    assert lines["component_es"].sum() == pytest.approx(
        one.risk.loc[(one.risk["horizon"] == 6) & (one.risk["level"] == 0.975), "es"].item()
    )


def test_sensitivities_earn_nothing_where_nothing_moves_and_have_no_breakeven():
    found = outcome(book(("Risk_FX", "JPY", "", 5.0, "USD")), still(), (1, 3))
    assert not found.carried.pnl.any()
    assert found.breakeven["rise_log"].isna().all()


def test_a_file_is_known_by_its_header_in_any_case_with_what_else_it_has(tmp_path):
    path = tmp_path / "crif.csv"
    path.write_text(
        "trade_id,PortfolioID,ProductClass,risk_type,Qualifier,Bucket,Label1,Label2,"
        "Amount_Currency,amount,collect_regulations\n"
        't1,p,RatesFX,Risk_IRCurve,USD,1,10y,OIS,USD,-304.84,"SEC,CFTC"\n'
        "t2,p,RatesFX,Risk_FX,JPY,,,,USD,13186.84,\n"
    )
    found = read_portfolio(path, HIKE).sensitivities
    assert [(s.amount, s.of, s.line) for s in found] == [(-304.84, DOLLAR, 2), (13186.84, YEN, 3)]


WRONG = (
    ("Risk_FX,GBP,,,,1,USD", "must be one of JPY, AUD, MXN, USD"),
    ("Risk_FX,USD,,,,1,USD", "the currency of the result, which does not move"),
    ("Risk_IRCurve,AUD,1,10y,,1,USD", "has no government bond in it"),
    ("Risk_IRCurve,USD,1,,,1,USD", "must be a maturity"),
    ("Risk_IRCurve,USD,1,ten,,1,USD", "must be a maturity"),
    ("Risk_Equity,ISIN:US0378331005,5,,,1,USD", "give its betas"),
    ("Risk_Equity,UST,5,,,1,USD", "is no asset of the scenario"),
    ("Risk_Commodity,Crude oil,2,,,1,USD", "give its betas"),
    ("Risk_CreditQ,HY,7,5y,,1,AUD", "has no government bond"),
    ("Risk_FXVol,USDJPY,,1y,,1,USD", "a vega is not valued"),
    ("Risk_XCcyBasis,JPY,,,,1,USD", "the model has no such factor"),
    ("Risk_FXX,JPY,,,,1,USD", "did you mean Risk_FX?"),
    ("Risk_FX,JPY,,,,1,GBP", "must be one of JPY, AUD, MXN, USD"),
    ("Risk_FX,JPY,,,,,USD", "is missing: a number is needed"),
    ('Risk_FX,JPY,,,,"1,000",USD', "digits with a decimal point"),
    ("Risk_FX,JPY,,,,1e999,USD", "must be from -1e+18 to 1e+18"),
)


def test_all_faults_of_a_table_are_told_at_once_with_their_lines(tmp_path):
    path = tmp_path / "crif.csv"
    path.write_text("\n".join([HEAD, *(row for row, _ in WRONG)]) + "\n")
    with pytest.raises(ScenarioFaults) as refused:
        read_portfolio(path, HIKE)
    told = {fault.line: str(fault) for fault in refused.value.faults}
    for line, (_, words) in enumerate(WRONG, 2):
        assert words in told[line], (line, told.get(line))
    assert len(refused.value.faults) == len(WRONG)


def test_wrong_headers_are_faults_of_the_first_line(tmp_path):
    path = tmp_path / "crif.csv"
    path.write_text("RiskType,Qualifer,Amount\nRisk_FX,JPY,1\n")
    with pytest.raises(ScenarioFaults) as refused:
        read_portfolio(path, HIKE)
    told = str(refused.value)
    assert "did you mean Qualifier?" in told and "need a column AmountCurrency" in told
