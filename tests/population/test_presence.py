"""A group left out is a counterfactual in one field: every other group is unchanged."""

import numpy as np
import pytest

import abm
from abm.population.institutions import ACTORS, draw_groups

SCENARIO = abm.load_scenario("hike")
CAN_BE_LEFT_OUT = {
    actor.kind: actor.part
    for actor in ACTORS
    if actor.part not in ("funds", "trader") and getattr(SCENARIO, actor.part).n
}


@pytest.mark.parametrize(("kind", "key"), CAN_BE_LEFT_OUT.items())
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
    changes = {f"{key}.present": False for key in CAN_BE_LEFT_OUT.values()}
    found = abm.cascade(SCENARIO.with_changes({**changes, "shock.surprise_bp": 50}), rng=3)
    assert set(found.run.institutions["kind"]) == {"hedge_fund", "bank", "bank_desk"}
    assert found["max_conservation_error"] < 1e-9


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_no_cohort_opens_above_its_share_of_the_leverage_at_which_it_is_cut(share):
    changes = {"retail_equity.opening_cut_share": share, "retail_equity.leverage": 100.0}
    drawn = draw_groups(SCENARIO.with_changes(changes), 3, 0)
    (group,) = (g for g in drawn if g.kind == "retail_equity")
    leverage = group.size_usd_bn / group.wealth
    assert leverage == pytest.approx(share / group.loss_cut)
