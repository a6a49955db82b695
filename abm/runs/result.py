"""A run and what is known of it: its tables, its summary, and the scenario they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.errors import LONGEST_KEY, InvalidInput, Nearest, one_line
from abm.measures.cascade import before_measures, forced_volume, largest_yen_rise, run_measures
from abm.population.branching import replay
from abm.population.exposures import exposure_graph
from abm.population.origin import Origin
from abm.runs.exports import write_csv, write_workbook
from abm.runs.folder import save
from abm.runs.genealogy import events_table
from abm.runs.prices import dataset_of, prices_table
from abm.runs.tables import burn_in_table, days_table, edges_table, institutions_table

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import xarray as xr

    from abm.population.advance import InitialState
    from abm.population.world import World
    from abm.scenario import Scenario

Scalar = float | int | str


@dataclass(frozen=True, eq=False)
class RunResult:
    """One run as tables. Every column, its type and unit: ODD.md, section 4."""

    days: pd.DataFrame
    """One row per trading day: prices, leverage, margins, forced sales, how the market cleared.
    The index has its dates, as the column `date`; in a scenario without dates its number, `day`."""
    events: pd.DataFrame
    """One row per call, cut, forced sale, clearing, default and loss, with its cause."""
    institutions: pd.DataFrame
    """One row per institution and bank: how it opened, closed and failed."""
    edges: pd.DataFrame
    """One row per institution and broker: the share of its debt that the broker lends, before
    day 0."""
    exposures: nx.DiGraph
    """The exposure graph at the last close, lender to borrower, weights in USD bn."""
    summary: dict[str, Scalar]
    """Every number of the run that needs no counterfactual run."""
    scenario: Scenario
    """The scenario of the run."""
    seed: int
    """Random seed."""
    replicate: int
    """Number of the replicate under the seed."""
    is_repeatable: bool = True
    """True if scenario, seed and replicate, and the origin of a branch, alone give this run again:
    not with Python agents or with books that were written to."""
    origin: Origin | None = None
    """The run a branch left, on which days and with which changes; None for an unbranched run."""
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """The time its tables were made, UTC, ISO 8601."""
    wall_seconds: float = float("nan")
    """Its duration [seconds]; nan for the result of a model."""
    burn_in: pd.DataFrame | None = None
    """One row per day before day 0, -1 the last: yen short, leverage, wealth and share unlevered
    of the hedge funds, calls, failures. None for a result read from a folder, which keeps what
    `summary` says of them."""
    kept_indicators: pd.DataFrame | None = None
    """`indicators` where they are kept with the other tables: `save` and the exports write them,
    `load_result` reads them."""

    @cached_property
    def worst_day(self) -> int:
        """Day of the largest forced sales; without any, of the yen's largest rise."""
        return int(self.summary["worst_day"])

    @cached_property
    def network(self) -> nx.DiGraph:
        """`exposures_on` the worst day."""
        return self.exposures_on(self.worst_day)

    @cached_property
    def prices(self) -> pd.DataFrame:
        """Prices as a tidy table: one row for each day and instrument.

        Columns: `day`; `date` (NaT in a scenario without dates); `instrument`; `quote`, as the
        market writes it (of JPY yen per dollar); `log` and `fundamental`, both since the close
        before day 0 [log].
        """
        return prices_table(self.days, self.scenario)

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """How near the carry trade stood to an unwind: one row per trading day, index as `days`.

        Yen short, leverage, margin slack, basis where it moves, risk-reversal proxy, feedback gain,
        overlap of funds, DebtRank and systemicness of banks. Columns and units: ODD.md, section 4;
        equations: `abm.measures.indicators`. Runs again, stopped at every close; a run of which
        nobody asks this takes no longer. Raises InvalidInput for a run that cannot be repeated.
        """
        if self.kept_indicators is not None:
            return self.kept_indicators
        from abm.runs.indicators import indicators_table  # brings SciPy, which no run needs

        return indicators_table(self)

    def with_indicators(self) -> RunResult:
        """The same result, its `indicators` kept with its tables: saved and exported with them."""
        return replace(self, kept_indicators=self.indicators)

    def exposures_on(self, day: int) -> nx.DiGraph:
        """The exposure graph at the close of a day. Runs that far again.

        Raises InvalidInput for a day that is none of the run, and for a day before the last of a
        run that cannot be repeated.
        """
        if not 0 <= day < len(self.days):
            raise InvalidInput(f"day = {day}, must be a day of the run: 0 to {len(self.days) - 1}")
        if day == len(self.days) - 1:
            return self.exposures
        if not self.is_repeatable:
            raise InvalidInput(
                "a run with Python agents or written books cannot be run again; "
                "ask model.exposures on the day itself"
            )
        begun = self.origin or Origin(self.scenario, ())
        again = replay(begun, self.seed, self.replicate, day + 1, with_events=False)
        return exposure_graph(again.world)

    def save(
        self, folder: str | Path, force: bool = False, figures: Mapping[str, Any] | None = None
    ) -> Path:
        """Write the result folder, whole or not at all, and return it.

        Parameters
        ----------
        folder
            Where; made if it is not there.
        force
            Whether files of the same names are replaced; everything else in it is left alone.
        figures
            Matplotlib figures by name, kept as PNG under `figures/`.

        Raises
        ------
        OutputRefused
            If the folder holds anything (without `force`) or cannot be written.
        """
        return save(self, Path(folder), force=force, figures=figures or {})

    def to_csv(self, folder: str | Path, force: bool = False) -> Path:
        """Write the tables as CSV files, as `unwind export --to csv`, and return their folder.

        Days, events, institutions, edges, exposures and summary; `columns.csv` has the unit and
        meaning of every column. Text that a spreadsheet would compute has a ' in front; a warning
        says of how many cells.

        Parameters
        ----------
        folder
            Where; made if it is not there.
        force
            Whether files of the same names are replaced; everything else in it is left alone.

        Raises
        ------
        OutputRefused
            If the folder holds anything (without `force`) or cannot be written.
        """
        return write_csv(self, Path(folder), force)

    def to_excel(self, path: str | Path, force: bool = False) -> Path:
        """Write the tables as one workbook, as `unwind export --to xlsx`, and return its path.

        A sheet each for days, events, institutions, edges, exposures, summary, and for the unit
        and meaning of every column. Needs `carry-unwind[export]`. What a sheet cannot hold is cut,
        and a warning says so.

        Parameters
        ----------
        path
            Where; ends in .xlsx.
        force
            Whether a file that is there is replaced.

        Raises
        ------
        OutputRefused
            If there is such a file (without `force`), or it cannot be written.
        InvalidInput
            If the path ends otherwise, openpyxl is missing, or a table has more rows than a sheet.
        """
        return write_workbook(self, Path(path), force)

    def to_xarray(self) -> xr.Dataset:
        """The days as an xarray Dataset.

        Of day × instrument: `quote`, `log` and `fundamental`, as in `prices`. Of the day: every
        other column of `days`. Coordinates: `day`, `instrument` and, where the scenario has dates,
        `date`. Attributes: scenario, seed (as text) and replicate. Needs `carry-unwind[xarray]`,
        without which InvalidInput says so.
        """
        return dataset_of(self)


