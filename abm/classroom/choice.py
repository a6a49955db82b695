"""The choice that a page shows, and the link that holds it whole.

A link is another person's text. Scenario, tab and language are taken from lists of names, a seed
and every value must be numbers within the schema's range, and a change may only name a key that the
page has a control for: nothing from a link is run, and nothing is read as a path.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from abm.classroom.knobs import KEYS, Value, knobs_of, number_in, spelt, values_of
from abm.classroom.terms import TARGETS, TERMS, Terms
from abm.errors import ScenarioFaults
from abm.scenario import Scenario, list_scenarios, load_scenario
from abm.stress.samples import list_samples
from abm.words import LANGUAGES

TABS = ("play", "compare", "phase", "august", "trade", "portfolio", "warning")
MOST_LETTERS = 2_000
MOST_DIGITS = 15  # of a seed
PATHS = ("200", "1000")  # of a stress test
MOST_HORIZON = 60  # trading days of a stress test
PLAIN = ("scenario", "seed", "replicate", "portfolio", "horizon", "paths", "tab", "lang")
OTHER = "other."  # before the keys of the run that is compared


@dataclass(frozen=True)
class Choice:
    """Scenario, changes and seed of the run; what the other tabs add; tab and language."""

    scenario: str = "hike"
    changes: Mapping[str, Value] = field(default_factory=dict)
    seed: int = 0
    replicate: int = 0  # which draw of the seed, as in a row of a sweep
    other: Mapping[str, Value] = field(default_factory=dict)  # further changes of the compared run
    terms: Terms = field(default_factory=Terms)  # of one's own trade
    portfolio: str = "carry-fund"  # a sample: a file of the reader's own is in no link
    horizon: int = 20  # trading days of the stress test
    paths: int = 200  # of the stress test
    tab: str = "play"
    language: str = "en"

    def changed(self, **what: Any) -> Choice:
        return replace(self, **what)

    @property
    def base(self) -> Scenario:
        """The scenario as it is shipped."""
        return shipped(self.scenario)

    @property
    def targets(self) -> tuple[str, ...]:
        """Currencies that one's own trade may buy: the dollar, and those of the scenario."""
        foreign = {"USD", *self.base.currencies} - {self.base.funding_currency}
        return tuple(name for name in TARGETS if name in foreign)

    @property
    def run(self) -> tuple[str, dict[str, Value], int, int]:
        """The choices that decide the run: scenario, changes, seed and replicate."""
        return self.scenario, dict(self.changes), self.seed, self.replicate

    @property
    def run_scenario(self) -> Scenario:
        """The scenario with the page's changes."""
        return self.base.with_changes(dict(self.changes))

    @property
    def differing(self) -> dict[str, Value]:
        """The changes of the compared run that this one does not have, and none that both have
        alike."""
        here = values_of(self.base, self.changes)
        return {key: value for key, value in self.other.items() if value != here[key]}

    @property
    def other_scenario(self) -> Scenario:
        """Scenario of the compared run: the same and its own changes."""
        return self.base.with_changes({**self.changes, **self.other})


@lru_cache(maxsize=16)
def shipped(name: str) -> Scenario:
    """A scenario by its name; read once."""
    return load_scenario(name)


# What a page shows without a link: of sixty seeds the one nearest the record.
FIRST = Choice(scenario="august-2024", seed=10)


def link_of(choice: Choice) -> str:
    """The query of a link: what is not as it is at first."""
    plain = Choice()
    pairs: list[tuple[str, str]] = [("scenario", choice.scenario)]
    pairs += [(key, spelt(value)) for key, value in choice.changes.items()]
    pairs += [("seed", str(choice.seed))]
    pairs += [("replicate", str(choice.replicate))] if choice.replicate else []
    pairs += [(f"{OTHER}{key}", spelt(value)) for key, value in choice.other.items()]
    pairs += [(f"{TERMS}{key}", value) for key, value in choice.terms.changed().items()]
    for name in ("portfolio", "horizon", "paths"):
        if getattr(choice, name) != getattr(plain, name):
            pairs.append((name, str(getattr(choice, name))))
    if choice.tab != plain.tab:
        pairs.append(("tab", choice.tab))
    if choice.language != plain.language:
        pairs.append(("lang", choice.language))
    return f"?{urlencode(pairs)}"


