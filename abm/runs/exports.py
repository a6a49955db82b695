"""The tables of a result as files of other programs: CSV, a workbook, Stata.

Each format has its own way of going wrong. A spreadsheet computes a cell of a CSV file that begins
with = + - or @; a worksheet holds a million rows; a Stata name has 32 letters. What is changed for
it is said, and nothing is dropped in silence.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput, OutputRefused, one_line
from abm.files import write_folder, write_whole
from abm.runs.columns import column_named, columns_table
from abm.runs.folder import TABLES, check_free, readable_faults
from abm.words import counted, is_or_are

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from abm.runs.result import RunResult

MOST_SHEET_ROWS, MOST_SHEET_COLUMNS, MOST_CELL_LETTERS = 1_048_576, 16_384, 32_767  # of xlsx
MOST_STATA_LETTERS, MOST_STATA_LABEL, MOST_STATA_TEXT = 32, 80, 2045
LARGEST_STATA_WHOLE = 2**53  # Stata's whole numbers end at 2^31; beyond, a double holds these
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = "columns"  # the table of what columns are; of Stata which name is which too
_RESERVED_WORDS = (
    "aggregate array boolean break byte case catch class colvector complex const continue default "
    "delegate delete do double else eltypedef end enum explicit export external float for friend "
    "function global goto if inline int local long NULL pragma protected quad rowvector short "
    "typedef typename virtual _all _N _skip _b _pi str# in _pred strL _coef _rc using _cons _se "
    "with _n"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())
_OF_A_SHEET = bool | int | float | str
_STATA_TYPE = re.compile(r"str\d+")

Tables = Mapping[str, "pd.DataFrame"]
Files = dict[str, bytes]


class Exported(NamedTuple):
    """Files by name, and what had to be changed in them."""

    files: Files
    said: list[str]


def tables_of_run(run: RunResult) -> dict[str, pd.DataFrame]:
    """Tables and graph of a run, its summary, and what the columns of all these are."""
    tables = {name: getattr(run, name) for name in TABLES}
    if run.kept_indicators is not None:
        tables["indicators"] = run.kept_indicators
    tables["exposures"] = exposures_table(run.exposures)
    tables["summary"] = summary_table(run.summary)
    return tables | {COLUMNS: columns_table(tables)}


def summary_table(summary: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each number of a run, with its unit and meaning."""
    import pandas as pd

    lines = []
    for name, value in summary.items():
        is_text, found = isinstance(value, str), column_named(name, "summary", "cascade")
        number, text = (float("nan"), value) if is_text else (float(value), "")
        lines.append((name, number, text, *(("", "") if found is None else found[2:])))
    return pd.DataFrame(lines, columns=["measure", "value", "text", "unit", "meaning"])


def exposures_table(graph: nx.DiGraph) -> pd.DataFrame:
    """A row for each exposure: lender, borrower, what it is, how much [USD bn]."""
    import pandas as pd

    rows = [
        (str(lender), str(borrower), str(kept.get("kind", "")), float(kept["weight"]))
        for lender, borrower, kept in graph.edges(data=True)
    ]
    return pd.DataFrame(rows, columns=["lender", "borrower", "kind", "usd_bn"])


def write_csv(run: RunResult, folder: Path, force: bool) -> Path:
    """Write the tables of a result as CSV: `RunResult.to_csv`."""
    check_free(folder, force)
    made = as_csv(tables_of_run(run))
    with readable_faults(folder):
        write_folder(folder, made.files)
    _warn(made.said)
    return folder


def write_workbook(run: RunResult, path: Path, force: bool) -> Path:
    """Write the tables of a result as a workbook: `RunResult.to_excel`."""
    if path.suffix.lower() != ".xlsx":
        raise InvalidInput(f"path = {path}, must end in .xlsx")
    with readable_faults(path):
        if path.is_dir():
            raise OutputRefused(f"{path} is a folder; give the name of a file")
        if os.path.lexists(path) and not force:
            raise OutputRefused(f"{path} exists; choose another, or force it")
    made = as_workbook(tables_of_run(run), path.stem)
    (content,) = made.files.values()
    with readable_faults(path):
        write_whole(path, content)
    _warn(made.said)
    return path


def _warn(said: Iterable[str]) -> None:
    """Say what had to be changed, to the caller of the method of RunResult."""
    for words in said:
        warnings.warn(words, stacklevel=4)


