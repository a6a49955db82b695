"""A reverse stress test in words: every answer, and every way of having none, in each language."""

from dataclasses import replace

import numpy as np
import pytest
from markupsafe import escape

from abm.report import reverse_words
from abm.report.stress_page import StressReport
from abm.stress.answers import Ensemble, Likeliest, Reverse
from abm.stress.nearest import Nearest
from abm.stress.shocks import Shocks
from abm.stress.tilting import tilted
from abm.words import LANGUAGES, words
from tests.report import small
from tests.stress import toy

BOOK = {"instrument": "UST", "market_value": 1e8, "funding_currency": "JPY", "leverage": 5.0}


@pytest.fixture(scope="module")
def found():
    return toy.outcome(toy.portfolio(BOOK), toy.market(40))


def answer(found, loss=0.2, point=(1.5, *([0.0] * 8), -0.3, *([0.1] * 9)), **changed):
    """40 paths that lose 0 to 39% of the own money; 64 surprises of 10 to 136bp."""
    losses = np.arange(40) / 100.0
    days = {name: np.outer(-losses, np.arange(7) / 6.0) for name in ("own_money", "yen")}
    drivers = {"peak_yen_rise": losses, "rise_of_yen_rate": np.full(40, 0.0024999999999999998)}
    ensemble = Ensemble(np.arange(40), losses, drivers, days)
    near = Nearest(np.array(point), 2.0, 99)
    shocks = Likeliest(
        Shocks(toy.HIKE, 6), near, (0, 1, 2), 1, loss, np.array([0.1, 0.2, 0.3, 0.4])
    )
    made = Reverse(
        loss, 6, ensemble, tilted(losses, loss) if loss < 0.39 else None,
        np.arange(10.0, 138.0, 2.0), tuple(range(64)), 25.0, 160.0, shocks,
    )  # fmt: skip
    return replace(found, reverse=replace(made, **changed))


def test_numbers_of_the_sentences_are_those_of_the_answers(found):
    """Of 64 surprises from 10bp in steps of 2 the 32nd is 72bp; k of the interval is 24, so that it
    is from the 24th to the 41st: 56 to 90bp; one in twenty, the 4th, is 16bp."""
    asked, paths, surprise, shocks, plausible = reverse_words.sentences(answer(found), "en")
    assert "20% of the own money (4,000,000 USD) within 6 trading days" in asked
    entropy = answer(found).reverse.tilt.entropy
    assert f"entropy is {entropy:.2f}" in paths and "of 40 paths" in paths
    assert "by 72bp or more (95% interval 56 to 90bp), one path in twenty from 16bp" in surprise
    distance = np.sqrt(1.5**2 + 0.3**2 + 9 * 0.1**2)
    assert "a surprise of 30bp" in shocks and f"lie {distance:.2f} standard" in shocks
    assert "one in 17" in shocks and "so do 75% of 4 others" in shocks
    assert "20bp (assumed)" in plausible


WITHOUT = {
    "tilt_free": {"loss": 0.1},
    "tilt_none": {"loss": 0.5},
    "surprise_zero": {"surprises": np.zeros(64)},
    "surprise_none": {"surprises": np.array([5.0, *([np.inf] * 63)])},
    "shocks_zero": {"point": np.zeros(19)},
    "shocks_none": {"likeliest": None},
}


@pytest.mark.parametrize("key", WITHOUT)
def test_what_has_no_answer_says_why(key, found):
    changed = answer(found, **WITHOUT[key])
    for language in LANGUAGES:
        told = reverse_words.sentences(changed, language)
        opening = words(language).texts[f"stress.reverse.{key}"].partition("{")[0]
        assert sum(sentence.startswith(opening) for sentence in told) == 1
        assert not any("{" in sentence or "stress." in sentence for sentence in told)


def test_the_page_has_a_section_with_its_figure_and_tables(found):
    made = StressReport(answer(found))
    made.runs = {1: small.run()}
    page = made.page("mine")
    assert page.count('id="reverse"') == 1 and 'href="#reverse"' in page
    assert "--reverse 20%" in page and "mine/reverse.toml" in page
    assert "reverse" in made.images and "stress.reverse" not in page
    rows = [row for table in made.content("mine")["reverse_tables"] for row in table]
    assert ("yen at its peak", "+21.5%", "+22.1%", "+0.04") in rows
    assert ("surprise of the Bank of Japan", "30bp (+1.5σ)", "") in rows
    assert rows[2] == ("rise of the yen rate", "0.2%", "0.2%", "+0.00")  # on every path the same
    assert all(str(escape(cell)) in page for row in rows for cell in row)
    assert "reverse" not in StressReport(found)._contents


def test_an_event_rarer_than_one_in_a_million_is_told_as_that():
    text = words("en")
    assert reverse_words.one_in(16.6, text) == "17"
    assert reverse_words.one_in(14_367.0, text) == "14,000"
    assert reverse_words.one_in(1.5e8, text) == "more than 1,000,000"
