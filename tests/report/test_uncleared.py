"""Days without a price are told before anything else."""

import pytest

import abm
from abm.report.summary import Told, sections, summary_text
from abm.words import LANGUAGES


@pytest.fixture(scope="module")
def told():
    scenario = abm.load_scenario("hike").with_changes(
        {"calendar.days": 12, "calendar.burn_in_days": 5, "calendar.drift_days": 5}
    )
    run = abm.run(scenario, rng=1)
    return Told(scenario, 1, 0, run.days, run.institutions, run.summary, None)


def with_failed_days(told, n):
    days = told.days.copy()
    days.loc[days.index[:n], "status"] = "failed"
    measures = {**told.measures, "n_days_failed_to_clear": n}
    return told._replace(days=days, measures=measures)


def test_days_that_fail_to_clear_come_first(told):
    lines = summary_text(with_failed_days(told, 2)).splitlines()
    assert lines[1].startswith("Not cleared     2 days did not clear: no price met the orders")
    assert "day 0, day 1" in " ".join(line.strip() for line in lines[1:3])


def test_a_single_day_is_told_too(told):
    assert sections(with_failed_days(told, 1))[0].facts[0].startswith("1 day did not clear: ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_are_counted_and_few_named_in_every_language(told, language):
    first = sections(with_failed_days(told, 11), language)[0]
    assert "11" in first.facts[0] and "…" in first.facts[0]
    assert "{" not in first.facts[0]


def test_a_run_that_cleared_says_nothing_of_it(told):
    assert "Not cleared" not in [section.heading for section in sections(told)]
