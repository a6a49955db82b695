"""Banks day by day: what each has, needs and has lost, from a run passed again."""

from dataclasses import replace

import numpy as np
import pytest

import abm
from abm.errors import InvalidInput
from abm.runs.bank_capital import bank_days
from tests.engine.worlds import BANKS_BY_SIZE

SMALL = {"calendar.days": 6, "calendar.burn_in_days": 4, "calendar.drift_days": 3}


@pytest.fixture(scope="module")
def broker():
    """A broker fails with its clients."""
    return abm.run(abm.load_scenario("prime-broker-failure").with_changes({"calendar.days": 12}), 3)


@pytest.fixture(scope="module")
def quiet():
    """Banks by their leverage limit alone."""
    return abm.run(abm.load_scenario("hike").with_changes({**SMALL, **BANKS_BY_SIZE}), 3)


def test_without_a_rule_of_risk_a_bank_needs_its_assets_over_the_leverage_limit(quiet):
    found, closing = bank_days(quiet), quiet.institutions.set_index("name")["closing_leverage"]
    limit = quiet.scenario.banks.leverage_limit
    for bank, over in found.over_required.iloc[-1].items():
        assert over == pytest.approx(limit / closing[bank], rel=1e-12)
    assert found.failed_on == {} and found.insured_usd_bn == 0.0


def test_the_bank_that_fails_is_known_with_its_day_and_needs_nothing_after_it(broker):
    found = bank_days(broker)
    events = broker.events[broker.events["kind"] == "bank_failure"]
    assert found.failed_on == dict(zip(events["institution"], events["day"], strict=True)) != {}
    for bank, day in found.failed_on.items():
        assert (found.capital_usd_bn[bank].iloc[day:] == 0.0).all()
        assert found.required_usd_bn[bank].isna().to_numpy().argmax() == day


def test_what_clients_could_not_pay_is_borne_by_banks_and_the_insurer(broker):
    found = bank_days(broker)
    losses = broker.events[broker.events["kind"] == "loss"]
    by_bank = losses.groupby("counterparty")["amount_usd_bn"].sum()
    for bank, lost in found.losses_usd_bn["clients"].items():
        assert lost == pytest.approx(by_bank.get(bank, 0.0), abs=1e-9)
    assert found.losses_usd_bn["failure"]["bank-1"] > 0.0


def test_what_a_bank_loses_is_missing_from_its_capital(broker):
    """Interest and owners' payments apart, which are small in twelve days."""
    found = bank_days(broker)
    opening = broker.institutions.set_index("name")["opening_wealth_usd_bn"]
    for bank, lost in found.losses_usd_bn.sum(axis=1).items():
        assert found.capital_usd_bn[bank].iloc[-1] == pytest.approx(opening[bank] - lost, abs=0.15)


def test_a_run_that_cannot_be_repeated_or_is_another_is_refused(quiet):
    with pytest.raises(InvalidInput, match="its banks is known at the last close only"):
        bank_days(replace(quiet, is_repeatable=False))
    days = quiet.days.assign(bank_equity_usd_bn=np.float64(1.0))
    with pytest.raises(InvalidInput, match="does not repeat the run"):
        bank_days(replace(quiet, days=days))
