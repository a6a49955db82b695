"""Tables that a user brings, a CSV file or a DataFrame: rows of cells with the line of each."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.errors import NOT_GIVEN, Fault, InvalidInput, one_line
from abm.files import MEGABYTE, read_bytes
from abm.numbers import is_real
from abm.scenario.files import shown
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd

MOST_OF_TABLE = 64 * MEGABYTE
MOST_LINES = 200_000
LONGEST_CELL = 200  # letters
IN_MEMORY = "portfolio"  # in place of a file's name
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LARGEST = 1e18  # of an amount: sums and products of such are numbers still
# A number as a spreadsheet or another country writes it: 1,234.5, 1.234,5, 1 234, 1'234, 50%.
_DRESSED = re.compile(r"[+-]?[$€£¥]?\d[\d.,' \u00a0\u202f_]*%?")


class Row(NamedTuple):
    """One line: its number, from 1, and its filled cells by column."""

    line: int
    cells: dict[str, str]


class CsvFile(NamedTuple):
    """A CSV file that is in memory and not on disk, as a browser brings one."""

    name: str
    """What messages and reports call it."""
    content: bytes
    """All of it, as it came."""


class Cells(NamedTuple):
    """A table as it was brought, and what is wrong with it as a table."""

    where: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: list[Fault]

    @property
    def hash(self) -> str:
        """SHA-256 of its rows in their order; columns in any order, numbers however written."""
        rows = [sorted((n, _plain(cell)) for n, cell in row.cells.items()) for row in self.rows]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def read_cells(source: str | os.PathLike[str] | CsvFile | pd.DataFrame) -> Cells:
    """The cells of a CSV file (UTF-8, commas, a header) or of a DataFrame."""
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return _of_text(shown(path.absolute()), lambda: read_bytes(path, MOST_OF_TABLE))
    if isinstance(source, CsvFile):
        return _of_text(one_line(source.name), lambda: source.content)
    if not hasattr(source, "itertuples") or not hasattr(source, "columns"):
        given = type(source).__name__
        raise InvalidInput(f"a {given} is given, must be the path of a CSV file or a DataFrame")
    return _of_frame(source)


def number_in(cell: str) -> float | None:
    """The number that a cell spells with digits and a point; None where it is not one."""
    return float(cell) if _NUMBER.fullmatch(cell) else None


def _plain(cell: str) -> str:
    number = number_in(cell)
    return cell if number is None else repr(number)


def why_not_a_number(cell: str) -> str:
    """The way in which a cell fails to spell a number."""
    if _DRESSED.fullmatch(cell):
        return "must be digits with a decimal point and nothing else, as 1234567.89"
    return "must be a number"


def _of_text(where: str, content: Callable[[], bytes]) -> Cells:
    """The cells of a file's text; what cannot be read is a fault like others."""
    try:
        text = io.StringIO(content().decode("utf-8-sig"), newline="")
    except FileNotFoundError:
        return _refused(where, "there is no such file")
    except UnicodeDecodeError:
        return _refused(where, "is not UTF-8 text; save it as CSV UTF-8")
    except (OSError, ValueError) as bad:
        return _refused(where, f"cannot be read: {getattr(bad, 'strerror', None) or bad}")
    reader = csv.reader(text, strict=True, skipinitialspace=True)
    try:
        numbered = [(reader.line_num, row) for row in islice(reader, MOST_LINES + 2)]
    except csv.Error as bad:
        return _refused(where, f"cannot be read: {bad}", reader.line_num)
    if len(numbered) > MOST_LINES + 1:
        return _refused(where, f"must have at most {MOST_LINES:,} lines")
    numbered = [(line, row) for line, row in numbered if any(cell.strip() for cell in row)]
    if len(numbered) < 2:
        what = "is empty" if not numbered else "has a header and no line"
        return _refused(where, f"{what}: must have a header and at least one line")
    (line, header), *rows = numbered
    return _checked(where, line, header, rows)


def _of_frame(frame: pd.DataFrame) -> Cells:
    """Rows of a DataFrame, counted from 1; what is missing is an empty cell."""
    if not len(frame):
        return _refused(IN_MEMORY, "is empty: must have at least one row")
    if len(frame) > MOST_LINES:
        return _refused(IN_MEMORY, f"must have at most {MOST_LINES:,} rows")
    rows = ([_spelt(value) for value in row] for row in frame.itertuples(index=False, name=None))
    return _checked(
        IN_MEMORY, None, [str(name) for name in frame.columns], list(enumerate(rows, 1))
    )


def _spelt(value: Any) -> str:
    """A cell of a DataFrame as text; numbers keep all their digits."""
    if value is None or value != value:
        return ""
    if is_real(value):
        return repr(float(value))
    return str(value.date()) if hasattr(value, "date") else str(value)


def _refused(where: str, reason: str, line: int | None = None) -> Cells:
    return Cells(where, (), (), [Fault(where, "file", NOT_GIVEN, reason, line=line)])


def _checked(
    where: str, line: int | None, header: Sequence[str], rows: list[tuple[int, list[str]]]
) -> Cells:
    columns = tuple(name.strip() for name in header)
    faults = list(_faults_of_header(where, line, columns))
    if faults:
        return Cells(where, columns, (), faults)
    kept = []
    for number, row in rows:
        cells = [cell.strip() for cell in row]
        found = list(_faults_of_row(where, number, cells, columns))
        faults += found
        if not found:
            filled = zip(columns, cells, strict=True)
            kept.append(Row(number, {name: cell for name, cell in filled if cell}))
    return Cells(where, columns, tuple(kept), faults)


def _faults_of_header(where: str, line: int | None, columns: Sequence[str]) -> Iterator[Fault]:
    if len(columns) == 1 and any(sign in columns[0] for sign in ";\t|"):
        yield Fault(where, "header", NOT_GIVEN, "columns must be separated by commas", line=line)
        return
    for at, name in enumerate(columns):
        if not name:
            yield Fault(where, "header", NOT_GIVEN, f"column {at + 1} has no name", line=line)
        elif columns.index(name) < at:
            yield Fault(where, name, NOT_GIVEN, f"column {at + 1} has this name again", line=line)


def _faults_of_row(
    where: str, line: int, cells: Sequence[str], columns: Sequence[str]
) -> Iterator[Fault]:
    if len(cells) != len(columns):
        words = f"has {counted(len(cells), 'cell', 'd')}, the header has {len(columns)}"
        more = ": a number has no comma in it" if len(cells) > len(columns) else ""
        yield Fault(where, "line", NOT_GIVEN, words + more, line=line)
    for cell in cells:
        if len(cell) > LONGEST_CELL:
            words = f"must have at most {LONGEST_CELL} letters"
            yield Fault(where, "cell", cell, words, line=line)
