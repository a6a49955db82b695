"""Claims about the model, as data: what is run, the figure, what is asked of it, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from abm.validation.estimates import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

HIKE, CALM, AUGUST = "hike", "calm", "august-2024"
ROLES = (HIKE, CALM, AUGUST)
"""Scripts a world is run with: one surprise, nothing, July and August 2024."""

HOLDS, MISSES, UNKNOWN = "holds", "misses", "not identified"

Measure: TypeAlias = "Callable[[Scenario, int, int], Mapping[str, float | str]]"
"""One run measured: of a scenario, a seed and a replicate."""
Changes: TypeAlias = "Mapping[str, Any] | Callable[[Scenario], Mapping[str, Any]]"


@dataclass(frozen=True, eq=False)
class Sample:
    """Runs of one scenario, each measured: replicate r meets the same news in every sample."""

    name: str
    """Its name, of its file too."""
    role: str
    """Which script of the world."""
    measure: Measure
    changes: Changes = field(default_factory=dict)
    """Of the scenario; or a function of the scenario that gives them."""
    runs_per_seed: float = 1.0
    """Runs for each of the seeds asked for."""
    least: int = 3
    """Runs at least, however few seeds are asked for."""
    most: int | None = None
    """Runs at most."""
    workers: int | None = None
    """Processes, where the number itself is in question."""

    def n_runs(self, seeds: int) -> int:
        """Runs at a number of seeds."""
        wanted = max(self.least, round(self.runs_per_seed * seeds))
        return wanted if self.most is None else min(wanted, self.most)

    def scenario_of(self, base: Scenario) -> Scenario:
        """The scenario of the sample in a world."""
        changes = self.changes(base) if callable(self.changes) else self.changes
        return base.with_changes(changes, where=self.name)


class Runs(NamedTuple):
    """The runs of a sample: a row for each that ended well, and how many did not."""

    table: pd.DataFrame
    """Indexed by replicate."""
    n_failed: int
    error: str
    """Of the first that failed."""


class Bar(NamedTuple):
    """The bar of a figure: to lie between two numbers, both included."""

    low: float = -float("inf")
    high: float = float("inf")
    words: str = ""
    """Instead of the numbers."""

    def __str__(self) -> str:
        if self.words:
            return self.words
        if self.low == self.high:
            return f"{self.low:.4g}"
        if self.low == -float("inf"):
            return f"at most {self.high:.4g}"
        if self.high == float("inf"):
            return f"at least {self.low:.4g}"
        return f"{self.low:.4g} to {self.high:.4g}"


def at_most(high: float) -> Bar:
    """A bar from above."""
    return Bar(high=high)


def at_least(low: float) -> Bar:
    """A bar from below."""
    return Bar(low=low)


MOST_TIMES = 100.0
"""The runs: beyond this the figure is at the edge itself."""

JUST = 1e-12
ABOVE_ZERO = Bar(low=JUST, words="above 0, |t| > 2")
BELOW_ZERO = Bar(high=-JUST, words="below 0, |t| > 2")
"""Bars of a sign. An effect that is zero in every run has none."""


class Claim(NamedTuple):
    """One row of the table: a claim, what is asked, and the figure as a function of its runs."""

    claim: str
    bar: Bar
    samples: tuple[Sample, ...]
    figure: Callable[..., Estimate]
    """Of one `Runs` for each sample."""
    note: str = ""
    """Definition of the figure, or the source of the bar."""
    if_missed: str = ""
    """Economic reason, told where the figure is outside the bar."""


class Group(NamedTuple):
    """Claims of one kind."""

    name: str
    title: str
    heading: str
    """TRACE element under which the page has it."""
    claims: tuple[Claim, ...]

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Samples of its claims, each once."""
        return tuple(dict.fromkeys(one for claim in self.claims for one in claim.samples))


class Verdict(NamedTuple):
    """Verdict on a claim, and the reason."""

    word: str
    reason: str


def judge(
    estimate: Estimate, bar: Bar, n_failed: int = 0, error: str = "", if_missed: str = ""
) -> Verdict:
    """Holds if the whole interval is within the bar, misses if all of it is outside.

    An interval across the edge of the bar identifies neither. Nor do runs of which some failed
    show that a claim holds: those that fail are not a random part of them.
    """
    value, low, high = estimate[:3]
    failed = f"{n_failed} of the runs failed: {error}" if n_failed else ""
    if value != value:
        return Verdict(UNKNOWN, failed or "no run has a value")
    is_inside = bar.low <= value <= bar.high
    side, why = ("inside", "") if is_inside else ("outside", if_missed)
    if low != low or high != high:
        return Verdict(UNKNOWN, _joined("too few runs for an interval", failed))
    if bar.low <= low and high <= bar.high:
        return Verdict(UNKNOWN, failed) if n_failed else Verdict(HOLDS, "")
    if high < bar.low or low > bar.high:
        edge = bar.low if value < bar.low else bar.high
        return Verdict(MISSES, _joined(f"off the bar by {abs(value - edge):.3g}", why, failed))
    told = f"the figure is {side}, its interval is not{runs_that_would_tell(estimate, bar)}"
    return Verdict(UNKNOWN, _joined(told, why, failed))


def runs_that_would_tell(estimate: Estimate, bar: Bar) -> str:
    """Multiple of the runs at which the same figure would be clear of the bar's edge, in words.

    The half of an interval that reaches across an edge shrinks with the root of the runs.
    """
    value, low, high = estimate[:3]
    edges = [edge for edge in (bar.low, bar.high) if low < edge < high and edge != value]
    if not edges:
        return ""
    reach = ((high if edge > value else low) - value for edge in edges)
    times = max((half / (edge - value)) ** 2 for half, edge in zip(reach, edges, strict=True))
    return f"; about {times:.2g} times the runs would tell" if times < MOST_TIMES else ""


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
