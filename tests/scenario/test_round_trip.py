"""A scenario written loads again; the hash is of the choices, not of their spelling."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.scenario import (
    Scenario,
    commented_template,
    describe_scenarios,
    json_schema,
    list_scenarios,
    load_scenario,
    parameter_table,
)
from abm.scenario.writing import to_toml

SHIPPED = ["august-2024", "auto-liquidation", "calm", "hike", "world-2024"]


def test_the_shipped_scenarios_are_found_and_have_titles():
    assert set(SHIPPED) <= set(list_scenarios())
    assert all(title for _, title in describe_scenarios())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_scenario_written_out_loads_to_an_equal_one(name, tmp_path):
    scenario = load_scenario(name)
    path = tmp_path / "scenario.toml"
    path.write_text(scenario.to_toml(), encoding="utf-8")
    again = load_scenario(path)
    assert again == scenario
    assert again.canonical_hash() == scenario.canonical_hash()
    assert again.to_toml() == scenario.to_toml()


def _reversed(value):
    """The same tables with their keys in the opposite order, and whole floats as integers."""
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(list(value))}
    if isinstance(value, list):
        return [_reversed(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("name", SHIPPED)
def test_the_hash_ignores_the_order_of_keys_and_the_spelling_of_numbers(name):
    scenario = load_scenario(name)
    raw = tomllib.loads(scenario.to_toml())
    turned = _reversed(raw)
    turned["instruments"] = {k: _reversed(v) for k, v in raw["instruments"].items()}
    styles = raw["funds"]["styles"]
    turned["funds"]["styles"] = {k: _reversed(v) for k, v in styles.items()}
    pairs = raw["correlations"].items()
    turned["correlations"] = {"-".join(reversed(pair.split("-"))): v for pair, v in pairs}
    assert Scenario.from_dict(turned).canonical_hash() == scenario.canonical_hash()


def test_the_hash_knows_the_order_of_instruments_and_every_number():
    scenario = load_scenario("hike")
    raw = tomllib.loads(scenario.to_toml())
    names = list(raw["instruments"])
    names[1], names[2] = names[2], names[1]
    raw["instruments"] = {name: raw["instruments"][name] for name in names}
    assert Scenario.from_dict(raw).canonical_hash() != scenario.canonical_hash()
    slightly = scenario.with_changes({"funds.band": scenario.funds.band + 1e-15})
    assert slightly.canonical_hash() != scenario.canonical_hash()


def test_a_title_is_not_a_choice_and_a_day_is_the_same_as_its_date():
    scenario = load_scenario("august-2024")
    other = scenario.with_changes({"title": "other words", "calendar.shock_day": 22})
    assert other.canonical_hash() == scenario.canonical_hash()


def test_a_graph_file_counts_by_what_is_in_it(tmp_path):
    hashes = []
    for folder, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "graph.csv").write_text(text)
        path = tmp_path / folder / "mine.toml"
        path.write_text('base = "hike"\n[network.brokers]\nkind = "file"\npath = "graph.csv"\n')
        hashes.append(load_scenario(path).canonical_hash())
    assert hashes[0] == hashes[1] != hashes[2]


scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=("Cs",))),
    st.dates(),
)
values = st.one_of(scalars, st.lists(scalars))
words = st.text(st.characters(exclude_categories=("Cs",)))
tables = st.dictionaries(words, values)


@given(st.dictionaries(words, values | tables))
def test_what_is_written_as_toml_is_read_as_the_same(raw):
    assert tomllib.loads(to_toml(raw)) == raw


def test_a_new_scenario_runs_as_it_is_and_explains_every_choice(tmp_path):
    text = commented_template("my-question")
    path = tmp_path / "my-question.toml"
    path.write_text(text, encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.canonical_hash() == load_scenario("hike").canonical_hash()
    for row in parameter_table(scenario):
        assert row.key == "news" or f"{row.key.rpartition('.')[2]} = " in text
    cap = text.index("# leverage_cap = 10.0")
    assert (
        text[:cap].rstrip().endswith("[1 + borrowing / wealth; from 1 to 100; plausible 5 to 15]")
    )


def test_taking_away_every_mark_changes_nothing(tmp_path):
    lines = commented_template("all").partition("# [[news]]")[0].splitlines()
    keys = [line for line in lines if not line.startswith(("##", "# without", "# start"))]
    active = [line.removeprefix("# ") if " = " in line else line for line in keys]
    path = tmp_path / "all.toml"
    path.write_text("\n".join(active), encoding="utf-8")
    assert load_scenario(path).canonical_hash() == load_scenario("hike").canonical_hash()


@pytest.mark.parametrize("name", ["", "../x", "a b", ".hidden", "x/y"])
def test_a_new_scenario_needs_a_name_that_can_be_a_file(name):
    with pytest.raises(InvalidInput, match="cannot be a scenario's name"):
        commented_template(name)


def test_every_number_has_a_unit_a_range_a_source_and_a_meaning():
    for row in parameter_table(load_scenario("august-2024")):
        assert row.meaning, row
        assert row.source, row
        assert row.range or isinstance(row.value, str | bool), row
        if isinstance(row.value, float):
            assert row.unit, row


def test_the_schema_for_editors_knows_every_key_and_describes_it():
    schema = json_schema()
    fund = schema["$defs"]["HedgeFunds"]["properties"]["leverage_cap"]
    assert (fund["minimum"], fund["maximum"]) == (1, 100)
    assert "1 + borrowing / wealth" in fund["description"]
    assert schema["additionalProperties"] is False
    assert {"base", "without", "shock"} <= schema["properties"].keys()
    for part in schema["$defs"].values():
        for name, field in part.get("properties", {}).items():
            assert name == "kind" or field.get("description"), (part["title"], name)
