"""Outcomes of a sweep: one number of every run, laid out by design point and replicate."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput
from abm.measures.classes import CLASSES, is_counted
from abm.scenario.checks import nearest
from abm.words import counted

if TYPE_CHECKING:
    import pandas as pd

DAM_BREAK = "class=dam break"
_HEAD = ("row", "point", "replicate", "seed")
_BEFORE_FACTORS, _AFTER_FACTORS, _BEFORE_OUTPUTS = "seed", "status", "seconds"
_ASKED = re.compile(r"\s*(?P<column>[^=<>]+?)\s*(?:(?P<sign>>=|<=|=)\s*(?P<level>.+?)\s*)?")


class Outcome(NamedTuple):
    """One output of a run, as it is; or whether it equals, reaches or stays below a level."""

    column: str
    sign: str = ""  # "", "=", ">=" or "<="
    level: str = ""

    @property
    def name(self) -> str:
        return f"{self.column}{self.sign}{self.level}"

    @property
    def is_share(self) -> bool:
        """Yes or no in each run, so that a mean is a share of runs."""
        return bool(self.sign)

    @property
    def is_not_negative(self) -> bool:
        """A share, a count or a sum of sales; net of the run without the shock it may be below."""
        is_amount = self.column.startswith(("n_", "forced_sales", "largest_"))
        return self.is_share or (is_amount and "_net" not in self.column)


@dataclass(frozen=True)
class Panel:
    """One outcome of every run: values (n_points, n_replicates), NaN where there is none."""

    outcome: Outcome
    points: pd.DataFrame  # a row for each point, a column for each factor
    values: NDArray[np.float64]
    n_failed: NDArray[np.int64]  # runs of each point that raised
    n_undefined: NDArray[np.int64]  # runs of each point that have no such number

    @property
    def factors(self) -> list[str]:
        return [str(name) for name in self.points.columns]

    @property
    def n_missing(self) -> int:
        """Runs of the plan that are not in the table."""
        return int(self.values.size - self.n_done - self.n_failed.sum() - self.n_undefined.sum())

    @property
    def n_done(self) -> int:
        return int(self.known.sum())

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        return np.isfinite(self.values)

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Mean over the replicates of each point, (n_points,); NaN where all are missing."""
        n = self.known.sum(axis=1)
        total = np.where(self.known, self.values, 0.0).sum(axis=1)
        means: NDArray[np.float64] = np.full(n.shape, np.nan)
        np.divide(total, n, out=means, where=n > 0)
        return means

    def left_out(self) -> str:
        """The runs left out of the numbers, in words; empty where none is missing."""
        counts = (
            (int(self.n_failed.sum()), "failed"),
            (self.n_missing, "not done"),
            (int(self.n_undefined.sum()), f"without {self.outcome.column}"),
        )
        said = [f"{n:,} {words}" for n, words in counts if n]
        return f"{', '.join(said)} of {counted(self.values.size, 'run')}" if said else ""

    def advice(self) -> str:
        """Advice about runs without a value: it depends on why they have none."""
        n_undefined, column = int(self.n_undefined.sum()), self.outcome.column
        said = ["finish the sweep"] if self.n_missing else []
        if self.n_failed.any():
            said.append("retry what failed (unwind sweep EXPERIMENT --retry-failed)")
        if n_undefined:
            said.append(
                f"{column} is not defined in {counted(n_undefined, 'run')}, and would not be if "
                f"{'it' if n_undefined == 1 else 'they'} were run again: ask for another "
                "--output, or keep the factors to where it is defined"
            )
        return "; ".join(said)


def outcome(asked: str, table: pd.DataFrame) -> Outcome:
    """Read what a user asks for: `name`, `name=value`, `name>=number` or `name<=number`."""
    found = _ASKED.fullmatch(asked)
    if not found:
        raise InvalidInput(f"{asked!r}: must be an output, as {DAM_BREAK!r} or 'n_failed>=1'")
    chosen = Outcome(found["column"], found["sign"] or "", found["level"] or "")
    known = outputs_of(table)
    if chosen.column not in known:
        hint = nearest(chosen.column, known)
        raise InvalidInput(f"no output is called {chosen.column!r}{f'; {hint}' if hint else ''}")
    _check_level(chosen, table[table["status"] == "done"][chosen.column])
    return chosen


def factors_of(table: pd.DataFrame) -> list[str]:
    """Columns of the factors: those between the seed and the status of a run."""
    names = _columns(table)
    return names[names.index(_BEFORE_FACTORS) + 1 : names.index(_AFTER_FACTORS)]


def outputs_of(table: pd.DataFrame) -> list[str]:
    """Columns of what the runs gave: those after the time they took."""
    names = _columns(table)
    return names[names.index(_BEFORE_OUTPUTS) + 1 :]


