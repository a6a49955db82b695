"""Unwinds of the record, and their runs as forecasts of it."""

import math

import numpy as np
import pytest

import abm
from abm.episodes.forecast import (
    BASIS,
    Basis,
    Episode,
    band_table,
    basis_table,
    run_episode,
    score_table,
    unwind_named,
)
from abm.episodes.paths import day
from abm.episodes.record import UNWINDS, real_path
from abm.episodes.walk import walk
from abm.errors import UnreadableFile

AUGUST = unwind_named("august-2007")


@pytest.fixture(scope="module")
def episode():
    return run_episode(AUGUST, 4, 1)


def test_falls_of_the_record_are_those_of_the_ecb_within_its_hour():
    """H.10 at noon in New York against 14:15 CET: a day of 5% may lie between them."""
    for one in UNWINDS:
        for pair in {"USDJPY", "AUDJPY", "MXNJPY"} & set(one.pairs) - set(one.quotes):
            fall = getattr(one, pair.lower())
            if fall is None or (one.first < "2008-01-02" and pair == "MXNJPY"):
                continue
            path = real_path(pair, one.first, one.last)
            assert (path / path.cummax() - 1.0).min() == pytest.approx(fall, abs=0.031), one.name


def test_the_flash_crash_of_2019_hardly_shows_between_daily_rates():
    path = real_path("USDJPY", "2019-01-02", "2019-01-03")
    assert math.log(path.iloc[1] / path.iloc[0]) == pytest.approx(-0.0125, abs=5e-4)


def test_an_unwind_without_a_scenario_is_no_forecast():
    with pytest.raises(UnreadableFile, match="on record but has no scenario; there are"):
        unwind_named("february-2007")
    with pytest.raises(UnreadableFile, match="did you mean august-2007"):
        unwind_named("august-2006")


def test_the_record_begins_at_the_fixing_of_the_eve(episode):
    """29 June 2007: 123.38; 16 August: 114.28."""
    real = episode.real["USDJPY"]
    assert real[0] == 0.0
    assert real[episode.dates.index("2007-08-16")] == pytest.approx(
        math.log(114.28 / 123.38), abs=2e-4
    )


def test_runs_are_those_of_the_scenario_and_the_frozen_are_not(episode):
    run = abm.run(episode.scenario, rng=1)
    n_days = len(episode.dates) - 1
    assert (episode.paths["USDJPY"][0][1:] == -run.days["log_JPY"].to_numpy()[:n_days]).all()
    assert (episode.short[0][1:] == run.days["yen_short_units"].to_numpy()[:n_days]).all()
    assert not np.allclose(episode.paths["USDJPY"], episode.frozen["USDJPY"])


def test_tables_have_a_row_for_each_series_and_day(episode):
    band, scores = band_table(episode), score_table(episode)
    assert len(band) == len(episode.dates) * 6  # two pairs, two indices, the yen short, the basis
    assert (band["low"] <= band["high"]).all()
    assert scores["series"].tolist() == ["USDJPY", "AUDJPY", "SPX", "NKY"]
    assert scores["crps"].notna().tolist() == [True, True, False, False]
    assert scores["fall_real"].tolist()[2:] == [-0.094, -0.163]
    falls = [np.expm1((p - np.maximum.accumulate(p)).min()) for p in episode.paths["AUDJPY"]]
    farther = scores["share_of_runs_that_fall_farther"]
    assert farther[1] == np.mean([fall < scores["fall_real"][1] for fall in falls])


