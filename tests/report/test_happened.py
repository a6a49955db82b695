"""A figure marks what authorities did: of a plan each hike, pause and statement that came of it."""

import pandas as pd
import pytest

import abm
from abm.report.happened import marks
from abm.report.script import acts

NONE = {"kind": "none"}


def events(*rows):
    """(day, kind, counterparty, instrument, amount) of central banks."""
    names = ["day", "kind", "counterparty", "instrument", "amount_usd_bn"]
    return pd.DataFrame(rows, columns=names).assign(institution="central_bank")


@pytest.fixture(scope="module")
def plan():
    return abm.load_scenario("stop-and-go")


def test_a_plan_gives_way_to_hikes_pauses_and_statements(plan):
    happened = events(
        (0, "policy", "", "JPY", 0.0025),
        (0, "news", "market", "JPY", 0.0194),
        (4, "news", "market", "JPY", -0.0136),
        (4, "news", "market", "SPX", 0.01),
        (31, "policy", "", "JPY", 0.0),
    )
    told = [(0, "BoJ +25bp"), (4, "BoJ statement"), (31, "BoJ waits")]
    assert marks(plan, happened) == told
    assert marks(plan, happened[:0]) == [(0, "BoJ plans 4 × +25bp")]  # all that is known


def test_what_is_scripted_keeps_its_own_words_whatever_the_record_has():
    august = abm.load_scenario("august-2024")
    happened = events((22, "policy", "", "JPY", 0.0015), (8, "policy", "market", "JPY", 20.0))
    assert marks(august, happened) == [(act.day, act.label) for act in acts(august)]


def test_trades_by_rule_on_days_near_to_one_another_are_one_mark(plan):
    rule = {"kind": "rule", "buying": {"kind": "weak"}}
    scenario = plan.with_changes(
        {"policy.mof": rule, "policy.boj": NONE, "policy.fed.kind": "rule"}
    )
    happened = events(
        (3, "policy", "market", "JPY", 5.0),
        (5, "policy", "market", "JPY", 7.0),
        (20, "policy", "market", "JPY", -2.0),
        (30, "policy", "", "", -0.005),
        (40, "swap_line", "market", "", 1.0),
    )
    assert marks(scenario, happened) == [
        (3, "MoF sells USD 12bn"), (20, "MoF buys USD 2bn"), (30, "Fed −50bp"), (40, "swap line"),
    ]  # fmt: skip
