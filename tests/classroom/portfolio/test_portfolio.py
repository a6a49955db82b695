"""Your portfolio: a file of the reader's own, read in memory, through the simulated market."""

import os
import re
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

import abm
from abm.classroom.portfolio import asking
from abm.classroom.portfolio.asking import Asked, answer
from abm.classroom.portfolio.bring import MOST_BYTES
from abm.classroom.portfolio.charts import bins_of, currencies_of
from abm.classroom.portfolio.words import faults_html, lines, story_html
from abm.errors import ScenarioFaults
from abm.measures.tails import value_at_risk
from abm.stress.cells import CsvFile
from abm.stress.running import stressed
from abm.words import words
from tests.classroom.settling import settle
from tests.classroom.test_browser import HIKE, press, saved_csv, wait_for_day
from tests.stress.test_running import SCENARIO

EVIL = "=HYPERLINK(1)"
MINE = f"""name,instrument,currency,market_value,funding_currency,leverage
{EVIL},SPX,USD,1000000,JPY,5
<script>alert(1)</script>,AUD,AUD,1000000,,1
"""
WRONG = """name,instrument,currency,market_value
shares,SPX,USD,"1,000"
<b>gold</b>,XAU,USD,5
cash,USD,EUR,1
"""
OPENED = []  # files that were opened to be written while a test listens
sys.addaudithook(
    lambda event, given: (
        OPENED.append(given[0])
        if OPENED and event == "open" and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        else None
    )
)


def asked(content=MINE, **changed):
    what = {"scenario": SCENARIO, "seed": 3, "horizon": 5, "paths": 6} | changed
    return Asked(CsvFile("mine.csv", content.encode()), **what)


@pytest.fixture(scope="module")
def found():
    return answer(asked(), "en", lambda n: None)


def test_a_file_of_the_readers_own_is_never_written_anywhere(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    OPENED.append("listening")
    again = answer(asked(), "ja", lambda n: None)
    assert OPENED == ["listening"] and not list(tmp_path.iterdir())
    OPENED.clear()
    assert np.array_equal(again.found.profits, found.found.profits)


def test_pages_share_the_runs_of_a_market_and_no_portfolio(found):
    told = []
    more = answer(asked(MINE.replace("1000000", "2000000"), paths=8), "en", told.append)
    assert told == [6, 7, 8], "six of the eight were there"
    assert more.found.profits[:6] == pytest.approx(2.0 * found.found.profits)


def test_what_a_spreadsheet_or_a_browser_would_run_is_shown_as_text(found):
    names = [row[0] for row in lines(found, words("en"))]
    assert f"'{EVIL}" in names
    with pytest.raises(ScenarioFaults) as refused:
        asked(WRONG).portfolio()
    shown = faults_html(refused.value, "<i>.csv", words("en"))
    assert shown.count("<tr>") == 1 + len(refused.value.faults) == 4
    assert "<td>2</td>" in shown and "<td>4</td>" in shown and "<i>" not in shown
    assert "must be digits with a decimal point" in shown and "&lt;i&gt;.csv" in shown
    assert "<b>day 0</b>" in story_html(found, words("en"))


def test_the_red_bars_are_the_paths_at_or_beyond_the_value_at_risk():
    profits = np.linspace(-40.0, 39.0, 80)
    bins = bins_of(profits, value_at_risk(profits, 0.975))
    assert bins["beyond"].sum() == 2 and bins["rest"].sum() == 78
    assert bins["top"].tolist() == np.histogram(profits, 40)[0].tolist()


def test_the_currency_that_needs_most_money_comes_first():
    """In dollars: a thousand yen are fewer than a hundred dollars."""
    needs = pd.DataFrame({"day": 3, "currency": ["JPY", "USD"], "need_q99": [1000.0, 100.0]})
    market = SimpleNamespace(
        n_days=3, currencies=("JPY", "USD"), fx=[np.full((1, 4), 0.0065), np.ones((1, 4))]
    )
    assert currencies_of(SimpleNamespace(funding=needs, market=market)) == ["USD", "JPY"]


def test_of_many_markets_the_last_ones_are_kept(monkeypatch):
    monkeypatch.setattr(asking, "_markets", type(asking._markets)())
    for seed in range(asking.MOST_MARKETS + 2):
        asking._market_of(SCENARIO, seed)
    kept = [seed for _, seed in asking._markets]
    assert kept == list(range(2, asking.MOST_MARKETS + 2))


@pytest.mark.browser
def test_a_file_is_dropped_and_its_losses_are_those_of_the_command(visit, photograph):
    page = visit(tab="portfolio", **HIKE)
    heading = page.get_by_role("heading", level=3)
    expect(heading.get_by_text("Carry fund at leverage 4: Hike")).to_be_visible()
    file = page.get_by_label("Drop a CSV file here")
    file.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": MINE.encode()})
    expect(heading.get_by_text("mine.csv: Hike")).to_be_visible()
    settle(page)
    scenario = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 60})
    name, rows = saved_csv(page)
    assert name == "mine-hike-seed-7-fan.csv" and len(rows) == 21
    growing = asking.GrowingMarket(scenario, 7)
    for _ in range(4):
        growing.add()
    book = Asked(CsvFile("mine.csv", MINE.encode()), scenario, 7, 20, 4).portfolio()
    four = stressed(book, growing.market(4, 20, book.base), (20,))
    assert float(rows[-1]["worst"]) <= four.profits.min(), "the worst of 200 holds the worst of 4"
    expect(page.get_by_role("cell", name=f"'{EVIL}")).to_be_visible()
    assert page.locator("script", has_text="alert(1)").count() == 0
    assert "mine" not in page.url, "no link holds a file"
    photograph(page, "portfolio-mine")
    press(page, "Open the worst path in Play")
    page.wait_for_url("**replicate=**")
    expect(page.get_by_role("button", name="Run to end")).to_be_visible()


@pytest.mark.browser
def test_a_faulty_file_is_refused_whole_and_the_same_one_mended_is_read(visit, photograph):
    page = visit(width=390, height=844, tab="portfolio", **HIKE)
    file = page.get_by_label("Drop a CSV file here")
    heading = page.get_by_role("heading", level=3)
    expect(heading.get_by_text("Carry fund")).to_be_visible()
    for text, said in ((WRONG, "mine.csv cannot be read: 3 faults"), ("", "is empty")):
        file.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": text.encode()})
        expect(page.get_by_role("alert").get_by_text(said)).to_be_visible()
        expect(heading.get_by_text("Carry fund")).to_be_hidden()
    photograph(page, "portfolio-faults")
    large = MINE.encode() + b" " * 4 * MOST_BYTES  # more than the door lets in
    file.set_input_files({"name": "big.csv", "mimeType": "text/csv", "buffer": large})
    expect(page.get_by_text("big.csv is larger than 512 KB")).to_be_visible()
    file.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": MINE.encode()})
    expect(heading.get_by_text("mine.csv: Hike")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_another_page_answers_while_one_simulates(visit):
    other = visit(**HIKE)
    busy = visit(tab="portfolio", paths=1000, scenario="wide", seed=99)  # for many seconds
    expect(busy.get_by_text(re.compile("Simulating the market: .* of 1,000"))).to_be_visible()
    press(other, "One day")
    wait_for_day(other, 1)
    press(busy, "Play")  # the work is dropped
