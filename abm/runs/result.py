"""A run and what is known of it: its tables, its summary, and the scenario they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.errors import InvalidInput
from abm.measures.cascade import forced_volume, run_measures
from abm.population.advance import Opening, advance, open_world
from abm.population.exposures import exposure_graph
from abm.runs.genealogy import events_table
from abm.runs.tables import days_table, institutions_table

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from abm.population.world import World
    from abm.scenario import Scenario

Scalar = float | int | str


@dataclass(frozen=True, eq=False)
class RunResult:
    """One run as tables (schemas in ODD.md).

    Attributes
    ----------
    days, events, institutions
        One row per trading day, per event of the cascade, per institution and bank.
    exposures
        Who lends to whom at the last close, lender to borrower, weights in USD bn.
    summary
        Every number of the run that needs no twin.
    is_repeatable
        Whether scenario, seed and replicate alone give this run again: not with Python agents or
        with books that were written to.
    """

    days: pd.DataFrame
    events: pd.DataFrame
    institutions: pd.DataFrame
    exposures: nx.DiGraph
    summary: dict[str, Scalar]
    scenario: Scenario
    seed: int
    replicate: int
    is_repeatable: bool = True
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    wall_seconds: float = float("nan")

    @cached_property
    def worst_day(self) -> int:
        """Day of the largest forced sales; without any, of the yen's largest rise."""
        return int(self.summary["worst_day"])

    @cached_property
    def network(self) -> nx.DiGraph:
        """The exposure graph at the close of the worst day. Runs that far again."""
        return self.exposures_on(self.worst_day)

    def exposures_on(self, day: int) -> nx.DiGraph:
        """The exposure graph at the close of a day. Runs that far again."""
        if not 0 <= day < len(self.days):
            raise InvalidInput(f"day = {day}, must be a day of the run: 0 to {len(self.days) - 1}")
        if day == len(self.days) - 1:
            return self.exposures
        if not self.is_repeatable:
            raise InvalidInput(
                "a run with Python agents or written books cannot be run again; "
                "ask model.exposures on the day itself"
            )
        world, _ = open_world(self.scenario, self.seed, self.replicate, with_events=False)
        burn = world.draws.burn_in
        return exposure_graph(advance(world, burn, burn + day + 1))

    def save(
        self, folder: str | Path, force: bool = False, figures: Mapping[str, Any] | None = None
    ) -> Path:
        """Write the result folder; see `abm.runs.folder.save`."""
        from abm.runs.folder import save

        return save(self, Path(folder), force=force, figures=figures or {})


@dataclass(frozen=True, eq=False)
class Cascade(Mapping[str, Scalar]):
    """The published numbers of a run beside its twins, by name; and the runs they come from.

    Attributes
    ----------
    measures
        Every number of `abm.measures.cascade.cascade_measures`.
    run
        The run itself, whole.
    no_shock_days
        Days of the twin without scripted news and policy from the shock day on.
    frozen_days
        Days of the twin in which no institution sends an order from the shock day on.
    frozen_no_shock_days
        Days of the twin with neither that news nor those orders: the frozen twin's baseline.
    """

    measures: dict[str, Scalar]
    run: RunResult
    no_shock_days: pd.DataFrame
    frozen_days: pd.DataFrame
    frozen_no_shock_days: pd.DataFrame

    def __getitem__(self, name: str) -> Scalar:
        return self.measures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)


def result_of_world(
    world: World,
    opening: Opening,
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
        exposures=exposure_graph(world),
        summary={},
        scenario=scenario,
        seed=seed,
        replicate=replicate,
        **about,
    )
    result.summary.update(run_summary(result))
    return result


def run_summary(result: RunResult) -> dict[str, Scalar]:
    """Every number of the run that needs no twin, as plain scalars."""
    yen = result.days[f"log_{result.scenario.funding_currency}"]
    return {
        **run_measures(result),
        "worst_day": day_of_worst(result.days, yen.to_numpy()),
        "largest_yen_rise_log": max(0.0, float(yen.max())),
        "n_events": len(result.events),
    }


def day_of_worst(days: pd.DataFrame, yen: np.ndarray) -> int:
    """Day of the largest forced sales; without any, of the yen's largest rise."""
    forced = [c for c in days.columns if c.startswith("forced_")]
    if forced_volume(days) > 0.0:
        return int(days[forced].sum(axis=1).to_numpy().argmax())
    return int(np.diff(yen, prepend=0.0).argmax())
