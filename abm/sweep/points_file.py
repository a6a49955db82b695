"""A list of points as a CSV file: a header of dotted keys, then one point a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from abm.errors import NOT_GIVEN, Fault
from abm.files import MOST_OF_POINTS, read_bytes
from abm.scenario.files import shown
from abm.sweep.kinds import Value
from abm.words import counted

MOST_POINTS = 2_000_000  # of one file
MOST_TOLD = 10  # faults of one file; a wrong separator makes one of every line
TRUTHS = {"true": True, "false": False}


class PointsFile(NamedTuple):
    """Rows with the line each stands on, and what is wrong with the file."""

    rows: list[dict[str, Value]]
    lines: list[int]
    faults: list[Fault]


def read_points(path: Path, may_be_empty: frozenset[str] = frozenset()) -> PointsFile:
    """The points of a file; an empty cell is a fault but in the columns of conditional factors."""
    where = shown(path)
    try:
        text = io.StringIO(read_bytes(path, MOST_OF_POINTS).decode("utf-8-sig"), newline="")
        reader = csv.reader(text, strict=True, skipinitialspace=True)
        lines = ((reader.line_num, cells) for cells in reader if cells)
        numbered = list(islice(lines, MOST_POINTS + 2))
    except FileNotFoundError:
        return _unreadable(where, "there is no such file")
    except UnicodeDecodeError:
        return _unreadable(where, "is not UTF-8 text; save it as UTF-8")
    except (OSError, csv.Error) as bad:
        return _unreadable(where, f"cannot be read: {getattr(bad, 'strerror', None) or bad}")
    if len(numbered) > MOST_POINTS + 1:
        return _unreadable(where, f"must have at most {MOST_POINTS:,} points")
    if len(numbered) < 2:
        return _unreadable(where, "must have a header of dotted keys and at least one point")
    header_line, header = numbered[0][0], [cell.strip() for cell in numbered[0][1]]
    faults = list(_faults_of_header(where, header_line, header))
    if faults:
        return PointsFile([], [], faults)
    faults = _some(where, _faults_of_rows(where, header, numbered[1:], may_be_empty))
    rows = [_row(header, cells) for _, cells in numbered[1:]]
    return PointsFile(rows, [line for line, _ in numbered[1:]], faults)


def _unreadable(where: str, reason: str) -> PointsFile:
    return PointsFile([], [], [Fault(where, "file", NOT_GIVEN, reason)])


def _faults_of_header(where: str, line: int, header: list[str]) -> Iterator[Fault]:
    separator = next((s for s in (";", "\t") if len(header) == 1 and s in header[0]), "")
    if separator:
        yield Fault(where, "header", NOT_GIVEN, "columns must be separated by commas", line=line)
    for column, key in enumerate(header, start=1):
        if not key:
            words = f"column {column} has no name: it must be a dotted key of the scenario"
            yield Fault(where, "header", NOT_GIVEN, words, line=line)
        elif header.index(key) < column - 1:
            yield Fault(where, key, NOT_GIVEN, f"column {column} has this name again", line=line)


def _faults_of_rows(
    where: str,
    header: list[str],
    numbered: list[tuple[int, list[str]]],
    may_be_empty: frozenset[str],
) -> Iterator[Fault]:
    for line, cells in numbered:
        if len(cells) != len(header):
            words = f"has {counted(len(cells), 'cell', 'd')}, the header has {len(header)}"
            yield Fault(where, "point", NOT_GIVEN, words, line=line)
            continue
        for key, cell in zip(header, cells, strict=True):
            if not cell.strip() and key not in may_be_empty:
                words = "is empty: every point has a value in every column"
                yield Fault(where, key, NOT_GIVEN, words, line=line)


def _row(header: list[str], cells: list[str]) -> dict[str, Value]:
    """One point, without its empty cells."""
    pairs = zip(header, (cell.strip() for cell in cells), strict=False)
    return {key: value_of(cell) for key, cell in pairs if cell}


def value_of(cell: str) -> Value:
    """A whole number, a number, true or false, or else a word."""
    if cell.lower() in TRUTHS:
        return TRUTHS[cell.lower()]
    for number in (int, float):
        try:
            return number(cell)
        except ValueError:
            continue
    return cell


def _some(where: str, faults: Iterator[Fault]) -> list[Fault]:
    """The first faults, and how many more there are."""
    told, next_one = list(islice(faults, MOST_TOLD)), next(faults, None)
    if next_one is None:
        return told
    words = f"and {1 + sum(1 for _ in faults):,} more such cells and lines"
    return [*told, Fault(where, "…", NOT_GIVEN, words, line=next_one.line)]
