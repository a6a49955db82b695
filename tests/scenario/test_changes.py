"""A scenario is changed by dotted keys, into a copy that is checked like the first."""

import copy
import pickle
from datetime import date

import numpy as np
import pytest

import abm
from abm.errors import InvalidInput, ScenarioFaults
from abm.scenario import load_scenario, parse_setting
from abm.scenario.script import RateSurprise


@pytest.fixture(scope="module")
def august():
    return load_scenario("august-2024")


@pytest.fixture(scope="module")
def hike():
    return load_scenario("hike")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("policy.boj.hike_bp", 25),
        ("policy.boj.surprise_bp", 40.0),
        ("funds.leverage_cap", 5),
        ("population.scale", 10),
        ("calendar.days", 100),
        ("instruments.JPY.value_depth_usd_bn", 2000.0),
        ("funds.styles.FXM.leverage", 2.5),
        ("policy.mof.interventions.first.usd_bn", 0.0),
        ("policy.mof.interventions.0.usd_bn", 0.0),
        ("news.payrolls.moves.JPY", 0.0),
        ("correlations.JPY-AUD", 0.1),
        ("correlations.AUD-JPY", 0.1),
        ("outputs.feedback_gain_every_days", 5),
    ],
)
def test_one_change_changes_one_choice(august, key, value):
    changed = august.with_changes({key: value})
    assert changed.canonical_hash() != august.canonical_hash()
    before, after = _choices(august), _choices(changed)
    differing = [name for name in before if before[name] != after[name]]
    assert len(differing) == 1
    assert after[differing[0]] == value


def _choices(scenario):
    from abm.scenario import parameter_table

    return {row.key: row.value for row in parameter_table(scenario)}


