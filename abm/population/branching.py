"""A world carried on from a state: as it was, or as a branch with another future."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.population.advance import InitialState, advance, open_world, room_for_events, with_room
from abm.population.channels import from_day_0
from abm.population.mof import draw_interventions
from abm.population.saved import arrays_of, restored, state_hash
from abm.population.script import draw_news
from abm.population.world import World, build_world

if TYPE_CHECKING:
    from abm.population.origin import Branch, Origin
    from abm.scenario import Scenario

Array = np.ndarray


class Stop(NamedTuple):
    """A run on the morning of a day: its chance, its state, and where it branched before."""

    scenario: Scenario
    seed: int
    replicate: int
    branches: tuple[Branch, ...]
    arrays: Mapping[str, Array]


class Replay(NamedTuple):
    """A run made again up to a day."""

    world: World
    opening: InitialState
    hashes: tuple[str, ...]  # of the states it branched from


def carried_on(
    stop: Stop,
    before: World | None = None,
    *,
    shocked: bool = True,
    no_trade: bool = False,
    with_events: bool = True,
) -> tuple[World, InitialState]:
    """A world of the stop's scenario with the state in it; `before` as for `restored`.

    So are counterfactuals of a branch: `shocked`, `no_trade`, `with_events` as for `open_world`.
    """
    scenario, seed, replicate, _, arrays = stop
    world = build_world(scenario, seed, replicate, shocked=shocked, no_trade=no_trade)
    _redraw(world, stop)
    if with_events and scenario.outputs.events:
        world = with_room(world, room_for_events(len(world.names)))
    else:
        arrays = {**arrays, "record.events": arrays["record.events"][:0]}
    world, opening = restored(world, before or world, arrays)
    return from_day_0(world, scenario), opening


def replay(
    origin: Origin, seed: int, replicate: int, n_days: int, *, with_events: bool = True
) -> Replay:
    """A run and its branches again, from the opening up to the close of n_days traded days."""
    (stopped,) = replays(origin, seed, replicate, [n_days], with_events=with_events)
    return stopped


def replays(
    origin: Origin, seed: int, replicate: int, stops: Iterable[int], *, with_events: bool = True
) -> Iterator[Replay]:
    """The same, stopped after each of these numbers of days, which must rise."""
    world, opening = open_world(origin.scenario, seed, replicate, with_events=with_events)
    burn_in, day, hashes = world.burn_in, 0, list[str]()
    for stop in stops:
        for branch in origin.branches[len(hashes) :]:
            if branch.day > stop:
                break
            world = advance(world, burn_in + day, burn_in + branch.day)
            day = branch.day
            hashes.append(state_hash(arrays_of(world, opening, burn_in + day)))
            left = _Left(origin, len(hashes), seed, replicate)
            world, opening = _turned(left, world, opening, with_events)
        world = advance(world, burn_in + day, burn_in + stop)
        day = stop
        yield Replay(world, opening, tuple(hashes))


class _Left(NamedTuple):
    """A turn of a run: which run, and which turn."""

    origin: Origin
    number: int  # from 1
    seed: int
    replicate: int


def _turned(
    left: _Left, world: World, opening: InitialState, with_events: bool
) -> tuple[World, InitialState]:
    """The world of a branch, carried on from that of the run it left."""
    origin, number, seed, replicate = left
    branches = origin.branches[:number]
    arrays = arrays_of(world, opening, world.burn_in + branches[-1].day)
    before = build_world(origin.scenario_after(number - 1), seed, replicate)
    stop = Stop(origin.scenario_after(number), seed, replicate, branches, arrays)
    return carried_on(stop, before, with_events=with_events)


def _redraw(world: World, stop: Stop) -> None:
    """Draw news and interventions after each branch from its own seed, where it has one."""
    redrawn = [
        (world.burn_in + branch.day, branch.rng)
        for branch in stop.branches
        if branch.rng is not None
    ]
    if redrawn:
        news = draw_news(stop.scenario, stop.seed, stop.replicate, redrawn)
        world.chance.news[redrawn[0][0] :] = news[redrawn[0][0] :]
        world.chance.policy[:] = draw_interventions(
            stop.scenario, stop.seed, stop.replicate, redrawn
        )
