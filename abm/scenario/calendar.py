"""The days that are traded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, Literal

from abm.kernels.state import TRADING_DAYS
from abm.scenario.checks import Faults, fault_at, needs
from abm.scenario.fields import AS_TUPLE, CalendarDate, Part, When, Whole, choice, number

SATURDAY = 5
CALENDAR_DAYS = 365.0  # of a year


class Calendar(Part):
    """The trading days. Day 0 is the first of the run; the burn-in comes before it."""

    start: CalendarDate | None = choice(
        "date of day 0; leave out for a run without dates",
        label="first day",
        unit="date",
        default=None,
        allowed="a weekday that is not a holiday",
    )
    days: Whole = number(
        "trading days of the run", "days", "scenario", label="length of the run", ge=1, le=1_000_000
    )
    burn_in_days: Whole = number(
        "trading days before day 0, in which estimates and books settle; not reported",
        "days",
        "assumed; plausible 60 to 120",
        80,
        label="length of the burn-in",
        ge=0,
        le=100_000,
    )
    drift_days: Whole = number(
        "last days of the burn-in over which drift_before_start_log is spread",
        "days",
        "assumed",
        60,
        label="length of the drift before the start",
        ge=0,
        le=100_000,
    )
    shock_day: When = choice(
        "day (index or date) from which the counterfactual runs differ from the run",
        label="day of the shock",
        default=0,
        unit="day",
        allowed="a trading day of the run",
    )
    accrual: Literal["nights", "even"] = choice(
        "interest of a trading day: over the nights to the next, or over 365/250 of a day on "
        "each, so that 250 days without a date carry a year of interest as of risk",
        "market convention",
        "nights",
        label="accrual",
        allowed='"nights" or, without calendar.start, "even"',
    )
    holidays: Annotated[tuple[CalendarDate, ...], AS_TUPLE] = choice(
        "weekdays on which nothing trades",
        label="holidays",
        default=(),
        unit="dates",
        allowed="dates",
    )

    def dates(self) -> tuple[date, ...]:
        """Date of every trading day; empty for a run without dates."""
        return () if self.start is None else _dates(self.start, self.days, self.holidays)

    def all_dates(self) -> tuple[date, ...]:
        """The same with the burn-in before them."""
        if self.start is None:
            return ()
        return _dates_before(self.start, self.burn_in_days, self.holidays) + self.dates()

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
        return tuple((after - day).days for day, after in pairwise(every))

    def accrual_days(self) -> tuple[float, ...]:
        """Days of interest due on the morning of each trading day, burn-in first [days]."""
        if self.accrual == "even":
            return (CALENDAR_DAYS / TRADING_DAYS,) * (self.burn_in_days + self.days)
        return (1.0, *map(float, self.nights()[:-1]))


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


@needs("calendar")
def _calendar_is_possible(calendar: Any) -> Faults:
    if calendar.start is not None and not calendar.is_trading_date(calendar.start):
        yield fault_at(
            "calendar.start", calendar.start, "must be a trading day, not a weekend or holiday"
        )
    yield from must_be_traded(calendar, "calendar.shock_day", calendar.shock_day)
    if calendar.accrual == "even" and calendar.start is not None:
        nights = 'must be "nights": with calendar.start the nights are known'
        yield fault_at("calendar.accrual", calendar.accrual, nights)


def must_be_traded(calendar: Any, key: str, when: Any) -> Faults:
    """A day of the run, given as index or date."""
    if calendar.day_index(when) is not None:
        return
    dates = calendar.dates()
    if isinstance(when, int):
        yield fault_at(key, when, f"must be from 0 to {calendar.days - 1} (day of the run)")
    elif not dates:
        yield fault_at(key, when, "must be a day index: the scenario has no calendar.start")
    else:
        span = f"must be a trading day from {dates[0]} to {dates[-1]}"
        closed = dates[0] <= when <= dates[-1]
        yield fault_at(key, when, span, "it is a weekend or holiday" if closed else "")


def must_rise(calendar: Any, days: Iterable[tuple[str, Any]], *, strictly: bool = True) -> Faults:
    """Days by key, each after the one before it (or on it); those outside the run are left out."""
    before: tuple[int, Any] | None = None
    for key, when in days:
        index = calendar.day_index(when)
        if index is None:
            continue
        if before is not None and (index < before[0] or (strictly and index == before[0])):
            wanted = "after" if strictly else "on or after"
            yield fault_at(key, when, f"must be {wanted} {before[1]}, which stands before it")
        else:
            before = index, when
