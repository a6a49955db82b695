"""A run as a chronicle, from its events alone: day, what happened, how much, and why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from abm.report import causes, sentences
from abm.report.lineage import CALLS, CENTRAL_BANK, FUNDING, Event, Lineage, kind_of
from abm.report.phrases import Phrases
from abm.report.script import day_name, is_shocked
from abm.words import LINE_LETTERS, words

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

Key = tuple[int | str, ...]

# Where in its day an event is told.
_OUTSIDE, _RECALLS, _ROUNDS, _LIMITS, _DEFAULTS, _RUNS, _BANKS = range(7)
_ARROW = "← "
_GAP = "  "  # between the day and what happened
# A line may break before and after these: spaces, words, and single letters of Chinese and
# Japanese together with brackets that open before them and marks that close after them.
_PIECES = re.compile(r"\s+|[（「『]*(?:[^\s\u2e80-\uffff]+|[\u2e80-\uffff])[、。，；：」』）]*")


class Entry(NamedTuple):
    """One thing that happened: a group of events that a person would tell in one breath."""

    day: int
    date: str  # ISO, or ""
    kind: str  # main kind of event
    when: str  # the day in words
    what: str  # one or two sentences, amounts in them
    amount_usd_bn: float  # NaN where there is none
    cause: str  # "" where it comes from outside
    events: tuple[int, ...]  # numbers of the events it is made of


class Divider(NamedTuple):
    """The line of a chronicle where the shock comes."""

    day: int  # the shock day
    text: str


def place_of(shock: Divider | None, days: Sequence[int]) -> int:
    """Place of the first entry from the shock day on; -1 where none stands before it."""
    if shock is None or not days or days[0] >= shock.day:
        return -1
    return next((place for place, day in enumerate(days) if day >= shock.day), -1)


def shock_divider(
    scenario: Scenario, language: str = "en", told: str = "from_shock"
) -> Divider | None:
    """The divider of a scenario's chronicle, None without a shock.

    `told` is the key of its words: "from_shock", or where the newest stands on top
    "from_shock_upwards".
    """
    if not is_shocked(scenario):
        return None
    day = day_name(scenario, scenario.shock_day, language)
    return Divider(scenario.shock_day, words(language)(f"chronicle.{told}", day=day))


def chronicle(
    events: pd.DataFrame, language: str = "en", since_day: int = 0, funding: str = FUNDING
) -> list[Entry]:
    """The events from a day on, in order, in the words of a language.

    Parameters
    ----------
    events
        The table `events` of a run, whole: causes may lie before `since_day`.
    language
        One of abm.words.LANGUAGES.
    since_day
        First day that is told.
    funding
        The currency that is owed: what is bought of it repays loans.

    Returns
    -------
    list of Entry
        Every event is in exactly one of them, but for clearings: these are prices, and the causes
        of what they call. The amount of forced sales is that of `forced_<type>_usd_bn` in the table
        `days`, without what was bought. If nothing happened, one entry of kind "nothing" says so.
    """
    phrases, lineage = Phrases(words(language), funding), Lineage(events)
    groups: dict[Key, list[Event]] = {}
    for event in lineage.events:
        if event.day >= since_day and event.kind != "clearing":
            groups.setdefault(_key(event, lineage), []).append(event)
    if not groups:
        nothing = phrases.say("chronicle.nothing")
        return [Entry(since_day, "", "nothing", "", nothing, sentences.NO_AMOUNT, "", ())]
    told = sorted(groups.items(), key=lambda item: item[0][:4])
    return [_entry(group, lineage, phrases) for group in _little_together(told)]


def chronicle_text(
    entries: Iterable[Entry], width: int = LINE_LETTERS, shock: Divider | None = None
) -> str:
    """The chronicle for a terminal: each day once, what happened beside it, causes after arrows.

    With a divider, it stands between what came before the shock and the rest.
    """
    chosen = list(entries)
    indent = max((columns(entry.when) for entry in chosen), default=0)
    indent += len(_GAP) if indent else 0
    first_after = place_of(shock, [entry.day for entry in chosen])
    lines: list[str] = []
    told = ""
    for place, entry in enumerate(chosen):
        if shock is not None and place == first_after:
            lines += ["", *wrapped(shock.text, width), ""]
        day = entry.when if entry.when != told else ""
        told = entry.when
        block = [*wrapped(entry.what, width - indent)]
        if entry.cause:
            first, *rest = wrapped(entry.cause, width - indent - len(_ARROW))
            block += [_ARROW + first, *(" " * len(_ARROW) + line for line in rest)]
        lines.append((day + " " * (indent - columns(day)) + block[0]).rstrip())
        lines += [" " * indent + line for line in block[1:]]
    return "\n".join(lines)


def columns(text: str) -> int:
    """Width of a text on a terminal, where Chinese and Japanese letters take two columns."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _little_together(told: Iterable[tuple[Key, list[Event]]]) -> list[list[Event]]:
    """Groups in order; the little that one kind sells in further rounds of a day is one group."""
    together: dict[Key, list[Event]] = {}
    first_of: dict[Key, Key] = {}  # by everything but the round
    for key, group in told:
        if sentences.is_little(group):
            day, part, _, *alike = key
            key = first_of.setdefault((day, part, *alike), key)
        together.setdefault(key, []).extend(group)
    return list(together.values())


