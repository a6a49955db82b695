"""Early warning on the page: where a day lies, what that was worth, and the caveats beside it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

import abm
from abm.classroom.warning.reading import read_run, shipped_study, told_of
from abm.classroom.warning.words import day_html, worth
from abm.warning.columns import PUBLISHED_AFTER_DAYS
from abm.warning.of_run import ahead_in_run
from abm.warning.own import percentile_of
from abm.words import LANGUAGES, words
from tests.classroom.settling import settle
from tests.classroom.test_browser import HIKE, press, saved_csv
from tests.stress.test_running import SCENARIO


@pytest.fixture(scope="module")
def readings():
    return read_run(SCENARIO, 3, 0)


def test_positions_of_a_run_are_known_when_they_are_published(readings):
    own = abm.run(SCENARIO, 3).indicators["net_short_share"].to_numpy()
    known = readings.values["net_short_share"]
    assert np.isnan(known[:PUBLISHED_AFTER_DAYS]).all()
    assert known[PUBLISHED_AFTER_DAYS:].tolist() == own[:-PUBLISHED_AFTER_DAYS].tolist()


def test_a_day_lies_where_its_values_lie_among_the_simulated_days(readings):
    study = shipped_study()
    found = readings.on(study, 5).set_index("indicator")
    for name, row in found.iterrows():
        grid = study.distribution.query("indicator == @name")["value"].to_numpy()
        assert row["value"] == readings.values[name][5]
        assert row["percentile"] == percentile_of(row["value"], grid)
    assert "absorption_shift" not in found.index, "twelve days fill no window of a year"


def test_a_rise_of_seven_per_cent_lies_ahead_of_the_twenty_days_before_it():
    days = pd.DataFrame({"log_JPY": np.zeros(60), "log_AUD": np.zeros(60)})
    days.loc[25:, ["log_JPY", "log_AUD"]] = np.log(1.0701)  # against the yen it stands still
    ahead = ahead_in_run(SimpleNamespace(scenario=abm.load_scenario("hike"), days=days))
    assert np.flatnonzero(ahead == 1.0).tolist() == list(range(5, 25))
    assert np.isnan(ahead[40:]).all() and (ahead[25:40] == 0.0).all()


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.51, 0.6, "better"), (0.4, 0.5, "nothing"), (0.4, 0.49, "worse")]
)
def test_an_area_whose_band_holds_one_half_tells_nothing(low, high, word):
    assert worth({"auroc_low": low, "auroc_high": high}) == word


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_caveats_stand_with_the_shares_and_none_speaks_of_a_shock_that_is_not(
    readings, language
):
    study, say = shipped_study(), words(language)
    found = readings.on(study, 5)
    shocked, calm = (day_html(study, found, "d", 0.0, is_, say) for is_ in (True, False))
    assert say("warning.caveat.shares") in shocked and say("warning.caveat.shares") in calm
    assert say("warning.caveat.run") in shocked and say("warning.caveat.run") not in calm
    assert all(say.has(f"warning.label.{name}") for name in told_of(study))


@pytest.mark.browser
def test_another_day_and_another_indicator_are_shown_and_saved(visit):
    page = visit(tab="warning", **HIKE)
    table = page.locator("table.warnings")
    table.wait_for()
    settle(page)  # the slider has its last day a little after the table
    expect(page.get_by_text("no forecast. That world")).to_be_visible()
    page.get_by_role("slider", name="Day of the run").press("End")
    expect(page.get_by_text("Whether one lies ahead of this day cannot be said")).to_be_visible()
    page.get_by_role("combobox", name="Indicator").select_option(label="leverage of hedge funds")
    settle(page)
    scenario = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 60})
    days = abm.run(scenario, rng=7).days
    file, rows = saved_csv(page)
    assert file == "early-warning-through_run.csv"
    assert [float(row["value"]) for row in rows] == days["leverage"].tolist()
    shown = table.get_by_role("row").filter(has_text="leverage of hedge funds").inner_text()
    assert f"{days['leverage'].iloc[-1]:.3g}" in shown
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    press(page, "Play")
    expect(page.get_by_role("button", name="One day")).to_be_visible()
