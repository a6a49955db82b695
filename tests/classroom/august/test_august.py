"""August 2024: the band is that of the published runs, and the record is the record."""

import math
from datetime import date
from html import unescape

import numpy as np
import pandas as pd
import pytest

from abm.classroom.august import band
from abm.classroom.august.tab import AugustTab
from abm.classroom.august.words import WINDOWS, day_name, misses_table, world_text
from abm.classroom.page import Page
from abm.episodes.record import CFTC_YEN_2024, EVENTS_2024, KEY_DAYS_2024
from abm.scenario.files import PACKAGE
from abm.words import LANGUAGES, words

FEW = 20
RESULTS = PACKAGE.parent / "results" / "august-2024-record"
USDJPY, AUDJPY, MXNJPY, NIKKEI, SP500 = band.PATHS


def day(iso):
    return band.dates().index(iso)


@pytest.fixture
def few_runs(monkeypatch):
    monkeypatch.setattr(band, "N_RUNS", FEW)


def test_the_band_is_that_of_the_published_table():
    table = pd.read_csv(RESULTS / "paths.csv").iloc[1:]
    assert table["date"].tolist() == list(band.dates())
    runs = band.runs_so_far(band.N_RUNS)
    for path in band.PATHS:
        for which, drawn in band.fan(runs.logs[path.name])._asdict().items():
            kept = table[f"{path.name}_{which}"].to_numpy()
            assert drawn == pytest.approx(kept, abs=1e-6)  # the table has six digits


def test_the_real_path_is_that_of_the_published_table():
    table = pd.read_csv(RESULTS / "paths.csv").iloc[1:]
    for path in (USDJPY, AUDJPY, MXNJPY):
        drawn = np.log(band.fixings(path) / band.eve_quote(path))
        assert drawn == pytest.approx(table[f"{path.name}_real"].to_numpy(), abs=1e-6)


def test_the_model_opens_where_the_record_stood_on_the_eve():
    assert band.eve_quote(USDJPY) == pytest.approx(160.62, abs=0.01)
    assert band.eve_quote(NIKKEI) == 39583.08


def test_the_nikkeis_worst_day_is_the_one_remembered():
    runs = band.runs_so_far(FEW)
    fell = band.move_on(runs, NIKKEI, day("2024-08-05"))
    assert math.expm1(fell.real) == pytest.approx(31458 / 35910 - 1.0)  # -12.4%
    assert round(100 * math.expm1(fell.real), 1) == -12.4
    assert not band.move_on(runs, NIKKEI, day("2024-07-23")).is_known
    closes = runs.logs["NKY"][:, [day("2024-08-02"), day("2024-08-05")]]
    assert fell.median == pytest.approx(np.median(closes[:, 1] - closes[:, 0]))


def test_changes_since_the_eve_are_sums_of_moves():
    runs, last = band.runs_so_far(FEW), day("2024-07-31")
    moves = [band.move_on(runs, USDJPY, i).real for i in range(last + 1)]
    since = band.change_since_eve(runs, USDJPY, last)
    assert sum(moves) == pytest.approx(since.real, abs=1e-12)
    assert since.median == pytest.approx(np.median(runs.logs["USDJPY"][:, last]))


def test_between_key_days_the_closes_count():
    found = band.change_between(band.runs_so_far(band.N_RUNS), USDJPY, "2024-07-10", "2024-08-05")
    assert found.real == pytest.approx(math.log(143.95 / 161.73))
    published = pd.read_csv(RESULTS / "moments.csv").set_index("moment")
    assert found.median == pytest.approx(published["median"]["USDJPY 10 Jul-5 Aug"], abs=1e-6)


def test_inside_is_between_the_bounds_and_nothing_is_inside_without_a_record():
    assert band.Beside(-0.05, -0.06, -0.02, 0.01).is_inside
    assert not band.Beside(-0.07, -0.06, -0.02, 0.01).is_inside
    unknown = band.Beside(math.nan, -0.06, -0.02, 0.01)
    assert not unknown.is_known and not unknown.is_inside


def test_events_lie_on_trading_days_and_in_order_and_have_words():
    days = [event.date for event in EVENTS_2024]
    assert days == sorted(days) and set(days) <= set(band.dates())
    names = {event.name for event in EVENTS_2024}
    for language in LANGUAGES:
        assert words(language).group("august.events").keys() == names


