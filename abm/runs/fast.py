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
from abm.runs.genealogy import event_columns
from abm.runs.result import Scalar
from abm.runs.running import whole_run
from abm.runs.tables import (
    burn_in_columns,
    day_columns,
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
    """Columns of `RunResult.days`."""
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
    scenario: Scenario, seed: int, replicate: int = 0, request: OutputRequest = ONLY_SCALARS
) -> RunOutput:
    """`fast_run`, and what else is wanted."""
    world, opening = whole_run(scenario, seed, replicate, with_events=request.events)
    n_days = scenario.calendar.days
    days = day_columns(world, opening, scenario, n_days)
    events = event_columns(world, scenario, n_days) if request.events else {}
    run = Columns(days, {}, failure_columns(world, opening))
    scalars = {
        **day_measures(run),
        **before_measures(run, scenario.shock_day, burn_in_columns(world, opening)),
        "largest_yen_rise_log": largest_yen_rise(days),
    }
    return RunOutput(scalars, _asked_days(days, request), events)


def watched_cascade(
    scenario: Scenario, seed: int, replicate: int = 0, request: OutputRequest = ONLY_SCALARS
) -> RunOutput:
    """`fast_cascade`, and what else is wanted of the run itself, not of the others."""
    columns = partial(run_columns, scenario, seed, replicate)
    run = columns(with_events=True)
    no_shock, frozen = columns(shocked=False), columns(no_trade=True)
    frozen_no_shock = columns(shocked=False, no_trade=True)
    measures = cascade_measures(
        run, no_shock, frozen, frozen_no_shock, scenario.shock_day, run.burn_in
    )
    events = dict(run.events) if request.events else {}
    return RunOutput(measures, _asked_days(run.days, request), events)


def run_columns(
    scenario: Scenario, seed: int, replicate: int, *, with_events: bool = False, **differences: bool
) -> Columns:
    """One run as columns; a counterfactual keeps no events, nor who failed where no one trades."""
    world, opening = whole_run(scenario, seed, replicate, with_events=with_events, **differences)
    n_days = scenario.calendar.days
    events = event_columns(world, scenario, n_days) if with_events else {}
    days = day_columns(world, opening, scenario, n_days)
    before = burn_in_columns(world, opening) if with_events else None
    failures = {} if differences.get("no_trade") else failure_columns(world, opening)
    return Columns(days, events, failures, before)


def _asked_days(days: Mapping[str, Array], request: OutputRequest) -> dict[str, Array]:
    names = dict.fromkeys(("day", *request.series)) if request.series else {}
    return {name: days[name][:: request.stride] for name in names}
