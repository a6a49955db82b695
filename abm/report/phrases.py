"""Days, amounts, names and lists as a language writes them."""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.report.lineage import FUNDING, Event, is_trade
from abm.words import Words, words
from abm.words.templates import ENGLISH, templates

if TYPE_CHECKING:
    from jinja2 import Environment

N_NAMED = 4  # markets, lenders or banks by name, before "others"
LEAST_USD_BN = 0.005  # below it an amount is written as less than 0.01bn
LITTLE_USD_BN = 0.02  # below it what is traded in a further round is told as a little
_DECIMALS = ((9.95, 0), (0.995, 1), (0.0, 2))  # of an amount from this size on [USD bn]
_BP = 1e-4


class Phrases:
    """The small parts that sentences of one language are made of."""

    def __init__(self, say: Words, funding: str = FUNDING) -> None:
        self.say, self.funding = say, funding

    def when(self, day: int, date: str) -> str:
        """A day: its date, or its number in a run without dates."""
        if not date:
            return self.say("day.undated", n=day)
        read = dt.date.fromisoformat(date[:10])
        month = self.say(f"day.month_{read.month}")
        return self.say("day.dated", day=read.day, month=month, year=read.year)

    def short_day(self, day: int, date: str) -> str:
        """A day without its year, where there is little room."""
        if not date:
            return self.say("day.undated", n=day)
        read = dt.date.fromisoformat(date[:10])
        return self.say("day.short", day=read.day, month=self.say(f"day.month_{read.month}"))

    def who(self, kind: str, n: int) -> str:
        """A number of institutions of a kind."""
        return self.say(f"chronicle.who.{kind}", n=n)

    def instrument(self, name: str) -> str:
        """An instrument's name; one that a user made up as it is."""
        key = f"instruments.{name}"
        return self.say(key) if self.say.has(key) else plain(name)

    def central_bank(self, currency: str) -> str:
        """The central bank of a currency, as within a sentence; without one, of the dollar."""
        own = f"chronicle.central_bank.{currency or 'USD'}"
        if self.say.has(own):
            return self.say(own)
        return self.say("chronicle.central_bank.of", currency=self.instrument(currency))

    def usd(self, amount_usd_bn: float, form: str = "full") -> str:
        """An amount in digits that matter: USD 0.21bn, USD 3.8bn, USD 36bn; form "short": 36bn."""
        size = abs(amount_usd_bn)
        if size < LEAST_USD_BN:
            return self.say(f"chronicle.amount.tiny_{form}")
        decimals = next(digits for least, digits in _DECIMALS if size >= least)
        number = self.say.amount(round(size, decimals), decimals)
        return self.say(f"chronicle.amount.{form}", amount=number)

    def sentences(self, template: str, **values: Any) -> str:
        """The lines of a template as sentences, one after the other."""
        return functools.reduce(
            lambda first, then: self.say("chronicle.list.sentences", first=first, then=then),
            self.lines(template, **values),
        )

    def clauses(self, template: str, **values: Any) -> str:
        """The lines of a template as parts of one sentence."""
        return self.say("chronicle.list.clause").join(self.lines(template, **values))

    def lines(self, template: str, **values: Any) -> list[str]:
        """The lines of a template that are not empty, each by itself."""
        return _lines(environment(self.say.language), template, values)

    def listed(self, names: Sequence[str]) -> str:
        """Names with commas between, and an "and" before the last."""
        if len(names) < 2:
            return "".join(names)
        first = self.say("chronicle.list.comma").join(names[:-1])
        return self.say("chronicle.list.and", first=first, last=names[-1])

    def styles(self, names: Iterable[str]) -> str:
        """The letters in hedge funds' names, explained; none for styles without an explanation."""
        known = self.say.group("chronicle.style")
        meanings = [known[name] for name in names if name in known]
        return self.say("chronicle.styles", styles=self.listed(meanings)) if meanings else ""


class Part(NamedTuple):
    """Some of what is told together: an instrument, a lender or a bank, or the rest of them."""

    name: str
    amount: float  # USD bn; log for news
    share: float  # of the flow in the clearings that these events fed
    n_others: int  # this many others together; 0 for one that is named
    is_first: bool


