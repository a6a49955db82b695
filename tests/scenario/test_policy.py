"""What a scenario may say about authorities, and what it may not: every fault at once."""

import pytest

from abm.attribution.players import triggers_of, without_triggers
from abm.errors import ScenarioFaults
from abm.scenario import load_scenario

MOF = {
    "kind": "rule",
    "buying": {"kind": "weak", "first_usd_bn": 80.0},
    "selling": {"kind": "strong", "per_day_usd_bn": 200.0},
    "interventions": [
        {"name": "a", "day": 1, "usd_bn": 50.0},
        {"name": "b", "day": 3, "usd_bn": 20.0},
        {"name": "late", "day": 19, "usd_bn": 50.0},  # a campaign of its own
        {"name": "sale", "day": 20, "usd_bn": -120.0},
    ],
}


def test_everything_that_exceeds_a_budget_is_said_at_once():
    with pytest.raises(ScenarioFaults) as refused:
        load_scenario("hike").with_changes({"policy.mof": MOF})
    said = {fault.key: fault.allowed for fault in refused.value.faults}
    assert said == {
        "policy.mof.buying.first_usd_bn": "must be within budget_usd_bn, 60",
        "policy.mof.selling.per_day_usd_bn": "must be within budget_usd_bn, 100",
        "policy.mof.interventions.b.usd_bn": (
            "exceeds policy.mof.buying.budget_usd_bn, 60: 70 with it"
        ),
        "policy.mof.interventions.sale.usd_bn": (
            "exceeds policy.mof.selling.budget_usd_bn, 100: 120 with it"
        ),
    }


def test_an_exit_from_yield_curve_control_needs_a_bond_in_the_funding_currency():
    move = {"kind": "script", "day": 3, "hike_bp": 0.0, "surprise_bp": 0.0, "ycc_exit_bp": 25.0}
    with pytest.raises(ScenarioFaults, match="needs a bond in JPY: none is among bonds"):
        load_scenario("hike").with_changes({"policy.boj": move, "bonds": {}})


def test_a_shipped_queue_loads_as_a_file_of_its_own(tmp_path):
    scenario = load_scenario("stop-and-go")
    (tmp_path / "mine.toml").write_text(scenario.to_toml())
    assert load_scenario(tmp_path / "mine.toml").canonical_hash() == scenario.canonical_hash()
    assert scenario.with_changes({"policy.boj.cool_days": 115}).policy.boj.cool_days == 115


def test_a_plan_of_hikes_is_a_trigger_of_its_own_and_leaving_it_out_leaves_the_rules():
    scripted = [{"name": "act", "day": 3, "usd_bn": 5.0}]
    rule = {"kind": "rule", "selling": {"kind": "strong"}, "interventions": scripted}
    scenario = load_scenario("stop-and-go").with_changes({"policy.mof": rule})
    assert triggers_of(scenario) == ("policy.boj.meetings", "policy.mof.interventions.act")
    left = without_triggers(scenario, triggers_of(scenario)).policy
    assert left.boj.n_hikes == 0 and left.mof.selling.kind == "strong"
    assert left.mof.interventions == ()
