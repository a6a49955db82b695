"""A group left out is a counterfactual in one field: everybody else is who he would be."""

import numpy as np
import pytest

import abm
from abm.population.institutions import CHOICE_OF_KIND, draw_groups

SCENARIO = abm.load_scenario("hike")


@pytest.mark.parametrize(("kind", "key"), CHOICE_OF_KIND.items())
def test_who_stays_opens_with_the_same_books(kind, key):
    whole = {g.kind: g for g in draw_groups(SCENARIO, 3, 0)}
    without = {
        g.kind: g for g in draw_groups(SCENARIO.with_changes({f"{key}.present": False}), 3, 0)
    }
    assert whole[kind].n > 0 and without[kind].n == 0
    for other in without.keys() - {kind}:
        assert np.array_equal(whole[other].units, without[other].units)
        assert np.array_equal(whole[other].loss_cut, without[other].loss_cut)


def test_a_world_without_rule_followers_and_households_still_conserves_everything():
    changes = {f"{key}.present": False for key in CHOICE_OF_KIND.values()}
    found = abm.cascade(SCENARIO.with_changes({**changes, "shock.surprise_bp": 50}), rng=3)
    assert set(found.run.institutions["kind"]) == {"hedge_fund", "bank"}
    assert found["max_conservation_error"] < 1e-9
