"""Scenarios for teaching show what their names say; any number of currencies balances."""

import numpy as np
import pytest

import abm

SEEDS = range(3)


def cascades(name, seeds=SEEDS):
    plain = {"outputs.events": False, "outputs.feedback_gain_every_days": 0}
    scenario = abm.load_scenario(name).with_changes(plain)
    return [abm.cascade(scenario, rng=seed) for seed in seeds]


def peaks(found):
    return np.array([one["peak_yen_appreciation"] for one in found])


@pytest.fixture(scope="module")
def dams():
    return cascades("dam-break")


def test_a_dam_breaks(dams):
    assert {one["class"] for one in dams} == {"dam break"}


def test_the_same_surprise_leaks_at_half_the_leverage(dams):
    leaks = cascades("slow-leak")
    assert {one["class"] for one in leaks} == {"leak"}
    assert (peaks(leaks) < peaks(dams)).all()


def test_without_borrowed_money_the_yen_goes_as_far_as_the_news():
    """50bp at 7.76e-4 are 3.9% of news, of which nothing is multiplied."""
    for one in cascades("no-leverage", range(2)):
        assert one["price_amplification"] == pytest.approx(1.0, abs=0.05)
        assert one["peak_yen_appreciation"] == pytest.approx(0.0388, abs=0.002)
        assert abs(one["forced_sales_net_usd_bn"]) < 0.5


def test_the_same_surprise_goes_farther_in_a_crowded_trade():
    seeds = (0, 6, 7)
    crowded, hike = peaks(cascades("crowded", seeds)), peaks(cascades("hike", seeds))
    assert (crowded > hike).all() and crowded.mean() > 1.3 * hike.mean()


def test_eight_currencies_balance_and_are_traded():
    run = abm.run(abm.load_scenario("wide"), rng=1)
    assert run.summary["max_conservation_error"] < 1e-12
    moved = {name: run.days[f"log_{name}"].std() for name in run.scenario.currencies}
    assert set(moved) == {"JPY", "AUD", "MXN", "EUR", "NZD", "CHF", "BRL", "TRY"}
    assert min(moved.values()) > 0.0