def read_link(query: str) -> tuple[Choice, list[str]]:
    """The choice of a link, and everything that is wrong with it.

    A link with any fault is refused whole: the choice is then the page's own, in the language asked
    for where that is one.
    """
    query = query.removeprefix("?")
    if len(query) > MOST_LETTERS:
        return FIRST, [f"the link has {len(query):,} letters, at most {MOST_LETTERS:,} are read"]
    pairs = parse_qsl(query, keep_blank_values=True)
    given, faults = dict(pairs), []
    faults += [f"{_shown(k)} is given more than once" for k in _repeated([k for k, _ in pairs])]
    language = _one_of("lang", given, tuple(LANGUAGES), "en", faults)
    choice = Choice(
        scenario=_one_of("scenario", given, tuple(list_scenarios()), FIRST.scenario, faults),
        seed=_whole("seed", given, 0 if "scenario" in given else FIRST.seed, faults),
        replicate=_whole("replicate", given, 0, faults),
        portfolio=_one_of("portfolio", given, tuple(list_samples()), Choice.portfolio, faults),
        horizon=_horizon(given, faults),
        paths=int(_one_of("paths", given, PATHS, PATHS[0], faults)),
        tab=_one_of("tab", given, TABS, "play", faults),
        language=language,
    )
    changes, other = _numbers(given, "", choice, faults), _numbers(given, OTHER, choice, faults)
    terms, refused = Terms.read(given)
    faults += refused
    faults += [f"{_shown(key)} {_unknown(key)}" for key in given if not _is_known(key)]
    choice = choice.changed(changes=changes, other=other, terms=terms)
    faults += _out_of_range(choice)
    if terms.target not in choice.targets:
        allowed = ", ".join(choice.targets)
        faults.append(f"{TERMS}target = {_shown(terms.target)}, must be one of {allowed}")
    return (choice, []) if not faults else (FIRST.changed(language=language), faults)


def _numbers(
    given: Mapping[str, str], prefix: str, choice: Choice, faults: list[str]
) -> dict[str, Value]:
    """The changes of a link: numbers, or true and false, for keys that the scenario has."""
    own = {knob.key: knob for knob in knobs_of(choice.base)}
    found: dict[str, Value] = {}
    for key in KEYS:
        text = given.get(f"{prefix}{key}")
        if text is None:
            continue
        if key not in own:
            faults.append(f"{prefix}{key} is not a choice of {choice.scenario}")
            continue
        value = _value(text, own[key].is_switch)
        if value is None:
            wanted = "true or false" if own[key].is_switch else f"a number, {own[key].allowed}"
            faults.append(f"{prefix}{key} = {_shown(text)}, must be {wanted}")
        elif value != own[key].value or prefix:
            found[key] = value
    return found


def _value(text: str, is_switch: bool) -> Value | None:
    if is_switch:
        return {"true": True, "false": False}.get(text)
    return number_in(text)


def _out_of_range(choice: Choice) -> list[str]:
    """The schema's faults of the values."""
    try:
        _ = choice.run_scenario, choice.other_scenario
    except ScenarioFaults as refused:
        return list(dict.fromkeys(str(fault) for fault in refused.faults))
    return []


def _one_of(
    key: str, given: Mapping[str, str], allowed: tuple[str, ...], usual: str, faults: list[str]
) -> str:
    text = given.get(key, usual)
    if text in allowed:
        return text
    faults.append(f"{key} = {_shown(text)}, must be one of {', '.join(allowed)}")
    return usual


def _whole(key: str, given: Mapping[str, str], usual: int, faults: list[str]) -> int:
    text = given.get(key, str(usual))
    number = whole_number(text)
    if number is None:
        wanted = f"must be a whole number from 0, of at most {MOST_DIGITS} digits"
        faults.append(f"{key} = {_shown(text)}, {wanted}")
    return number or 0


def _horizon(given: Mapping[str, str], faults: list[str]) -> int:
    text = given.get("horizon", str(Choice.horizon))
    number = whole_number(text)
    if number is None or not 1 <= number <= MOST_HORIZON:
        wanted = f"must be a whole number from 1 to {MOST_HORIZON}"
        faults.append(f"horizon = {_shown(text)}, {wanted}")
    return number or 1


def whole_number(text: str) -> int | None:
    """A seed as it was typed; None where it is none."""
    text = text.strip()
    is_whole = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_whole else None


def _is_known(key: str) -> bool:
    plain = key.removeprefix(OTHER)
    return key in PLAIN or plain in KEYS or key.startswith(TERMS)


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key.removeprefix(OTHER), KEYS, 1)
    return f"cannot stand in a link{f'; did you mean {near[0]}?' if near else ''}"


def _repeated(keys: list[str]) -> list[str]:
    return [key for key in dict.fromkeys(keys) if keys.count(key) > 1]


def _shown(text: str) -> str:
    """Text from outside, short and printable."""
    return repr(text[:60])
