"""The problem of a calibration in numbers: a cube of parameters, targets, and what a model gives.

Nothing here knows the simulator: `Model` may be any function of parameters and seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from abm.errors import InvalidInput

Array = np.ndarray
SINGULAR = 1e12  # condition number of correlations beyond which weights are noise


class Range(NamedTuple):
    """A parameter and where it is searched."""

    name: str
    low: float
    high: float
    is_log: bool = False
    start: float | None = None  # the scenario's own value, where it lies within


class Cube:
    """Parameters as points u of the unit cube: even in the value, or in its logarithm."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self.ranges = tuple(ranges)
        ends = np.array([[r.low, r.high] for r in ranges], dtype=np.float64)
        self._is_log = np.array([r.is_log for r in ranges])
        self._ends = np.where(self._is_log[:, None], np.log(np.where(ends > 0, ends, 1.0)), ends)

    @property
    def names(self) -> list[str]:
        return [r.name for r in self.ranges]

    @property
    def start(self) -> Array:
        """The scenario's own point; in the middle where it has none within the range."""
        own = [r.start for r in self.ranges]
        at = self.inside(np.array([np.nan if value is None else value for value in own]))
        start: Array = np.where((at >= 0.0) & (at <= 1.0), at, 0.5)
        return start

    def values(self, u: Array) -> Array:
        """Values of the parameters at points of the cube, (..., P)."""
        low, high = self._ends.T
        along = low + u * (high - low)
        values = np.where(self._is_log, np.exp(along), along)
        # The last digit of an exponential is no reason to leave a range.
        ends = np.array([[r.low, r.high] for r in self.ranges])
        within: Array = np.clip(values, ends[:, 0], ends[:, 1])
        return within

    def inside(self, values: Array) -> Array:
        """Points of the cube at these values."""
        low, high = self._ends.T
        with np.errstate(invalid="ignore", divide="ignore"):
            along = np.where(self._is_log, np.log(np.where(values > 0, values, np.nan)), values)
        u: Array = (along - low) / (high - low)
        return u

    def slope(self, u: Array) -> Array:
        """Change of each value per unit of u, (P,)."""
        low, high = self._ends.T
        slope: Array = (high - low) * np.where(self._is_log, self.values(u), 1.0)
        return slope


class Problem(NamedTuple):
    """Parameters, and moments with their targets."""

    cube: Cube
    moments: tuple[str, ...]
    target: Array  # (K,)
    covariance: Array  # (K, K) of the record's sampling error
    draws: Array  # (n, K) sampling errors, for bootstraps
    runs_in_record: Array  # (K,) of which the record's value is the mean


class Simulated(NamedTuple):
    """One point on all seeds of a stage."""

    point: int  # its place among those asked for
    moments: Array  # (R, K), a row of NaN for a run that failed
    error: str  # of the first run that failed, empty for none


class Model(Protocol):
    """A model on its seeds: values (B, P) and seeds (R,) in, one `Simulated` per point out."""

    def __call__(self, values: Array, seeds: Sequence[int]) -> Iterator[Simulated]:
        """Points in the order in which they are done."""


class Objective:
    """J(θ) = g′ W g,  g = m̄(θ) − target,  W = [D Σ D]⁻¹,  D² = diag(1 + n_k/R).

    Σ is the sampling covariance of the record, R the number of runs of which m̄ is the mean, n_k
    that of which the record's value is, 1 for an event: McFadden (1989), Duffie and Singleton
    (1993).
    """

    def __init__(self, problem: Problem, n_runs: int) -> None:
        self.target = problem.target
        wider = np.sqrt(1.0 + problem.runs_in_record / n_runs)
        self.covariance = np.outer(wider, wider) * problem.covariance
        _refuse_singular(problem)

    @cached_property
    def weights(self) -> Array:
        """W, (K, K)."""
        return np.linalg.inv(self.covariance)

    @cached_property
    def root(self) -> Array:
        """An A with A′A = W: A g has unit variances and no correlation."""
        return np.linalg.inv(np.linalg.cholesky(self.covariance))

    def __call__(self, means: Array) -> Array:
        """J of means (..., K); infinite where a moment has no value."""
        scaled = (means - self.target) @ self.root.T
        found = (scaled**2).sum(axis=-1)
        return np.where(np.isfinite(found), found, np.inf)


def _refuse_singular(problem: Problem) -> None:
    deviation = np.sqrt(np.diag(problem.covariance))
    if not (deviation > 0.0).all():
        name = problem.moments[int(np.argmin(deviation))]
        raise InvalidInput(f"moment {name}: its standard error is 0 or has no value")
    correlation = problem.covariance / np.outer(deviation, deviation)
    if np.linalg.cond(correlation) > SINGULAR:
        apart = np.abs(correlation - np.eye(len(deviation)))
        one, other = (problem.moments[i] for i in np.unravel_index(apart.argmax(), apart.shape))
        raise InvalidInput(f"moments {one} and {other} say the same: leave one out")


def mean_of(moments: Array) -> Array:
    """Mean of each moment over the runs that have it; NaN where none has, (K,)."""
    n = np.isfinite(moments).sum(axis=0)
    total = np.where(np.isfinite(moments), moments, 0.0).sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def n_failed_in(moments: Array) -> int:
    """Runs that failed: those without any moment."""
    return int(np.isnan(moments).all(axis=1).sum())
