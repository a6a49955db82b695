"""Sliders say what the schema says: text, config and screen cannot disagree."""

import pytest

from abm.classroom.knobs import GROUPS, SLIDERS, knobs_of
from abm.classroom.widgets.controls import help_of
from abm.scenario import list_scenarios, load_scenario, parameter_table
from abm.words import words


@pytest.mark.parametrize("name", list_scenarios())
def test_every_knob_has_the_unit_range_and_value_of_the_parameter_table(name):
    scenario = load_scenario(name)
    table = {row.key: row for row in parameter_table(scenario)}
    knobs = knobs_of(scenario)
    assert len(knobs) >= 10
    for knob in knobs:
        row = table[knob.key]
        assert (knob.value, knob.unit, knob.allowed, knob.meaning) == (
            row.value, row.unit, row.range, row.meaning,
        )  # fmt: skip


def test_the_english_help_is_the_schema_s_own():
    say = words("en")
    for name in list_scenarios():
        for knob in knobs_of(load_scenario(name)):
            if not knob.is_switch:
                assert say(f"knob_help.{knob.key}") == knob.meaning
                unit = "" if knob.unit == "-" else f"{knob.unit}; "
                assert help_of(knob, say) == f"{knob.meaning} [{unit}{knob.allowed}]"


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_other_languages_have_units_and_ranges_of_their_own(language):
    say = words(language)
    cap, depth = (
        next(k for k in knobs_of(load_scenario("hike")) if k.key == key)
        for key in ("funds.leverage_cap", "liquidity.depth_multiple")
    )
    assert help_of(cap, say).endswith({"ja": "; 1〜100]", "zh": "; 1至100]"}[language])
    assert help_of(depth, say).endswith({"ja": "[0.001〜20]", "zh": "[0.001至20]"}[language])
    half_open = depth._replace(bounds={"gt": 0, "le": 1000})
    assert help_of(half_open, say).endswith(
        {"ja": "[0超、1000以下]", "zh": "[大于0，不大于1000]"}[language]
    )
    assert "wealth" not in help_of(cap, say)


@pytest.mark.parametrize("name", list_scenarios())
def test_both_ends_of_every_slider_make_a_scenario(name):
    scenario = load_scenario(name)
    for knob in knobs_of(scenario):
        for value in (False, True) if knob.is_switch else (knob.low, knob.high):
            assert scenario.with_changes({knob.key: value}) is not None


def test_every_slider_declares_the_values_that_it_shows():
    hike = {knob.key: knob for knob in knobs_of(load_scenario("hike"))}
    assert (hike["shock.surprise_bp"].low, hike["shock.surprise_bp"].high) == (0.0, 150.0)
    assert {k for k in hike if not hike[k].is_switch} == set(SLIDERS) - {"policy.boj.surprise_bp"}


def test_a_group_has_a_switch_where_it_has_members():
    switches = {
        name: {knob.key for knob in knobs_of(load_scenario(name)) if knob.is_switch}
        for name in ("hike", "auto-liquidation", "late-hedgers")
    }
    assert switches["auto-liquidation"] - switches["hike"] == {"auto_borrowers.present"}
    assert switches["late-hedgers"] - switches["hike"] == {"companies.present"}
    assert switches["hike"] == set(GROUPS) - {"auto_borrowers.present", "companies.present"}
