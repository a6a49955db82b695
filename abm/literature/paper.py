"""The parts of a restated paper, and the comparison of its numbers with those expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Tick: TypeAlias = Callable[[int, int], None]
"""Told how much is done: `tick(done, total)`, in whatever unit the work counts."""

STANDARD_ERRORS = 4.0
"""A simulated number agrees with an expected one within so many standard errors."""


def silent(done: int, total: int) -> None:
    """Report nothing."""


class Comparison(NamedTuple):
    """One number of a paper: as computed here, and as expected."""

    quantity: str
    """The number in words, with its unit."""
    computed: float
    """By our kernels."""
    expected: float
    """The expected value."""
    tolerance: float
    """Largest difference that counts as agreement, in the unit of the number."""
    basis: str
    """Of `expected`: "by hand", "closed form", "independent program", "paper, table 2"."""

    @property
    def agrees(self) -> bool:
        """True if computed and expected differ by no more than the tolerance; NaN never agrees."""
        return abs(self.computed - self.expected) <= self.tolerance


class Findings(Protocol):
    """Computes the paper's table; `quick` takes fewer draws, enough to see the claim."""

    def __call__(self, quick: bool = False, tick: Tick = silent) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Paper:
    """One paper on our kernels: its claim, its table, what the table must show, its figure."""

    name: str
    """The paper's name for the command: "eisenberg-noe"."""
    citation: str
    """Authors, year, journal."""
    claim: str
    """One sentence that an economist could dispute."""
    through: tuple[str, ...]
    """Functions of ours it stands on: "abm.contagion.debtrank"."""
    findings: Findings
    """Computes the table: `findings(quick=True)` takes fewer draws, enough to see the claim."""
    compare: Callable[[pd.DataFrame], list[Comparison]]
    """The numbers that the table must show, from the table."""
    figure: Callable[[pd.DataFrame], Figure]
    """The figure, from the table."""
    sampling: str = ""
    """Seeds and numbers of draws; empty where nothing is drawn."""


def share_error(share: float, n_draws: int) -> float:
    """Standard error of a share counted in `n_draws` [share].

        sqrt(q (1 - q) / n),   q (1 - q) at least that of one draw in n

    The floor keeps a share of 0 or 1 from passing for certain.
    """
    one_draw = (n_draws - 1.0) / n_draws**2
    return sqrt(max(share * (1.0 - share), one_draw) / n_draws)


def compare_simulated(
    quantity: str,
    computed: tuple[float, float],
    expected: tuple[float, float],
    basis: str = "independent program",
) -> Comparison:
    """Two simulated numbers, each with its standard error, that agree within four errors."""
    error = sqrt(computed[1] ** 2 + expected[1] ** 2)
    return Comparison(quantity, computed[0], expected[0], STANDARD_ERRORS * error, basis)
