"""A study of early warning: chance scores chance, nothing is known early, files resume."""

import json

import numpy as np
import pandas as pd
import pytest

import abm
from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.measures.warning import Event
from abm.warning import running, simulating
from abm.warning.columns import (
    ALL,
    BY_NAME,
    CONSTANT,
    CROSS,
    INDICATORS,
    POSITIONS,
    PUBLIC,
    TOMORROW,
    YEN,
)
from abm.warning.combining import combine, from_rows
from abm.warning.labelling import joined, labelled
from abm.warning.scoring import Thresholds, score, score_all, thresholds
from abm.warning.tables import tables_of

FREE = [one.name for one in INDICATORS if one.name != "basis_bp"]


def made_up(n_series: int, seed: int, knows: str = "", n_days: int = 1500):
    """Histories of chance, with jumps of the yen now and then; one column may know of them."""
    random = np.random.default_rng(seed)
    panels = []
    for _ in range(n_series):
        jump = np.where(random.random(n_days) < 0.006, 0.08, 0.0)
        yen = np.cumsum(random.normal(0.0, 0.002, n_days) + jump - jump.mean())
        panel = {"day": np.arange(n_days), YEN: yen, CROSS: -0.1 * yen}
        for name in (*FREE, TOMORROW):
            panel[name] = np.convolve(random.normal(size=n_days + 19), np.ones(20), "valid")
        if knows:  # of every jump in the twenty days to come
            ahead = np.convolve(np.r_[jump, np.zeros(19)], np.full(20, 100.0), "valid")
            panel[knows] = panel[knows] + ahead
        panels.append(pd.DataFrame(panel))
    return panels


@pytest.fixture(scope="module")
def chance():
    return tables_of(made_up(24, seed=3))


def test_what_knows_nothing_scores_one_half(chance):
    scores = chance.tables["scores"].set_index("indicator")
    assert chance.counts["n_events_scored"] > 60
    for name in FREE:
        row = scores.loc[name]
        half = (row["auroc_high"] - row["auroc_low"]) / 2
        assert abs(row["auroc"] - 0.5) < 2 * half < 0.2, name
        assert row["usefulness"] < 0.1
    constant = scores.loc[CONSTANT]
    assert constant["auroc"] == constant["auroc_low"] == 0.5
    assert constant["usefulness"] == pytest.approx(0.0) and constant["n_events_told"] == 0
    # Eleven columns of chance fit their own half and no other.
    assert abs(scores.loc[ALL, "auroc"] - 0.5) < 0.1


def test_shuffled_labels_score_one_half():
    panels = made_up(16, seed=5, knows="leverage")
    days = joined([labelled(n, p[YEN], p[CROSS], {"leverage": p["leverage"]})
                   for n, p in enumerate(panels)])  # fmt: skip
    level = days.values["leverage"]
    knowing = score("leverage", days, level, thresholds(days, level))
    assert knowing["auroc"] > 0.8
    random = np.random.default_rng(1)
    found = []
    for _ in range(20):
        shuffled = days._replace(is_ahead=random.permutation(days.is_ahead))
        found.append(score("leverage", shuffled, level, thresholds(days, level))["auroc"])
    assert np.mean(found) == pytest.approx(0.5, abs=0.02)


def test_a_column_that_knows_is_found_on_seeds_that_it_was_not_fitted_on():
    found = tables_of(made_up(24, seed=4, knows="margin_slack"))  # warns where it is low: wrong way
    scores = found.tables["scores"].set_index("indicator")
    assert scores.loc["margin_slack", "auroc_high"] < 0.3  # its direction is the text's, not fitted
    assert scores.loc[ALL, "auroc_low"] > 0.7  # the regression finds it
    assert scores.loc[ALL, "usefulness_low"] > 0.2
    assert scores.loc[ALL, "n_events_told"] > 0.4 * scores.loc[ALL, "n_events"]
    assert abs(scores.loc[PUBLIC, "auroc"] - 0.5) < 0.1
    near = found.tables["distribution"].query("indicator == 'margin_slack'")
    assert near["event_share"].iloc[-1] > 5 * near["event_share"].iloc[0]
    assert (near["event_share_low"] <= near["event_share"] + 1e-12).all()


