"""Running a scenario: alone, or beside its counterfactual runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from abm.measures.cascade import cascade_measures
from abm.population.advance import InitialState, advance, open_world
from abm.population.shared import Past, eve_of_shock, go_on
from abm.population.soundness import require_sound
from abm.population.streams import Rng, replicate_number, root_seed
from abm.population.time_limit import time_limit
from abm.runs.result import Cascade, RunResult, result_of_world
from abm.runs.tables import days_table, institutions_table
from abm.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.branching import Stop
    from abm.population.origin import Origin
    from abm.population.world import World


class Counterfactual(NamedTuple):
    """The tables of a run made for comparison; its events are not kept."""

    days: pd.DataFrame
    events: pd.DataFrame
    institutions: pd.DataFrame


def run(
    scenario: Scenario | str | Path,
    rng: Rng = 0,
    replicate: int = 0,
    *,
    timeout: float | None = None,
) -> RunResult:
    """One run of a scenario.

    Parameters
    ----------
    scenario
        A Scenario, the name of one, or the path of a .toml file.
    rng
        Seed: a whole number at least 0, a numpy.random.SeedSequence or a numpy.random.Generator.
        `RunResult.seed` and the manifest keep the whole number that gives this run again: of
        SeedSequence(n) it is n, so that both give the same run; of one that was spawned it follows
        from its entropy and spawn key; a Generator is drawn from once.
    replicate
        Which independent repetition under the seed, as in a row of a sweep.
    timeout
        Seconds after which no further day begins, compiling not counted; None for no limit.

    Returns
    -------
    RunResult
        Its tables. On one platform the same scenario, seed and replicate give the same bytes.

    Raises
    ------
    UnreadableFile
        If there is no such scenario.
    ScenarioFaults
        If the scenario or a graph file of it is not possible.
    InvalidInput
        If the seed, the replicate or the timeout is not.
    FailedRun
        If the books do not balance to 1e-9, a table holds a number that is not finite, or the run
        takes longer than its timeout.
    """
    chosen = _scenario(scenario)
    draw = replicate_number(replicate)  # before a Generator is drawn from
    seed = root_seed(rng)
    start = time.perf_counter()
    with time_limit(timeout):
        world, opening = whole_run(chosen, seed, draw)
    return result_of_world(
        world,
        opening,
        chosen,
        seed,
        draw,
        chosen.calendar.days,
        wall_seconds=time.perf_counter() - start,
    )


def cascade(
    scenario: Scenario | str | Path,
    rng: Rng = 0,
    replicate: int = 0,
    *,
    timeout: float | None = None,
) -> Cascade:
    """A run and its three counterfactual runs on one seed, and the measures of all four.

    They are: without the shock, with positions frozen from the shock day on, and both at once,
    which is what the frozen run is measured against. All four share the days before the shock.

    Parameters
    ----------
    scenario, rng, replicate
        As in `run`, as are the errors.
    timeout
        As in `run`, for the run and its counterfactual runs together.

    Returns
    -------
    Cascade
        The measures by name, the run, and the days of its counterfactuals. A number whose days lie
        beyond the run is NaN: `unwound_60d` needs 60 days after the shock day.
    """
    chosen = _scenario(scenario)
    draw = replicate_number(replicate)  # before a Generator is drawn from
    seed = root_seed(rng)
    start = time.perf_counter()
    with time_limit(timeout):
        past = eve_of_shock(chosen, seed, draw)
        world = go_on(past, chosen)
        result = result_of_world(
            world, past.opening, chosen, seed, draw, chosen.calendar.days,
            wall_seconds=time.perf_counter() - start,
        )  # fmt: skip
        return beside_counterfactuals(result, past)


def beside_counterfactuals(result: RunResult, past: Past) -> Cascade:
    """A run and its measures beside its three counterfactuals, which share its past."""
    again = partial(_counterfactual, past, result.scenario)
    no_shock, frozen = again(shocked=False), again(no_trade=True)
    frozen_no_shock = again(shocked=False, no_trade=True)
    shock_day = result.scenario.shock_day
    measures = cascade_measures(
        result, no_shock, frozen, frozen_no_shock, shock_day, result.burn_in
    )
    return Cascade(measures, result, no_shock.days, frozen.days, frozen_no_shock.days)


class TradedModel(Protocol):
    """A model whose days become tables: `abm.CarryUnwindModel`, or another of the same parts."""

    world: World
    opening: InitialState
    given_scenario: Scenario
    seed: int
    replicate: int
    day: int
    was_written_to: bool
    origin: Origin | None

    @property
    def next_day(self) -> int:
        """Row of the next day in what the kernels write."""

    @property
    def python_agents(self) -> Sequence[Any]:
        """Institutions written in Python."""

    def stop_at(self) -> Stop:
        """This run on this morning, to be carried on elsewhere."""


def result_of(model: TradedModel) -> RunResult:
    """The days a model has traded so far, as tables. Raises InvalidInput before the first,
    FailedRun where they cannot be trusted."""
    require_sound(model.world, 0, model.next_day)
    return result_of_world(
        model.world,
        model.opening,
        model.given_scenario,
        model.seed,
        model.replicate,
        model.day,
        is_repeatable=not (model.python_agents or model.was_written_to),
        origin=model.origin,
    )


def whole_run(
    scenario: Scenario,
    seed: int,
    replicate: int,
    *,
    with_events: bool = True,
    shocked: bool = True,
    no_trade: bool = False,
) -> tuple[World, InitialState]:
    """A world after its last day."""
    world, opening = open_world(
        scenario, seed, replicate, with_events=with_events, shocked=shocked, no_trade=no_trade
    )
    last = world.n_days
    return advance(world, world.burn_in, last), opening


def _counterfactual(
    past: Past, scenario: Scenario, *, shocked: bool = True, no_trade: bool = False
) -> Counterfactual:
    """Days and institutions of a counterfactual run; its events are not kept."""
    import pandas as pd

    world = go_on(past, scenario, shocked=shocked, no_trade=no_trade, with_events=False)
    days = days_table(world, past.opening, scenario, scenario.calendar.days)
    return Counterfactual(days, pd.DataFrame(), institutions_table(world, past.opening))


def _scenario(given: Scenario | str | Path) -> Scenario:
    return given if isinstance(given, Scenario) else load_scenario(given)
