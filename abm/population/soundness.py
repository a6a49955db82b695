"""Soundness of days that have passed: books that balance, and numbers wherever a table has one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import FailedRun
from abm.kernels.events import EVENT_COLUMNS
from abm.kernels.record import (
    DAY_COLUMNS,
    DAY_CONSERVATION,
    DAY_FUND_WEALTH,
    DAY_GAIN,
    DAY_LEVERAGE,
    DAY_MARGIN_RATE,
    DAY_UNLEVERED,
)

if TYPE_CHECKING:
    from abm.population.world import World

Array = np.ndarray

AUDIT_LIMIT = 1e-9
"""Largest error of (M55) and (M56) of a run that counts, over gross opening positions."""
_AMOUNT = EVENT_COLUMNS.index("amount_usd_bn")


class Unsound(NamedTuple):
    """A number that is not finite, and the day it was written."""

    day: int
    column: str
    value: float


def require_sound(world: World, first: int, last: int, first_event: int = 0) -> None:
    """Raise FailedRun unless days first <= day < last balance and hold finite numbers.

    Days count from the first of the burn-in. The schema's own NaN (ODD.md, 4) pass: a feedback
    gain that was not asked for, leverage, margin rate and share unlevered of funds without wealth.
    """
    days = world.diary.days[first:last]
    error = days[:, DAY_CONSERVATION]
    if is_sound_at_a_glance(world, first, last, first_event):
        return
    broken = np.flatnonzero(~(error <= AUDIT_LIMIT))  # NaN too
    found = next(_not_finite(world, first, last, first_event), None)
    if found is not None and (not len(broken) or found.day <= first + broken[0]):
        raise FailedRun(failed_on(world, found.day, f"{found.column} is {found.value}"))
    if len(broken):
        worst = first + int(np.nanargmax(error))
        raise FailedRun(
            failed_on(world, first + int(broken[0]), _imbalance(error[broken[0]]))
            + ("" if worst == first + broken[0] else f"; {error.max():.1e} later")
        )


def is_sound_at_a_glance(world: World, first: int, last: int, first_event: int) -> bool:
    """Whether these days balance and hold finite numbers only; False where it takes a closer look.

    A sum of squares is finite where all are, and costs a sweep nothing that can be measured.
    """
    diary, books = world.diary, world.books
    tables = (
        diary.days[first:last],
        diary.log_prices[first:last],
        diary.fundamentals[first:last],
        diary.events[first_event : int(diary.n_events[0]), _AMOUNT],
        books.wealth,
        books.borrowing,
        diary.worst_wealth,
        diary.forced_sales,
        world.graph.equity,
    )
    if not all(math.isfinite(np.vdot(table, table)) for table in tables):
        return False
    return last == first or float(tables[0][:, DAY_CONSERVATION].max()) <= AUDIT_LIMIT


def _imbalance(error: float) -> str:
    return (
        f"the books do not balance (units, dollars or wealth off by {error:.1e} of gross opening "
        f"positions, the limit is {AUDIT_LIMIT:.0e})"
    )


def failed_on(world: World, day: int, what: str) -> str:
    """The run, the day and what is wrong with it."""
    burn_in = world.draws.burn_in
    when = f"day {day - burn_in}" if day >= burn_in else f"burn-in day {day + 1} of {burn_in}"
    return f"{world.label or 'a run'}: failed on {when}: {what}"


def _not_finite(world: World, first: int, last: int, first_event: int) -> Iterator[Unsound]:
    """First number of each table that is not finite; where it is not by day, the last one's."""
    diary = world.diary
    days = diary.days[first:last]
    bad = ~np.isfinite(days)
    has_none = days[:, DAY_FUND_WEALTH] <= 0.0
    bad[:, DAY_GAIN] &= ~np.isnan(days[:, DAY_GAIN])
    for column in (DAY_LEVERAGE, DAY_MARGIN_RATE, DAY_UNLEVERED):
        bad[:, column] &= ~(has_none & np.isnan(days[:, column]))
    yield from _first_of("days", bad, days, DAY_COLUMNS, first)
    for prefix, source in (("log", "log_prices"), ("fundamental", "fundamentals")):
        level = getattr(diary, source)[first:last]
        columns = [f"{prefix}_{name}" for name in world.instruments]
        yield from _first_of("days", ~np.isfinite(level), level, columns, first)
    amounts = diary.events[first_event : int(diary.n_events[0]), _AMOUNT]
    if not np.isfinite(amounts).all():
        number = int(np.flatnonzero(~np.isfinite(amounts))[0])
        day = int(diary.events[first_event + number, 0])
        yield Unsound(day, "events amount_usd_bn", float(amounts[number]))
    yield from _institutions(world, last)


def _first_of(
    table: str, bad: Array, values: Array, columns: Sequence[str], first: int
) -> Iterator[Unsound]:
    """First bad number of a table, by day and then by column."""
    if bad.any():
        row, column = divmod(int(bad.argmax()), bad.shape[1])
        yield Unsound(first + row, f"{table} {columns[column]}", float(values[row, column]))


def _institutions(world: World, last: int) -> Iterator[Unsound]:
    """First number of the institutions table that is not finite at the last close."""
    books, names = world.books, world.names
    columns = {
        "wealth_usd_bn": books.wealth,
        "borrowing_usd_bn": books.borrowing,
        "worst_wealth_usd_bn": world.diary.worst_wealth,
        "forced_sales_usd_bn": world.diary.forced_sales,
    }
    for column, values in columns.items():
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            name = names[bad[0]]
            yield Unsound(last - 1, f"institutions {column} of {name}", float(values[bad[0]]))
    bad = np.flatnonzero(~np.isfinite(world.graph.equity))
    if len(bad):
        equity = float(world.graph.equity[bad[0]])
        yield Unsound(last - 1, f"institutions wealth_usd_bn of bank-{bad[0] + 1}", equity)
