"""A run told to a person: what the shock did, and what else happened in the run.

Two groups are told apart: what happened because of the shock, which is the run less the same run
without it (`abm.report.effects`), and what happened in the run, whatever caused it.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.figures.finding import LEAST_USD_BN, number
from abm.measures.cascade import (
    DAM_BREAK_SHARE,
    LEAK_SHARE,
    failed_to_clear,
    forced_by_type,
)
from abm.measures.classes import BROKEN_BEFORE
from abm.report import effects
from abm.report.funding import bank_facts, basis_facts
from abm.report.phrases import Phrases, change, quote
from abm.report.quotes import real_quotes, usd_quotes
from abm.report.script import acts, class_of, currency, day_name, is_shocked, rules_told
from abm.words import LABEL_LETTERS, LINE_LETTERS, Words, key_of, words

if TYPE_CHECKING:
    import pandas as pd

    from abm.runs import RunResult
    from abm.scenario import Scenario

LOW_WITHIN_DAYS = 20  # of the shock: later lows, or highs, have other causes
_N_NAMED = 8  # of those who failed
SHOCK, RUN = "shock", "run"  # what happened because of the shock, and what happened in the run


class Told(NamedTuple):
    """The run behind a summary."""

    scenario: Scenario
    seed: int
    replicate: int
    days: pd.DataFrame
    institutions: pd.DataFrame
    measures: Mapping[str, Any]
    real: pd.Series | None

    @classmethod
    def of(cls, result: RunResult) -> Told:
        """The run of a result, whose summary has the measures beside counterfactuals, if known."""
        return cls(
            result.scenario, result.seed, result.replicate, result.days, result.institutions,
            result.summary, real_quotes(result.scenario),
        )  # fmt: skip


class Section(NamedTuple):
    """Facts under one heading."""

    heading: str
    facts: list[str]
    group: str = ""  # SHOCK or RUN; empty for what the run is, and its class


class Group(NamedTuple):
    """Sections of one group, and what the group is; the first has no heading."""

    heading: str
    sections: list[Section]


class Move(NamedTuple):
    """Quotes around a shock, with their days: farthest before it, eve of it, farthest after.

    Of a fall the highest before and the lowest after; of a rise the other way round.
    """

    is_rise: bool
    from_day: int
    start: float
    eve: float
    to_day: int
    end: float

    def told(self, scenario: Scenario, say: Words) -> str:
        (said,) = Phrases(say).lines(
            "summary/move",
            move=self,
            is_named_once=self.from_day < 0 or self.start == self.eve,
            from_day=day_name(scenario, self.from_day, say.language),
            to_day=day_name(scenario, self.to_day, say.language),
            since=self.end / self.eve - 1.0,
            whole=self.end / self.start - 1.0,
            within_days=LOW_WITHIN_DAYS,
        )
        return said


class Before(NamedTuple):
    """Of what happened in a run the part before its shock."""

    usd_bn: float
    n_calls: int


class Failed(NamedTuple):
    """Institutions that failed "before" the shock, "after" it, or "ever" in a run without one."""

    when: str
    n: int
    named: list[tuple[str, str]]  # the first of them, with their days
    n_more: int


def sections(told: Told, language: str = "en") -> list[Section]:
    """The whole summary, one heading and its facts after another; none without facts."""
    say = words(language)
    name = currency(told.scenario.funding_currency, language)
    capital = f"{name[:1].upper()}{name[1:]}"
    has_effects = is_shocked(told.scenario) and _has_counterfactuals(told)
    of_shock = effects.facts(told.scenario, told.measures, say) if has_effects else {}
    made = (
        ("", "uncleared", _uncleared(told, say)),
        ("", "class", _class(told, say)),
        ("", "run", _run(told, say)),
        ("", "before", _acts(told.scenario, say, before=True)),
        ("", "shock", _acts(told.scenario, say, before=False)),
        ("", "rules", iter(rules_told(told.scenario, say.language))),
        *((SHOCK, key, facts) for key, facts in of_shock.items()),
        (RUN, "price", _price(told, say)),
        (RUN, "eve", _eve(told, say)),
        (RUN, "forced", _forced(told, say)),
        (RUN, "failed", _failed(told, say)),
        (RUN, "basis", basis_facts(told.scenario, told.days, say)),
        (RUN, "banks", bank_facts(told.scenario, told.days, told.institutions, say)),
        (RUN, "books", _books(told, say)),
    )
    found = [
        Section(say(f"summary.heading.{key}", currency=name, capital=capital), list(facts), group)
        for group, key, facts in made
    ]
    return [section for section in found if section.facts]


def groups(told: Told, language: str = "en") -> list[Group]:
    """The same by group, in the order in which they are told: what the shock did comes first."""
    say, found = words(language), sections(told, language)
    return [
        Group(say(f"summary.group.{group}") if group else "", [*chosen])
        for group, chosen in itertools.groupby(found, key=lambda section: section.group)
    ]


def summary_text(told: Told) -> str:
    """The summary for a terminal."""
    lines = [title(told.scenario)]
    for group in groups(told):
        lines.extend(["", group.heading] if group.heading else [])
        for section in group.sections:
            lines.extend(_block(section.heading, section.facts))
    return "\n".join(lines)


def _block(heading: str, facts: list[str]) -> Iterator[str]:
    """Facts beside their heading, wrapped."""
    for fact in facts:
        first = f"{heading:<{LABEL_LETTERS}}"
        yield textwrap.fill(
            fact, LINE_LETTERS, initial_indent=first, subsequent_indent=" " * LABEL_LETTERS,
            break_on_hyphens=False,
        )  # fmt: skip
        heading = ""


def title(scenario: Scenario) -> str:
    """A scenario by its name and what it is."""
    return f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name


def _uncleared(told: Told, say: Words) -> list[str]:
    """Days without a price, first of all: what the run did on them is not what it wanted."""
    days = told.days.loc[failed_to_clear(told.days), "day"].tolist()
    named = [day_name(told.scenario, int(day), say.language) for day in days[:_N_NAMED]]
    return Phrases(say).lines("summary/uncleared", n=len(days), days=named)


def _run(told: Told, say: Words) -> Iterator[str]:
    first, last = (
        day_name(told.scenario, int(told.days["day"].iloc[i]), say.language) for i in (0, -1)
    )
    n = int((told.institutions["kind"] != "bank").sum())
    yield say(
        "summary.run",
        seed=told.seed,
        replicate=told.replicate,
        institutions=f"{n:,}",
        banks=say("summary.banks", n=len(told.institutions) - n),
        days=say("summary.days", n=len(told.days)),
        first=first,
        last=last,
    )


def _acts(scenario: Scenario, say: Words, before: bool) -> Iterator[str]:
    chosen = [
        act for act in acts(scenario, say.language) if (act.day < scenario.shock_day) == before
    ]
    for act in chosen:
        day = day_name(scenario, act.day, say.language)
        yield say("summary.act", day=day, what=act.what)
    if not chosen and not before:
        yield say("summary.no_shock")


def _has_counterfactuals(told: Told) -> bool:
    """True if the run was made beside its counterfactual runs: a class needs them."""
    return "class" in told.measures


def move_around(quotes: Mapping[int, float], shock_day: int) -> Move | None:
    """The larger of fall and rise in quotes by day, -1 being the eve of the run.

    It is the quotes' own move, whichever way the shock moved them; None without both sides.
    """
    ways = (_move(quotes, shock_day, is_rise) for is_rise in (False, True))
    moves = [move for move in ways if move is not None]
    return max(moves, key=lambda move: abs(math.log(move.end / move.eve)), default=None)


def _move(quotes: Mapping[int, float], shock_day: int, is_rise: bool) -> Move | None:
    """The fall or the rise in quotes around the shock day."""
    before = [day for day in quotes if day < shock_day]
    after = [day for day in quotes if shock_day <= day <= shock_day + LOW_WITHIN_DAYS]
    if not before or not after:
        return None
    first, last = (min, max) if is_rise else (max, min)
    start, end = first(before, key=quotes.__getitem__), last(after, key=quotes.__getitem__)
    return Move(is_rise, start, quotes[start], quotes[max(before)], end, quotes[end])


def simulated_move(told: Told) -> Move | None:
    """Of the run's closes."""
    opening, quotes = usd_quotes(told.scenario, told.days)
    days = told.days["day"].tolist()
    path = {-1: opening, **dict(zip(days, quotes, strict=True))}
    return move_around(path, told.scenario.shock_day)


