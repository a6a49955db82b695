"""Paths of a run that the record has, too: currency pairs and assets, by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from abm.measures.moments import path_of
from abm.population.advance import InitialState, advance

if TYPE_CHECKING:
    from abm.population.world import World
    from abm.scenario import Scenario

Array = np.ndarray


def day(scenario: Scenario, date: str) -> int:
    """Index of a trading day."""
    return [each.isoformat() for each in scenario.calendar.dates()].index(date)


def paths_of(log_quotes: Array, scenario: Scenario, names: Iterable[str]) -> dict[str, Array]:
    """Pairs of currencies ("USDJPY" falls when the yen gains) and assets by name [log]."""
    by_instrument = dict(zip(scenario.instrument_names, log_quotes.T, strict=True))
    return {name: path_of(by_instrument, name) for name in names}


def paths_since(
    world: World, opening: InitialState, scenario: Scenario, n_days: int, names: Iterable[str]
) -> dict[str, Array]:
    """Paths of the first days since the close of the eve, (n_days + 1,) by name [log]."""
    burn = world.burn_in
    quotes = np.vstack([opening.log_prices, world.record.log_prices[burn : burn + n_days]])
    return paths_of(quotes - opening.log_prices, scenario, names)


def with_positions_frozen(world: World, n_days: int) -> World:
    """The same script and news with positions frozen from the first day on, some days later."""
    burn = world.burn_in
    frozen = world._replace(options=world.options._replace(no_trade_from=burn))
    return advance(frozen, burn, burn + n_days)