def parts(events: Iterable[Event], by: Callable[[Event], str], most: int = N_NAMED) -> list[Part]:
    """Events in groups, the largest by name and the rest as so many others, of which there are
    never less than two."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault(by(event), []).append(event)
    order = sorted(groups.items(), key=lambda item: -abs(total(item[1])))
    n = len(order) if len(order) <= most + 1 else most  # a single other has a name, too
    named = [
        Part(name, total(group), share_of_flow(group), 0, place == 0)
        for place, (name, group) in enumerate(order[:n])
    ]
    rest = [group for _, group in order[n:]]
    amount = sum(map(total, rest))
    return [*named, Part("", amount, math.nan, len(rest), False)] if rest else named


def in_english(template: str, **values: Any) -> list[str]:
    """The lines of a template of what is told in English alone."""
    return _lines(environment("en", ENGLISH), template, values)


def _lines(known: Environment, template: str, values: dict[str, Any]) -> list[str]:
    told = known.get_template(f"{template}.jinja").render(values)
    return [line.strip() for line in told.split("\n") if line.strip()]


@functools.cache
def environment(language: str, folder: str = "") -> Environment:
    """A language's templates, with all by which they write their values."""
    phrases, found = Phrases(words(language)), templates(folder or language)
    found.filters |= {
        "usd": phrases.usd,
        "short": lambda amount_usd_bn: phrases.usd(amount_usd_bn, "short"),
        "percent": percent,
        "move": move_percent,
        "bp": basis_points,
        "who": phrases.who,
        "instrument": phrases.instrument,
        "bank": phrases.central_bank,
        "capital": lambda text: text[:1].upper() + text[1:],
        "day": lambda when: phrases.when(when.day, when.date),
        "actor": lambda kind: phrases.say.group("actors").get(kind, kind),
        "counted": lambda n, key: phrases.say(key, n=n),
        "quote": quote,
        "change": change,
        "rounded": rounded,
        "whole": lambda number: f"{number:,.0f}".replace("-", "−"),
        "twice": lambda number: f"{number:.2f}",
    }
    found.tests |= {
        "trade": is_trade,
        "up": lambda act: act.amount_usd_bn > 0.0,
        "tiny": lambda amount_usd_bn: amount_usd_bn < LEAST_USD_BN,
    }
    found.globals["listed"] = lambda items, caller: phrases.listed([*map(caller, items)])
    return found


def total(events: Iterable[Event]) -> float:
    """Amounts together [USD bn; log for news]."""
    return sum(event.amount_usd_bn for event in events)


def share_of_flow(trades: Iterable[Event]) -> float:
    """Share of a clearing's gross flow that these trades were (NaN, where nothing flowed: 0)."""
    return sum(max(0.0, trade.share_of_flow) for trade in trades)


def percent(share: float) -> str:
    """A share in whole percent, what is less than one as such."""
    return "<1%" if 0.0 < share < 0.005 else f"{100.0 * share:.0f}%"


def rounded(share: float) -> str:
    """A share in whole percent, with its sign where it is negative."""
    text = f"{share:.0%}"
    return "0%" if text == "-0%" else text.replace("-", "−")


def change(share: float) -> str:
    """A change in percent, with its sign: +1.6%."""
    return f"{100.0 * share:+.1f}%".replace("-", "−")


def quote(per_usd: float) -> str:
    """A quote of the dollar with as many digits as it is traded with."""
    return f"{per_usd:.2f}" if per_usd >= 20.0 else f"{per_usd:.4f}"


def move_percent(log: float) -> str:
    """Move of a price with news, with its sign: +1.6%."""
    move = 100.0 * math.expm1(log)
    return f"{move:+.{1 if abs(move) < 9.95 else 0}f}%".replace("-", "−")


def basis_points(per_year: float) -> str:
    """A change of a rate in basis points, without its sign."""
    return f"{round(abs(per_year) / _BP, 1):g}"


def plain(text: str) -> str:
    """A user's own words on one line, without anything that a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
