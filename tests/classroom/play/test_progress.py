"""The line on how far a run has come: its numbers are those of the summary at its end."""

import re

import pytest

from abm.classroom.choice import Choice
from abm.classroom.live import LiveRun
from abm.classroom.play.progress import progress
from abm.words import LANGUAGES, words


def told(run, language="en"):
    return re.sub("<.*?>", "", progress(run, words(language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_the_first_day_it_says_how_many_lie_ahead(language):
    assert "66" in told(LiveRun.of(Choice()), language)


def test_at_the_end_it_has_the_numbers_of_the_run():
    run = LiveRun.of(Choice(changes={"shock.surprise_bp": 60.0}, seed=3))
    run.finish()
    found = run.measures
    said = told(run)
    assert f"forced sales so far, USD bn {found['forced_sales_usd_bn']:,.1f} " in said
    assert f"margin calls {found['n_margin_calls']} " in said
    assert said.endswith(f"failures {found['n_failed'] + found['n_banks_failed']}")
    assert found["n_failed"] > 0


def test_a_short_that_is_a_long_has_a_minus_and_what_rounds_to_nothing_has_none():
    run = LiveRun.of(Choice())
    run.advance()
    days = run.days()
    for short, text in ((-1.2, "−1"), (-0.3, "0"), (1234.4, "1,234")):
        run.days = lambda short=short: days.assign(yen_short_units=short)
        run.quotes = lambda days: [150.0]
        assert f"yen short outstanding {text} " in told(run)
