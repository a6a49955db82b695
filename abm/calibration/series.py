"""A real series: read from a CSV file, its gaps refused, its moments with their sampling error."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from abm.calibration.study import Record
from abm.errors import NOT_GIVEN, Fault
from abm.files import MOST_OF_POINTS, read_bytes
from abm.measures.moments import Choices, of_returns

Array = np.ndarray
LONGEST_GAP_DAYS = 7  # between two closes: a weekend and the holidays beside it
LEAST_BLOCKS = 4  # that a series must have for a bootstrap


class Series(NamedTuple):
    """Closes by date."""

    dates: tuple[date, ...]
    closes: Array

    @property
    def returns(self) -> Array:
        """Daily log returns, (n - 1,)."""
        return np.diff(np.log(self.closes))


class BadSeries(ValueError):
    """A fault of a series, and the key of its record that says so."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(words)
        self.key = key


def faults_of_series(place: str, record: Record) -> Iterator[Fault]:
    """The fault of a record's series, if it has one."""
    try:
        series = read_series(record)
    except BadSeries as bad:
        given = getattr(record, bad.key, NOT_GIVEN)
        yield Fault("", f"{place}.{bad.key}", given, str(bad))
        return
    if len(series.returns) < LEAST_BLOCKS * record.block_days:
        words = f"{len(series.returns)} returns make fewer than {LEAST_BLOCKS} blocks"
        yield Fault("", f"{place}.block_days", record.block_days, words)


def read_series(record: Record) -> Series:
    """The closes of a record between its dates. Raises BadSeries for a gap or what is no close."""
    try:
        text = read_bytes(record.file, MOST_OF_POINTS).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True))
    except FileNotFoundError:
        raise BadSeries("file", "there is no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as bad:
        reason = getattr(bad, "strerror", None) or "it is no CSV file in UTF-8"
        raise BadSeries("file", f"cannot be read: {reason}") from None
    names = list(rows[0]) if rows else []
    for key in ("column", "date_column"):
        if getattr(record, key) not in names:
            raise BadSeries(key, f"is no column of the file; it has {', '.join(names[:20])}")
    days, closes = [], []
    for line, row in enumerate(rows, start=2):
        day = _date(row[record.date_column], line)
        if (record.first and day < record.first) or (record.last and day > record.last):
            continue
        closes.append(_close(row[record.column], day))
        days.append(day)
    _refuse_gaps(days, record)
    return Series(tuple(days), np.array(closes))


def _date(text: str | None, line: int) -> date:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        raise BadSeries("date_column", f"line {line} has no date as 2024-07-31") from None


def _close(text: str | None, day: date) -> float:
    try:
        close = float(text or "")
    except ValueError:
        close = 0.0
    if not 0.0 < close < np.inf:
        words = f"has a gap: no close above 0 on {day}; leave out days without trading"
        raise BadSeries("column", words)
    return close


def _refuse_gaps(days: Sequence[date], record: Record) -> None:
    if len(days) < 2:
        raise BadSeries("column", "has fewer than two closes between the dates")
    for one, other in pairwise(days):
        if other <= one:
            raise BadSeries("date_column", f"goes back from {one} to {other}")
        if (other - one).days > LONGEST_GAP_DAYS:
            words = f"has a gap: {(other - one).days} days from {one} to {other}"
            raise BadSeries("column", words)
    for name, end in (("first", days[0]), ("last", days[-1])):
        wanted = getattr(record, name)
        if wanted is not None and abs((wanted - end).days) > LONGEST_GAP_DAYS:
            raise BadSeries(name, f"lies outside the series, which has {days[0]} to {days[-1]}")


class Wanted(NamedTuple):
    """A moment of a series' returns."""

    measure: str
    choices: Choices


def bootstrapped(
    returns: Sequence[Array], wanted: Sequence[Wanted], block_days: int, n: int, seed: int
) -> Array:
    """Moments of `n` resampled records, (n, K): circular blocks, the same days of every series.

    Politis and Romano (1992). `returns[k]` has the series of `wanted[k]`; all are as long.
    """
    length = len(returns[0])
    random = np.random.default_rng(seed)
    samples = np.empty((n, len(wanted)))
    n_blocks = -(-length // block_days)
    for row in samples:
        starts = random.integers(0, length, n_blocks)
        days = ((starts[:, None] + np.arange(block_days)) % length).ravel()[:length]
        row[:] = [
            of_returns(one.measure, series[days], one.choices)
            for series, one in zip(returns, wanted, strict=True)
        ]
    return samples
