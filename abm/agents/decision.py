"""The decision of one institution when the next day opens, by the very rules of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.kernels.compiler.reference import by_reference
from abm.kernels.day import decide_alone
from abm.kernels.markets.settlement import write_trades
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
    books, market, scratch = copies.books, copies.market, copies.scratch
    decide_alone(row, min(day, n_days - 1), day < n_days, *by_reference(*copies.groups))
    write_trades(row, row + 1, *by_reference(books, market, copies.rules, scratch))
    trades = scratch.lanes[: len(market.usd_price), 0]
    return Decision(
        intent=books.intent[:, row],
        speed=max(0.0, float(books.speed[row])),  # IN_UNITS is no share of a gap
        orders_usd_bn=trades * market.usd_price,
        units=books.units[:, row],
        cash=float(books.cash[row]),
    )


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
