"""Soundness of days that have passed: books that balance, and numbers wherever a table has one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import FailedRun
from abm.kernels.record import DAY_COLUMNS
from abm.kernels.state import KIND_NAMES

if TYPE_CHECKING:
    from abm.population.world import World

Array = np.ndarray

AUDIT_LIMIT = 1e-9
"""Largest error of (M55) and (M56) of a run that counts, over gross positions."""
_ERROR = DAY_COLUMNS.index("conservation_error")
# May be undefined while funds have no wealth.
_OF_FUNDS = ("leverage", "margin_rate", "share_unlevered")


class Unsound(NamedTuple):
    """A number that is not finite, and the day it was written."""

    day: int
    column: str
    value: float


def require_sound(world: World, first: int, last: int, first_event: int = 0) -> None:
    """Raise FailedRun unless days first <= day < last balance and hold finite numbers.

    Days count from the first of the burn-in. The schema's own NaN (ODD.md, 4) pass: a feedback gain
    that was not computed, leverage, margin rate and share unlevered of funds without wealth.
    """
    if is_sound_at_a_glance(world, first, last, first_event):
        return
    error = world.record.days["conservation_error"][first:last]
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


def as_numbers(days: Array) -> Array:
    """The rows of days as one table of float64, a column for each of DAY_COLUMNS."""
    return days.view(np.float64).reshape(len(days), len(DAY_COLUMNS))


def is_sound_at_a_glance(world: World, first: int, last: int, first_event: int) -> bool:
    """True where these days balance and hold finite numbers only; False asks for a closer look.

    A sum of squares is finite where all are, and costs a sweep nothing that can be measured.
    """
    record, books = world.record, world.books
    days = as_numbers(record.days[first:last])
    tables = (
        days,
        record.forced_usd_bn[first:last],
        record.log_prices[first:last],
        record.fundamentals[first:last],
        record.other_basis_bp[first:last],
        record.events["amount_usd_bn"][first_event : int(record.n_events[0])],
        books.wealth,
        books.borrowing,
        record.worst_wealth,
        record.forced_sales,
        world.graph.equity,
    )
    if not all(math.isfinite(np.vdot(table, table)) for table in tables):
        return False
    return last == first or float(days[:, _ERROR].max()) <= AUDIT_LIMIT


def _imbalance(error: float) -> str:
    return (
        f"the books do not balance (units, dollars or wealth off by {error:.1e} of gross "
        f"positions, the limit is {AUDIT_LIMIT:.0e})"
    )


def failed_on(world: World, day: int, what: str) -> str:
    """The run, the day and what is wrong with it."""
    burn_in = world.burn_in
    when = f"day {day - burn_in}" if day >= burn_in else f"burn-in day {day + 1} of {burn_in}"
    return f"{world.label or 'a run'}: failed on {when}: {what}"


def _not_finite(world: World, first: int, last: int, first_event: int) -> Iterator[Unsound]:
    """First number of each table that is not finite; where it is not by day, the last one's."""
    record = world.record
    days = record.days[first:last]
    numbers = as_numbers(days)
    bad = ~np.isfinite(numbers)
    has_none = days["fund_wealth_usd_bn"] <= 0.0
    for name in ("feedback_gain", *_OF_FUNDS):
        may_be = np.isnan(days[name]) & (has_none if name in _OF_FUNDS else True)
        bad[:, DAY_COLUMNS.index(name)] &= ~may_be
    yield from _first_of("days", bad, numbers, DAY_COLUMNS, first)
    forced = record.forced_usd_bn[first:last]
    columns = [f"forced_{name}_usd_bn" for name in KIND_NAMES]
    yield from _first_of("days", ~np.isfinite(forced), forced, columns, first)
    for prefix, source in (("log", "log_prices"), ("fundamental", "fundamentals")):
        level = getattr(record, source)[first:last]
        columns = [f"{prefix}_{name}" for name in world.instruments]
        yield from _first_of("days", ~np.isfinite(level), level, columns, first)
    amounts = record.events["amount_usd_bn"][first_event : int(record.n_events[0])]
    if not np.isfinite(amounts).all():
        number = int(np.flatnonzero(~np.isfinite(amounts))[0])
        day = int(record.events["day"][first_event + number])
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
        "worst_wealth_usd_bn": world.record.worst_wealth,
        "forced_sales_usd_bn": world.record.forced_sales,
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
