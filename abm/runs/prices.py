"""Prices of a run by day and instrument: as a tidy table, and beside the other columns of its days
as an xarray Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.runs.columns import column_named
from abm.runs.tables import text_column

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from abm.runs.result import RunResult
    from abm.scenario import Scenario

Array = np.ndarray


class Prices(NamedTuple):
    """One number for each day and instrument, `(n_days, n_instruments)`."""

    quote: Array
    """As the market writes it: of JPY yen per dollar."""
    log: Array
    """Rise since the close before day 0 [log]; yen up: USDJPY down."""
    fundamental: Array
    """The same of the fundamental [log]."""


def prices_of(days: pd.DataFrame, scenario: Scenario) -> Prices:
    """Prices in the columns of `days`."""
    names = scenario.instrument_names
    log, fundamental = (
        days[[f"{sort}_{name}" for name in names]].to_numpy(dtype=np.float64)
        for sort in ("log", "fundamental")
    )
    quotes = [scenario.instruments[name].quote_at(log[:, k]) for k, name in enumerate(names)]
    return Prices(np.column_stack(quotes), log, fundamental)


def prices_table(days: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """One row for each day and instrument, the days in order, and on each the instruments."""
    import pandas as pd

    names = scenario.instrument_names
    by_name = {name: levels.ravel() for name, levels in prices_of(days, scenario)._asdict().items()}
    return pd.DataFrame(
        {
            "day": np.repeat(days["day"].to_numpy(), len(names)),
            "date": np.repeat(days["date"].to_numpy(), len(names)),
            "instrument": text_column(list(names) * len(days)),
            **by_name,
        }
    )


def dataset_of(run: RunResult) -> xr.Dataset:
    """The dataset of `RunResult.to_xarray`."""
    try:
        import xarray as xr
    except ImportError:
        raise InvalidInput(
            "to_xarray needs xarray; install it with: pip install 'carry-unwind[xarray]'"
        ) from None
    days, names = run.days, run.scenario.instrument_names
    own = {f"{sort}_{name}" for sort in ("log", "fundamental") for name in names}
    others = [name for name in days.columns if name not in {"day", "date"} | own]
    coordinates: dict[str, Any] = {"day": days["day"].to_numpy(), "instrument": list(names)}
    if not days["date"].isna().any():
        coordinates["date"] = ("day", days["date"].to_numpy())
    variables: dict[str, tuple[Any, Array]] = {
        name: (("day", "instrument"), levels)
        for name, levels in prices_of(days, run.scenario)._asdict().items()
    }
    variables |= {name: ("day", days[name].to_numpy()) for name in others}
    # The seed as text: netCDF has no whole numbers beyond 64 bits.
    about = {
        "scenario": run.scenario.name,
        "seed": str(run.seed),
        "replicate": run.replicate,
    }
    made = xr.Dataset(variables, coordinates, about)
    for name in map(str, made.variables):
        found = column_named(name, "prices", "days")
        if found is not None:
            told = {"units": found.unit, "long_name": found.meaning}
            made[name].attrs.update({key: text for key, text in told.items() if text})
    return made