def real_move(told: Told) -> Move | None:
    """Of the real path on the same days."""
    dates = told.scenario.calendar.dates()
    if told.real is None or not dates:
        return None
    day_of = {day: index for index, day in enumerate(dates)}
    quotes: dict[int, float] = {}
    for when, fixing in told.real.items():
        day = date.fromisoformat(str(when)[:10])
        if day < dates[0] or day in day_of:
            quotes[day_of.get(day, -1)] = float(fixing)
    return move_around(quotes, told.scenario.shock_day)


def _price(told: Told, say: Words) -> Iterator[str]:
    """The dollar's path in the run, and the actual one on the same days."""
    pair, scenario = f"USD{told.scenario.funding_currency}", told.scenario
    if not is_shocked(scenario):
        yield f"{pair} {_range(told, say)}"
        return
    simulated, real = simulated_move(told), real_move(told)
    if simulated is not None:
        yield f"{pair} {simulated.told(scenario, say)}"
    if real is not None:
        yield say("summary.real", fall=real.told(scenario, say))


def _range(told: Told, say: Words) -> str:
    """The opening, the highest, lowest and last close of a run without a shock."""
    opening, quotes = usd_quotes(told.scenario, told.days)
    days = told.days["day"].tolist()
    high, low = (choose(range(len(quotes)), key=quotes.__getitem__) for choose in (max, min))
    return say(
        "summary.range",
        opening=quote(opening),
        high=quote(quotes[high]),
        high_day=day_name(told.scenario, days[high], say.language),
        low=quote(quotes[low]),
        low_day=day_name(told.scenario, days[low], say.language),
        last=quote(quotes[-1]),
        change=change(quotes[-1] / opening - 1.0),
    )


