"""The story of one account, day by day: opened, what it gains, its margin call, its stop-out."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from abm.measures.table import iso_dates
from abm.report.chronicle import Entry
from abm.report.phrases import Phrases, percent, rounded
from abm.report.sentences import NO_AMOUNT
from abm.words import words

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario
    from abm.scenario.trader import Trader
    from abm.words import Words

NAME = "trader-1"
USD_PER_BN = 1e9


class Close(NamedTuple):
    """An account at the close of a day."""

    day: int
    date: str  # ISO, or ""
    account_usd: float
    position_usd: float
    is_called: bool
    quote: float  # units of the funding currency per unit of what is held


class Lived(Protocol):
    """What the story is read off: a result, or a run as far as it has gone."""

    @property
    def scenario(self) -> Scenario: ...

    @property
    def days(self) -> pd.DataFrame: ...

    @property
    def events(self) -> pd.DataFrame: ...

    @property
    def edges(self) -> pd.DataFrame: ...


def account_story(result: Lived, language: str = "en") -> list[Entry]:
    """The account of a run's trader from its opening to its end, an entry for each day it is open.

    Empty where the scenario has no trader.
    """
    scenario, say = result.scenario, words(language)
    rule = scenario.trader
    if rule.kind == "none":
        return []
    phrases = Phrases(say, scenario.funding_currency)
    closes = [c for c in _closes(result, rule) if c.day >= scenario.day_index(rule.open_day)]
    owed = result.events.query("kind == 'default' and institution == @NAME")
    debt = USD_PER_BN * float(owed["amount_usd_bn"].sum())
    broker = str(result.edges.set_index("institution").at[NAME, "broker"])
    told = Teller(rule, scenario.funding_currency, say, broker, debt)
    entries, before = [], None
    for close in closes:
        is_last = close.day == scenario.calendar.days - 1
        what = list(told.sentences(before, close, is_last))
        joined = functools.reduce(
            lambda first, then: say("chronicle.list.sentences", first=first, then=then), what
        )
        when = phrases.when(close.day, close.date)
        entries.append(Entry(close.day, close.date, "account", when, joined, NO_AMOUNT, "", ()))
        if close.position_usd <= 0.0:
            break
        before = close
    return entries


def _closes(result: Lived, rule: Trader) -> Iterator[Close]:
    """The account at every close of the run."""
    days, scenario = result.days, result.scenario
    held, funding = rule.holds, scenario.funding_currency
    columns = ("account_usd", "account_position_usd", "account_is_called")
    values = [days[name].tolist() for name in ("day", *columns, f"log_{funding}")]
    moves = [0.0] * len(days) if held == "USD" else days[f"log_{held}"].tolist()
    opening = _usd_per_unit(scenario, held) / _usd_per_unit(scenario, funding)
    for date, day, account, position, called, yen, move in zip(
        iso_dates(days["date"]), *values, moves, strict=True
    ):
        quote = opening * math.exp(move - yen)
        yield Close(day, date, account, position, called > 0.0, quote)


def _usd_per_unit(scenario: Scenario, name: str) -> float:
    """Dollars per unit of a currency at the opening."""
    if name == "USD":
        return 1.0
    part = scenario.currencies[name]
    return 1.0 / part.opening_quote if part.per_usd else part.opening_quote


class Teller:
    """What is said of an account on a day, in one language."""

    def __init__(
        self, rule: Trader, funding: str, say: Words, broker: str, debt_usd: float
    ) -> None:
        self.rule, self.say, self.broker, self.debt_usd = rule, say, broker, debt_usd
        self.pair = f"{self.rule.holds}{funding}"
        names = say.group("script.currency")
        self.held, self.funding = (names.get(c, c) for c in (self.rule.holds, funding))
        self.levels = {
            "call": rounded(self.rule.margin_call_level),
            "stop": rounded(self.rule.stop_out_level),
        }

    def usd(self, amount: float, sign: str = "") -> str:
        """An amount in whole dollars, with its sign where `sign` is "+"."""
        whole = round(amount)
        before = {True: "−", False: sign}[whole < 0] if whole else ""
        return before + self.say("account.usd", amount=f"{abs(whole):,}")

    def sentences(self, before: Close | None, now: Close, is_last: bool) -> Iterator[str]:
        """The sentences of a day, by the close before it and its own."""
        if now.position_usd <= 0.0:
            yield from self.closed(before, now)
            return
        if before is None:
            yield self.opened(now)
        yield self.stands(now)
        was_called = before is not None and before.is_called
        if now.is_called and not was_called:
            missing = self.rule.margin_call_level * self.required(now) - now.account_usd
            yield self.say("account.called", missing=self.usd(missing), **self.levels)
        elif was_called and not now.is_called:
            yield self.say("account.cured", **self.levels)
        if is_last:
            yield self.say("account.ended", account=self.usd(now.account_usd))

    def required(self, now: Close) -> float:
        """Margin that the broker wants [USD]."""
        return now.position_usd / self.rule.leverage_cap

    def opened(self, now: Close) -> str:
        """Who pays in what, and the broker's terms."""
        return self.say(
            "account.opened",
            paid=self.usd(self.rule.account_usd), position=self.usd(now.position_usd),
            leverage=f"{self.rule.leverage:g}", held=self.held, funding=self.funding,
            broker=self.broker, required=self.usd(self.required(now)), **self.levels,
        )  # fmt: skip

    def stands(self, now: Close) -> str:
        """The quote, the account, and its margin level."""
        change = now.account_usd - self.rule.account_usd
        return self.say(
            "account.stands",
            pair=self.pair, quote=f"{now.quote:.2f}", account=self.usd(now.account_usd),
            change=self.usd(change, "+"), level=rounded(now.account_usd / self.required(now)),
        )  # fmt: skip

    def closed(self, before: Close | None, now: Close) -> Iterator[str]:
        """The end of the position: what is left, or who bears what is missing."""
        if before is None:
            yield self.say("account.none", account=self.usd(now.account_usd))
            return
        quote = f"{now.quote:.2f}"
        yield self.say(
            "account.stopped", pair=self.pair, quote=quote, broker=self.broker, **self.levels
        )
        if not before.is_called:
            yield self.say("account.uncalled")
        if self.debt_usd > 0.0:
            yield self.say("account.debt", debt=self.usd(self.debt_usd), broker=self.broker)
            return
        paid = self.rule.account_usd
        yield self.say(
            "account.left",
            account=self.usd(now.account_usd), paid=self.usd(paid),
            share=percent(now.account_usd / paid),
        )  # fmt: skip