@dataclass(frozen=True, eq=False)
class Cascade(Mapping[str, Scalar]):
    """The published numbers of a run beside its counterfactuals, by name; and their runs.

    A mapping whose numbers are attributes too: `c["unwound_5d"]` is `c.unwound_5d`; only "class", a
    word of Python, is a key alone. Keys and units: ODD.md, section 4; equations:
    `abm.measures.cascade`.
    """

    measures: dict[str, Scalar]
    """Every number of `abm.measures.cascade.cascade_measures`."""
    run: RunResult
    """The run itself, whole."""
    no_shock_days: pd.DataFrame
    """Days of the run without scripted news and policy from the shock day on."""
    frozen_days: pd.DataFrame
    """Days of the no-trade counterfactual: no institution except value investors and dealers sends
    an order from the shock day on."""
    frozen_no_shock_days: pd.DataFrame
    """Days of the run with neither that news nor those orders: the frozen run's baseline."""

    def __getitem__(self, name: str) -> Scalar:
        return self.measures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)

    def __getattr__(self, name: str) -> Scalar:
        """A number by its name. Raises AttributeError, with the nearest there is, for any other."""
        # There are none yet where a copy is being made.
        known: dict[str, Scalar] = self.__dict__.get("measures", {})
        if name in known:
            return known[name]
        words = f"a Cascade has no {one_line(name, LONGEST_KEY)!r}"
        near = "" if name.startswith("_") else str(Nearest(name, dir(self)))
        # With a name and no object: Python would look for the nearest once more, and say it too.
        raise AttributeError(f"{words}; {near}" if near else words, name=name)

    def __dir__(self) -> list[str]:
        """Names that can be completed behind a dot."""
        numbers = (name for name in self.measures if not iskeyword(name))
        return sorted({*super().__dir__(), *numbers})


def result_of_world(
    world: World,
    opening: InitialState,
    scenario: Scenario,
    seed: int,
    replicate: int,
    n_days: int,
    **about: Any,
) -> RunResult:
    """The tables of a world after n_days of its run."""
    if n_days < 1:
        raise InvalidInput("no day has been traded yet: there are no tables to make")
    days = days_table(world, opening, scenario, n_days)
    events = events_table(world, scenario, n_days)
    institutions = institutions_table(world, opening)
    result = RunResult(
        days=days,
        events=events,
        institutions=institutions,
        edges=edges_table(world, opening),
        exposures=exposure_graph(world),
        summary={},
        scenario=scenario,
        seed=seed,
        replicate=replicate,
        burn_in=burn_in_table(world, opening),
        **about,
    )
    result.summary.update(run_summary(result))
    return result


def run_summary(result: RunResult) -> dict[str, Scalar]:
    """Every number of the run that needs no counterfactual run, as plain scalars."""
    yen = result.days[f"log_{result.scenario.funding_currency}"]
    return {
        **run_measures(result),
        **before_measures(result, result.scenario.shock_day, result.burn_in),
        "worst_day": day_of_worst(result.days, yen.to_numpy()),
        "largest_yen_rise_log": largest_yen_rise(result.days),
        "n_events": len(result.events),
    }


def day_of_worst(days: pd.DataFrame, yen: np.ndarray) -> int:
    """Day of the largest forced sales; without any, of the yen's largest rise."""
    forced = [c for c in days.columns if c.startswith("forced_")]
    if forced_volume(days) > 0.0:
        return int(days[forced].sum(axis=1).to_numpy().argmax())
    return int(np.diff(yen, prepend=0.0).argmax())
