"""A link holds the whole state, and nothing else gets in through it."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.classroom.choice import FIRST, MOST_LETTERS, TABS, Choice, link_of, read_link, whole_number
from abm.classroom.knobs import KEYS, knobs_of
from abm.classroom.page import TAB_CLASSES
from abm.classroom.terms import Terms
from abm.scenario import list_scenarios, load_scenario
from abm.words import LANGUAGES

HIKE_SLIDERS = ("shock.surprise_bp", "funds.leverage_cap", "liquidity.depth_multiple")


def faults_of(**pairs):
    choice, faults = read_link("?" + urlencode({k.replace("__", "."): v for k, v in pairs.items()}))
    assert choice == FIRST.changed(language=choice.language), "a refused link changes nothing"
    return faults


@given(
    changes=st.fixed_dictionaries({}, optional={key: st.floats(1.0, 20.0) for key in HIKE_SLIDERS}),
    absent=st.sets(st.sampled_from(["trend.present", "retail_fx.present"])),
    seed=st.integers(0, 10**15 - 1),
    replicate=st.integers(0, 10_000),
    tab=st.sampled_from(TABS),
    language=st.sampled_from(list(LANGUAGES)),
    leverage=st.floats(1.5, 20.0),
    horizon=st.integers(1, 60),
)
def test_every_choice_comes_back_from_its_link(
    changes, absent, seed, replicate, tab, language, leverage, horizon
):
    own = {knob.key: knob.value for knob in knobs_of(load_scenario("hike"))}
    kept = {key: value for key, value in changes.items() if value != own[key]}
    choice = Choice(
        changes={key: {**kept, **dict.fromkeys(absent, False)}[key]
                 for key in KEYS if key in kept or key in absent},
        seed=seed, replicate=replicate, other={"funds.overlap": 0.25},
        terms=Terms(leverage=leverage), tab=tab, language=language, portfolio="exporter",
        horizon=horizon, paths=1000,
    )  # fmt: skip
    assert read_link(link_of(choice)) == (choice, [])


@given(st.text(max_size=300))
def test_no_text_at_all_breaks_the_reading_of_a_link(text):
    choice, faults = read_link(text)
    assert choice.scenario in list_scenarios() and isinstance(faults, list)


@pytest.mark.parametrize("path", ["../hike", "/etc/passwd", "hike.toml", "configs/hike.toml", ""])
def test_a_scenario_is_a_name_from_the_list_and_never_a_path(path):
    assert f"must be one of {', '.join(list_scenarios())}" in faults_of(scenario=path)[0]


@pytest.mark.parametrize(
    "key", ["network.brokers.path", "network.kind", "name", "_class", "calendar.days", "x"]
)
def test_only_what_the_page_has_a_control_for_can_be_set(key):
    assert faults_of(**{key: "1"}) == [f"{key!r} cannot stand in a link"]


@pytest.mark.parametrize(
    ("key", "text"),
    [("funds__leverage_cap", "0.5"), ("funds__leverage_cap", "1e9"), ("funds__overlap", "-0.1"),
     ("other__funds__leverage_cap", "500")],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_in_the_words_of_the_schema(key, text):
    (fault,) = faults_of(**{key: text})
    assert "must be from" in fault


@pytest.mark.parametrize("text", ["nan", "inf", "ten", "0x10", "", "1; import os", "٣"])
def test_a_value_that_is_no_number_is_refused(text):
    (fault,) = faults_of(funds__leverage_cap=text)
    assert "must be a number, from 1 to 100" in fault


@pytest.mark.parametrize("text", ["nan", "inf", "ten", "", "٣"])
def test_a_term_of_a_trade_that_is_no_number_is_refused_by_the_same_rule(text):
    (fault,) = faults_of(trade__leverage=text)
    assert "must be a number from 1 to" in fault


def test_all_faults_are_said_at_once():
    faults = faults_of(scenario="no", seed="-1", tab="no", lang="fr", funds__levrage_cap="3")
    assert len(faults) == 5
    assert "did you mean funds.leverage_cap?" in faults[-1]


def test_a_key_given_twice_is_refused():
    choice, faults = read_link("?seed=1&seed=2")
    assert (choice, faults) == (FIRST, ["'seed' is given more than once"])


def test_a_link_of_endless_length_is_not_read():
    _, faults = read_link("?seed=" + "1" * MOST_LETTERS)
    assert "at most 2,000 are read" in faults[0]


def test_a_refused_link_still_speaks_the_language_it_asked_for():
    choice, faults = read_link("?lang=ja&seed=x")
    assert faults and choice == FIRST.changed(language="ja")


@pytest.mark.parametrize(("text", "number"), [("7", 7), (" 7 ", 7), ("-1", None), ("1.5", None),
                                              ("9" * 16, None), ("７", None)])  # fmt: skip
def test_a_seed_is_a_whole_number_of_at_most_fifteen_digits(text, number):
    assert whole_number(text) == number


def test_who_asks_for_nothing_sees_august_and_who_names_a_scenario_its_seed_0():
    assert read_link("") == (FIRST, [])
    assert read_link("?scenario=hike") == (Choice(scenario="hike", seed=0), [])


def test_everything_that_is_wrong_with_a_link_is_said_at_once():
    found = faults_of(
        funds__leverage_cap="999", shock__surprise_bp="x", trade__leverage="99", y="1"
    )
    for key in ("funds", "shock.surprise_bp", "trade.leverage", "'y'"):
        assert any(key in fault for fault in found), key
    assert len(found) == 4


def test_every_tab_that_a_link_can_name_stands_on_the_page_in_that_order():
    assert tuple(TAB_CLASSES) == TABS
