"""The name of a run in captions: what was changed in the shipped scenario is part of it."""

import pytest

import abm
from abm.report.parameters import run_name


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "hike, seed 3, replicate 1"),
        ({"shock.surprise_bp": -100}, "hike (shock.surprise_bp = -100.0), seed 3, replicate 1"),
        (
            {"calendar.days": 70, "population.scale": 2, "funds.leverage_cap": 5,
             "retail_fx.present": False, "liquidity.depth_multiple": 0.5},
            "hike (calendar.days = 70, population.scale = 2.0, liquidity.depth_multiple = 0.5 "
            "and 2 more changes), seed 3, replicate 1",
        ),
    ],
)  # fmt: skip
def test_a_changed_run_is_named_by_its_changes(changes, name):
    assert run_name(abm.load_scenario("hike").with_changes(changes), 3, 1) == name


def test_a_scenario_of_ones_own_is_named_by_its_name():
    own = abm.load_scenario("hike").with_changes({"shock.surprise_bp": 60})
    renamed = own.model_copy(update={"name": "mine"})
    assert run_name(renamed, 0, 0) == "mine, seed 0, replicate 0"
