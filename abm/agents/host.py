"""The model that an agent is in, as far as agents read it: any model with these is their host."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import networkx as nx
    import numpy as np

    from abm.population.world import World
    from abm.scenario import Scenario


class HostModel(Protocol):
    """Arrays and names that views read, and what an agent written in Python may look at.

    `abm.CarryUnwindModel` is one; agents know no more of it than is listed here.
    """

    world: World
    """All arrays."""
    was_written_to: bool
    """Set by a view that wrote to a book."""
    instruments: tuple[str, ...]
    """Names of the instruments, currencies first."""
    bank_names: list[str]
    """Names of the banks, in the order of their rows."""
    kinds: list[str]
    """Kind of each institution, in the order of their rows."""
    given_scenario: Scenario
    """The scenario, changes included."""
    day: int
    """Days traded: index of the next one."""
    random: Random
    """Mesa's generator."""
    rng: np.random.Generator
    """Mesa's generator for arrays."""

    @property
    def next_day(self) -> int:
        """Row of the next day in what the kernels write, burn-in first."""

    @property
    def n_days(self) -> int:
        """Rows of days that the kernels write, burn-in included."""

    @property
    def agents(self) -> Any:
        """All agents as Mesa's AgentSet."""

    @property
    def exposures(self) -> nx.DiGraph:
        """The exposure graph, lender to borrower, weights in USD bn."""

    @property
    def quotes(self) -> dict[str, float]:
        """Quotes by instrument as the market writes them (JPY: yen per dollar)."""

    @property
    def log_yen(self) -> float:
        """Rise of the funding currency since the close before day 0 [log]."""

    @property
    def yen_short_units(self) -> float:
        """Yen short of all funds, net, at the last close [units]."""

    @property
    def leverage(self) -> float:
        """Leverage of the hedge funds together, at the last close."""

    @property
    def n_margin_calls(self) -> int:
        """Margin calls of the last day."""

    @property
    def n_failures(self) -> int:
        """Institutions that failed on the last day."""