def test_weights_and_thresholds_know_nothing_of_the_scored_half():
    one, other = made_up(8, seed=10), made_up(8, seed=11)
    mixed = [other[n] if n % 2 else one[n] for n in range(8)]
    first, second = tables_of(one).tables, tables_of(mixed).tables
    pd.testing.assert_frame_equal(first["coefficients"], second["coefficients"])
    chosen = ["threshold_usefulness", "threshold_usefulness_wary", "threshold_rare"]
    pd.testing.assert_frame_equal(first["scores"][chosen], second["scores"][chosen])
    assert (first["scores"]["auroc"] != second["scores"]["auroc"])[1:].all()


def test_an_alarm_tells_the_event_of_its_own_history_alone():
    # The yen jumps on day 200 of both histories; the first alone has an alarm before it, the second
    # alone a false one, on days 50 and 60: one alarm.
    yen, told, false = np.where(np.arange(400) < 200, 0.0, 0.08), np.zeros(400), np.zeros(400)
    told[190:195], false[[50, 60]] = 1.0, 1.0
    parts = [labelled(n, yen, np.zeros(400), {"overlap": x}) for n, x in enumerate((told, false))]
    days = joined(parts)
    row = score("overlap", days, days.values["overlap"], Thresholds(0.5, 0.5, 0.5))
    assert (row["n_events"], row["n_events_told"], row["lead_days"]) == (2, 1, 10.0)
    # Scored are days 0 to 199 and 240 to 379, twenty of them with the event ahead.
    assert row["calm_years"] == pytest.approx(2 * 320 / 250)
    assert row["false_alarms_per_calm_year"] == pytest.approx(1 / row["calm_years"])
    assert row["precision"] == pytest.approx(5 / 7)
    assert row["usefulness"] == pytest.approx(5 / 40 - 2 / 640)


def test_bands_resample_events_not_days():
    # One event makes every day before it one draw: its band is as wide as can be.
    yen = np.r_[np.zeros(400), np.full(400, 0.08)]
    days = labelled(0, yen, np.zeros(800), {"leverage": np.sin(np.arange(800.0))})
    assert days.n_events == 1 and days.events[0] == (Event(400, 439),)
    ahead = days.block[days.is_ahead]
    assert len(set(ahead)) == 1 and len(ahead) == 20
    assert not set(ahead) & set(days.block[~days.is_ahead])


def test_positions_are_known_three_days_after_their_tuesday():
    days = np.arange(20.0)  # day 0 is a Monday
    known = simulating.published(days)
    assert np.isnan(known[:4]).all()
    assert known[4:9].tolist() == [1.0] * 5 and known[9] == 6.0  # Friday to Thursday, then the next


