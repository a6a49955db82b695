"""Value at risk, expected shortfall, their shares by line, and what separates bad paths."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.carry import breakeven_rate
from abm.measures.tails import expected_shortfall, value_at_risk
from abm.stress.risk import LEVELS, _both, risk_rows, separation, tail_weights
from tests.stress.toy import LEVERED, MIXED, market, outcome, portfolio, still

HAND = json.loads((Path(__file__).parents[1] / "reference" / "risk_metrics.json").read_text())
SAMPLE = np.array(HAND["series"])


def test_the_hand_sample():
    rows = {row["level"]: row for row in risk_rows(SAMPLE[:, None], (1,), 0)}
    expected = HAND["expected"]
    assert rows[0.95]["var"] == pytest.approx(expected["var95_lower_order_stat_ceil"], rel=1e-10)
    assert rows[0.95]["es"] == pytest.approx(expected["es95"], rel=1e-10)
    assert rows[0.975]["es"] == pytest.approx(expected["es97_5"], rel=1e-10)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("n", [7, 40, 60, 1000])
def test_weights_of_the_tail_give_the_shortfall_and_sum_to_one(level, n):
    sample = np.random.Generator(np.random.PCG64(n)).standard_normal(n)
    weights = tail_weights(sample, level)
    assert weights.sum() == pytest.approx(1.0)
    assert -weights @ sample == pytest.approx(expected_shortfall(sample, level), rel=1e-10)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=60))
@settings(max_examples=30, deadline=None)
def test_the_shortfall_is_never_less_than_the_value_at_risk(sample):
    for row in risk_rows(np.array(sample)[:, None], (1,), 0):
        assert row["es"] >= row["var"] - 1e-6


@pytest.mark.parametrize("n", [7, 40, 333])
def test_the_shortfall_is_the_least_value_of_another_definition(n):
    """Rockafellar and Uryasev (2000): min over v of v + E max(loss - v, 0) / (1 - c)."""
    sample = np.random.Generator(np.random.PCG64(n)).standard_t(3, n)
    losses = -sample
    beyond = np.maximum(losses[:, None] - losses, 0.0).mean(axis=0)  # it is least at a loss
    for row in risk_rows(sample[:, None], (1,), 0):
        least = (losses + beyond / (1.0 - row["level"])).min()
        assert row["es"] == pytest.approx(least, rel=1e-10)


@pytest.mark.parametrize("n", [7, 41, 333])
def test_a_resample_that_is_the_sample_has_its_measures(n):
    sample = np.sort(np.random.Generator(np.random.PCG64(n)).standard_t(3, n))
    found = _both(sample[:, None], np.arange(n)[None])[0, 0]
    for (var, es), level in zip(found, LEVELS, strict=True):
        assert var == value_at_risk(sample, level)
        assert es == pytest.approx(expected_shortfall(sample, level), rel=1e-12)


def test_intervals_hold_the_value_and_come_again_from_the_seed():
    sample = np.random.Generator(np.random.PCG64(3)).standard_normal((500, 2))
    rows, again = risk_rows(sample, (1, 5), 4), risk_rows(sample, (1, 5), 4)
    assert rows == again
    for row in rows:
        assert row["var_low"] <= row["var"] <= row["var_high"]
        assert row["es_low"] < row["es_high"]


def test_a_resample_of_normal_draws_covers_the_truth():
    # Expected shortfall of a standard normal at 95%: 0.1031 / 0.05 = 2.0627.
    hits = 0
    for seed in range(60):
        sample = np.random.Generator(np.random.PCG64(seed)).standard_normal((400, 1))
        row = risk_rows(sample, (1,), seed)[0]
        hits += row["es_low"] <= 2.0627 <= row["es_high"]
    assert hits >= 48  # of 60 at 95%, less what a bootstrap of tails misses


def test_lines_share_the_shortfall_and_the_mean_without_a_rest():
    lines = [line | {"name": f"{at}"} for at, line in enumerate((*MIXED, *LEVERED))]
    found = outcome(portfolio(*lines), market(n=80, margin_rate=np.full((80, 7), 0.2)))
    assert found.accounts["p_sold"].max() > 0.0
    sums = found.lines.groupby("horizon")[["component_es", "mean"]].sum()
    es = found.risk[found.risk["level"] == 0.975].set_index("horizon")["es"]
    assert sums["component_es"].to_numpy() == pytest.approx(es.to_numpy(), abs=0.01)
    assert sums["mean"].to_numpy() == pytest.approx(found.distribution["mean"].to_numpy(), abs=0.01)


def test_marginal_shortfall_is_the_slope_of_the_shortfall():
    made = market(n=400)
    lines = ({"instrument": "SPX", "market_value": 1e6}, {"instrument": "HY", "market_value": 2e6})
    more = (lines[0] | {"market_value": 1e6 + 10.0}, lines[1])
    once, again = (outcome(portfolio(*book), made) for book in (lines, more))
    at = (once.risk["level"] == 0.975) & (once.risk["horizon"] == 6)
    slope = (again.risk["es"][at].item() - once.risk["es"][at].item()) / 10.0
    assert once.lines.query("name == 'line 0' and horizon == 6")["marginal_es"].item() == (
        pytest.approx(slope, rel=1e-6)
    )


def test_a_driver_that_tells_all_and_one_that_tells_nothing():
    is_breach = np.arange(100) < 20
    rows = separation({"all": -np.arange(100.0), "same": np.ones(100)}, is_breach)
    assert [(row["driver"], row["auroc"]) for row in rows] == [("all", 1.0), ("same", 0.5)]


def test_the_breakeven_of_one_carry_trade_is_that_of_abm_carry():
    owed = 1e6 * 0.66578 * 160.62
    book = portfolio(
        {"instrument": "AUD", "currency": "AUD", "market_value": 1e6},
        {"instrument": "JPY", "currency": "JPY", "market_value": -owed},
    )
    made = still(days=6, basis=np.zeros((1, 7, 4)))
    found = outcome(book, made, (6,)).breakeven
    days = made.nights.sum()
    terms = {"compounding": "simple", "days": days, "basis_domestic": 365, "basis_foreign": 365}
    rate = breakeven_rate(0.001 + 0.003, 0.0435, None, 160.62, **terms)
    assert found["quote"].item() == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("base", ["USD", "JPY", "AUD"])
def test_it_is_the_same_trade_in_any_currency(base):
    book = portfolio(
        {"instrument": "AUD", "currency": "AUD", "market_value": 1e6},
        {"instrument": "JPY", "currency": "JPY", "market_value": -1e6 * 0.66578 * 160.62},
        base=base,
    )
    rise = outcome(book, still(base=base), (6,)).breakeven["rise_log"].item()
    cost = 0.001 + 0.003  # the yen rate, and the spread of its lender
    assert rise == pytest.approx(np.log((1 + 0.0435 * 8 / 365) / (1 + cost * 8 / 365)), rel=1e-9)


def test_without_yen_there_is_no_breakeven():
    found = outcome(portfolio({"instrument": "SPX", "market_value": 1e6}), still())
    assert found.breakeven["rise_log"].isna().all()


def test_a_shocked_yen_lowers_the_sharpe_ratio_of_a_long_book():
    made = market(n=100)
    prices = np.zeros_like(made.log_prices)
    days = np.arange(7)
    noise = 0.002 * np.random.Generator(np.random.PCG64(5)).standard_normal((100, 7))
    noise[:, 0] = 0.0
    prices[:, :, 4] = 0.001 * days + np.cumsum(noise, axis=1)  # shares rise
    prices[:, :, 0] = 0.004 * days  # and so does the yen
    made = market(n=100, log_prices=prices)
    book = portfolio({"instrument": "SPX", "market_value": 1e6, "funding_currency": "JPY",
                      "leverage": 2.0})  # fmt: skip
    table = outcome(book, made).variants_table.query("horizon == 6").set_index("variant")["sharpe"]
    assert table["as it is"] < 0.0 < table["constant funding"]


def test_unlevered_and_hedged_are_what_they_say():
    made = market(n=60, margin_rate=np.full((60, 7), 0.2))
    found = outcome(portfolio(*LEVERED), made).variants
    assert found["unlevered"].called == {}
    assert found["unlevered"].value[0, 0] == pytest.approx(found["as it is"].value[0, 0])
    assert found["hedged"].pnl.std() < found["as it is"].pnl.std()
