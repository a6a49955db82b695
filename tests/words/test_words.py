"""Every language says the same things."""

import string

import pytest
from jinja2 import meta, nodes

from abm.errors import InvalidInput
from abm.figures.style import ACTOR_COLOURS
from abm.report.phrases import environment
from abm.words import LANGUAGES, counted, words

BILLIONS = ("十亿美元", "10亿美元", "10億ドル")


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_language_has_every_text_with_the_same_values(language):
    english, other = words("en").texts, words(language).texts
    assert english.keys() == other.keys()
    assert {k: fields(t) for k, t in other.items()} == {k: fields(t) for k, t in english.items()}


def told_by(language):
    """The values that each template of a language has, and what it reads of them."""
    known = environment(language)
    found = {}
    for name in known.list_templates():
        text, _, _ = known.loader.get_source(known, name)
        tree = known.parse(text)
        read = {one.attr for one in tree.find_all(nodes.Getattr)}
        found[name] = meta.find_undeclared_variables(tree), read
    return found


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_language_has_every_template_with_the_same_values(language):
    assert told_by(language) == told_by("en") != {}


def test_a_number_of_one_has_its_noun_in_the_singular():
    told = [counted(n, "run") for n in (0, 1, 2, 1024)]
    assert told == ["0 runs", "1 run", "2 runs", "1,024 runs"]


def test_the_number_that_is_shown_decides_and_not_the_one_behind_it():
    told = [counted(rate, "run", ",.3g") for rate in (0.9999, 1.0, 1.01)]
    assert told == ["1 run", "1 run", "1.01 runs"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language):
    assert all(text.strip() for text in words(language).texts.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_actor_that_has_a_colour_has_a_name(language):
    assert words(language).group("actors").keys() == ACTOR_COLOURS.keys()


def test_an_unknown_language_is_refused_with_those_there_are():
    with pytest.raises(InvalidInput, match="language = 'fr', must be one of en, ja, zh"):
        words("fr")


@pytest.mark.parametrize("language, said", [("en", "43.5"), ("ja", "435"), ("zh", "435")])
def test_an_amount_is_in_the_one_unit_of_its_language(language, said):
    say = words(language)
    assert say.amount(43.54, 1) == said and say.amount(0.0, 1) == f"{0:.{say.decimals(1)}f}"
    billions = [key for key, text in say.texts.items() if any(b in text for b in BILLIONS)]
    assert set(billions) <= {"compare.short"}  # where a unit of the yen short is defined
