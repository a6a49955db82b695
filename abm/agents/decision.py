"""The decision of one institution when the next day opens, by the very rules of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.kernels.compiler.reference import by_reference
from abm.kernels.day import decide_alone
from abm.kernels.scratch import allocate_scratch

if TYPE_CHECKING:
    from abm.population.world import World

Array = np.ndarray


class Decision(NamedTuple):
    """Orders of one institution on a morning, and the book it decides on."""

    intent: Array  # (K,) target shares of wealth (speed > 0) or units to trade (speed 0)
    speed: float  # share of the gap closed
    orders_usd_bn: Array  # (K,) at the last close
    units: Array  # (K,) after the night's interest and the morning's subscriptions
    cash: float  # USD bn


def next_decision(world: World, row: int, day: int) -> Decision:
    """Decision of one row on the morning of `day`; the world is left as it is.

    After the last day there is no news: the rule is asked at the last close.
    """
    n_days = world.n_days
    copies = _copies(world)
    books, price = copies.books, copies.market.usd_price
    decide_alone(row, min(day, n_days - 1), day < n_days, *by_reference(*copies.groups))
    intent, units = books.intent[:, row], books.units[:, row]
    speed = max(0.0, float(books.speed[row]))  # IN_UNITS is no share of a gap
    orders = intent * price
    if speed > 0.0:
        wealth = max(float(books.wealth[row]), 0.0)
        orders = speed * (intent * wealth - units * price)
        if world.rules.mandates.resident[row]:
            orders[0] = 0.0  # a resident's balance in its own currency is what is left over
    return Decision(intent, speed, orders, units, float(books.cash[row]))


def _copies(world: World) -> World:
    """The same world on other arrays, without its events."""

    def copied(columns: Any) -> Any:
        return columns._replace(
            **{
                name: value.copy()
                for name, value in zip(columns._fields, columns, strict=True)
                if isinstance(value, np.ndarray)
            }
        )

    k, n = world.books.units.shape
    return world._replace(
        books=copied(world.books),
        market=copied(world.market),
        graph=copied(world.graph),
        record=copied(world.record)._replace(events=world.record.events[:0].copy()),
        scratch=allocate_scratch(k, n),
    )
