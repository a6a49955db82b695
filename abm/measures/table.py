"""Tables as the measures read them: a pandas table, or plain columns by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import TypeAliasType

    from abm.contagion.networks import FloatArray

    # Unlike a plain alias such a type keeps its name in the API pages.
    Table = TypeAliasType("Table", pd.DataFrame | Mapping[str, NDArray[Any]])


def names_of(table: Table) -> list[str]:
    """Names of the columns, in the order of the table."""
    return [str(name) for name in table]


def values_of(table: Table, name: str) -> NDArray[Any]:
    """One column."""
    return np.asarray(table[name])


def iso_dates(dates: Iterable[Any]) -> list[str]:
    """Dates as ISO text, empty for none."""
    import pandas as pd

    days = pd.to_datetime(pd.Series(dates)).to_numpy().astype("datetime64[D]")
    return ["" if day == "NaT" else day for day in np.datetime_as_string(days).tolist()]


def need(table: Table, *columns: str) -> None:
    """Raise InvalidInput unless the table has all of these columns."""
    missing = [c for c in columns if c not in table]
    if missing:
        raise InvalidInput(f"table: column {', '.join(missing)} is missing")


def on_day(days: Table, name: str, day: int) -> float:
    """Value of a column on a day; NaN where the table lacks the day."""
    need(days, "day", name)
    values = values_of(days, name)[values_of(days, "day") == day]
    return float(values[0]) if values.size else float("nan")


def within(days: Table, name: str, first_day: int, last_day: int) -> NDArray[Any]:
    """Values of a column from the first day to the last, both included."""
    need(days, "day", name)
    day = values_of(days, "day")
    return values_of(days, name)[(day >= first_day) & (day <= last_day)]


def after_shock(days: Table, name: str, shock_day: int, window_days: int) -> FloatArray:
    """Values from the shock day to `window_days` after it; InvalidInput where there are none."""
    values = within(days, name, shock_day, shock_day + window_days).astype(np.float64)
    if not values.size:
        day = values_of(days, "day")
        raise InvalidInput(
            f"shock_day = {shock_day}, must be a day of the run: {day[0]} to {day[-1]}"
        )
    return values
