"""All of a kind by *, and values relative to what the scenario has."""

import pytest
from typer.testing import CliRunner

from abm.cli.commands import app
from abm.errors import ScenarioFaults
from abm.scenario import load_scenario, parse_setting
from abm.scenario.patterns import matching, multiple_in, multiplied

STYLES = "funds.styles.*.leverage"


@pytest.fixture(scope="module")
def hike():
    return load_scenario("hike")


def leverage(scenario):
    return {name: style.leverage for name, style in scenario.funds.styles.items()}


def test_every_style_is_levered_by_as_much_more(hike):
    key, value = parse_setting(f"{STYLES}=1.2x")
    before, after = leverage(hike), leverage(hike.with_changes({key: value}))
    assert len(set(before.values())) > 1
    assert after == {name: 1.2 * own for name, own in before.items()}


def test_every_style_is_levered_alike(hike):
    assert set(leverage(hike.with_changes({STYLES: 2.5})).values()) == {2.5}


def test_a_single_key_can_be_multiplied_too(hike):
    changed = hike.with_changes({"funds.leverage_cap": "0.5x", "correlations.AUD-JPY": "2x"})
    assert changed.funds.leverage_cap == 0.5 * hike.funds.leverage_cap
    assert changed.correlations["JPY-AUD"] == 2 * hike.correlations["JPY-AUD"]


def test_a_star_is_any_part_of_a_key_and_nothing_else_is_more_than_itself():
    keys = ["a.b.c", "a.c", "a.[b].c", "x.c"]
    assert matching(keys, "a.*.c") == ["a.b.c", "a.[b].c"]
    assert matching(keys, "*.c") == keys and matching(keys, "a.[b].c") == ["a.[b].c"]
    assert matching(keys, "a.?.c") == []


@pytest.mark.parametrize("pattern", ["correlations.AUD-*", "correlations.*-AUD"])
def test_a_pattern_finds_a_pair_either_way_round(hike, pattern):
    after = hike.with_changes({pattern: "0x"}).correlations
    pairs = [pair for pair in hike.correlations if "AUD" in pair]
    assert "JPY-AUD" in pairs and "AUD-MXN" in pairs
    assert [pair for pair, value in after.items() if value == 0.0] == pairs


def test_a_multiple_of_a_whole_number_is_whole_where_it_can_be(hike):
    assert multiplied(30, 1.1) == 33 and isinstance(multiplied(30, 1.1), int)
    assert hike.with_changes({"funds.n": "1.1x"}).funds.n == round(1.1 * hike.funds.n)
    with pytest.raises(ScenarioFaults, match="must be a whole number"):
        hike.with_changes({"banks.n_core": "1.1x"})


@pytest.mark.parametrize("word", ["1.2x", "0.8x", "2x", ".5x", "1e-1x", "-1x", "+3.x"])
def test_what_is_a_multiple(word):
    assert multiple_in(word) == float(word[:-1])


@pytest.mark.parametrize("word", ["x", "1.2", "1.2 x", "1.2xx", "1,2x", "٣x", "1.2x\n", 1.2, None])
def test_what_is_none(word):
    assert multiple_in(word) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"funds.styles.*.levrage": 2}, "fits no key of the scenario; did you mean " + STYLES),
        ({"fund.styles.*.leverage": "1.2x"}, "fits no key of the scenario; did you mean " + STYLES),
        ({"zzz*": 2}, "fits no key of the scenario"),
        ({STYLES: "1.2x", "funds.styles.MA.leverage": 3}, "sets funds.styles.MA.leverage, which"),
        ({STYLES: 2, "funds.*.leverage": 3}, "once is enough"),
        (
            {"outputs.events": "2x"},
            "cannot be multiplied: its value in the scenario is not a number",
        ),
        ({STYLES: "100x"}, "must be from 1 to"),
        ({STYLES: "1e999x"}, "must be from 1 to"),
        ({STYLES: "1.2y"}, "must be a number"),
        ({"funds.levrage_cap": "2x"}, "unknown key; did you mean leverage_cap?"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_nearest(hike, changes, message):
    with pytest.raises(ScenarioFaults) as refused:
        hike.with_changes(changes)
    assert message in str(refused.value)


def test_the_help_of_a_setting_shows_both():
    for command in ("run", "check"):
        told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
        words = " ".join(told.replace("│", " ").split())
        assert "A * is any part of a key, 1.2x is 1.2 times what the scenario has" in words


def test_a_text_that_looks_like_a_multiple_stays_a_text(hike):
    assert hike.with_changes({"title": "2x"}).title == "2x"


def test_all_of_a_kind_are_refused_by_name(hike):
    with pytest.raises(ScenarioFaults) as refused:
        hike.with_changes({STYLES: 0.5})
    assert {fault.key for fault in refused.value.faults} == {
        f"funds.styles.{name}.leverage" for name in hike.funds.styles
    }
