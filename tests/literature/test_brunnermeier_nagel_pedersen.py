"""Carry trades and currency crashes: the regressions by hand, in the record and in the model."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, skew

import abm
from abm.episodes.record import real_path
from abm.errors import InvalidInput
from abm.literature import brunnermeier_nagel_pedersen as paper
from abm.literature.brunnermeier_nagel_pedersen import (
    CRASH,
    LOSE,
    PREDICT,
    RECORD,
    SHRINK,
    SIMULATED,
    UNLEVERED,
)
from tests.literature.quick import findings_and_ticks


@pytest.fixture(scope="module")
def told():
    """Findings, and what `tick` was told meanwhile."""
    return findings_and_ticks("brunnermeier-nagel-pedersen")


@pytest.fixture(scope="module")
def slopes(told):
    return paper.slope_table(told[0])


@pytest.fixture(scope="module")
def changes():
    """Daily log changes of the record against the dollar."""
    logs = [np.log(real_path(f"{c}USD", "1999-01-04", "2024-12-31")) for c in paper.RATES_PERCENT]
    table = pd.concat(logs, axis=1, keys=list(paper.RATES_PERCENT))
    return (table - table.shift(1)).iloc[1:]


@pytest.fixture(scope="module")
def by_quarter(changes):
    """Skewness of the record by quarter and currency."""
    return paper.quarterly_skewness(changes)


def test_a_slope_by_hand():
    assert paper.slope_of(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 4.0])) == 1.5
    x, y = np.random.default_rng(1).standard_normal((2, 50))
    assert paper.slope_of(x, y) == pytest.approx(linregress(x, y).slope)


@pytest.mark.parametrize("lags", [0, 1, 3])
def test_newey_west_is_the_double_sum_over_pairs_of_months(lags):
    x, y = np.random.default_rng(2).standard_normal((2, 40))
    line = linregress(x, y)
    product = (x - x.mean()) * (y - line.intercept - line.slope * x)
    total = sum(
        max(0.0, 1.0 - abs(s - t) / (lags + 1)) * product[s] * product[t]
        for s in range(40)
        for t in range(40)
    )
    by_hand = np.sqrt(total) / ((x - x.mean()) ** 2).sum()
    assert paper.newey_west_error(x, y, lags) == pytest.approx(by_hand, rel=1e-12)


def test_with_even_variance_and_no_memory_newey_west_is_the_usual_error():
    x, y = np.random.default_rng(3).standard_normal((2, 20_000))
    usual = linregress(x, y).stderr
    assert paper.newey_west_error(x, y, 3) == pytest.approx(usual, rel=0.05)


def test_a_cross_section_leaves_out_currencies_without_fixings():
    x, y = np.array([0.0, 1.0, 2.0, 9.0]), np.array([3.0, 2.0, 1.0, np.nan])
    assert paper._fit(x, y) == pytest.approx((3.0, -1.0))


def test_skewness_is_by_calendar_quarter_and_needs_half_of_it():
    index = pd.bdate_range("2020-01-01", "2020-06-30")
    values = pd.DataFrame({"AUD": np.random.default_rng(4).gamma(1.0, size=len(index))}, index)
    values.loc["2020-04-01":"2020-06-01"] = np.nan
    table = paper.quarterly_skewness(values)
    first = values.loc[:"2020-03-31", "AUD"].to_numpy()
    assert table["AUD"].iloc[0] == pytest.approx(skew(first))
    assert np.isnan(table["AUD"].iloc[1])


def test_differentials_are_those_of_the_scenario():
    calm = abm.load_scenario("calm")
    # yen 0.1%, Australian dollar 4.35%, peso 10.8%, each less the dollar's 5.3%
    assert paper.model_differentials(calm) == pytest.approx([-5.2, -0.95, 5.5])


def test_the_record_by_another_road(slopes, changes):
    quarters = changes.groupby([changes.index.year, changes.index.quarter])
    found = []
    for _, days in quarters:
        known = [c for c in days if days[c].count() >= 31]
        skewness = [skew(days[c].dropna()) for c in known]
        found.append(linregress([paper.RATES_PERCENT[c] - 2.0 for c in known], skewness).slope)
    line = slopes[RECORD, CRASH]
    assert line.n_observations == len(found) == 104
    assert line.slope == pytest.approx(np.mean(found), rel=1e-10)
    assert line.error == pytest.approx(np.std(found, ddof=1) / np.sqrt(104), rel=1e-10)


@pytest.mark.parametrize("left_out", [("MXN", "ZAR"), ("CHF",), ("JPY",), ("JPY", "CHF")])
def test_no_single_currency_makes_the_record_crash(by_quarter, left_out):
    kept = [c for c in paper.RATES_PERCENT if c not in left_out]
    differentials = np.array([paper.RATES_PERCENT[c] for c in kept])
    table = by_quarter[kept].to_numpy()
    found = np.array([paper._fit(differentials, row)[1] for row in table])
    assert found.mean() / (found.std(ddof=1) / np.sqrt(len(found))) < -2.0


def test_rates_wrong_by_half_a_point_would_not_change_the_sign(by_quarter):
    rates, rng = np.array(list(paper.RATES_PERCENT.values())), np.random.default_rng(6)
    table = by_quarter.to_numpy()
    for _ in range(20):
        moved = rates + rng.uniform(-0.5, 0.5, rates.size)
        found = np.array([paper._fit(moved, row)[1] for row in table])
        assert found.mean() / (found.std(ddof=1) / np.sqrt(len(found))) < -3.0


def test_the_carry_trade_of_the_record_loses_when_volatility_rises(slopes, changes):
    month = changes.index.to_period("M")
    carry = changes[["AUD", "NZD", "ZAR", "MXN"]].mean(axis=1) - changes[["JPY", "CHF"]].mean(
        axis=1
    )
    returns, volatility = (
        carry.groupby(month).sum(),
        changes.abs().mean(axis=1).groupby(month).mean(),
    )
    by_hand = linregress(volatility.diff().iloc[1:] / 0.001, returns.iloc[1:])
    line = slopes[RECORD, LOSE]
    assert line.slope == pytest.approx(by_hand.slope, rel=1e-10)
    assert by_hand.stderr / 2 < line.error < 2 * by_hand.stderr
    assert line.n_observations == 311


@pytest.fixture(scope="module")
def year():
    """A year of calm days as our file reads it; its daily changes; its short in mean shorts."""
    scenario = abm.load_scenario("calm").with_changes({"calendar.days": 252})
    days = abm.run(scenario, rng=5).days
    quotes = days[["log_JPY", "log_AUD", "log_MXN"]]
    short = days["yen_short_units"] / days["yen_short_units"].mean()
    return paper._read_run(scenario, 5), quotes - quotes.shift(1, fill_value=0.0), short


def test_the_same_seed_gives_the_same_numbers(year):
    scenario = abm.load_scenario("calm").with_changes({"calendar.days": 252})
    again = paper._read_run(scenario, 5)
    assert all(np.array_equal(*pair) for pair in zip(year[0], again, strict=True))


def test_quarters_of_a_run_are_read_as_the_paper_says(year):
    panel, moves, short = year
    quarters = [moves.iloc[63 * q : 63 * q + 63].apply(skew) for q in range(4)]
    assert panel.skewness == pytest.approx(np.mean(quarters, axis=0))
    dollar = [-quarter["log_JPY"] for quarter in quarters[1:]]
    assert panel.predict == pytest.approx(linregress(short[[62, 125, 188]], dollar).slope)


def test_months_of_a_run_are_read_as_the_paper_says(year):
    panel, moves, short = year
    months = [moves.iloc[21 * m : 21 * m + 21] for m in range(12)]
    volatility = np.diff([month.abs().to_numpy().mean() for month in months]) / 0.001
    carry = [(0.5 * (m["log_AUD"] + m["log_MXN"]) - m["log_JPY"]).sum() for m in months]
    assert panel.lose == pytest.approx(linregress(volatility, carry[1:]).slope)
    assert panel.shrink == pytest.approx(linregress(volatility, np.diff(short[20::21])).slope)


def test_the_crowd_makes_the_crash_not_the_news(slopes):
    for claim in (CRASH, PREDICT, LOSE, SHRINK):
        crowded, plain = slopes[SIMULATED, claim], slopes[UNLEVERED, claim]
        assert crowded.slope + 2.0 * crowded.error < 0.0
        assert crowded.slope < plain.slope
        assert abs(plain.slope) < 4.0 * plain.error


def test_the_model_has_the_sign_and_not_the_size(slopes):
    ratio = slopes[SIMULATED, CRASH].slope / slopes[RECORD, CRASH].slope
    assert 0.02 < ratio < 0.5


def test_every_line_agrees_the_figure_is_drawn_and_progress_is_told(told):
    found, ticks = told
    lines = paper.compare(found)
    assert len(lines) == 11 and all(line.agrees for line in lines)
    assert paper.PAPER.figure(found).get_figwidth() == 8.0
    total = 1 + 2 * paper.N_SEEDS_QUICK
    assert ticks == [(done, total) for done in range(1, total + 1)]


def test_a_sign_that_is_not_shown_does_not_agree(told):
    found = told[0].copy()
    is_crash = (found["claim"] == CRASH) & (found["sample"] == SIMULATED)
    found.loc[is_crash, "slope"] *= -1.0
    failed = [line.quantity for line in paper.compare(found) if not line.agrees]
    assert failed == ["simulated: p-value, skewness on rate differential falls"]


def test_quarters_and_months_fill_the_run():
    assert paper.N_DAYS % paper.QUARTER_DAYS == 0 == paper.N_DAYS % paper.MONTH_DAYS


@pytest.mark.parametrize("name", ["run", "real_path"])
def test_nothing_is_found_without_our_model_and_record(monkeypatch, name):
    def refuse(*_args, **_named):
        raise RuntimeError("taken away")

    monkeypatch.setattr(paper, name, refuse)
    with pytest.raises(RuntimeError, match="taken away"):
        paper.findings(quick=True)


def test_an_unknown_currency_is_refused(monkeypatch):
    monkeypatch.setattr(paper, "RATES_PERCENT", paper.RATES_PERCENT | {"XXY": 1.0})
    with pytest.raises(InvalidInput, match="XXYUSD"):
        paper.findings(quick=True)