def _key(event: Event, lineage: Lineage) -> Key:
    """The key that events of one entry share; the first four parts are its place in time."""
    kind = kind_of(event.institution)
    if event.kind in ("policy", "news"):
        who = CENTRAL_BANK if event.kind == "policy" else event.institution
        return (event.day, _OUTSIDE, 0, int(who != CENTRAL_BANK), who)
    if event.kind == "swap_line":
        return (event.day, _OUTSIDE, 0, 2, event.kind)
    if event.kind == "recall":
        return (event.day, _RECALLS, 0, 0, kind)
    if event.kind in CALLS:
        place, cause = (event.day, _ROUNDS, event.round, 0), lineage.cause(event)
        if cause is not None and cause.kind in CALLS:
            return (*place, event.kind, kind, "unmet")
        return (*place, event.kind, kind, event.instrument, event.cause)
    if event.kind == "forced_sale":
        call = lineage.cause(event)
        return (event.day, _ROUNDS, event.round, 1, kind, call.kind if call else "")
    if event.kind == "limit_hit":
        return (event.day, _LIMITS, 0, 0)
    if event.kind in ("default", "loss"):
        return (event.day, _DEFAULTS, 0, 0, kind)
    if event.kind in ("bank_run", "asset_sale"):
        return (event.day, _RUNS, 0, 0)
    return (event.day, _BANKS, 0, 0)


def _entry(group: Sequence[Event], lineage: Lineage, phrases: Phrases) -> Entry:
    """A group of events in words."""
    first = group[0]
    is_spoken = first.kind == "news" and first.institution == CENTRAL_BANK
    tell, explain = _TOLD["policy" if is_spoken else first.kind]
    what, amount = tell(group, phrases)
    return Entry(
        day=first.day,
        date=first.date,
        kind=first.kind,
        when=phrases.when(first.day, first.date),
        what=_in_its_round(what, group, lineage, phrases),
        amount_usd_bn=amount,
        cause=explain(group, lineage, phrases),
        events=tuple(event.event for event in group),
    )


def _in_its_round(what: str, group: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    """Further rounds of a day are said as such."""
    first, last = group[0], group[-1]
    if first.round == 0 or first.kind == "limit_hit":
        return what
    if first.kind == "forced_sale" and last.round > first.round:
        return phrases.say(
            "chronicle.rounds", first=first.round + 1, last=last.round + 1, what=what
        )
    if (first.day, first.round) in lineage.traded_rounds:
        return phrases.say("chronicle.round", n=first.round + 1, what=what)
    return phrases.say("chronicle.after_trading", what=what)


def _from_outside(events: Sequence[Event], lineage: Lineage, phrases: Phrases) -> str:
    return ""


Tell = Callable[[Sequence[Event], Phrases], sentences.Told]
Explain = Callable[[Sequence[Event], Lineage, Phrases], str]
# By the kind of a group's first event, in the order in which a run writes them.
_TOLD: dict[str, tuple[Tell, Explain]] = {
    "policy": (sentences.policy, _from_outside),
    "news": (sentences.news, _from_outside),
    "swap_line": (sentences.swap_line, _from_outside),
    **dict.fromkeys(CALLS, (sentences.calls, causes.cause_of_calls)),
    "forced_sale": (sentences.forced_sales, causes.calls_behind),
    "limit_hit": (sentences.limit_hits, causes.cause_of_limit),
    "default": (sentences.defaults, causes.calls_behind),
    "bank_run": (sentences.bank_runs, causes.cause_of_bank_runs),
    "bank_failure": (sentences.bank_failures, causes.cause_of_bank_failures),
}


def wrapped(text: str, width: int = LINE_LETTERS) -> Iterator[str]:
    """Lines of a width on a terminal; Chinese and Japanese have no spaces to break at."""
    line = ""
    for piece in _PIECES.findall(text):
        if line and columns(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece if line or not piece.isspace() else ""
    yield line.rstrip()