def test_speculators_closed_94_percent_of_their_short_in_five_weeks():
    positions = list(CFTC_YEN_2024.values())
    assert 1.0 - positions[4] / positions[0] == pytest.approx(0.94, abs=0.005)
    assert positions[-1] > 0  # and were long a week later


def test_cftc_reports_are_of_tuesdays():
    assert {date.fromisoformat(day).weekday() for day in CFTC_YEN_2024} == {1}


def test_the_script_has_only_what_was_announced():
    say = words("en")
    said = say("august.scripted")
    scripted = [d for d in band.dates() if said in unescape(world_text(day(d), say))]
    assert scripted == ["2024-07-11", "2024-07-12", "2024-07-31", "2024-08-02", "2024-08-07"]


def test_a_day_is_told_by_what_happened_on_it():
    told = world_text(day("2024-08-05"), words("en"))
    assert "4,451 points" in told and "65.7" in told and "38.57" in told
    assert "This table has no entry for the day" in world_text(day("2024-07-25"), words("en"))
    assert day_name(day("2024-08-05"), words("en")) == "Monday, 5 Aug 2024"
    assert day_name(day("2024-08-05"), words("ja")) == "2024年8月5日（月）"


def test_every_window_lies_between_key_days():
    keys = {key_day.date for key_day in KEY_DAYS_2024}
    assert {w.start for w in WINDOWS} | {w.end for w in WINDOWS} <= keys


def test_the_table_of_misses_says_that_the_rebound_lies_outside():
    table = misses_table(band.runs_so_far(band.N_RUNS), words("en"))
    row = table.split("Nikkei 225, 5 Aug to 15 Aug")[1].split("</tr>")[0]
    assert "+16.7%" in row and ">no<" in row


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tab_can_be_built_in_every_language(language, few_runs):
    page = Page(f"?tab=august&lang={language}")
    tab = page.tabs["august"]
    tab.view()
    assert tab.n_runs == FEW
    assert page.say("august.quote") in tab.table.object
    assert len(tab.chart.source.data["median"]) == len(band.dates())


def test_steps_go_by_days_and_by_events(few_runs):
    tab = Page("?tab=august").tabs["august"]
    back_event, back, on, on_event = tab._steps()
    tab.go_to(day("2024-07-30"))
    on.clicks += 1
    assert tab.slider.value == day("2024-07-31")
    on_event.clicks += 1
    assert tab.slider.value == day("2024-08-02")
    back.clicks += 1
    back_event.clicks += 1
    assert tab.slider.value == day("2024-07-31")
    assert tab.chart.marked.left < tab.slider.value < tab.chart.marked.right
    tab.go_to(10_000)
    assert tab.slider.value == len(band.dates()) - 1


def test_another_quote_is_drawn_in_its_own_units(few_runs):
    tab = Page("?tab=august").tabs["august"]
    tab.quote.value = "NKY"
    data = tab.chart.source.data
    assert data["close"][day("2024-08-05")] == 31458
    assert all(data["low"] <= data["median"]) and all(data["median"] <= data["high"])


def test_the_key_has_fixings_only_of_currencies(few_runs):
    tab = Page("?tab=august").tabs["august"]
    assert tab.chart.fixing_key.visible
    tab.quote.value = "SPX"
    assert not tab.chart.fixing_key.visible
    assert tab.chart.fixing_key.label.value == "real: ECB fixing"


def test_the_real_path_is_drawn_before_any_run(few_runs):
    tab = AugustTab(Page("?tab=play"))
    assert tab.n_runs == 0 and np.isfinite(tab.chart.source.data["fixing"]).any()
    assert np.isnan(tab.chart.source.data["median"]).all()


def test_rebounds_of_shares_lie_inside_by_each_runs_own_trough_and_the_nikkeis_fall_is_mild():
    published = pd.read_csv(RESULTS / "moments.csv").set_index("moment")
    for name in ("Nikkei share regained in 10 days", "S&P share regained in 10 days"):
        row = published.loc[name]
        assert row["low"] < row["real"] < row["high"]
    fall = published.loc["Nikkei July peak to trough"]
    assert fall["low"] < fall["real"] < fall["median"] < 0.5 * fall["real"]
    assert fall["share_of_runs_below_real"] < 0.1
    changes = [band.change_between(band.runs_so_far(band.N_RUNS), NIKKEI, *days) for days in
               (("2024-07-11", "2024-08-05"), ("2024-08-05", "2024-08-15"))]  # fmt: skip
    assert not any(change.is_inside for change in changes)
