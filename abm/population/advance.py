"""Letting days pass in a world that has been built, without losing an event."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import FailedRun
from abm.kernels.carry_short import carry_short
from abm.kernels.events import EVENT
from abm.population.channels import from_day_0
from abm.population.exposures import bank_assets, leverage_of
from abm.population.soundness import failed_on, require_sound
from abm.population.time_limit import limit_at_work
from abm.population.world import World, build_world

if TYPE_CHECKING:
    from abm.population.groups import Group
    from abm.scenario import Scenario

Array = np.ndarray

# Room for events at first. Memory that is never written costs nothing.
_EVENTS_PER_INSTITUTION = 200
_EVENTS_LEAST = 10_000
# Under a time limit: how often the clock is looked at, and how many days pass at most in between.
_STRIDE_SECONDS = 0.02
_LONGEST_STRIDE = 16


class InitialState(NamedTuple):
    """Standing of all at the close before day 0; tables count from there."""

    wealth: Array  # (N,) USD bn
    leverage: Array  # (N,)
    bank_equity: Array  # (B,) USD bn
    bank_assets: Array  # (B,) USD bn
    bank_failed: Array  # (B,) bool
    broker: Array  # (E,) int64
    broker_share: Array  # (E,)
    log_prices: Array  # (K,)
    yen_short: Array  # (1,) units of the funding currency


def room_for_events(n_institutions: int) -> int:
    """Rows that the events table of one run is first given."""
    return _EVENTS_PER_INSTITUTION * n_institutions + _EVENTS_LEAST


def open_world(
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    *,
    shocked: bool = True,
    no_trade: bool = False,
    with_events: bool = True,
    custom: list[Group] | None = None,
) -> tuple[World, InitialState]:
    """A world on the morning of day 0: built, burnt in, its record begun.

    Events are kept where wanted here and in the scenario's outputs.
    """
    world = build_world(
        scenario,
        seed,
        replicate,
        shocked=shocked,
        no_trade=no_trade,
        event_capacity=0,
        custom=custom,
    )
    if with_events and scenario.outputs.events:
        world = with_room(world, room_for_events(len(world.names)))
    world = from_day_0(advance(world, 0, world.burn_in), scenario)
    return world, begin_record(world)


def advance(world: World, first: int, last: int) -> World:
    """Let days first <= day < last pass, in place; the same world, maybe with a longer table.

    A compiled run cannot lengthen its table. Where it ran out, the state of before is put back
    and the same days are run again with room enough: same bytes, no event lost. A world without
    any room for events keeps none. Raises FailedRun where the days that passed cannot be trusted,
    or did not pass within the time limit.
    """
    first_event = int(world.record.n_events[0])
    keeps_events = len(world.record.events) > 0
    before = _copy_of_state(world) if keeps_events else []
    _pass_days(world, first, last)
    # A full table hides some of the events that others cause: count again until all are in.
    while keeps_events and int(world.record.n_events[0]) > len(world.record.events):
        n_counted = int(world.record.n_events[0])
        for live, kept in zip(_state_of(world), before, strict=True):
            live[...] = kept
        world = with_room(world, 2 * n_counted + room_for_events(len(world.names)))
        _pass_days(world, first, last)
    require_sound(world, first, last, first_event)
    return world


def _pass_days(world: World, first: int, last: int) -> None:
    """Days first <= day < last, in place: in one compiled loop, or under a limit in short ones.

    Raises FailedRun before the day that would begin after the time limit.
    """
    from abm.kernels.day import run_days

    limit = limit_at_work()
    if limit is None:
        run_days(first, last, *world.groups)
        return
    with limit.not_counted():
        run_days(first, first, *world.groups)  # compiles, or loads what was compiled
    day, stride = first, 1
    while day < last:
        if limit.is_over:
            raise FailedRun(failed_on(world, day, f"it takes longer than its limit of {limit}"))
        start, until = time.perf_counter(), min(day + stride, last)
        run_days(day, until, *world.groups)
        seconds = (time.perf_counter() - start) / (until - day)
        stride = int(min(max(_STRIDE_SECONDS / seconds, 1.0), _LONGEST_STRIDE))
        day = until


def with_room(world: World, n_rows: int) -> World:
    """The same world with an events table of n_rows, what is written kept."""
    events = np.zeros(n_rows, EVENT)
    n_written = min(int(world.record.n_events[0]), len(world.record.events), n_rows)
    events[:n_written] = world.record.events[:n_written]
    return world._replace(record=world.record._replace(events=events))


def begin_record(world: World) -> InitialState:
    """Start the counts of the record at zero on day 0; returns the standing of all."""
    books, record, graph = world.books, world.record, world.graph
    leverage = leverage_of(books.wealth, books.borrowing)
    record.n_calls[:] = 0
    record.forced_sales[:] = 0.0
    record.n_failures[:] = 0
    record.first_failure_day[:] = -1
    record.peak_leverage[:] = np.where(books.wealth > 0.0, leverage, 1.0)
    record.worst_wealth[:] = books.wealth
    return InitialState(
        wealth=books.wealth.copy(),
        leverage=leverage,
        bank_equity=graph.equity.copy(),
        bank_assets=bank_assets(graph),
        bank_failed=graph.failed > 0,
        broker=graph.broker.copy(),
        broker_share=graph.broker_share.copy(),
        log_prices=world.market.log_price.copy(),
        yen_short=np.array([_short_at_opening(world)]),
    )


def _short_at_opening(world: World) -> float:
    """Yen short at the close before day 0, in units: as recorded that evening.

    Without a burn-in by the kernel's formula, uncompiled.
    """
    if world.burn_in > 0:
        return float(world.record.days["yen_short_units"][world.burn_in - 1])
    formula = getattr(carry_short, "py_func", carry_short)
    return float(formula(world.books, world.market, world.rules))


def _state_of(world: World) -> list[Array]:
    """Every array that a day may change, the events table and scratch apart."""
    record = world.record._replace(events=world.record.n_events)
    return [*world.books, *world.market, *world.graph, *record]


def _copy_of_state(world: World) -> list[Array]:
    return [array.copy() for array in _state_of(world)]
