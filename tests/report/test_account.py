"""The story of one account: what is told on which day, in three languages."""

import pytest

import abm
from abm.cli.explain import explained
from abm.report.account import account_story
from abm.report.run_page import run_report
from abm.words import LANGUAGES


@pytest.fixture(scope="module")
def ruined():
    """At 25 times: a call on the first day, and a day of intervention that leaves a debt."""
    return abm.run(abm.load_scenario("one-account").with_changes({"trader.leverage": 25.0}), 10)


@pytest.fixture(scope="module")
def left():
    return abm.run("one-account", 10)


def test_the_story_has_a_day_for_each_that_the_account_is_open(left):
    story, days = account_story(left), left.days
    n_open = int((days["account_position_usd"] > 0.0).sum())
    assert [entry.day for entry in story] == list(range(n_open + 1))
    assert story[0].what.startswith("The account is opened: USD 5,000 are paid in, yen sold")
    assert f"USD {days['account_usd'].iloc[3]:,.0f} in the account" in story[3].what
    assert {entry.kind for entry in story} == {"account"}


def test_calls_are_told_once_and_taken_back(left):
    called = left.days["account_is_called"].to_numpy()
    told = ["Margin call" in entry.what for entry in account_story(left)]
    back = ["withdrawn" in entry.what for entry in account_story(left)]
    turns = [now - before for before, now in zip([0.0, *called], called, strict=False)]
    n = len(told) - 1  # on the last day nothing is open
    assert told[:n] == [turn > 0.0 for turn in turns[:n]] and sum(told) >= 1
    assert back[:n] == [turn < 0.0 for turn in turns[:n]]


def test_what_is_left_is_what_the_account_holds(left):
    end = account_story(left)[-1]
    kept = left.days["account_usd"].iloc[end.day]
    assert f"What is left: USD {kept:,.0f} of USD 5,000" in end.what and "bank-5 closed" in end.what


def test_a_debt_is_told_with_who_bears_it(ruined):
    losses = ruined.events.query("kind == 'loss' and institution == 'trader-1'")
    missing = 1e9 * losses["amount_usd_bn"].sum()
    end = account_story(ruined)[-1].what
    assert missing > 1.0 and f"USD {missing:,.0f} were missing" in end
    assert "bank-5 bears the loss" in end and "What is left" not in end


def test_a_fall_through_both_levels_in_a_day_has_no_call():
    crash = {"trader.leverage": 20.0, "trader.open_day": 20, "trader.holds": "AUD"}
    chosen = abm.load_scenario("one-account").with_changes(crash)
    stories = [account_story(abm.run(chosen, seed)) for seed in range(6)]
    sudden = [s for s in stories if "There was no call before" in s[-1].what]
    assert sudden and all("Margin call" not in s[-2].what for s in sudden)
    assert all("AUDJPY" in s[0].what for s in stories)


def test_an_account_that_is_open_at_the_end_is_told_so():
    calm = abm.load_scenario("calm").with_changes(
        {"calendar.days": 5, "trader": {"kind": "account", "leverage": 1.0}}
    )
    story = account_story(abm.run(calm, 1))
    assert len(story) == 5 and "The run ends with the position open" in story[-1].what
    assert account_story(abm.run(calm.with_changes({"trader.kind": "none"}), 1)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chronicle_and_the_report_end_with_the_story(left, tmp_path, language):
    left.save(tmp_path / "one")
    story = account_story(left, language)
    text, entries = explained(tmp_path / "one", language)
    assert entries[-len(story) :] == story
    assert story[-1].what[:12] in text.replace("\n", "")
    page = run_report(left, {}, language=language)
    assert all(entry.what.replace("'", "&#39;") in page for entry in (story[0], story[-1]))


def test_without_stop_outs_an_account_may_owe_more_than_it_has_and_without_events_it_is_told_too():
    changes = {"trader.leverage": 25.0, "channels.retail_stop_outs": "none", "calendar.days": 30}
    changes |= {"outputs.events": False}
    chosen = abm.load_scenario("one-account").with_changes(changes)
    story = account_story(abm.run(chosen, 10))
    assert len(story) == 30 and any("−USD" in entry.what for entry in story[12:])
    assert "−" in story[-1].what.split("opening), ")[1].split("%")[0]
