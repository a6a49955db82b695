"""Columns of a result's tables: type, unit and meaning of each, as `columns.toml` has them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import show
from abm.kernels.events import EVENT_KINDS
from abm.kernels.state import KIND_NAMES
from abm.market import STATUSES
from abm.measures.classes import CLASSES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Array = np.ndarray

CATEGORIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("days", "status"): STATUSES,
    ("events", "kind"): EVENT_KINDS,
    ("events", "side"): ("", "sold", "bought"),
    ("institutions", "kind"): (*KIND_NAMES, "bank"),
    ("runs", "status"): ("done", "failed"),
    ("runs", "class"): CLASSES,
}
"""Categories of a column, by table and column; of others, such as styles, those that occur."""

ORDERED = (("days", "status"),)
"""Columns whose categories rank."""

BY_DAY = ("days", "indicators")
"""Tables with one row per trading day."""

DAY = "datetime64[ms]"
"""Type of dates: the coarsest that pandas, Parquet and xarray share."""


OF_A_SWEEP_ROW = ("runs", "summary", "cascade")
"""The place of the columns of a sweep's runs."""


class Column(NamedTuple):
    """A column of a table. `name` may have a part in < >, which stands for any word."""

    name: str
    kind: str
    """int64, float64, text, date or category; of single numbers int, float or text."""
    unit: str
    """Empty where there is none; "1" of a pure number."""
    meaning: str


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """Columns of a table, or numbers of a run (`summary`, `cascade`), in their order; none of a
    table that is not described."""
    text = files("abm.runs").joinpath("columns.toml").read_text(encoding="utf-8")
    return tuple(Column(name, *told) for name, told in tomllib.loads(text).get(table, {}).items())


def column_named(name: str, *tables: str) -> Column | None:
    """The column of a name, of the first of the tables that has it; None for a user's own."""
    known = [column for table in tables for column in columns_of(table)]
    exact = (column for column in known if column.name == name)
    return next(exact, None) or next((c for c in known if _pattern(c.name).fullmatch(name)), None)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    parts = re.split(r"<\w+>", name)
    return re.compile(".+".join(map(re.escape, parts)))


def own_bases(days: pd.DataFrame) -> dict[str, Array]:
    """Basis of each currency that has one beside the funding currency [bp]."""
    found = (re.fullmatch(r"basis_(\w+)_bp", name) for name in map(str, days))
    return {match[1]: days[match[0]].to_numpy() for match in found if match}


def table_of_result(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table with its columns typed; `days` and `indicators` by date.

    Without dates their rows are numbered and their index has no name: a column `day` beside
    an index of that name would be ambiguous.
    """
    import pandas as pd

    table = typed(name, frame)
    if name in BY_DAY and not table["date"].isna().any():
        table.index = pd.DatetimeIndex(table["date"]).rename(None)
    return table


def typed(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Dates as dates, words of closed lists as categories; a column that is not there is not
    missed."""
    converted = {
        column.name: _CONVERTED[column.kind](table, frame[column.name])
        for column in columns_of(table)
        if column.kind in _CONVERTED and column.name in frame
    }
    return frame.assign(**converted)


def _as_dates(_: str, column: pd.Series) -> Any:
    """ISO text, which may be empty, or dates."""
    if column.dtype.kind == "M":
        return column.to_numpy().astype(DAY)
    return np.array(column.tolist(), dtype=DAY)


def _as_categories(table: str, column: pd.Series) -> Any:
    """Words, or what the kernels have for them: their place in the list."""
    import pandas as pd

    where = (table, str(column.name))
    allowed = CATEGORIES.get(where) or tuple(dict.fromkeys(column.dropna()))
    is_ordered = where in ORDERED
    is_coded = column.dtype.kind in "iu"
    unknown = [] if is_coded else sorted(set(column.dropna()) - set(allowed))
    if unknown:
        raise ValueError(f"{table}: {column.name} = {show(unknown[0])}, which is none of its words")
    if is_coded:
        return pd.Categorical.from_codes(column.to_numpy(), pd.Index(allowed), ordered=is_ordered)
    return pd.Categorical(column, allowed, ordered=is_ordered)


_CONVERTED = {"date": _as_dates, "category": _as_categories}


def arrow_table(name: str, frame: pd.DataFrame) -> pa.Table:
    """A table of a result as Arrow, its fields with unit and meaning; the index is left behind."""
    import pyarrow as pa

    return described(pa.Table.from_pandas(frame, preserve_index=False), name)


def described(table: pa.Table, *of: str) -> pa.Table:
    """An Arrow table whose fields say their unit and meaning, where they are known."""
    import pyarrow as pa

    fields = []
    for field in table.schema:
        found = column_named(field.name, *of)
        told = {} if found is None else {"unit": found.unit, "meaning": found.meaning}
        fields.append(field.with_metadata({key: text for key, text in told.items() if text}))
    schema = pa.schema(fields, metadata=table.schema.metadata)
    return pa.Table.from_arrays(table.columns, schema=schema)


def columns_table(tables: Mapping[str, Iterable[Any]]) -> pd.DataFrame:
    """Unit and meaning of every column of some tables, themselves a table."""
    import pandas as pd

    lines = []
    for table, names in tables.items():
        for name in map(str, names):
            found = column_named(name, *(OF_A_SWEEP_ROW if table == "runs" else (table,)))
            lines.append((table, name, *(("", "") if found is None else found[2:])))
    return pd.DataFrame(lines, columns=["table", "column", "unit", "meaning"])
