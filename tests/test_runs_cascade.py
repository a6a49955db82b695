"""The numbers of a cascade as attributes, beside its keys."""

import copy
import pickle

import pytest

import abm
from tests.sweep.small import TINY


@pytest.fixture(scope="module")
def cascade():
    return abm.cascade(abm.load_scenario("hike").with_changes(TINY), rng=3)


def test_numbers_of_a_cascade_are_attributes_and_keys(cascade):
    for name, value in cascade.items():
        assert getattr(cascade, name) == value or value != value
    assert cascade.peak_yen_appreciation == cascade["peak_yen_appreciation"]
    assert hasattr(cascade, "unwound_5d") and not hasattr(cascade, "unwound_6d")


def test_no_number_hides_behind_a_field_or_a_method(cascade):
    assert not set(cascade.measures) & set(object.__dir__(cascade))


def test_an_unknown_attribute_names_the_nearest_once(cascade):
    with pytest.raises(AttributeError) as refused:
        cascade.peak_yen_apreciation  # noqa: B018
    said = "a Cascade has no 'peak_yen_apreciation'; did you mean peak_yen_appreciation?"
    assert str(refused.value) == said and refused.value.obj is None
    with pytest.raises(AttributeError, match=r"did you mean frozen_days\?$"):
        cascade.frozn_days  # noqa: B018
    with pytest.raises(AttributeError, match=r"^a Cascade has no '_repr_html_'$"):
        cascade._repr_html_  # noqa: B018
    with pytest.raises(KeyError):
        cascade["peak_yen_apreciation"]


def test_numbers_of_a_cascade_can_be_completed(cascade):
    names = dir(cascade)
    assert {"unwound_5d", "peak_yen_appreciation", "run", "keys"} <= set(names)
    assert "class" not in names and names == sorted(set(names))


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
def test_a_copy_of_a_cascade_is_one(cascade, copied):
    again = copied(cascade)
    assert again.measures == cascade.measures or repr(again.measures) == repr(cascade.measures)
    assert again.peak_yen_appreciation == cascade.peak_yen_appreciation
    assert again.run.days.equals(cascade.run.days)
