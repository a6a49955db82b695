"""Choices of the companies that owe yen: what goes together, and what counts in the hash."""

import pytest

from abm.errors import ScenarioFaults
from abm.scenario import load_scenario

HIKE = load_scenario("hike")
GROUP = HIKE.with_changes({"companies.n": 5, "companies.debt_usd_bn": 60.0})


def faults_of(**changes):
    keys = {f"companies.{name}": value for name, value in changes.items()}
    with pytest.raises(ScenarioFaults) as refused:
        GROUP.with_changes(keys)
    return {fault.key: fault.allowed for fault in refused.value.faults}


def test_everything_wrong_is_told_at_once():
    found = faults_of(hedge_share=1.2, rise_log=0.0, rise_days=0, assets_per_debt=1.0)
    assert "must be from 0 to 1" in found["companies.hedge_share"]
    assert {"companies.rise_log", "companies.rise_days", "companies.assets_per_debt"} < set(found)


def test_they_hedge_no_less_after_a_rise_than_in_calm():
    found = faults_of(opening_hedge_share=0.8)
    assert "at least opening_hedge_share (0.8)" in found["companies.hedge_share"]
    same = GROUP.with_changes({"companies.opening_hedge_share": 0.7})
    assert same.companies.hedge_share == 0.7


def test_companies_without_debt_and_debt_without_companies_are_refused():
    assert "above 0 for companies.n = 5" in faults_of(debt_usd_bn=0.0)["companies.debt_usd_bn"]
    assert "empty group" in faults_of(n=0)["companies.n"]


def test_a_group_that_is_not_there_leaves_the_hash_as_it_was():
    defaults = type(HIKE.companies)().model_dump()
    assert HIKE.with_changes({"companies": defaults}).canonical_hash() == HIKE.canonical_hash()
    assert GROUP.canonical_hash() != HIKE.canonical_hash()
    other = GROUP.with_changes({"companies.rise_days": 60})
    assert other.canonical_hash() != GROUP.canonical_hash()
