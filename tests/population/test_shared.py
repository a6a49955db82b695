"""A past that is shared is the past that each run would have had."""

import numpy as np
import pytest

from abm.population.shared import eve_of_shock, go_on, hash_before_shock
from abm.population.state_schema import WRITTEN, state_of
from abm.population.world import build_world
from abm.runs.pasts import Pasts
from abm.runs.running import whole_run
from abm.scenario import list_scenarios, load_scenario
from abm.scenario.script import NoShock, Policy

COUNTERFACTUALS = [(True, False), (False, False), (True, True), (False, True)]
NUMBERS_OF_EVENTS = ("record.n_events", "record.cause", "record.clearing_event")
BEFORE_AND_ON_31_JULY = {"policy.mof.interventions.first.usd_bn": 0.0, "policy.boj.hike_bp": 60.0}


def bytes_of(world):
    """Everything that days have changed, and all that was recorded.

    Events that are not kept are numbered as those that came before were kept or not.
    """
    record = {name: getattr(world.record, name) for name in WRITTEN}
    everything = state_of(world) | record
    if not len(world.record.events):
        everything = {k: v for k, v in everything.items() if k not in NUMBERS_OF_EVENTS}
    else:
        everything["events"] = record["events"][: int(world.record.n_events[0])]
    return {name: array.tobytes() for name, array in everything.items()}


@pytest.mark.parametrize("name", list_scenarios())
def test_runs_that_share_a_past_have_the_bytes_of_whole_runs(name):
    scenario = load_scenario(name)
    past = eve_of_shock(scenario, 5, 1)
    for shocked, no_trade in COUNTERFACTUALS:
        how = {"shocked": shocked, "no_trade": no_trade, "with_events": shocked and not no_trade}
        whole, _ = whole_run(scenario, 5, 1, **how)
        assert bytes_of(go_on(past, scenario, **how)) == bytes_of(whole), how


def test_a_run_leaves_the_past_as_it_was():
    scenario = load_scenario("hike").with_changes({"shock.surprise_bp": 150})
    past = eve_of_shock(scenario, 5, 1)
    before = bytes_of(past.world)
    went_on = go_on(past, scenario)
    assert bytes_of(past.world) == before != bytes_of(went_on)


@pytest.mark.parametrize("name", list_scenarios())
def test_what_is_scripted_reaches_no_day_before_its_own(name):
    """All that a world is made of, as arrays: without any script it differs from the shock on."""
    scenario = load_scenario(name)
    first = min(map(scenario.day_index, days_of_script(scenario)), default=scenario.shock_day)
    bare = scenario.model_copy(update={"shock": NoShock(), "policy": Policy(), "news": ()})
    told, silent = build_world(scenario, 5), build_world(bare, 5)
    until = told.burn_in + first
    for group in ("books", "market", "graph", "chance", "user_orders", "options"):
        for x, y in zip(getattr(told, group), getattr(silent, group), strict=True):
            assert np.array_equal(x, y), group
    for field, x, y in by_day(told.script, silent.script):
        # When the Bank of Japan meets is known beforehand.
        assert field == "meeting" or np.array_equal(x[:until], y[:until]), field
    assert (told.script.moves[:, 0] >= until).all()


def by_day(one, other):
    """Every column of two scripts that has a row for each day."""
    fields = [field for field in one._fields if field != "moves"]
    assert all(len(getattr(one, field)) == len(one.rates) for field in fields)
    yield from ((field, getattr(one, field), getattr(other, field)) for field in fields)


def days_of_script(scenario):
    """Days on which something is scripted."""
    yield from (item.day for item in scenario.news)
    if scenario.shock.kind != "none":
        yield scenario.calendar.shock_day
    if scenario.policy.boj.kind == "script":
        yield from (move.day for move in scenario.policy.boj.moves())
    if hasattr(scenario.policy.swap_line, "day"):
        yield scenario.policy.swap_line.day
    if scenario.policy.mof.kind == "script":
        yield from (act.day for act in scenario.policy.mof.interventions)


@pytest.mark.parametrize("name", list_scenarios())
def test_without_its_shock_the_script_is_the_same_until_then(name):
    scenario = load_scenario(name)
    shocked, silent = (build_world(scenario, 5, shocked=s).script for s in (True, False))
    until = scenario.calendar.burn_in_days + scenario.shock_day
    for field, x, y in by_day(shocked, silent):
        assert np.array_equal(x[:until], y[:until]), field


def test_scenarios_share_a_past_only_where_they_agree_until_the_shock():
    august = load_scenario("august-2024")
    hashes = [hash_before_shock(august)] + [
        hash_before_shock(august.with_changes({key: value}))
        for key, value in BEFORE_AND_ON_31_JULY.items()
    ]
    assert hashes[2] == hashes[0] != hashes[1]
    others = {"funds.leverage_cap": 4.0, "calendar.shock_day": 21, "calendar.days": 87}
    for key, value in others.items():
        assert hash_before_shock(august.with_changes({key: value})) != hashes[0], key


def test_scenarios_whose_authorities_follow_other_rules_share_no_past():
    """A rule acts before the shock day, too, and stands in the rules, not in the script."""
    tender = {"kind": "rule", "buying": {"kind": "weak"}}
    august = load_scenario("august-2024").with_changes({"policy.mof": tender})
    others = {"policy.mof.buying.hazard_per_day": 0.5, "policy.mof.buying.budget_usd_bn": 30.0}
    for key, value in others.items():
        assert hash_before_shock(august.with_changes({key: value})) != hash_before_shock(august)


def test_pasts_are_kept_up_to_their_bytes():
    scenario = load_scenario("hike").with_changes({"population.scale": 0.3})
    pasts = Pasts()
    first = pasts.of(scenario, 1, 0, with_events=True)
    assert pasts.of(scenario, 1, 0, with_events=True) is first
    few = Pasts(most_bytes=int(2.5 * pasts.n_bytes))
    lived = [few.of(scenario, 1, r, with_events=True) for r in range(4)]
    assert few.n_bytes <= few.most_bytes
    assert few.of(scenario, 1, 3, with_events=True) is lived[3]
    assert few.of(scenario, 1, 0, with_events=True) is not lived[0]
