"""The world before anybody acts: days, instruments, rates, and how risk is estimated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from abm.carry import DAY_COUNT
from abm.scenario.fields import (
    AS_TUPLE,
    AT_MOST_MANY,
    FROZEN,
    LEAST_SHARE,
    LEAST_USD_BN,
    MOST_DAYS,
    CalendarDate,
    Name,
    Part,
    When,
    Whole,
    choice,
    number,
)

SATURDAY = 5

# The largest day of a major currency was .3 (the Swiss franc, 15 January 2015). A market that may
# move by more than .5 in a day makes a fund of leverage ten a hundred times richer in three.
MOST_DAILY_LOG = 0.5
MOST_DEPTH_USD_BN = 1e5  # per log; ten times that of the market in Treasuries


class Calendar(Part):
    """Which days are traded. Day 0 is the first of the run; the burn-in comes before it."""

    start: CalendarDate | None = choice(
        "date of day 0; leave out for a run without dates",
        unit="date",
        default=None,
        allowed="a weekday that is no holiday",
    )
    days: Whole = number("trading days of the run", "days", "scenario", ge=1, le=1_000_000)
    burn_in_days: Whole = number(
        "trading days before day 0, in which estimates and books settle; not reported",
        "days",
        "assumed; plausible 60 to 120",
        80,
        ge=0,
        le=100_000,
    )
    drift_days: Whole = number(
        "last days of the burn-in over which drift_before_start_log is spread",
        "days",
        "assumed",
        60,
        ge=0,
        le=100_000,
    )
    shock_day: When = choice(
        "day (index or date) from which the no-shock and the frozen twin differ from the run",
        default=0,
        unit="day",
        allowed="a trading day of the run",
    )
    holidays: Annotated[tuple[CalendarDate, ...], AS_TUPLE] = choice(
        "weekdays on which nothing trades", default=(), unit="dates", allowed="dates"
    )

    def dates(self) -> tuple[date, ...]:
        """Date of every trading day; empty for a run without dates."""
        return () if self.start is None else _dates(self.start, self.days, self.holidays)

    def is_trading_date(self, day: date) -> bool:
        return day.weekday() < SATURDAY and day not in self.holidays

    def day_index(self, when: int | date) -> int | None:
        """Index of a day of the run, given as index or date; None where it is not one."""
        if not isinstance(when, date):
            is_whole = hasattr(when, "__index__") and not isinstance(when, bool)
            return when if is_whole and 0 <= when < self.days else None
        return _positions(self.dates()).get(when)

    def nights(self) -> tuple[int, ...]:
        """Calendar days from each trading day to the next, burn-in first [days].

        Length burn_in_days + days. A run without dates starts on a Monday and has no holidays.
        """
        start = self.start or date(2001, 1, 1)  # a Monday
        run = _dates(start, self.days + 1, self.holidays)
        before = _dates_before(start, self.burn_in_days, self.holidays)
        every = before + run
        return tuple((later - day).days for day, later in pairwise(every))


@lru_cache(maxsize=64)
def _dates(start: date, n: int, holidays: tuple[date, ...]) -> tuple[date, ...]:
    return _walk(start, n, holidays, timedelta(days=1))


@lru_cache(maxsize=64)
def _dates_before(start: date, n: int, holidays: tuple[date, ...]) -> tuple[date, ...]:
    one = timedelta(days=1)
    return _walk(start - one, n, holidays, -one)[::-1]


@lru_cache(maxsize=64)
def _positions(dates: tuple[date, ...]) -> dict[date, int]:
    return {day: index for index, day in enumerate(dates)}


def _walk(start: date, n: int, holidays: tuple[date, ...], step: timedelta) -> tuple[date, ...]:
    closed, day = set(holidays), start
    found: list[date] = []
    while len(found) < n:
        if day.weekday() < SATURDAY and day not in closed:
            found.append(day)
        day += step
    return tuple(found)


class _Instrument(Part):
    """What every instrument has. Opening units are worth USD 1bn each, so depths are per log."""

    opening_quote: float = number(
        "quote on the day before the run, for display",
        "market convention",
        "record",
        100.0,
        ge=1e-6,
        le=1e9,
    )
    yield_per_year: float = number(
        "interest on cash or coupon and dividend; 0 for the funding currency, whose rate is "
        "rates.funding_per_year",
        "per year",
        "market rates of mid-2024",
        0.0,
        ge=-0.5,
        le=5.0,
    )
    volatility_per_year: float = number(
        "volatility of news about the fundamental", "log per sqrt(year)", "tuned", ge=1e-4, le=5
    )
    daily_limit_log: float = number(
        "largest move of one round's price from yesterday's close",
        "log",
        "assumed",
        0.12,
        ge=LEAST_SHARE,
        le=MOST_DAILY_LOG,
    )
    value_depth_usd_bn: float = number(
        "lasting depth: what value investors buy per log the price falls below fundamental",
        "USD bn per log",
        "tuned; USDJPY 6-9bp per USD 1bn with news in 2022-24",
        ge=LEAST_USD_BN,
        le=MOST_DEPTH_USD_BN,
    )
    value_capacity_log: float = number(
        "gap to fundamental at which value capital is used up",
        "log",
        "assumed",
        0.4,
        ge=LEAST_SHARE,
        le=10,
    )
    value_speed_per_day: float = number(
        "share of the gap to their wanted position that value investors trade in a day",
        "per day",
        "tuned; plausible .08 to .5",
        0.3,
        ge=0,
        le=1,
    )
    dealer_depth_usd_bn: float = number(
        "what dealers take per log the price leaves their reference, in calm",
        "USD bn per log",
        "tuned",
        ge=LEAST_USD_BN,
        le=MOST_DEPTH_USD_BN,
    )
    drift_before_start_log: float = number(
        "drift of the fundamental over the last calendar.drift_days before the run",
        "log",
        "real drift April to June 2024, rounded",
        0.0,
        ge=-1,
        le=1,
    )


class Currency(_Instrument):
    """A foreign currency; the first one of the scenario is the one that funds carry trades."""

    kind: Literal["currency"] = "currency"
    per_usd: bool = choice(
        "true when the market quotes units of it per dollar (USDJPY), false when dollars per "
        "unit (AUDUSD)",
        "market convention",
        False,
        allowed="true or false",
    )
    day_count: Literal[360, 365] = choice(
        "days of a year by which its interest accrues; left out: that of its money market "
        "(abm.carry.DAY_COUNT) where it is known there",
        "money-market convention",
        365,
        unit="days",
        allowed="360 or 365",
    )


class Asset(_Instrument):
    """A bond, share index or credit index, with a price in its quote currency."""

    kind: Literal["asset"] = "asset"
    quote: Name = choice(
        "currency its price is in", default="USD", allowed='"USD" or a currency of the scenario'
    )


def is_currency(part: object) -> bool:
    """Whether an instrument, as a part or as a file has it, is a currency."""
    kind = part.get("kind") if isinstance(part, Mapping) else getattr(part, "kind", None)
    return kind == "currency"


def with_day_counts(instruments: object) -> object:
    """Instruments as a file has them, a currency that names no day count with its market's."""
    if not isinstance(instruments, Mapping):
        return instruments
    counted = dict(instruments)
    for name, part in instruments.items():
        if isinstance(part, Mapping) and is_currency(part) and name in DAY_COUNT:
            counted[name] = {"day_count": DAY_COUNT[name], **part}
    return counted


