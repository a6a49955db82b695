"""A report tells of the basis and of banks where there is something to tell, in every language."""

from dataclasses import replace

import numpy as np
import pytest

import abm
from abm.report.funding import banks_matter, basis_facts
from abm.report.pictures import banks_picture, basis_caption, basis_picture
from abm.report.run_page import figures_of, run_report
from abm.report.summary import Told, sections
from abm.words import LANGUAGES, words
from tests.engine.worlds import BANKS_BY_SIZE
from tests.report import small

MARKET = {
    "calendar.days": 12,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.2,
    **BANKS_BY_SIZE,
    "funding.basis.maturity_days": 10,
    "policy.swap_line": {"kind": "facility", "day": 4, "until": 9},
}


@pytest.fixture(scope="module")
def basis():
    return abm.run(abm.load_scenario("hike").with_changes(MARKET), 3)


@pytest.fixture(scope="module")
def broker():
    changes = {"calendar.days": 6, "funding.basis": {"kind": "constant"}}
    return abm.run(abm.load_scenario("prime-broker-failure").with_changes(changes), 3)


def headings(run, language):
    say = words(language)
    named = {say(f"summary.heading.{key}"): key for key in ("basis", "banks")}
    found = sections(Told.of(run), language)
    return {named[s.heading]: " ".join(s.facts) for s in found if s.heading in named}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_tells_of_each_where_there_is_something_to_tell(basis, broker, language):
    assert headings(basis, language).keys() == {"basis"}
    assert "bank-1" in headings(broker, language)["banks"]
    assert headings(small.run(), language) == {}


def test_the_basis_is_told_at_its_widest_with_the_day(basis):
    days = basis.days.assign(basis_bp=-30.0, swap_line_usd_bn=0.0)
    days.loc[days["day"] == 5, "basis_bp"] = -211.4
    days.loc[days["day"] == 7, "swap_line_usd_bn"] = 265.0
    first, second = basis_facts(basis.scenario, days, words("en"))
    assert "widest −211bp on day 5" in first
    assert second == "drawn on the dollar swap line: at most USD 265bn, on day 7"


def test_a_failure_or_a_twentieth_of_their_capital_makes_banks_matter(basis, broker):
    assert banks_matter(broker.days)
    assert not banks_matter(basis.days)
    assert banks_matter(basis.days.assign(n_bank_failures=1))
    for lost, is_told in ((0.04, False), (0.06, True)):
        capital = np.where(basis.days["day"] < 5, 100.0, 100.0 * (1.0 - lost))
        assert banks_matter(basis.days.assign(bank_equity_usd_bn=capital)) is is_told


def test_the_report_has_a_figure_for_each(basis, broker):
    assert "basis" in figures_of(basis) and "banks" not in figures_of(basis)
    assert "banks" in figures_of(broker) and "basis" not in figures_of(broker)
    assert "banks" not in figures_of(replace(broker, is_repeatable=False))
    page = run_report(broker, {"banks": small.png()}, language="ja")
    assert words("ja")("report.figure.banks") in page


def test_figures_say_who_failed_and_when_the_line_opened(basis, broker):
    banks = banks_picture(broker, "broker, seed 3")
    assert banks.texts[0].get_text().startswith("Bank-1 fails on day 3: banks lose USD ")
    marks = [text.get_text() for text in basis_picture(basis.scenario, "", basis.days,
                                                       basis.events).axes[0].texts]  # fmt: skip
    assert marks == [" line opens day 4", " line closes day 9"]


def test_the_caption_says_why_the_basis_steps_down_where_the_year_ends_within_three_months():
    dated = abm.load_scenario("august-2024")  # 2 October and 91 days are 1 January
    told = "From 2 Oct 2024 on, three months end in another year: 44% of what banks have for swaps"
    assert basis_caption(dated, "drawn") == ["drawn.", f"{told} is gone."]
    within = dated.with_changes({"calendar.days": 40})
    assert basis_caption(within, "drawn") == ["drawn."]
    without = dated.with_changes({"funding.basis.year_end_share": 0.0})
    assert basis_caption(without, "drawn") == ["drawn."]
    assert basis_caption(abm.load_scenario("hike"), "drawn") == ["drawn."]  # has no dates
