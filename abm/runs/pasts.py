"""Pasts that later runs of a process may share, and the counterfactuals that follow from them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.population.advance import with_room
from abm.population.shared import Past, eve_of_shock, hash_before_shock

if TYPE_CHECKING:
    from abm.scenario import Scenario

MOST_BYTES = 256 * 2**20


class Lived(NamedTuple):
    """A past, and what has been read off the runs that had it and no shock, by positions frozen."""

    past: Past
    without_shock: dict[bool, Any]


class Pasts:
    """The pasts of the newest runs, up to a number of bytes; those used longest ago are given up.

    Runs find each other by `hash_before_shock`, seed and replicate: never by a name.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes, self.n_bytes = most_bytes, 0
        self._kept: OrderedDict[tuple[Any, ...], tuple[Lived, int]] = OrderedDict()
        self._lock = Lock()

    def of(self, scenario: Scenario, seed: int, replicate: int, *, with_events: bool) -> Lived:
        """The days before the shock day of a run: those kept, or lived now and kept."""
        key = (hash_before_shock(scenario), seed, replicate, with_events)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        past = eve_of_shock(scenario, seed, replicate, with_events=with_events)
        n_written = min(int(past.world.record.n_events[0]), len(past.world.record.events))
        lived = Lived(past._replace(world=with_room(past.world, n_written)), {})
        self._keep(key, lived)
        return lived

    def _keep(self, key: tuple[Any, ...], lived: Lived) -> None:
        n_bytes = sum(array.nbytes for array in _arrays_in(lived.past.world.groups))
        with self._lock:
            _, before = self._kept.pop(key, (None, 0))
            self._kept[key] = lived, n_bytes
            self.n_bytes += n_bytes - before
            while self.n_bytes > self.most_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self.n_bytes -= freed


def _arrays_in(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _arrays_in(part)