def as_csv(tables: Tables) -> Exported:
    """A file for each table. Text that a spreadsheet would compute has a ' in front."""
    files: Files = {}
    n_guarded = 0
    for name, table in tables.items():
        safe = _without_categories(table)
        for column in _text_columns(table):
            starts = safe[column].map(_is_formula).to_numpy(dtype=bool)
            safe[column] = safe[column].mask(starts, "'" + safe[column].astype(str))
            n_guarded += int(starts.sum())
        safe.columns = [guarded(c) for c in map(str, table.columns)]
        text = safe.to_csv(index=False, lineterminator="\n")
        files[f"{name}.csv"] = text.encode("utf-8")
    said = f"{n_guarded:,} cells of text begin with one of = + - @: each has a ' in front"
    return Exported(files, [said] if n_guarded else [])


def as_workbook(tables: Tables, stem: str) -> Exported:
    """One workbook with a sheet for each table; all text is text, whatever it begins with.

    Numbers have the sixteen digits that a workbook keeps, one less than a double may need.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise InvalidInput(
            "a workbook needs openpyxl; install it with: pip install 'carry-unwind[export]'"
        ) from None
    for name, table in tables.items():
        if len(table) >= MOST_SHEET_ROWS or len(table.columns) > MOST_SHEET_COLUMNS:
            raise InvalidInput(
                f"{name} has {len(table):,} rows and {len(table.columns):,} columns; a sheet of "
                f"xlsx holds {MOST_SHEET_ROWS - 1:,} and {MOST_SHEET_COLUMNS:,}: "
                "use --to csv, in Python to_csv"
            )
    book = Workbook(write_only=True)
    said: list[str] = []
    for name, table in tables.items():
        sheet = book.create_sheet(name)
        sheet.append([_cell(sheet, str(column)) for column in table.columns])
        columns = [_column(table[column]) for column in table.columns]
        said += [
            f"{name}, {column}: text is cut to {MOST_CELL_LETTERS:,} letters"
            for column, cells in zip(table.columns, columns, strict=True)
            if any(isinstance(c, str) and len(c) > MOST_CELL_LETTERS for c in cells)
        ]
        for row in zip(*columns, strict=True):
            sheet.append([_cell(sheet, value) for value in row])
    sink = io.BytesIO()
    book.save(sink)
    return Exported({f"{stem}.xlsx": sink.getvalue()}, said)


def as_stata(tables: Tables) -> Exported:
    """A file for each table, and `columns.csv`: which name of Stata is which column, and what of it
    is known.

    Format 118 (Stata 14 and later). Missing and infinite numbers are missing there, true and false
    are 1 and 0, whole numbers beyond 2^53 are text.
    """
    import pandas as pd

    files, said, names = {}, [], []
    about = {(table, column): told for table, column, *told in _rows(tables.get(COLUMNS))}
    for name, table in tables.items():
        if name == COLUMNS:
            continue
        mapping = stata_names([str(column) for column in table.columns])
        plain = pd.DataFrame(
            {
                new: _stata_column(table[old])
                for old, new in zip(table.columns, mapping.values(), strict=True)
            }
        )
        labels = {new: one_line(old)[:MOST_STATA_LABEL] for old, new in mapping.items()}
        long = [c for c in plain.columns if _longest(plain[c]) > MOST_STATA_TEXT]
        dates: dict[Any, Any] = {c: "td" for c in plain.columns if plain[c].dtype.kind == "M"}
        sink = io.BytesIO()
        plain.to_stata(
            sink,
            version=118,
            write_index=False,
            variable_labels=labels,
            convert_strl=long,
            convert_dates=dates,
        )
        files[f"{name}.dta"] = sink.getvalue()
        names += [
            (name, old, new, *about.get((name, old), ("", ""))) for old, new in mapping.items()
        ]
        n_infinite = int(np.isinf(table.select_dtypes("number").to_numpy(dtype=np.float64)).sum())
        if n_infinite:
            lost = f"{counted(n_infinite, 'infinite number')} {is_or_are(n_infinite)}"
            said.append(f"{name}: {lost} missing in Stata")
    n_other = sum(old != new for _, old, new, *_ in names)
    heads = ["table", "column", "stata", "unit", "meaning"]
    files |= as_csv({COLUMNS: pd.DataFrame(names, columns=heads)}).files
    if n_other:
        other = "column has another name" if n_other == 1 else "columns have other names"
        said.append(f"{n_other:,} {other} in Stata: {COLUMNS}.csv says which")
    return Exported(files, said)


def stata_names(columns: Sequence[str]) -> dict[str, str]:
    """Names that Stata takes, by column: letters, digits and _, at most 32, each once.

    Other characters become _; a name too long keeps its beginning and its end, as the unit stands
    there; equal names get _2, _3 ….
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        name = re.sub(r"[^A-Za-z0-9_]", "_", column) or "_"
        if name[0].isdigit() or name in _RESERVED or _STATA_TYPE.fullmatch(name):
            name = f"_{name}"
        name, number = _short(name, MOST_STATA_LETTERS), 1
        unique = name
        while unique in taken:
            number += 1
            end = f"_{number}"
            unique = _short(name, MOST_STATA_LETTERS - len(end)) + end
        taken.add(unique)
        found[column] = unique
    return found