def test_every_listed_key_can_be_set_to_what_it_is(august):
    choices = _choices(august)
    for key in august.dotted_keys():
        if key in choices:
            value = choices[key]
            same = august.with_changes({key: list(value) if isinstance(value, tuple) else value})
            assert same == august, key


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("policy.boj.hike", "hike_bp"),
        ("hike_bp", "policy.boj.hike_bp"),
        ("funds.leverge_cap", "leverage_cap"),
        ("instruments.AUDD.value_depth_usd_bn", "instruments.AUD.value_depth_usd_bn"),
        ("policy.mof.interventions.frist.usd_bn", "policy.mof.interventions.first.usd_bn"),
        ("funds.leverage_cap.more", "funds.leverage_cap"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest(august, key, nearest):
    with pytest.raises(ScenarioFaults) as refused:
        august.with_changes({key: 1})
    (fault,) = refused.value.faults
    assert fault.allowed == "unknown key"
    assert nearest in fault.hint


def test_all_faults_of_a_change_are_said_at_once(august):
    with pytest.raises(ScenarioFaults) as refused:
        august.with_changes({"funds.nn.x": 1, "funds.band": 3.0, "insurers.weights.UST": 0.1})
    keys = [fault.key for fault in refused.value.faults]
    assert keys == ["funds.nn.x", "funds.band", "insurers.weights"]


def test_one_pair_cannot_be_given_two_correlations(august):
    with pytest.raises(ScenarioFaults, match=r"AUD-JPY = .* names a pair"):
        august.with_changes({"correlations.JPY-AUD": 0.2, "correlations.AUD-JPY": 0.3})


def test_a_graph_that_is_not_there_is_a_fault_of_the_change(august):
    with pytest.raises(ScenarioFaults, match=r"brokers\] path = .* there is no such file"):
        august.with_changes({"network.brokers": {"kind": "file", "path": "gone.csv"}})


@pytest.mark.parametrize("changes", [None, 3, [("funds.n", 3)], {3: 4}])
def test_changes_are_values_by_key(august, changes):
    with pytest.raises(InvalidInput, match="must be values by dotted key"):
        august.with_changes(changes)


def test_another_kind_starts_from_its_own_defaults(hike):
    line = {"policy.swap_line.margin_ceiling": 0.2, "policy.swap_line.kind": "line"}
    changed = hike.with_changes(line)
    assert changed.policy.swap_line.margin_ceiling == 0.2
    assert changed.policy.swap_line.dealer_depth_floor == 0.6
    assert hike.with_changes({"margin.kind": "none"}).margin.kind == "none"
    fixed = hike.with_changes({"margin": {"kind": "fixed", "rate": 0.1}})
    assert (fixed.margin.rate, fixed.margin.buffer) == (0.1, 0.9)


def test_a_part_can_be_put_in_as_an_object_and_none_brings_the_default_back(hike):
    changed = hike.with_changes({"shock": RateSurprise(surprise_bp=50.0)})
    assert changed.shock.surprise_bp == 50
    assert hike.with_changes({"shock": None}).shock.kind == "none"


def test_numbers_of_numpy_are_numbers(hike):
    design = {"funds.n": np.int64(30), "funds.leverage_cap": np.float64(5), "insurers.n": 4.0}
    changed = hike.with_changes(design)
    assert (type(changed.funds.n), type(changed.funds.leverage_cap)) == (int, float)
    assert type(changed.insurers.n) is int


def test_what_was_changed_is_not_touched(hike):
    before = hike.canonical_hash()
    hike.with_changes({"instruments.JPY.volatility_per_year": 0.2, "news": []})
    assert hike.canonical_hash() == before


def test_a_scenario_cannot_be_written_to_at_any_depth(hike):
    with pytest.raises(ValueError, match="frozen"):
        hike.funds.leverage_cap = 3
    with pytest.raises(TypeError, match="with_changes"):
        hike.instruments["JPY"] = hike.instruments["AUD"]
    with pytest.raises(TypeError, match="with_changes"):
        hike.funds.styles["FXM"].weights.update({"AUD": 1.0})


def test_a_scenario_travels_between_processes(august):
    for twin in (pickle.loads(pickle.dumps(august)), copy.deepcopy(august)):
        assert twin == august
        assert hash(twin) == hash(august)
        assert twin.canonical_hash() == august.canonical_hash()


def test_a_setting_of_the_command_line_is_read_as_toml_or_else_as_text():
    assert parse_setting("funds.leverage_cap = 5") == ("funds.leverage_cap", 5)
    assert parse_setting("outputs.events=false") == ("outputs.events", False)
    assert parse_setting("calendar.start=2024-07-01") == ("calendar.start", date(2024, 7, 1))
    assert parse_setting("margin.kind=none") == ("margin.kind", "none")
    assert parse_setting("banks.core_capital_factors=[1, 1.0]")[1] == [1, 1.0]
    assert parse_setting("funds.n=" + "9" * 5000) == ("funds.n", "9" * 5000)
    assert parse_setting("funds.n=" + "[" * 5000) == ("funds.n", "[" * 5000)
    for bad in ("funds.leverage_cap", "=3", "funds.n="):
        with pytest.raises(InvalidInput, match="KEY=VALUE"):
            parse_setting(bad)
    with pytest.raises(InvalidInput, match="cannot be printed"):
        parse_setting("name=\udce9")  # a byte that is not UTF-8


ZEALAND = {
    "kind": "currency",
    "yield_per_year": 0.055,
    "volatility_per_year": 0.07,
    "value_depth_usd_bn": 900.0,
    "dealer_depth_usd_bn": 70.0,
}


def test_a_currency_is_added_behind_those_there_are(hike):
    changed = hike.with_changes({"instruments.NZD": ZEALAND, "funds.styles.FXM.weights.NZD": 0.05})
    names = changed.instrument_names
    assert names[:4] == ("JPY", "AUD", "MXN", "NZD") and names[4:] == hike.instrument_names[3:]
    assert changed.funding_currency == "JPY"
    assert changed.instruments["NZD"].day_count == 365  # ACT/365, as abm.carry has it
    abm.run(changed.with_changes({"calendar.days": 3, "calendar.burn_in_days": 70}), rng=1)


@pytest.mark.parametrize(("name", "days"), [("CHF", 360), ("GBP", 365), ("SEK", 365)])
def test_a_currency_accrues_by_its_money_markets_day_count_by_default(hike, name, days):
    added = hike.with_changes({f"instruments.{name}": ZEALAND}).instruments[name]
    assert added.day_count == days
    other = {**ZEALAND, "day_count": 725 - days}
    assert hike.with_changes({f"instruments.{name}": other}).instruments[name] != added


def test_a_file_adds_a_currency_to_its_base(tmp_path, hike):
    path = tmp_path / "mine.toml"
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in ZEALAND.items()]
    path.write_text('base = "hike"\n[instruments.NZD]\n' + "\n".join(lines))
    loaded = load_scenario(path)
    assert (
        loaded.instrument_names == hike.with_changes({"instruments.NZD": ZEALAND}).instrument_names
    )
    again = tmp_path / "again.toml"
    again.write_text(loaded.to_toml())
    assert load_scenario(again) == loaded


def test_an_asset_that_is_added_comes_last(hike):
    gold = {**ZEALAND, "kind": "asset", "yield_per_year": 0.0}
    assert hike.with_changes({"instruments.XAU": gold}).instrument_names[-1] == "XAU"


def test_scenarios_found_equal_are_not_compared_again_and_copies_with_other_fields_are(hike):
    again = load_scenario("hike")
    assert again is not hike and again == hike and again._contents is hike._contents
    renamed = hike.model_copy(update={"name": "another"})
    assert renamed != hike and hike.with_changes({"calendar.days": 30}) != hike
    assert renamed.model_copy(update={"name": hike.name}) == hike
