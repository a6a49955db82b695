"""One account on the page: its story as far as the run has gone, over the levels of its broker."""

import html

import numpy as np
import pytest

import abm
from abm.classroom.live import LiveRun
from abm.classroom.play.account import account_columns, story_html
from abm.report.account import account_story
from abm.words import LANGUAGES, words

SCENARIO = abm.load_scenario("one-account")


@pytest.fixture(scope="module")
def result():
    return abm.run(SCENARIO, 10)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_of_a_run_that_goes_on_is_that_of_the_whole_as_far_as_it_is(result, language):
    run, say = LiveRun(SCENARIO, 10), words(language)
    assert story_html(run, say) == ""
    run.advance(5)
    told = html.unescape(story_html(run, say))
    whole = [entry.what for entry in account_story(result, language)]
    assert told.count("<li") == 5
    assert all(what in told for what in whole[:5]) and whole[5] not in told
    assert told.index(whole[4]) < told.index(whole[0]), "the newest on top"
    assert say("account.ended", account="") not in told


def test_an_account_below_the_line_of_its_broker_is_called(result):
    drawn = account_columns(SCENARIO, result.days)
    is_open = result.days["account_position_usd"].to_numpy() > 0.0
    is_below = drawn["account_usd"] < drawn["account_call_usd"]
    called = result.days["account_is_called"].to_numpy() > 0.0
    np.testing.assert_array_equal(called[is_open], is_below[is_open])
    assert called.any() and (drawn["account_stop_usd"] <= drawn["account_call_usd"]).all()
    assert account_columns(abm.load_scenario("hike"), result.days) == {}
