"""The candidate world: it stands, conserves, clears, and its scores are what they say."""

import numpy as np
import pytest

from abm.population.advance import advance, open_world
from abm.scenario import load_scenario
from experiments import new_world


@pytest.mark.parametrize("name", ["august-2024", "hike", "calm"])
def test_every_scenario_stands_in_the_candidate_world(name):
    scenario = load_scenario(name).with_changes(new_world.CHANGES | {"calendar.burn_in_days": 60})
    world, _ = open_world(scenario, 1)
    advance(world, world.burn_in, world.burn_in + 30)
    days = world.record.days[: world.burn_in + 30]
    assert days["conservation_error"].max() < 1e-9
    assert (days["status"] < 2).all()
    assert (days["rounds"] >= 2).all()  # New York follows Tokyo


def test_a_part_can_be_left_out_or_be_the_only_one():
    assert new_world.chosen([], ["E12"]) == new_world.PARTS["E12"]
    assert "option_hedgers" not in new_world.chosen(["E12"], None)


def test_the_score_of_two_runs_by_hand():
    # |1 - 0| and |3 - 0| on average 2, less half the mean distance of pairs, (0 + 2 + 2 + 0)/4/2
    assert new_world.crps(np.array([3.0, 1.0]), 0.0) == pytest.approx(2.0 - 0.5)
    assert new_world.crps(np.array([2.0]), 0.5) == pytest.approx(1.5)
