"""The worth of coalitions on one draw: their runs from the books that all of them open with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.attribution.players import Players, first_day, without_triggers
from abm.errors import FailedRun, Nearest, show
from abm.measures.cascade import (
    HORIZONS_DAYS,
    cascade_measures,
    largest_yen_rise,
    peak_appreciation,
    peak_depreciation,
    unwound_share,
)
from abm.population.advance import advance, open_world
from abm.population.channels import from_day_0
from abm.population.shared import Past, fork, passed
from abm.runs.fast import run_columns
from abm.runs.tables import price_columns

if TYPE_CHECKING:
    from abm.measures.table import Table
    from abm.population.world import World
    from abm.scenario import Scenario

    Read = Callable[[Table, Table, int], float]

GAIN = "max_feedback_gain"  # the only number that needs feedback gains
# Numbers that need the days of a run and of the same run without the shock, and nothing else.
OF_TWO: Mapping[str, Read] = {
    "peak_yen_appreciation": peak_appreciation,
    "peak_yen_depreciation": peak_depreciation,
    **{f"unwound_{days}d": partial(unwound_share, horizon=days) for days in HORIZONS_DAYS},
}


class Game(NamedTuple):
    """The game to be played: all that a worker needs beside the draw."""

    scenario: Scenario
    players: Players
    target: str


class Block(NamedTuple):
    """Coalitions first <= number < last of a game on one draw."""

    game: Game
    seed: int
    replicate: int
    first: int
    last: int


def worths_of(block: Block) -> np.ndarray:
    """Worth of each coalition of a block: the target of its cascade.                      (M95)

        v(S) = target of the run in which the channels and triggers of S are on, and the others none

    All of a draw share the burn-in, and those with the same channels the days before the first
    trigger. Raises FailedRun, with who was left out, where a run fails.
    """
    game = block.game._replace(scenario=_first_alike(block.game.scenario))
    players, scripts = game.players, _Scripts(game.scenario)
    day = first_day(game.scenario, players.triggers)
    opened, before, shut_before = _opened(game, block), None, None
    found = []
    for coalition in range(block.first, block.last):
        shut, left_out = players.shut_in(coalition), players.left_out_of(coalition)
        scenario = scripts.without(left_out)
        try:
            if before is None or shut != shut_before:
                before = passed(_forked(opened, game.scenario, shut), day)
                shut_before = shut
            eve = before
            if players.triggers:
                eve = passed(_forked(before, scenario), scenario.shock_day)
            found.append(_worth(game.target, eve, scenario))
        except FailedRun as bad:
            lacking = ", ".join((*shut, *left_out)) or "nothing"
            raise FailedRun(f"{bad} (without {lacking})") from None
    return np.array(found)


@lru_cache(maxsize=4)
def _first_alike(scenario: Scenario) -> Scenario:
    """The first scenario of this process that is equal: what is kept by it is found at once."""
    return scenario


def _opened(game: Game, block: Block) -> Past:
    """The morning of day 0 on a draw, all players on."""
    keeps_events = game.target not in OF_TWO
    world, opening = open_world(
        game.scenario, block.seed, block.replicate, with_events=keeps_events
    )
    if game.target != GAIN:
        world = world._replace(options=world.options._replace(gain_every=0))
    return Past(world, opening, block.seed, block.replicate, world.burn_in)


def _forked(past: Past, scenario: Scenario, shut: tuple[str, ...] = ()) -> Past:
    """A past of its own, from here on with a scenario's script and without some channels."""
    keeps_events = len(past.world.record.events) > 0
    world = fork(
        past, scenario, shocked=True, no_trade=False, with_events=keeps_events,
        scratch=past.world.scratch,
    )  # fmt: skip
    return past._replace(world=from_day_0(world, scenario, shut) if shut else world)


def _worth(target: str, eve: Past, scenario: Scenario) -> float:
    """A number of the cascade that a state before the shock leads to; the state is used up."""
    if target not in OF_TWO:
        return float(numbers(eve, scenario)[target])
    silent = fork(
        eve, scenario, shocked=False, no_trade=False, with_events=False, scratch=eve.world.scratch
    )
    no_shock, run = (
        _closes(advance(world, eve.next_day, world.n_days), eve, scenario)
        for world in (silent, eve.world)
    )
    return float(OF_TWO[target](run, no_shock, scenario.shock_day))


def _closes(world: World, past: Past, scenario: Scenario) -> dict[str, np.ndarray]:
    """The columns of the days that `OF_TWO` reads."""
    n_days = scenario.calendar.days
    return {
        "day": np.arange(n_days),
        **price_columns(world, past.opening, scenario, n_days),
        "yen_short_units": world.record.days["yen_short_units"][world.burn_in :],
    }


def numbers(eve: Past, scenario: Scenario) -> dict[str, Any]:
    """Every number that can be attributed, by name: those of the cascade, and the largest rise."""
    read = partial(run_columns, eve, scenario)
    run = read(with_events=True)
    counterfactuals = (read(shocked=False), read(no_trade=True), read(shocked=False, no_trade=True))
    found = cascade_measures(run, *counterfactuals, scenario.shock_day, run.burn_in)
    return found | {"largest_yen_rise_log": largest_yen_rise(run.days)}


def fault_of_target(target: str, known: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a target, where these are the numbers of a cascade."""
    if target not in known:
        near = str(Nearest(target, known))
        yield f"target {show(target)}: no number of a cascade{f'; {near}' if near else ''}"
    elif isinstance(known[target], str):
        yield f"target {show(target)}: is a word, must be a number of a cascade"


class _Scripts:
    """The scenario without some of its triggers, made once each."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.made: dict[tuple[str, ...], Scenario] = {}

    def without(self, left_out: tuple[str, ...]) -> Scenario:
        if left_out not in self.made:
            self.made[left_out] = without_triggers(self.scenario, left_out)
        return self.made[left_out]
