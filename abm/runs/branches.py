"""Runs from where a model stands: its branch again, and its counterfactual runs from there on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from abm.errors import InvalidInput
from abm.population.branching import Replay, Stop, carried_on, replay
from abm.population.origin import Origin
from abm.population.saved import arrays_of
from abm.population.shared import Past, go_on, passed
from abm.runs.result import Cascade, RunResult, result_of_world
from abm.runs.running import beside_counterfactuals, cascade

if TYPE_CHECKING:
    from abm.runs.running import TradedModel


def cascade_of(model: TradedModel) -> Cascade:
    """The days a model has left beside their counterfactuals: as `abm.cascade`, from a state.

    The model stays where it is. Raises InvalidInput where calendar.shock_day has been traded (the
    past has no counterfactual) and with Python agents; FailedRun as `abm.run`.
    """
    if model.python_agents:
        raise InvalidInput(
            "a model with Python agents has no counterfactual runs: there is one of each agent"
        )
    is_repeatable = not model.was_written_to
    return cascade_from(model.stop_at(), model.day, model.origin, is_repeatable)


def cascade_from(stop: Stop, day: int, origin: Origin | None, is_repeatable: bool) -> Cascade:
    """A run carried on from a day, and its counterfactual runs from the same state."""
    scenario, start = stop.scenario, time.perf_counter()
    if scenario.shock_day < day:
        raise InvalidInput(
            f"calendar.shock_day = {scenario.shock_day}: that day has been traded, the model "
            f"stands on the morning of day {day}; counterfactual runs need a shock "
            f"from day {day} on"
        )
    world, opening = carried_on(stop)
    past = Past(world, opening, stop.seed, stop.replicate, world.burn_in + day)
    past = passed(past, scenario.shock_day)
    result = result_of_world(
        go_on(past, scenario), opening, scenario, stop.seed, stop.replicate, scenario.calendar.days,
        is_repeatable=is_repeatable, origin=origin, wall_seconds=time.perf_counter() - start,
    )  # fmt: skip
    return beside_counterfactuals(result, past)


def cascade_again(result: RunResult) -> Cascade | None:
    """The cascade of a kept run once more; None where its shock came before it branched off."""
    if result.origin is None:
        return cascade(result.scenario, result.seed, result.replicate)
    last = result.origin.branches[-1]
    if result.scenario.shock_day < last.day:
        return None
    again = replay(result.origin, result.seed, result.replicate, last.day)
    next_day = again.world.burn_in + last.day
    arrays = arrays_of(again.world, again.opening, next_day)
    stop = Stop(result.scenario, result.seed, result.replicate, result.origin.branches, arrays)
    return cascade_from(stop, last.day, result.origin, result.is_repeatable)


def run_again(result: RunResult) -> tuple[RunResult, Replay]:
    """A kept run once more, its parents first, as many days as it has; and how it came about."""
    begun = result.origin or Origin(result.scenario, ())
    n_days = len(result.days)
    again = replay(begun, result.seed, result.replicate, n_days)
    made = result_of_world(
        again.world, again.opening, result.scenario, result.seed, result.replicate, n_days,
        origin=result.origin,
    )  # fmt: skip
    return made, again
