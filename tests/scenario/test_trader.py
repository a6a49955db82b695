"""Choices of the one account: everything wrong at once, and what counts in the hash."""

import pytest

from abm.errors import ScenarioFaults
from abm.scenario import load_scenario

HIKE = load_scenario("hike")
ONE = load_scenario("one-account")


def faults_of(**changes):
    with pytest.raises(ScenarioFaults) as refused:
        ONE.with_changes({f"trader.{name}": value for name, value in changes.items()})
    return {fault.key: fault.allowed for fault in refused.value.faults}


def test_an_empty_account_no_leverage_and_a_late_call_are_told_together():
    found = faults_of(account_usd=0.0, leverage=0.5, stop_out_level=1.5)
    assert found == {
        "trader.account_usd": "must be from 1 to 1000000000 (USD)",
        "trader.leverage": "must be from 1 to 1000 (position / account)",
        "trader.stop_out_level": "must be at most margin_call_level (1)",
    }


def test_what_the_broker_or_the_scenario_does_not_have_is_told_together():
    found = faults_of(leverage=30.0, holds="JPY", open_day=88)
    assert found["trader.leverage"] == "must be at most leverage_cap (25)"
    assert found["trader.holds"] == "must be one of AUD, MXN, USD"
    assert "must be from 0 to 87" in found["trader.open_day"]


def test_an_account_that_is_stopped_out_as_it_opens_is_refused():
    found = faults_of(leverage=25.0, stop_out_level=1.1, margin_call_level=2.0)
    assert found == {"trader.stop_out_level": "must be at most 1 (leverage_cap / leverage)"}


def test_no_account_leaves_the_hash_and_a_date_counts_as_its_day():
    assert HIKE.with_changes({"trader.kind": "none"}).canonical_hash() == HIKE.canonical_hash()
    dated = ONE.with_changes({"trader.open_day": "2024-07-03"}).canonical_hash()
    assert dated == ONE.with_changes({"trader.open_day": 2}).canonical_hash()
    assert dated != ONE.canonical_hash() != load_scenario("august-2024").canonical_hash()
