"""Events from outside: the shock, acts of authorities, and the news."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.calendar import must_be_traded
from abm.scenario.checks import Faults, fault_at, needs, unknown_instruments
from abm.scenario.fields import (
    AS_TUPLE,
    LEAST_SHARE,
    Line,
    Logs,
    Name,
    Part,
    When,
    Whole,
    choice,
    number,
    part_of,
)

MOST_NEWS_LOG_PER_BP = 0.02  # 25 times the yen's on 31 July 2024
TRADING_DAY = "a trading day of the run, as index or date"


def news_per_bp(currency: str) -> Any:
    """A field with the news in a surprise of one basis point."""
    return number(
        f"rise of {currency}'s fundamental per basis point of surprise",
        "log per bp",
        "tuned: 25bp is 1.94% on 31 July 2024",
        7.76e-4,
        label="yen move per basis point of surprise",
        ge=0,
        le=MOST_NEWS_LOG_PER_BP,
    )


class NoShock(Part):
    """Nothing."""

    kind: Literal["none"] = "none"


class RateSurprise(Part):
    """The central bank of the funding currency surprises the market on calendar.shock_day."""

    kind: Literal["surprise"] = "surprise"
    surprise_bp: float = number(
        "surprise, which moves the policy rate by as much; negative is an easing",
        "bp",
        "scenario; 5 to 150 tried",
        label="BoJ surprise",
        ge=-2000,
        le=2000,
        usual=(0, 150, 1),
    )
    news_log_per_bp: float = news_per_bp("the funding currency")


Shock = Annotated[NoShock | RateSurprise, Field(discriminator="kind")]


class RateMove(Part):
    """One scripted move of the policy rate."""

    name: Name = choice(
        "name by which this move is addressed", label="name", allowed="letters, digits and _"
    )
    day: When = choice("when", label="day", unit="day", allowed=TRADING_DAY)
    hike_bp: float = number(
        "change of the policy rate", "bp", "record", 0.0, label="BoJ hike", ge=-2000, le=2000
    )
    surprise_bp: float = number(
        "part that is news", "bp", "record", 0.0, label="BoJ surprise", ge=-2000, le=2000
    )


class NoBoj(Part):
    """The Bank of Japan does nothing."""

    kind: Literal["none"] = "none"


class BojScript(Part):
    """The Bank of Japan moves its rate on given days."""

    kind: Literal["script"] = "script"
    day: When = choice(
        "day of the move", label="day of the BoJ move", unit="day", allowed=TRADING_DAY
    )
    hike_bp: float = number(
        "change of the policy rate", "bp", "record", label="BoJ hike", ge=-2000, le=2000
    )
    surprise_bp: float = number(
        "surprise the announcement was worth, which moves the yen",
        "bp",
        "tuned",
        label="BoJ surprise",
        ge=-2000,
        le=2000,
        usual=(0, 150, 1),
    )
    news_log_per_bp: float = news_per_bp("the yen")
    path: Annotated[tuple[RateMove, ...], AS_TUPLE] = choice(
        "further moves",
        label="BoJ moves",
        default=(),
        allowed="a list of tables with name, day, hike_bp, surprise_bp",
    )

    def moves(self) -> tuple[RateMove, ...]:
        """Every move, the first one included."""
        first = RateMove(
            name="first", day=self.day, hike_bp=self.hike_bp, surprise_bp=self.surprise_bp
        )
        return (first, *self.path)


Boj = Annotated[NoBoj | BojScript, Field(discriminator="kind")]


class Intervention(Part):
    """One day of buying the funding currency with dollars."""

    name: Name = choice(
        "name by which this day is addressed", label="name", allowed="letters, digits and _"
    )
    day: When = choice("when", label="day", unit="day", allowed=TRADING_DAY)
    usd_bn: float = number(
        "dollars sold for the funding currency; negative sells it",
        "USD bn",
        "Ministry of Finance, monthly and daily figures",
        label="dollars sold",
        ge=-1000,
        le=1000,
    )
    signal_log: float = number(
        "what it tells the market, added to the fundamental",
        "log",
        "tuned; plausible 0 to .01",
        0.0,
        label="signal",
        ge=-1,
        le=1,
    )


class NoIntervention(Part):
    """The Ministry of Finance does nothing."""

    kind: Literal["none"] = "none"


class InterventionScript(Part):
    """The Ministry of Finance buys yen on given days."""

    kind: Literal["script"] = "script"
    interventions: Annotated[tuple[Intervention, ...], AS_TUPLE] = choice(
        "the days",
        label="interventions",
        allowed="a list of tables with name, day, usd_bn, signal_log",
    )


Mof = Annotated[NoIntervention | InterventionScript, Field(discriminator="kind")]


class NoSwapLine(Part):
    """No dollars from the Federal Reserve."""

    kind: Literal["none"] = "none"


class SwapLine(Part):
    """A dollar swap line, open from a day on."""

    kind: Literal["line"] = "line"
    day: When = choice(
        "first day it is open",
        label="first day of the dollar swap line",
        default=0,
        unit="day",
        allowed=TRADING_DAY,
    )
    margin_ceiling: float = number(
        "margin rates are held at or below this",
        "share of assets",
        "policy",
        0.1,
        label="margin ceiling under the swap line",
        ge=LEAST_SHARE,
        le=1,
    )
    dealer_depth_floor: float = number(
        "dealers' depth is held at or above this share of calm",
        "share",
        "policy",
        0.6,
        label="dealer-depth floor under the swap line",
        ge=0,
        le=1,
    )


class FacilityTerms(Part):
    """The price of a facility, and its way to who needs dollars."""

    bank_spread_bp: float = number(
        "paid by banks over the dollar rate",
        "bp",
        "Federal Reserve, 15 March 2020",
        25.0,
        label="price of the swap line",
        ge=0,
        le=1000,
    )
    pass_through_bp: float = number(
        "asked by banks besides of those whom they pass dollars on to",
        "bp",
        "yen basis inside -100bp from 3 April 2020",
        75.0,
        label="banks' mark-up on the swap line",
        ge=0,
        le=1000,
    )
    lag_days: float = number(
        "mean time until dollars reach who needs them, through three equal lags",
        "trading days",
        "fitted to March and April 2020",
        13.5,
        label="lag of the swap line",
        ge=2,
        le=250,
    )


class ScriptedFacility(FacilityTerms):
    """Dollars for banks at a price from a day on, and no word on margins or on depth."""

    kind: Literal["facility"] = "facility"
    day: When = choice(
        "first day it is open",
        label="first day of the dollar facility",
        default=0,
        unit="day",
        allowed=TRADING_DAY,
    )
    until: When | None = choice(
        "first day it is closed again; leave out where it stays open",
        label="end of the dollar facility",
        default=None,
        unit="day",
        allowed=TRADING_DAY,
    )


class FacilityByRule(FacilityTerms):
    """The same, opened after the basis has become wide, and has widened fast."""

    kind: Literal["facility-by-rule"] = "facility-by-rule"
    opens_at_bp: float = number(
        "basis at which it opens, at most",
        "bp",
        "fires once in 2010 to 2025, in March 2020",
        -100.0,
        label="basis that opens the swap line",
        ge=-5000,
        le=0,
    )
    opens_on_change_bp: float = number(
        "change of the basis at which it opens, at most",
        "bp",
        "fires once in 2010 to 2025, in March 2020",
        -60.0,
        label="change of the basis that opens the swap line",
        ge=-5000,
        le=0,
    )
    change_days: Whole = number(
        "days of that change", "days", "with it", 20, label="window of that change", ge=1, le=250
    )
    delay_days: Whole = number(
        "days from there to its opening",
        "days",
        "9 to 16 March 2020",
        5,
        label="delay of the swap line",
        ge=0,
        le=250,
    )


SwapLinePolicy = Annotated[
    NoSwapLine | SwapLine | ScriptedFacility | FacilityByRule, Field(discriminator="kind")
]


class Policy(Part):
    """Acts of the authorities."""

    boj: Boj = part_of(NoBoj, "Bank of Japan")
    mof: Mof = part_of(NoIntervention, "Ministry of Finance: intervention in the currency market")
    swap_line: SwapLinePolicy = part_of(NoSwapLine, "Federal Reserve: dollar swap line")


class News(Part):
    """Public news on one day."""

    name: Name = choice(
        "name by which it is addressed", label="name", allowed="letters, digits and _"
    )
    day: When = choice("when", label="day", unit="day", allowed=TRADING_DAY)
    title: Line = choice("what happened, for figures", label="title", default="", allowed="text")
    moves: Logs = choice(
        "change of fundamentals",
        "record",
        label="move of fundamentals",
        unit="log",
        allowed="numbers from -2 to 2, by instrument",
    )


@needs("calendar", "policy")
def _authorities_act_on_trading_days(calendar: Any, policy: Any) -> Faults:
    if policy.boj.kind == "script":
        yield from must_be_traded(calendar, "policy.boj.day", policy.boj.day)
        for move in policy.boj.path:
            yield from must_be_traded(calendar, f"policy.boj.path.{move.name}.day", move.day)
    if policy.mof.kind == "script":
        for act in policy.mof.interventions:
            yield from must_be_traded(calendar, f"policy.mof.interventions.{act.name}.day", act.day)
    line = policy.swap_line
    if line.kind in ("line", "facility"):
        yield from must_be_traded(calendar, "policy.swap_line.day", line.day)
    if line.kind == "facility" and line.until is not None:
        yield from must_be_traded(calendar, "policy.swap_line.until", line.until)
        first, last = (calendar.day_index(day) for day in (line.day, line.until))
        if first is not None and last is not None and last <= first:
            yield fault_at("policy.swap_line.until", line.until, "must be after it has opened")


@needs("calendar", "news")
def _news_comes_on_trading_days(calendar: Any, news: Any) -> Faults:
    for item in news:
        yield from must_be_traded(calendar, f"news.{item.name}.day", item.day)


@needs("policy")
def _policy_names_are_unique(policy: Any) -> Faults:
    if policy.boj.kind == "script":
        yield from _unique("policy.boj.path", policy.boj.path)
    if policy.mof.kind == "script":
        yield from _unique("policy.mof.interventions", policy.mof.interventions)


@needs("news")
def _news_names_are_unique(news: Any) -> Faults:
    yield from _unique("news", news)


def _unique(key: str, items: Iterable[Any]) -> Faults:
    seen: set[str] = set()
    for item in items:
        if item.name in seen:
            yield fault_at(f"{key}.{item.name}.name", item.name, "is taken by another entry")
        seen.add(item.name)


@needs("instruments", "news")
def _news_moves_known_instruments(instruments: Mapping[str, Any], news: Any) -> Faults:
    for item in news:
        yield from unknown_instruments(f"news.{item.name}.moves", item.moves, instruments)
