"""`abm.stress.run` through the store of sweeps, in worlds small enough for a test."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

import abm
from abm.errors import InvalidInput, OutputRefused
from abm.stress import run
from abm.stress.in_memory import GrowingMarket
from abm.stress.loans import PARTS
from abm.stress.result import TABLES
from abm.sweep import pool
from abm.sweep.store import load_sweep
from tests.stress.toy import market, outcome, portfolio, table
from tests.sweep.small import HereAndNow

SMALL = {
    "calendar.days": 12,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.2,
    "shock.surprise_bp": 60,
}
SCENARIO = abm.load_scenario("hike").with_changes(SMALL)
LINES = table(
    {"instrument": "SPX", "market_value": 1e6},
    {"instrument": "AUD", "currency": "AUD", "market_value": 1e6, "funding_currency": "JPY",
     "leverage": 5.0},
    {"instrument": "JPY", "quantity": 1e8, "kind": "call", "strike": 158, "expiry": "9d"},
)  # fmt: skip


@contextmanager
def in_this_process(n_workers):
    yield HereAndNow()


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(pool, "own_processes", in_this_process)


def stress_test(folder=None, scenario=SCENARIO, **changed):
    given = {"runs": 6, "horizon": (1, 5), "seed": 3} | changed
    return run(LINES, scenario, folder=folder, **given)


def test_paths_are_the_runs_of_the_scenario_counted_from_the_eve(here):
    scenario = SCENARIO.with_changes({"calendar.shock_day": 4})
    found = stress_test(scenario=scenario)
    own = found.rerun(2)
    log = own.days["log_SPX"].to_numpy()
    assert found.market.log_prices[2, :, 4] == pytest.approx(log[3:9] - log[3], abs=1e-12)
    assert found.market.margin_rate[2, 1:] == pytest.approx(own.days["margin_rate"][4:9])
    assert found.market.rates[0, :, 0] == pytest.approx([0.001] + [0.007] * 5)
    assert found.market.depth_share[2, 1] == own.days["dealer_depth_share"].iloc[3]
    calm = [0.28 * 2880.0 + 417.0, 0.5 * 7200.0 + 3600.0]  # yen and Treasuries, of all who quote
    withdrawn = found.market.depth_share[2, 1]
    yen, treasuries = found.market.depth[2, 1, [0, 3]]
    assert yen == pytest.approx(calm[0] - 417.0 * (1.0 - withdrawn))
    assert 0.5 * 7200.0 < treasuries <= calm[1]
    assert found.market.nights.tolist() == [0, *scenario.calendar.nights()[9:14]]
    short = found.carried.parts.sum(axis=0) - found.carried.pnl
    assert np.abs(short).max() < 0.01


def test_rates_that_follow_rules_are_those_of_each_path(here):
    small = {k: v for k, v in SMALL.items() if not k.startswith("shock")}
    rule = {"policy.boj.first_meeting": 2, "policy.boj.meeting_every_days": 3}
    scenario = abm.load_scenario("stop-and-go").with_changes(small | rule)
    found = stress_test(scenario=scenario, horizon=10, runs=3)
    assert np.ptp(found.market.rates[:, :, 0]) > 0.0
    for path in range(3):
        events = found.rerun(path).events
        moves = events[(events["kind"] == "policy") & (events["counterparty"] == "")]
        for c, name in enumerate((*scenario.currencies, "")):
            of_name = moves[(moves["instrument"] == name) & (moves["day"] < 10)]
            rates = found.market.rates[path, :, c]
            assert rates[-1] - rates[0] == pytest.approx(of_name["amount_usd_bn"].sum(), abs=1e-15)


def test_a_market_in_memory_is_that_of_a_folder_to_the_byte(here):
    small = {k: v for k, v in SMALL.items() if not k.startswith("shock")}
    scenario = abm.load_scenario("stop-and-go").with_changes(small)
    folder = stress_test(scenario=scenario, horizon=10, runs=3).market
    growing = GrowingMarket(scenario, 3)
    for _ in range(4):
        growing.add()
    memory = growing.market(3, 10, folder.base)
    for name in ("log_prices", "rates", "nights", "margin_rate", "depth", "variance"):
        np.testing.assert_array_equal(getattr(memory, name), getattr(folder, name), name)
    assert memory.replicates.tolist() == [0, 1, 2] and memory.n_failed == 0
    growing.runs[0] = growing.runs[2] = None  # as if they had failed
    rest = growing.market(3, 10, folder.base)
    assert rest.replicates.tolist() == [1] and rest.n_failed == 2
    np.testing.assert_array_equal(rest.rates[0], folder.rates[1])


def test_an_interrupted_market_goes_on_and_gives_the_same_tables(here, tmp_path, monkeypatch):
    whole = stress_test(tmp_path / "whole")
    stress_test(tmp_path / "cut")
    rows = sorted((tmp_path / "cut" / "runs").glob("rows-*"))
    for path in rows[len(rows) // 2 :]:
        path.unlink()
    again = stress_test(tmp_path / "cut")
    for name in TABLES:
        pd.testing.assert_frame_equal(whole.tables[name], again.tables[name], check_exact=True)
    # Another portfolio on the same market runs nothing again.
    kept = load_sweep(tmp_path / "cut")["seconds"]
    run(LINES.iloc[:1], SCENARIO, 6, 5, 3, folder=tmp_path / "cut")
    assert load_sweep(tmp_path / "cut")["seconds"].equals(kept)
    with pytest.raises(OutputRefused):
        stress_test(tmp_path / "cut", seed=4)


def test_one_and_two_workers_give_the_same_bytes(tmp_path, monkeypatch):
    two = stress_test(tmp_path / "two", workers=2, runs=4)
    monkeypatch.setattr(pool, "own_processes", in_this_process)
    one = stress_test(tmp_path / "one", workers=1, runs=4)
    for name in TABLES:
        pd.testing.assert_frame_equal(one.tables[name], two.tables[name], check_exact=True)


def test_a_saved_result_has_every_table_twice_and_a_manifest(here, tmp_path):
    found = stress_test()
    place = found.save(tmp_path / "kept")
    names = {path.name for path in place.iterdir()}
    assert {f"{name}.{end}" for name in TABLES for end in ("csv", "parquet")} <= names
    assert {"manifest.json", "summary.json", "scenario.toml"} <= names
    back = pd.read_parquet(place / "paths.parquet")
    assert back["pnl_5d"].to_numpy() == pytest.approx(found.profits[:, 1])
    assert back[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(found.profits[:, 1], abs=0.01)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"runs": 0}, "runs = 0, must be a whole number from 1"),
        ({"workers": 0}, "workers = 0"),
        ({"horizon": ()}, "must be whole trading days"),
        ({"horizon": 0.5}, "must be whole trading days"),
        ({"horizon": 60}, "must be at most 12 in hike"),
    ],
)
def test_numbers_that_cannot_be(changed, words):
    with pytest.raises(InvalidInput, match=words):
        stress_test(**changed)


def test_without_hedge_funds_a_levered_line_needs_its_own_margin():
    made = market(margin_rate=np.full((40, 7), np.nan))
    fund = {"instrument": "UST", "market_value": 1e6, "leverage": 2.0}
    with pytest.raises(InvalidInput, match="give margin_rate for line 0"):
        outcome(portfolio(fund), made)
    assert outcome(portfolio(fund | {"margin_rate": 0.1}), made).accounts["p_sold"].notna().all()


def test_each_currency_has_the_basis_that_its_swaps_have_in_the_run(here):
    scenario = abm.load_scenario("franc-2015").with_changes({"population.scale": 0.2})
    found = stress_test(scenario=scenario, horizon=4, runs=1)
    own, eve = found.rerun(0).days, scenario.shock_day - 1
    franc = [*scenario.currencies].index("CHF")
    for currency, column in ((0, "basis_bp"), (franc, "basis_CHF_bp")):
        shown = own[column].to_numpy()[eve + 1 : eve + 5] * 1e-4
        assert found.market.basis[0, 1:, currency] == pytest.approx(shown)
    assert not found.market.basis[:, :, -1].any()