def test_surprises_are_no_function_of_the_calendar():
    drawn = [simulating.surprises(1, replicate) for replicate in range(200)]
    assert len({one[0].day for one in drawn}) > 60  # the first has no day of its own
    sizes = np.array([surprise.bp for one in drawn for surprise in one])
    assert len(sizes) / 200 == pytest.approx(40.0, abs=1.5)  # four a year
    assert sizes.std() == pytest.approx(20.0, abs=0.5) and abs(sizes.mean()) < 0.7
    by_day = np.bincount([s.day // 500 for one in drawn for s in one], minlength=5) / len(sizes)
    assert by_day == pytest.approx(np.full(5, 0.2), abs=0.02)
    assert simulating.surprises(1, 3) == drawn[3] != simulating.surprises(2, 3)


def test_tomorrow_is_the_surprise_of_the_next_day():
    following = simulating.tomorrow((simulating.Surprise(0, 5.0), simulating.Surprise(7, -3.0)))
    assert np.flatnonzero(following).tolist() == [6] and following[6] == -3.0


@pytest.mark.parametrize("name", ["hike", "august-2024", "stop-and-go"])
def test_a_world_with_a_script_is_no_sample(name):
    with pytest.raises(InvalidInput, match="nothing is scripted"):
        simulating.with_surprises(abm.load_scenario(name), ())


def test_a_model_comes_back_from_its_table():
    days = joined([labelled(n, p[YEN], p[CROSS], {k: p[k] for k in FREE})
                   for n, p in enumerate(made_up(4, seed=6))])  # fmt: skip
    model = combine(days, FREE[:3])
    again = from_rows(pd.DataFrame(model.rows("mine") + model.rows("other")), "mine")
    assert again.columns == model.columns
    np.testing.assert_array_equal(again.of(days.values), model.of(days.values))
    assert model.probability(days.values).mean() == pytest.approx(days.event_share, rel=0.02)


def test_an_indicator_that_is_unknown_on_some_days_is_scored_on_the_others():
    panels = made_up(6, seed=8)
    days = joined([labelled(n, p[YEN], p[CROSS], {k: p[k] for k in FREE})
                   for n, p in enumerate(panels)])  # fmt: skip
    level = np.where(np.arange(len(days.day)) % 2 == 0, days.values["overlap"], np.nan)
    row = score("overlap", days, level, thresholds(days, level))
    assert row["n_days"] == (len(days.day) + 1) // 2 and 0.0 < row["auroc"] < 1.0
    none = score_all(days._replace(values={"overlap": np.full(len(days.day), np.nan)}),
                     {"overlap": thresholds(days, level)})  # fmt: skip
    assert none["n_days"].tolist() == [0] and "auroc" not in none


@pytest.fixture
def quick_world(monkeypatch):
    """Histories made here, of chance: what is tried is how a study is kept."""
    panels = made_up(8, seed=9)
    calls = []

    class Here:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def submit(self, work, scenario, seed, replicate):
            from concurrent.futures import Future

            calls.append(replicate)
            future = Future()
            future.set_result(panels[replicate])
            return future

    monkeypatch.setattr(running.pool, "own_processes", lambda n: Here())
    return calls


def test_a_study_goes_on_where_it_stopped_and_more_seeds_keep_the_others(quick_world, tmp_path):
    out = tmp_path / "study"
    first = running.study(seeds=4, out=out, workers=1)
    assert quick_world == [0, 1, 2, 3]
    (out / "runs/000002.parquet").unlink()
    again = running.study(seeds=8, out=out, workers=1)
    assert quick_world[4:] == [2, 4, 5, 6, 7]
    assert again.manifest["n_days"] > first.manifest["n_days"]
    kept = running.load_study(out)
    pd.testing.assert_frame_equal(kept.scores, again.scores)
    assert json.loads((out / "manifest.json").read_text())["left_out"] == ["basis_bp"]
    assert {path.name for path in out.glob("*.csv")} == {
        "scores.csv", "distribution.csv", "coefficients.csv", "sample.csv",
    }  # fmt: skip
    with pytest.raises(OutputRefused, match="another study"):
        running.study(seeds=4, seed=1, out=out, workers=1)


def test_a_study_that_is_discarded_and_interrupted_leaves_no_table_of_the_old_one(
    quick_world, tmp_path
):
    def stop(_):
        raise KeyboardInterrupt

    out = tmp_path / "study"
    running.study(seeds=4, out=out, workers=1)
    with pytest.raises(KeyboardInterrupt):
        running.study(seeds=4, seed=1, out=out, workers=1, force=True, progress=stop)
    with pytest.raises(UnreadableFile, match="no study of early warning"):
        running.load_study(out)
    assert not [*out.glob("*.csv"), *out.glob("*.parquet")]


def test_a_history_is_one_run_of_the_world_with_its_surprises(monkeypatch):
    """Columns of the panel against those of the run itself, made again."""
    monkeypatch.setattr(simulating, "N_DAYS", 320)
    monkeypatch.setattr(simulating, "WARM_UP_DAYS", 300)
    world = abm.load_scenario("calm").with_changes(
        {"population.scale": 0.2, "calendar.burn_in_days": 10, "calendar.drift_days": 5}
    )
    panel = simulating.history(world, 5, 1)
    made = simulating.with_surprises(world, simulating.surprises(5, 1))
    run = abm.run(made, 5, replicate=1)
    found = run.indicators.reset_index(drop=True).iloc[300:].reset_index(drop=True)
    for name in ("carry_to_risk", "realised_volatility_per_year", "risk_reversal_per_year",
                 "absorption_ratio", "leverage"):  # fmt: skip
        np.testing.assert_allclose(panel[name], found[name], rtol=1e-12, err_msg=name)
    # The last Tuesday that was published, and the books of the last Tuesday.
    assert panel["day"].tolist() == list(range(300, 320))
    assert panel[POSITIONS].iloc[19] == run.indicators["net_short_share"].iloc[316]
    assert panel[POSITIONS].iloc[18] == run.indicators["net_short_share"].iloc[311]
    assert panel["overlap"].iloc[5] == run.indicators["overlap"].iloc[301]
    assert panel["overlap"].iloc[6] == run.indicators["overlap"].iloc[306]
    assert set(FREE) <= set(panel) and set(BY_NAME) == set(panel) & set(BY_NAME)
