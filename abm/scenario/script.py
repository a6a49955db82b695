"""Events from outside: the shock, acts of authorities, and the news."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.boj import TRADING_DAY, Boj, NoBoj, news_per_bp, unique_names
from abm.scenario.calendar import must_be_traded
from abm.scenario.checks import Faults, fault_at, needs, unknown_instruments
from abm.scenario.fed import Fed, NoFed
from abm.scenario.fields import (
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
from abm.scenario.mof import Mof, NoIntervention


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
    fed: Fed = part_of(NoFed, "Federal Reserve: policy rate")
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
def _the_swap_line_opens_on_a_trading_day(calendar: Any, policy: Any) -> Faults:
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


@needs("news")
def _news_names_are_unique(news: Any) -> Faults:
    yield from unique_names("news", news)


@needs("instruments", "news")
def _news_moves_known_instruments(instruments: Mapping[str, Any], news: Any) -> Faults:
    for item in news:
        yield from unknown_instruments(f"news.{item.name}.moves", item.moves, instruments)