def panel(
    table: pd.DataFrame,
    chosen: Outcome | str,
    points: pd.DataFrame | None = None,
    n_replicates: int | None = None,
) -> Panel:
    """Lay an outcome out by point and replicate.

    Parameters
    ----------
    table
        What `load_sweep` returns: a row for each run that was done or failed.
    chosen
        An Outcome, or what `outcome` reads.
    points, n_replicates
        Those of the plan, as runs may be missing; by default those of the table.
    """
    import pandas as pd

    if table.empty:
        raise InvalidInput("the sweep has no runs yet")
    asked = outcome(chosen, table) if isinstance(chosen, str) else chosen
    point, replicate = table["point"].to_numpy(), table["replicate"].to_numpy()
    if points is None:
        seen = table.drop_duplicates("point").set_index("point")[factors_of(table)]
        points = seen.reindex(pd.RangeIndex(int(point.max()) + 1))
    shape = (len(points), n_replicates or int(replicate.max()) + 1)
    if point.max() >= shape[0] or replicate.max() >= shape[1]:
        raise InvalidInput(f"the table has runs outside the plan of {shape[0]} x {shape[1]}")
    found, failed = _numbers(table, asked), (table["status"] != "done").to_numpy()
    found[failed] = np.nan
    values = np.full(shape, np.nan)
    values[point, replicate] = found
    return Panel(
        outcome=asked,
        points=points,
        values=values,
        n_failed=np.bincount(point[failed], minlength=shape[0]),
        n_undefined=np.bincount(point[~failed & np.isnan(found)], minlength=shape[0]),
    )


def varied(points: pd.DataFrame) -> list[str]:
    """Factors that take more than one value; of those that move as one, the first."""
    kept: list[str] = []
    for name in (str(n) for n in points.columns if points[n].nunique() > 1):
        if not any(are_linked(points, name, other) for other in kept):
            kept.append(name)
    return kept


def are_linked(points: pd.DataFrame, name: str, other: str) -> bool:
    """The same value everywhere, or as many pairs of values as values of either."""
    if points[name].equals(points[other]):
        return True
    n_levels, n_pairs = points[name].nunique(), len(points[[name, other]].drop_duplicates())
    # Where no two points share a level, any two factors are one to one.
    return n_pairs == n_levels == points[other].nunique() and n_levels < len(points)


def at(whole: Panel, held: dict[str, Any]) -> Panel:
    """The same panel at the points where the factors have the values given."""
    import pandas as pd

    inside = np.ones(len(whole.points), dtype=bool)
    for name, level in held.items():
        inside &= (whole.points[name] == level).to_numpy()
    if not inside.any():
        raise InvalidInput(f"no point of the design has {held}")
    points = whole.points[inside].set_index(pd.RangeIndex(int(inside.sum())))
    return Panel(
        whole.outcome,
        points,
        whole.values[inside],
        whole.n_failed[inside],
        whole.n_undefined[inside],
    )


def _numbers(table: pd.DataFrame, asked: Outcome) -> NDArray[np.float64]:
    """The outcome of every row; NaN where a run does not have it."""
    column = table[asked.column]
    if asked.sign == "=" and not _is_number(column):
        hit = (column == asked.level).to_numpy(dtype=np.float64)
        hit[column.isna().to_numpy()] = np.nan
        if asked.column == "class":
            hit[~is_counted(table)] = np.nan
        return np.asarray(hit)
    x = column.to_numpy(dtype=np.float64, na_value=np.nan)
    x = np.where(np.isfinite(x), x, np.nan)
    if not asked.sign:
        return x
    level = float(asked.level)
    hits = {"=": x == level, ">=": x >= level, "<=": x <= level}[asked.sign]
    return np.where(np.isnan(x), np.nan, hits.astype(np.float64))


def _check_level(asked: Outcome, column: pd.Series) -> None:
    """Text is compared with a text that occurs somewhere; numbers with a number."""
    if not _is_number(column):
        words = sorted(str(word) for word in column.dropna().unique())
        if asked.sign != "=":
            raise InvalidInput(
                f"{asked.name}: {asked.column} is text; ask for a share of runs, as "
                f"'{asked.column}={words[0] if words else 'value'}'"
            )
        allowed = [*words, *CLASSES] if asked.column == "class" else words
        if asked.level not in allowed:
            raise InvalidInput(f"{asked.name}: {asked.column} is one of {', '.join(words)}")
    elif asked.sign:
        try:
            is_level = not math.isnan(float(asked.level))
        except ValueError:
            is_level = False
        if not is_level:
            raise InvalidInput(f"{asked.name}: {asked.level!r} is not a number")


def _is_number(column: pd.Series) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column)


def _columns(table: pd.DataFrame) -> list[str]:
    missing = [c for c in (*_HEAD, "status", "seconds") if c not in table.columns]
    if missing:
        raise InvalidInput(f"not the table of a sweep: column {', '.join(missing)} is missing")
    return [str(name) for name in table.columns]


def is_numeric(column: pd.Series) -> bool:
    """Numbers along which something can be followed: true and false are two words."""
    import pandas as pd

    return _is_number(column) and not pd.api.types.is_bool_dtype(column)


def levels_of(column: pd.Series) -> list[Any]:
    """Levels of a factor: numbers upwards, words in the order of the design."""
    found = column.dropna()
    return sorted(found.unique()) if _is_number(found) else list(found.unique())