def _eve(told: Told, say: Words) -> Iterator[str]:
    """The state at the close before the shock day; of a dam that broke before it, see `_class`."""
    if is_shocked(told.scenario) and told.measures.get("class") != BROKEN_BEFORE:
        yield from effects.eve(told.scenario, told.measures, say)


def _forced(told: Told, say: Words) -> list[str]:
    """Forced sales of the whole run by type, and how much of them came before the shock."""
    by_type = {kind: a for kind, a in forced_by_type(told.days).items() if a >= LEAST_USD_BN}
    before_usd_bn = number(told.measures, "forced_sales_before_usd_bn")
    before = None
    if is_shocked(told.scenario) and before_usd_bn >= LEAST_USD_BN:
        before = Before(before_usd_bn, int(number(told.measures, "n_margin_calls_before")))
    return Phrases(say).lines(
        "summary/forced",
        amount_usd_bn=sum(by_type.values()),
        by_type=sorted(by_type.items(), key=lambda item: -item[1]),
        n_calls=int(told.measures["n_margin_calls"]),
        before=before,
    )


def _failed(told: Told, say: Words) -> list[str]:
    """Failures with their days, those of before the shock apart."""
    table = told.institutions
    rows = table[table["n_failures"] > 0].sort_values("first_failure_day", kind="stable")
    is_before = rows["first_failure_day"] < told.scenario.shock_day
    parts = {"before": rows[is_before], "after": rows[~is_before]}
    if not is_shocked(told.scenario):
        parts = {"ever": rows}
    failed = [_failed_part(when, part, told, say) for when, part in parts.items() if len(part)]
    return Phrases(say).lines("summary/failed", parts=failed)


def _failed_part(when: str, rows: pd.DataFrame, told: Told, say: Words) -> Failed:
    first = rows.iloc[:_N_NAMED]
    named = [
        (str(name), day_name(told.scenario, int(day), say.language))
        for name, day in zip(first["name"], first["first_failure_day"], strict=True)
    ]
    return Failed(when, len(rows), named, len(rows) - len(first))


def _class(told: Told, say: Words) -> Iterator[str]:
    if not is_shocked(told.scenario):
        yield say("summary.no_class")
    elif not _has_counterfactuals(told):
        yield say("summary.no_counterfactuals")
    else:
        yield from class_facts(told.scenario, told.measures, say)


def class_facts(scenario: Scenario, measures: Mapping[str, Any], say: Words) -> Iterator[str]:
    """The class that a shock has given a run; the state on its eve where the dam broke before."""
    name = class_of(scenario, measures)
    yield say(
        f"summary.class.{key_of(name)}",
        currency=currency(scenario.funding_currency, say.language),
        dam_break=f"{DAM_BREAK_SHARE:.0%}",
        leak=f"{LEAK_SHARE:.0%}",
    )
    if name == BROKEN_BEFORE:
        yield from effects.eve(scenario, measures, say)


def _books(told: Told, say: Words) -> list[str]:
    error = float(told.measures["max_conservation_error"])
    n = int(told.measures["n_days_failed_to_clear"])
    return Phrases(say).lines("summary/books", error=f"{error:.1e}", n_failed=n)
