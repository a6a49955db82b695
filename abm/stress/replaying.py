"""A portfolio on a few paths of an altered scenario, run where the question is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import numpy as np

from abm.errors import FailedRun
from abm.runs.pasts import Pasts
from abm.stress.contracts import contracts_of
from abm.stress.exposures import exposures_of
from abm.stress.funding import Carried, carry_through
from abm.stress.in_memory import draw, drawn_of
from abm.stress.paths import Market, market_of
from abm.sweep import pool

if TYPE_CHECKING:
    from abm.scenario import Scenario
    from abm.stress.portfolio import Portfolio

Array = np.ndarray
Task = TypeVar("Task")
Answer = TypeVar("Answer")

PASTS = Pasts()  # of this process: what is altered comes after them


class Ask(Protocol):
    """Tasks answered, in their order."""

    def __call__(self, ask: Callable[[Task], Answer], tasks: Iterable[Task], /) -> list[Answer]: ...


class Replay(NamedTuple):
    """Replicates of a scenario, and a portfolio that is carried through them to a horizon."""

    scenario: Scenario
    portfolio: Portfolio
    seed: int
    replicates: tuple[int, ...]
    horizon: int

    def run(self) -> tuple[Market, Carried]:
        """The market and the portfolio on its paths; raises FailedRun without any."""
        runs = {at: draw(self.scenario, self.seed, at, PASTS) for at in self.replicates}
        drawn = drawn_of(self.scenario, self.seed, runs)
        market = market_of(self.scenario, drawn, self.horizon, self.portfolio.base)
        contracts = contracts_of(self.portfolio, market, (self.horizon,))
        return market, carry_through(exposures_of(self.portfolio, market), contracts, market)


def losses_of(replay: Replay) -> Array:
    """Share of its own money that the portfolio has lost at the horizon, on each path that did not
    fail."""
    return numbered_losses(replay)[1]


def numbered_losses(replay: Replay) -> tuple[Array, Array]:
    """The same, after the numbers of these replicates."""
    try:
        market, carried = replay.run()
    except FailedRun:
        return np.zeros(0, np.int64), np.zeros(0)
    return market.replicates, 1.0 - carried.value[:, -1] / carried.value[:, 0]


@contextmanager
def answering(workers: int | None) -> Iterator[Ask]:
    """A function that answers tasks in processes of their own, in the order of the tasks."""
    with pool.own_processes(workers or pool.n_cores()) as executor:

        def answers(ask: Callable[[Task], Answer], tasks: Iterable[Task], /) -> list[Answer]:
            futures = [executor.submit(ask, task) for task in tasks]
            found = []
            for future in futures:
                bad = pool.fault_of(future)
                if bad is not None:
                    raise bad
                found.append(future.result())
            return found

        yield answers
