"""Keys that have left: refused in a user's file by name, read where kept."""

from pathlib import Path

import pytest

from abm.errors import ScenarioFaults
from abm.scenario import load_scenario
from abm.scenario.hashing import spell_as_before
from abm.scenario.retired import MOVED, NO_EFFECT, NOW_A_RULE, RETIRED, without_retired

HIKE = load_scenario("hike").with_changes({"policy.swap_line": {"kind": "line", "day": 3}})
WITH_THEM = """
base = "hike"
[funding]
capacity_share = {share}
[insurers]
hedge_per_basis = 2.0
"""


def write(folder: Path, share: float) -> Path:
    path = folder / "scenario.toml"
    path.write_text(WITH_THEM.format(share=share))
    return path


@pytest.mark.parametrize("key", RETIRED)
def test_a_key_without_effect_is_refused_at_any_value(key: str) -> None:
    for value in (RETIRED[key], 0.123):
        with pytest.raises(ScenarioFaults) as refused:
            HIKE.with_changes({key: value})
        (fault,) = refused.value.faults
        assert (fault.key, fault.allowed, str(fault.near)) == (key, NO_EFFECT, "")


def test_a_users_file_is_told_every_one_of_them_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioFaults) as refused:
        load_scenario(write(tmp_path, 0.3))
    assert [(fault.key, fault.line) for fault in refused.value.faults] == [
        ("funding.capacity_share", 4),
        ("insurers.hedge_per_basis", 6),
    ]


@pytest.mark.parametrize("beside", ["manifest.json", "plan.json"])
def test_a_kept_scenario_that_spells_out_their_defaults_loads(tmp_path: Path, beside: str) -> None:
    (tmp_path / beside).write_text("{}")
    kept = load_scenario(write(tmp_path, 0.3))
    assert kept.canonical_hash() == load_scenario("hike").canonical_hash()
    with pytest.raises(ScenarioFaults, match=r"capacity_share = 0\.4"):
        load_scenario(write(tmp_path, 0.4))


CHOICES = {
    "funds.risk.kind": "symmetric",
    "funds.preferences.kind": "opening-rates",
    "funds.flows.kind": "refill",
    "funds.overlap_of": "assets",
    "liquidity.links.NKY.currency_effect": "price",
}


@pytest.mark.parametrize(("key", "rule"), CHOICES.items())
def test_a_rule_that_has_left_is_refused_by_name_and_told_what_to_do(key: str, rule: str) -> None:
    with pytest.raises(ScenarioFaults) as refused:
        HIKE.with_changes({key: rule})
    (fault,) = refused.value.faults
    assert fault.key == key and fault.allowed.startswith("has left: ")
    assert "remove it" in fault.allowed and str(fault.near) == ""


def test_a_kept_scenario_may_name_the_rule_that_is_the_model_now() -> None:
    link = {"currency_beta": 2.0, "currency_effect": "news"}
    raw = {"funds": {"overlap_of": "assets-and-loan", "risk": {"kind": "own-losses"}}}
    kept = without_retired(raw | {"liquidity": {"links": {"NKY": link, "SPX": {}}}})
    assert kept["funds"] == {"risk": {}}
    assert kept["liquidity"]["links"] == {"NKY": {"currency_beta": 2.0}, "SPX": {}}
    other = {"funds": {"overlap_of": "assets", "risk": {"kind": "symmetric"}}}
    assert without_retired(other) == other


def test_a_key_that_moved_is_refused_and_told_where_it_is() -> None:
    with pytest.raises(ScenarioFaults, match=r"it is liquidity\.dealers\.capacity\.exponent"):
        HIKE.with_changes({"liquidity.dealers.capital_exponent": 0.9})


@pytest.mark.parametrize(
    ("capacity", "now"),
    [
        (None, {"kind": "capital", "exponent": 0.9}),
        ({"kind": "capital"}, {"kind": "capital", "exponent": 0.9}),
        ({"kind": "head-room", "exponent": 0.4}, {"kind": "head-room", "exponent": 0.4}),
        (3, 3),
    ],
)
def test_a_kept_exponent_goes_to_the_choice_that_reads_it(capacity: object, now: object) -> None:
    dealers = {"capital_exponent": 0.9} | ({} if capacity is None else {"capacity": capacity})
    kept = without_retired({"liquidity": {"dealers": dealers}})
    assert kept["liquidity"]["dealers"] == {"capacity": now}


def test_the_hash_of_what_was_kept_before_the_exponent_moved_is_the_same() -> None:
    dealers = {"capacity": {"kind": "capital", "exponent": 0.9}}
    spell_as_before(dealers)
    assert dealers == {"capacity": {"kind": "capital"}, "capital_exponent": 0.9}


def test_no_scenario_declares_a_key_that_has_left() -> None:
    declared = set(HIKE.dotted_keys())
    gone = RETIRED.keys() | NOW_A_RULE.keys() | MOVED.keys() | CHOICES.keys()
    assert not gone & declared