def test_scores_by_hand():
    """Runs fall by 2 and by 4% on the first day, the record by 3%, half of which comes back."""
    real = np.array([0.0, -0.03, *[-0.03] * 9, -0.015])
    falls = [np.array([0.0, *[fall] * 11]) for fall in (-0.02, -0.04)]
    unwind = AUGUST._replace(pairs=("USDJPY",))
    paths = {"USDJPY": np.array(falls)}
    dates = ["eve", *(f"2007-07-{day:02d}" for day in range(2, 13))]
    scenario = abm.load_scenario("august-2007").with_changes(
        {"news": [], "policy.boj.kind": "none"}
    )
    toy = Episode(unwind, scenario, 0, dates, paths, paths, np.ones((2, 12)), {"USDJPY": real})
    row = score_table(toy).iloc[0]
    # E|X - y| - E|X - X'|/2: .01 - .005 on ten days; on the last .015 - .005.
    assert row["crps"] == row["crps_frozen"] == pytest.approx((10 * 0.005 + 0.010) / 11)
    assert row["mean_width"] == pytest.approx(0.9 * 0.02)
    assert row["share_inside"] == pytest.approx(10 / 11)
    assert row["fall_real"] == pytest.approx(math.expm1(-0.03))
    assert row["share_of_runs_that_fall_farther"] == 0.5
    assert row["trough_real"] == row["trough_median"] == "2007-07-02"
    assert row["regained_real"] == pytest.approx(0.5) and row["regained_median"] == 0.0


def test_the_basis_is_scored_by_hand(episode):
    """Record -40, -240, -140 on days 1, 3 and 13; runs widest at -200 and -220."""
    real = np.full(15, np.nan)
    real[[1, 3, 13]] = -40.0, -240.0, -140.0
    runs = np.full((2, 15), -40.0)
    runs[0, 3:13], runs[1, 4:14] = -200.0, -220.0
    runs[:, 14] = -130.0
    dates = ["eve", *(f"2020-03-{day:02d}" for day in range(2, 16))]
    toy = episode._replace(dates=dates, basis=Basis(runs, runs * 0.0 - 40.0, real))
    row = basis_table(toy).iloc[0]
    # E|X - y| - E|X - X'|/2: 0; of -200 and -40 against -240: 120 - 40; of -40 and -220: 90 - 45.
    assert row["crps"] == pytest.approx((0.0 + 80.0 + 45.0) / 3)
    assert row["crps_frozen"] == pytest.approx((0.0 + 200.0 + 100.0) / 3)
    assert row["share_inside"] == pytest.approx(2 / 3)
    assert (row["widest_real"], row["day_real"]) == (-240.0, "2020-03-04")
    assert row["widest_median"] == -210.0 and row["day_low"] == "2020-03-04"
    assert row["regained_real"] == pytest.approx(0.5)  # 100 of 200 after ten days
    assert row["regained_median"] == pytest.approx((1.0 + 0.5) / 2)


def test_a_basis_is_scored_where_it_moves_and_is_on_record(episode):
    assert np.isnan(episode.basis.real).all() and basis_table(episode).empty
    assert basis_table(episode._replace(basis=None)).empty
    march = unwind_named("march-2020")
    runs = run_episode(march, 2, 1)
    days = abm.run(runs.scenario, rng=1).days
    n_days = len(runs.dates) - 1
    assert (runs.basis.free[0][1:] == days["basis_bp"].to_numpy()[:n_days]).all()
    assert not np.allclose(runs.basis.free, runs.basis.frozen)
    band = band_table(runs)
    told = band[band["series"] == BASIS].set_index("date")["real"].dropna()
    assert told["2020-03-19"] == -246 and len(told) >= 12
    assert set(told.index) <= set(march.basis_bp)


def test_the_walk_knows_every_move_of_the_bank_of_japan_and_no_more():
    """-25bp unexpected in 1998 are -1.94% of the yen; both cuts of 2008 were expected."""
    for name, date, step in (
        ("october-1998", "1998-09-09", 25 * 7.76e-4),
        ("october-2008", "2008-12-19", 0.0),
    ):
        scenario = abm.load_scenario(name)
        mean, sd = (each["USDJPY"] for each in walk(scenario, ("USDJPY",)))
        row = day(scenario, date) + 1
        assert mean[row] - mean[row - 1] == pytest.approx(step)
        assert sd == pytest.approx(0.0608 / 250**0.5)


def test_a_second_move_is_in_the_walk():
    path = [{"name": "second", "day": "2008-12-19", "hike_bp": -20.0, "surprise_bp": -10.0}]
    scenario = abm.load_scenario("october-2008").with_changes({"policy.boj.path": path})
    mean = walk(scenario, ("USDJPY",))[0]["USDJPY"]
    row = day(scenario, "2008-12-19") + 1
    assert mean[row] - mean[row - 1] == pytest.approx(10 * 7.76e-4)
