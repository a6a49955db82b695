"""Figures and titles name a field in words: each has a label beside its unit, range and source."""

from typing import get_args

import pytest

from abm.figures.sweep_axes import axis_words, outcome_words
from abm.scenario import list_scenarios, load_scenario
from abm.scenario.fields import note
from abm.scenario.labels import label_of
from abm.scenario.places import bare, leaves, parts_in
from abm.scenario.schema import Scenario

NAMES = {"shock.surprise_bp", "policy.boj.surprise_bp"}  # one announcement, by either script
NAMES |= {"shock.news_log_per_bp", "policy.boj.news_log_per_bp"}


def keys():
    """Every key of a shipped scenario but the kinds of its parts, by key."""
    scenarios = [load_scenario(name) for name in list_scenarios()]
    return sorted({leaf.key for one in scenarios for leaf in leaves(one)})


def declared(part):
    """Fields that are chosen, below a part, in every kind that it may be of."""
    for name, field in part.model_fields.items():
        entries = [part for inner in get_args(bare(field.annotation)) for part in parts_in(inner)]
        for below in {*parts_in(field.annotation), *entries}:
            yield from declared(below)
        if name != "kind" and not parts_in(field.annotation):
            yield f"{part.__name__}.{name}", field


def test_every_field_of_every_kind_has_a_label_of_a_few_words():
    labels = {name: note(field, "label") for name, field in declared(Scenario)}
    assert len(labels) > 100
    assert not [name for name, label in labels.items() if not 0 < len(label) <= 52]
    assert not [label for label in labels.values() if "_" in label or "." in label]


def test_no_two_keys_of_a_scenario_have_the_same_label():
    labels = {}
    for key in keys():
        labels.setdefault(label_of(key), []).append(key)
    labels.pop(None)  # an instrument's kind
    assert [same for same in labels.values() if len(same) > 1 and not NAMES.issuperset(same)] == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("funds.anchor_share", "weight of long-run variance in fund sizing, share"),
        ("funds.styles.FXM.yen_share", "FXM: yen share of borrowing, share"),
        ("funds.styles.*.leverage", "all styles: calm leverage, times wealth"),
        ("funds.styles.FXM.weights.*", "FXM: portfolio weight"),
        ("risk_parity.leverage_cap", "risk parity: leverage cap, times wealth"),
        ("banks.desk.leverage", "bank desks: calm leverage, 1 + borrowing / capital of the book"),
        ("policy.mof.interventions.first.usd_bn", "first: dollars sold, USD bn"),
        ("instruments.JPY.dealer_depth_usd_bn", "JPY: dealer depth, USD bn per log"),
        ("margin.kind", "margin rule"),
    ],
)
def test_a_key_stands_on_an_axis_as_its_label_and_unit(key, words):
    assert axis_words(key) == words


def test_a_key_that_the_schema_does_not_know_has_no_label():
    assert label_of("funds.zz") is None and label_of("calm") is None and label_of("funds") is None
    assert label_of("funds.leverage_cap.more") is None


def test_every_number_of_a_run_has_a_name_of_its_own():
    asked = ("n_failed>=3", "usdjpy_hill_left", "forced_trend_usd_bn", "max_feedback_gain")
    assert [outcome_words(name) for name in asked] == [
        "P(failed institutions in the run ≥ 3)",
        "tail index of USDJPY losses",
        "forced sales of trend followers, USD bn",
        "largest feedback gain",
    ]
