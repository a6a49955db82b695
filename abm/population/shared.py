"""A past that several runs share: its days pass once, and each run goes on from a copy of it.

Kernels look at no day before it comes, so runs whose openings, rules, chance and scripts agree up
to a day have the same days until then. What a day may change is copied for each run; rules, chance
and script are read only, and are the same arrays in all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.kernels.events import EVENT
from abm.kernels.scratch import Scratch, allocate_scratch
from abm.population.advance import InitialState, advance, open_world, room_for_events, with_room
from abm.population.rules import make_rules
from abm.population.script import write_script
from abm.population.world import NEVER, World, run_label
from abm.scenario.writing import WORDS, to_dict

if TYPE_CHECKING:
    from abm.scenario import Scenario

SCRIPTED = ("shock", "policy", "news")
"""Parts of a scenario that only the script and the rules are made from."""

NO_EVENTS = np.zeros(0, EVENT)


class Past(NamedTuple):
    """A run on the morning of a day. No further day passes in it: runs go on from forks of it."""

    world: World
    opening: InitialState
    seed: int
    replicate: int
    next_day: int  # burn-in included


def eve_of_shock(
    scenario: Scenario, seed: int, replicate: int, *, with_events: bool = True
) -> Past:
    """The days before the shock day, which a run and its counterfactuals have in common."""
    world, opening = open_world(scenario, seed, replicate, with_events=with_events)
    return passed(Past(world, opening, seed, replicate, world.burn_in), scenario.shock_day)


def passed(past: Past, day: int) -> Past:
    """The same past on the morning of a later day, counted from day 0."""
    until = past.world.burn_in + day
    if until == past.next_day:
        return past
    return past._replace(world=advance(past.world, past.next_day, until), next_day=until)


def go_on(
    past: Past,
    scenario: Scenario,
    *,
    shocked: bool = True,
    no_trade: bool = False,
    with_events: bool = True,
) -> World:
    """A world after its last day, which had this past; the rest as for `open_world`."""
    world = fork(past, scenario, shocked=shocked, no_trade=no_trade, with_events=with_events)
    return advance(world, past.next_day, world.n_days)


def fork(
    past: Past,
    scenario: Scenario,
    *,
    shocked: bool,
    no_trade: bool,
    with_events: bool,
    scratch: Scratch | None = None,
) -> World:
    """A world of its own with this past; its future is scripted by a scenario that shares it.

    Worlds that are run one after the other may be given the same scratch.
    """
    world, options = past.world, past.world.options
    first_frozen = world.burn_in + scenario.shock_day if no_trade else NEVER
    is_kept = with_events and scenario.outputs.events
    copied = world._replace(
        books=_copy_of(world.books),
        market=_copy_of(world.market),
        graph=_copy_of(world.graph),
        record=_copy_of(world.record._replace(events=NO_EVENTS)),
        script=write_script(scenario, shocked),
        options=options._replace(no_trade_from=first_frozen),
        scratch=scratch or allocate_scratch(*world.books.units.shape),
        label=run_label(scenario, past.seed, past.replicate, shocked, no_trade),
    )
    if not is_kept:
        return copied
    events = world.record.events
    kept = copied._replace(record=copied.record._replace(events=events))
    return with_room(kept, max(room_for_events(len(world.names)), len(events)))


def _copy_of(columns: Any) -> Any:
    """The same columns in memory of their own."""
    return type(columns)._make(column.copy() for column in columns)


@lru_cache(maxsize=256)
def hash_before_shock(scenario: Scenario) -> str:
    """Scenarios of one hash have, under one seed, the same days before the shock day.

    So have their counterfactuals without the shock on all days. Hashed are the script without the
    shock and the rules as the kernels read them, array by array, and every choice that is no part
    of the script.
    """
    digest = hashlib.sha256()
    for name, array in _arrays_of((write_script(scenario, False), make_rules(scenario))):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    chosen = to_dict(scenario)
    rest = {key: value for key, value in chosen.items() if key not in (*SCRIPTED, *WORDS)}
    digest.update(json.dumps(rest, default=str).encode())
    return digest.hexdigest()


def _arrays_of(value: Any, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every array and every number of nested groups, by name."""
    if not hasattr(value, "_fields"):
        if isinstance(value, tuple):
            for number, part in enumerate(value):
                yield from _arrays_of(part, f"{name}.{number}")
        else:
            yield name, np.asarray(value)
        return
    for field in value._fields:
        yield from _arrays_of(getattr(value, field), f"{name}.{field}")
