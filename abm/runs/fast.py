"""Many runs: their scalars straight from the kernels' columns, without a pandas table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.measures.cascade import (
    before_measures,
    cascade_measures,
    day_measures,
    largest_yen_rise,
)
from abm.population.shared import Past, eve_of_shock, go_on
from abm.runs.genealogy import event_columns
from abm.runs.pasts import Lived, Pasts
from abm.runs.result import Scalar
from abm.runs.running import whole_run
from abm.runs.tables import (
    burn_in_columns,
    day_columns,
    depth_columns,
    failure_columns,
)

if TYPE_CHECKING:
    from abm.scenario import Scenario

Array = np.ndarray


class RunOutput(NamedTuple):
    """The kept output of a run: always its scalars, on request columns of its days and events."""

    scalars: dict[str, Scalar]
    """The scalars of `fast_run` or `fast_cascade`."""
    days: dict[str, Array]
    """The wanted columns of `RunResult.days`, and `day`; empty where none are."""
    events: dict[str, Array]
    """All columns of `RunResult.events`; empty unless wanted."""


class OutputRequest(NamedTuple):
    """The output to keep of a run beside its scalars; none unless wanted."""

    series: tuple[str, ...] = ()
    """Columns of `RunResult.days`, and depths by market."""
    stride: int = 1
    """Days from one row of them to the next."""
    events: bool = False
    """True to keep the events."""


ONLY_SCALARS = OutputRequest()


class Columns(NamedTuple):
    """The tables that the measures read of a run, as plain columns."""

    days: Mapping[str, Array]
    events: Mapping[str, Array]
    institutions: Mapping[str, Array]
    burn_in: Mapping[str, Array] | None = None


def fast_run(scenario: Scenario, seed: int, replicate: int = 0) -> dict[str, Scalar]:
    """Scalars of one run: the names and values of `RunResult.summary`, less `worst_day` and what
    needs events or tails of returns."""
    return watched_run(scenario, seed, replicate).scalars


def fast_cascade(scenario: Scenario, seed: int, replicate: int = 0) -> dict[str, Scalar]:
    """Scalars of a run beside its counterfactuals: the names and values of `abm.cascade`."""
    return watched_cascade(scenario, seed, replicate).scalars


def watched_run(
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    request: OutputRequest = ONLY_SCALARS,
    pasts: Pasts | None = None,
) -> RunOutput:
    """`fast_run`, and what else is wanted; from a past of `pasts` where these are given."""
    if pasts is None:
        world, opening = whole_run(scenario, seed, replicate, with_events=request.events)
    else:
        past, _ = pasts.of(scenario, seed, replicate, with_events=request.events)
        world, opening = go_on(past, scenario, with_events=request.events), past.opening
    n_days = scenario.calendar.days
    days = day_columns(world, opening, scenario, n_days)
    events = event_columns(world, scenario, n_days) if request.events else {}
    run = Columns(days, {}, failure_columns(world, opening))
    scalars = {
        **day_measures(run),
        **before_measures(run, scenario.shock_day, burn_in_columns(world, opening)),
        "largest_yen_rise_log": largest_yen_rise(days),
    }
    if request.series:
        days |= depth_columns(world, scenario, n_days)
    return RunOutput(scalars, _asked_days(days, request), events)


def watched_cascade(
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    request: OutputRequest = ONLY_SCALARS,
    pasts: Pasts | None = None,
) -> RunOutput:
    """`fast_cascade`, and what else is wanted of the run itself, not of the others."""
    four = cascade_columns(scenario, seed, replicate, pasts)
    measures = cascade_measures(*four, scenario.shock_day, four.run.burn_in)
    events = dict(four.run.events) if request.events else {}
    return RunOutput(measures, _asked_days(four.run.days, request), events)


class CascadeColumns(NamedTuple):
    """A run and its counterfactuals as columns."""

    run: Columns
    no_shock: Columns
    frozen: Columns
    frozen_no_shock: Columns


def cascade_columns(
    scenario: Scenario, seed: int, replicate: int, pasts: Pasts | None = None
) -> CascadeColumns:
    """A run beside its counterfactuals. All share the days before the shock; those without the
    shock are found in `pasts` where another scenario has had the same.
    """
    if pasts is None:
        lived = Lived(eve_of_shock(scenario, seed, replicate), {})
    else:
        lived = pasts.of(scenario, seed, replicate, with_events=True)
    read = partial(run_columns, lived.past, scenario)

    def without_shock(no_trade: bool) -> Columns:
        if no_trade not in lived.without_shock:
            lived.without_shock[no_trade] = read(shocked=False, no_trade=no_trade)
        found: Columns = lived.without_shock[no_trade]
        return found

    return CascadeColumns(
        read(with_events=True), without_shock(False), read(no_trade=True), without_shock(True)
    )


def run_columns(
    past: Past, scenario: Scenario, *, with_events: bool = False, **differences: bool
) -> Columns:
    """One run as columns; a counterfactual keeps no events, nor who failed where no one trades."""
    world = go_on(past, scenario, with_events=with_events, **differences)
    n_days, opening = scenario.calendar.days, past.opening
    events = event_columns(world, scenario, n_days) if with_events else {}
    days = day_columns(world, opening, scenario, n_days)
    days |= depth_columns(world, scenario, n_days)
    before = burn_in_columns(world, opening) if with_events else None
    failures = {} if differences.get("no_trade") else failure_columns(world, opening)
    return Columns(days, events, failures, before)


def _asked_days(days: Mapping[str, Array], request: OutputRequest) -> dict[str, Array]:
    names = dict.fromkeys(("day", *request.series)) if request.series else {}
    return {name: days[name][:: request.stride] for name in names}