def additions_in_order(before: object, after: object) -> object:
    """Instruments after something was added: new currencies behind those there were."""
    if not (isinstance(before, Mapping) and before and isinstance(after, Mapping)):
        return after
    new = [name for name in after if name not in before and is_currency(after[name])]
    old = [name for name in after if name not in new]
    n_first = 1 + max((i for i, name in enumerate(old) if is_currency(after[name])), default=-1)
    return {name: after[name] for name in (*old[:n_first], *new, *old[n_first:])}


Instrument = Annotated[Currency | Asset, Field(discriminator="kind")]
Instruments = Annotated[
    dict[Name, Instrument], BeforeValidator(with_day_counts), AT_MOST_MANY, FROZEN
]
Correlations = Annotated[dict[str, Annotated[float, Field(ge=-1.0, le=1.0)]], FROZEN]


class Rates(Part):
    """Policy rates at the opening."""

    funding_per_year: float = number(
        "rate of the funding currency", "per year", "BoJ 0 to 0.1% in July 2024", 0.0, ge=-0.1, le=1
    )
    usd_per_year: float = number(
        "dollar rate", "per year", "Fed 5.25 to 5.5% in July 2024", 0.0, ge=-0.1, le=1
    )
    usd_day_count: Literal[360, 365] = choice(
        "days of a year by which dollar interest accrues",
        "money-market convention",
        360,
        unit="days",
        allowed="360 or 365",
    )


class Estimation(Part):
    """How institutions estimate risk from past returns."""

    slow_decay: float = number(
        "decay of the slow covariance per day",
        "-",
        "tuned; plausible .95 to .985",
        0.96,
        ge=0.01,
        lt=1,
    )
    fast_decay: float = number(
        "decay of the fast covariance per day",
        "-",
        "tuned; RiskMetrics .94; plausible .90 to .95",
        0.94,
        ge=0.01,
        lt=1,
    )
    opening_multiple: float = number(
        "both covariances open at this multiple of the covariance of news",
        "-",
        "tuned; plausible 1 to 1.2",
        1.15,
        ge=0.01,
        le=10,
    )
    long_run_multiple: float = number(
        "long-run variance as a multiple of the variance of news", "-", "tuned", 1.3, ge=0.01, le=10
    )
    trend_days: float = number(
        "days of the average return by which hedge funds see a trend",
        "days",
        "assumed",
        60.0,
        ge=1,
        le=MOST_DAYS,
    )


class Population(Part):
    """How many institutions stand for the same money."""

    scale: float = number(
        "multiplies the number of every group but banks, at equal total money",
        "-",
        "scenario",
        1.0,
        ge=1e-4,
        le=100_000,
    )
