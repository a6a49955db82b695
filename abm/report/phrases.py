"""Days, amounts, names and lists as a language writes them."""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections.abc import Callable, Iterable, Sequence

from abm.report.lineage import FUNDING, Event
from abm.words import Words

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
        """So many institutions of a kind."""
        return self.say(f"chronicle.who.{kind}", n=n)

    def instrument(self, name: str) -> str:
        """An instrument's name; one that a user made up as it is."""
        key = f"instruments.{name}"
        return self.say(key) if self.say.has(key) else plain(name)

    def central_bank(self, currency: str) -> str:
        """Who sets the policy rate of a currency, as within a sentence."""
        own = f"chronicle.central_bank.{currency}"
        if self.say.has(own):
            return self.say(own)
        return self.say("chronicle.central_bank.of", currency=self.instrument(currency))

    def usd(self, amount_usd_bn: float, form: str = "full") -> str:
        """An amount in digits that matter: USD 0.21bn, USD 3.8bn, USD 36bn; form "short": 36bn."""
        size = abs(amount_usd_bn)
        if size < LEAST_USD_BN:
            return self.say(f"chronicle.amount.tiny_{form}")
        decimals = next(digits for least, digits in _DECIMALS if size >= least)
        per_bn = int(self.say("chronicle.amount.units_per_bn"))
        shown = max(0, decimals - round(math.log10(per_bn)))
        number = f"{round(size, decimals) * per_bn:,.{shown}f}"
        return self.say(f"chronicle.amount.{form}", amount=number)

    def clauses(self, pieces: Sequence[str]) -> str:
        """Parts of a sentence, one after the other."""
        return self.say("chronicle.list.clause").join(pieces)

    def listed(self, names: Sequence[str]) -> str:
        """Names with commas between, and an "and" before the last."""
        if len(names) < 2:
            return "".join(names)
        first = self.say("chronicle.list.comma").join(names[:-1])
        return self.say("chronicle.list.and", first=first, last=names[-1])

    def styles(self, names: Iterable[str]) -> str:
        """What the letters in hedge funds' names mean; of styles without an explanation nothing."""
        known = self.say.group("chronicle.style")
        meanings = [known[name] for name in names if name in known]
        return self.say("chronicle.styles", styles=self.listed(meanings)) if meanings else ""

    def sentences(self, told: Sequence[str]) -> str:
        """Sentences one after the other."""
        return functools.reduce(
            lambda first, then: self.say("chronicle.list.sentences", first=first, then=then), told
        )

    def named(
        self,
        events: Iterable[Event],
        by: Callable[[Event], str],
        tell: Callable[[Sequence[Event], bool], str],
        section: str,
        most: int = N_NAMED,
    ) -> str:
        """Events in groups, the largest by name and the rest as so many others.

        `tell` puts a group into words, and learns whether it is the first; `section` of the words
        has the key `more`.
        """
        groups: dict[str, list[Event]] = {}
        for event in events:
            groups.setdefault(by(event), []).append(event)
        order = sorted(groups.values(), key=lambda group: -abs(total(group)))
        n = len(order) if len(order) <= most + 1 else most  # a single other has a name, too
        told = [tell(group, place == 0) for place, group in enumerate(order[:n])]
        if order[n:]:
            amount = self.usd(sum(map(total, order[n:])), "short")
            told.append(self.say(f"{section}.more", n=len(order[n:]), amount=amount))
        return self.listed(told)


def total(events: Iterable[Event]) -> float:
    """Amounts together [USD bn; log for news]."""
    return sum(event.amount_usd_bn for event in events)


def percent(share: float) -> str:
    """A share in whole percent, what is less than one as such."""
    return "<1%" if 0.0 < share < 0.005 else f"{100.0 * share:.0f}%"


def move_percent(log: float) -> str:
    """How far a price goes with news, with its sign: +1.6%."""
    move = 100.0 * math.expm1(log)
    return f"{move:+.{1 if abs(move) < 9.95 else 0}f}%".replace("-", "−")


def basis_points(per_year: float) -> str:
    """A change of a rate in basis points, without its sign."""
    return f"{round(abs(per_year) / _BP, 1):g}"


def plain(text: str) -> str:
    """A user's own words on one line, without anything that a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