def _short(name: str, most: int) -> str:
    """A name of at most `most` letters: its beginning, and its end with the unit."""
    if len(name) <= most:
        return name
    end = most // 2
    return name[: most - end - 1] + "_" + name[-end:]


def _rows(table: pd.DataFrame | None) -> Iterable[tuple[Any, ...]]:
    return () if table is None else table.itertuples(index=False, name=None)


def _without_categories(table: pd.DataFrame) -> pd.DataFrame:
    """A copy in which a category is its word."""
    words = {
        str(c): table[c].astype(object) for c in table if hasattr(table[c].dtype, "categories")
    }
    return table.assign(**words)


def _text_columns(table: pd.DataFrame) -> Iterable[Any]:
    return [c for c in table if table[c].dtype.kind not in "biufcM"]


def guarded(value: Any) -> Any:
    """Text that a spreadsheet may compute with a ' in front; everything else as it is."""
    return f"'{value}" if _is_formula(value) else value


def _is_formula(value: Any) -> bool:
    """Text that a spreadsheet may take for something to compute."""
    return isinstance(value, str) and value.startswith(STARTS_A_FORMULA)


def _column(column: pd.Series) -> list[Any]:
    """Cells as plain Python: empty where there is no number, infinities in words."""
    plain: list[Any] = []
    if column.dtype.kind == "M":
        return [None if value != value else value.date() for value in column.tolist()]
    for value in column.tolist():
        if isinstance(value, float) and not np.isfinite(value):
            plain.append(None if value != value else ("inf" if value > 0 else "-inf"))
        else:
            plain.append(value if isinstance(value, _OF_A_SHEET) else _said(value))
    return plain


def _said(value: Any) -> str | None:
    return None if value is None or value != value else str(value)


def _cell(sheet: Any, value: Any) -> Any:
    """A cell of a sheet; what is text stays text, and no character of it is one XML lacks."""
    from openpyxl.cell import WriteOnlyCell

    if value == "":
        return None
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, one_line(value)[:MOST_CELL_LETTERS])
        cell.data_type = "s"
        return cell
    if isinstance(value, int) and abs(value) > LARGEST_STATA_WHOLE:
        return _cell(sheet, str(value))  # a spreadsheet's numbers are doubles
    return value


def _stata_column(column: pd.Series) -> Any:
    """A column of a kind that Stata has: doubles, whole numbers it can hold, or text."""
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

    if column.dtype.kind == "M":
        return column.astype("datetime64[ns]").to_numpy()
    if is_bool_dtype(column):
        return column.to_numpy(dtype=np.int8)
    if is_float_dtype(column):
        values = column.to_numpy(dtype=np.float64)
        return np.where(np.isfinite(values), values, np.nan)
    if is_integer_dtype(column):
        values = column.to_numpy(dtype=np.int64)
        if not len(values) or np.abs(values).max() < LARGEST_STATA_WHOLE:
            return values if _fits(values) else values.astype(np.float64)
        return [str(value) for value in values]
    return [_said(value) or "" for value in column.tolist()]


def _fits(values: Any) -> bool:
    """Stata's long ends short of 2^31."""
    return not len(values) or bool(np.abs(values).max() <= 2_147_483_620)


def _longest(column: pd.Series) -> int:
    """Bytes of the longest text of a column; 0 where it holds numbers."""
    texts = (value for value in column.tolist() if isinstance(value, str))
    return max((len(text.encode()) for text in texts), default=0)


FORMATS: dict[str, Callable[[Tables, str], Exported]] = {
    "csv": lambda tables, _: as_csv(tables),
    "xlsx": as_workbook,
    "stata": lambda tables, _: as_stata(tables),
}
