"""Choices of the automatic-liquidation group: what goes together, and what counts in the hash."""

import pytest

from abm.errors import ScenarioFaults
from abm.scenario import load_scenario

GROUP = load_scenario("auto-liquidation")


def faults_of(**changes):
    keys = {f"auto_borrowers.{name}": value for name, value in changes.items()}
    with pytest.raises(ScenarioFaults) as refused:
        GROUP.with_changes(keys)
    return {fault.key: fault.allowed for fault in refused.value.faults}


def test_a_target_at_the_limit_and_a_penalty_that_feeds_on_itself_are_told_together():
    found = faults_of(loan_to_value=0.75, liquidation_penalty=0.25)
    assert "below loan_to_value_limit (0.8)" in found["auto_borrowers.loan_to_value"]
    assert "below 0.25" in found["auto_borrowers.liquidation_penalty"]


def test_no_target_of_the_group_is_above_the_highest_that_there_is():
    limits = {"loan_to_value_limit": 0.99, "liquidation_penalty": 0.01}
    found = faults_of(loan_to_value=0.91, loan_to_value_spread=0.05, **limits)
    assert "must be at most 0.95" in found["auto_borrowers.loan_to_value"]
    keys = {"loan_to_value": 0.9, "loan_to_value_spread": 0.05} | limits
    group = GROUP.with_changes({f"auto_borrowers.{name}": value for name, value in keys.items()})
    assert group.auto_borrowers.loan_to_value == 0.9  # .9 + .05 is above .95 by a rounding


def test_a_penalty_just_below_that_is_accepted():
    changed = GROUP.with_changes({"auto_borrowers.liquidation_penalty": 0.2499})
    assert changed.auto_borrowers.liquidation_penalty == 0.2499


def test_collateral_is_what_the_scenario_trades_but_the_currency_that_is_owed():
    assert "auto_borrowers.weights.BTC" in faults_of(weights={"BTC": 1.0})
    assert "auto_borrowers.weights.JPY" in faults_of(weights={"JPY": 1.0})
    assert "must sum to 1" in faults_of(weights={"SPX": 0.5})["auto_borrowers.weights"]


def test_borrowers_without_money_are_refused():
    assert "auto_borrowers.equity_usd_bn" in faults_of(equity_usd_bn=0.0)


def test_what_is_chosen_of_the_group_counts_in_the_hash():
    other = GROUP.with_changes({"auto_borrowers.close_factor": 1.0})
    assert other.canonical_hash() != GROUP.canonical_hash()
