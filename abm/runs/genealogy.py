"""The events of a run as a table: who was forced by what, and in which generation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.events import (
    CALLS,
    CENTRAL_BANK,
    CLEARING,
    EVENT_KINDS,
    FIRST_BANK,
    FORCED_SALE,
    MARKET,
    MONEY_FUND,
    NO_INSTITUTION,
    SCRIPT,
)
from abm.population.exposures import bank_names_of
from abm.runs.columns import typed
from abm.runs.tables import dates_of

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.world import World
    from abm.scenario import Scenario

Array = np.ndarray

AUTHORITIES = {
    NO_INSTITUTION: "",
    MARKET: "market",
    CENTRAL_BANK: "central_bank",
    SCRIPT: "news",  # until a title is found for it
    MONEY_FUND: "money-funds",
}


def events_table(world: World, scenario: Scenario, n_days: int) -> pd.DataFrame:
    """One row per event from day 0, numbered from 0; columns: `columns.toml`."""
    import pandas as pd

    return typed("events", pd.DataFrame(event_columns(world, scenario, n_days)))


def event_columns(world: World, scenario: Scenario, n_days: int) -> dict[str, Array]:
    """The columns of `events_table` before they are typed, all words as text.

    `cause` is the event's parent, -1 for what comes from outside (or from the burn-in).
    """
    written = events_from_day_0(world, n_days)
    number = np.arange(len(written))
    day, kind, instrument = (written[name] for name in ("day", "kind", "instrument"))
    cause, clearing = (
        written["cause"],
        written["clearing"],
    )
    dates = np.array([*dates_of(scenario, n_days)], dtype=object)
    instruments = np.array([*scenario.instrument_names, ""], dtype=object)
    amount, is_trade = written["amount_usd_bn"], kind == FORCED_SALE
    who = names_of(written["institution"], world)
    titles = _titles(scenario)
    for at in np.flatnonzero(written["institution"] == SCRIPT):
        known = titles.get((int(day[at]), instruments[instrument[at]]), iter(()))
        who[at] = next(known, who[at])  # a state may come from another scenario's run
    return {
        "event": number,
        "day": day,
        "date": dates[day],
        "round": written["round"],
        "kind": np.array(EVENT_KINDS, dtype=object)[kind],
        "institution": who,
        "counterparty": names_of(written["counterparty"], world),
        "instrument": instruments[instrument],
        "amount_usd_bn": np.where(is_trade, np.abs(amount), amount),
        "side": np.array(["", "sold", "bought"], dtype=object)[is_trade * (1 + (amount > 0.0))],
        "cause": cause,
        "share_of_flow": np.where(is_trade, written["share_of_flow"], np.nan),
        "clearing": clearing,
        "generation": generations(kind, cause, clearing),
    }


def _titles(scenario: Scenario) -> dict[tuple[int, str], Iterator[str]]:
    """Titles of the news by day and instrument moved, in the order of the script."""
    titles: dict[tuple[int, str], list[str]] = {}
    for news in scenario.news:
        for instrument, move in news.moves.items():
            if move:
                key = scenario.day_index(news.day), instrument
                titles.setdefault(key, []).append(news.title or news.name)
    return {key: iter(told) for key, told in titles.items()}


def events_from_day_0(world: World, n_days: int) -> Array:
    """Events of the days of the tables, day and parents counted from day 0; none if not kept."""
    record, burn = world.record, world.burn_in
    n_events = int(record.n_events[0]) if len(record.events) else 0
    assert n_events <= len(record.events), "events were lost: advance() makes room for all"
    written = record.events[:n_events]
    # A clearing is written when something first refers to it, maybe on a later day.
    kept = written["day"] >= burn
    number = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)
    events = written[kept]
    events["day"] -= burn
    for name in ("cause", "clearing"):
        events[name] = number[events[name]]
    assert (events["day"] < n_days).all(), "an event of a day that has not been"
    return events


def names_of(codes: Array, world: World) -> Array:
    """Names of institutions (from 0), banks (-10 and below) and those without a row."""
    banks = bank_names_of(world.graph)
    unknown = [""] * (-FIRST_BANK - 1)
    below = [AUTHORITIES.get(-1 - at, "") for at in range(len(unknown))]
    table = np.array([*world.names, *reversed(banks), *reversed(below)], dtype=object)
    return np.asarray(table[codes])  # negative codes count from the end


def generations(kind: Array, cause: Array, clearing: Array) -> Array:
    """Generation of every event, (n_events,).

    A call answers a clearing: it is one generation after the latest call whose forced sales fed
    that clearing, 0 where none did. `CALLS` are the kinds of calls. A forced sale, and the
    close-out of a call that stayed unmet, has its call's generation, a clearing the latest of those
    that fed it (-1: none), everything else its parent's (0 without a parent).
    """
    is_call = np.isin(kind, CALLS).tolist()
    kinds, parents, fed = kind.tolist(), cause.tolist(), clearing.tolist()
    generation = [-1] * len(kinds)
    for event, parent in enumerate(parents):
        if kinds[event] == CLEARING:
            continue  # set by the sales before it
        inherited = generation[parent] if parent >= 0 else -1
        answers_price = is_call[event] and parent >= 0 and kinds[parent] == CLEARING
        generation[event] = inherited + 1 if answers_price else max(inherited, 0)
        if kinds[event] == FORCED_SALE and fed[event] >= 0:
            generation[fed[event]] = max(generation[fed[event]], generation[event])
    return np.array(generation, dtype=np.int64)
