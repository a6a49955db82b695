"""Weak and concentrated lenders on a few seeds: the signs of what the table says."""

import numpy as np
import pytest

from abm.scenario import load_scenario
from experiments.banks import (
    BROKER,
    CONCENTRATED,
    HALVED,
    SPREAD,
    ends_of,
    line,
    ratio_line,
    t_line,
)

SEEDS = range(2001, 2013)
SCENARIO = load_scenario("prime-broker-failure")


@pytest.fixture(scope="module")
def concentrated():
    return ends_of(SCENARIO, SEEDS)


def test_a_concentrated_lender_falls_with_its_clients_and_four_lenders_do_not(concentrated):
    spread = ends_of(SCENARIO.with_changes(SPREAD), SEEDS)
    assert concentrated.failed[:, BROKER].mean() > 0.25 > spread.failed[:, BROKER].mean()
    assert concentrated.losses.mean() > spread.losses.mean()
    # the yen is much the same: what differs is who bears the loss
    assert concentrated.yen.mean() == pytest.approx(spread.yen.mean(), rel=0.15)


def test_a_run_brings_down_banks_that_their_losses_alone_would_not(concentrated):
    calm = ends_of(SCENARIO.with_changes({"banks.funding_run": {"kind": "none"}}), SEEDS)
    assert calm.failed.sum() < concentrated.failed.sum()


def test_claims_on_the_broker_spread_its_losses(concentrated):
    thrice = ends_of(SCENARIO.with_changes({"network.interbank.debt_multiple": 3.0}), SEEDS)
    assert thrice.losses.mean() > 1.2 * concentrated.losses.mean()


@pytest.mark.parametrize("weaker", [HALVED, CONCENTRATED], ids=["halved", "concentrated"])
def test_weaker_banks_force_more_sales_after_a_large_surprise(weaker):
    large = load_scenario("hike").with_changes({"shock.surprise_bp": 100.0})
    some = range(2001, 2005)
    forced = ends_of(large, some).forced.sum()
    assert ends_of(large.with_changes(weaker), some).forced.sum() > forced


def test_a_table_judges_means_and_changes_by_hand():
    found = line("", np.array([1.0, 3.0]), "at most 2", lambda mean: mean <= 2.0)
    assert found[1:] == (2.0, 1.0, "at most 2", "yes")
    # mean 2, error 1: two errors away from none
    assert t_line("change", np.array([1.0, 3.0]), True).holds == "no"
    assert t_line("change", np.array([1.9, 2.1]), True).holds == "yes"
    assert "t +2.0" in t_line("change", np.array([1.0, 3.0]), False).claim
    ratio = ratio_line("", np.array([2.0, 4.0]), np.array([1.0, 2.0]), "at least 1.5")
    assert ratio[1:3] == (2.0, 0.0) and ratio.holds == "yes"
