"""Inference from a fit: standard errors, the J test, identification, profiles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import lsq_linear
from scipy.stats import chi2

from abm.calibration.evaluations import Evaluated, Evaluations, means_of, scores_of
from abm.calibration.problem import Array, Objective, Problem

if TYPE_CHECKING:
    from abm.calibration.study import Inference

NO_INFORMATION = 1e-6  # singular value over the largest below which a direction is none
CLASSES = ("bounded", "one-sided", "flat")
FIRST_SPREAD = 0.1  # of the draws around a profile's point, share of the range
FARTHEST = 1e6  # from the threshold, where J has no value


class Identification(NamedTuple):
    """Sensitivity of the moments: S = A G, moments in standard errors, u in ranges."""

    singular_values: Array  # (P,) falling
    sensitivity: Array  # (P,) length of each column: standard errors per range
    collinearity: Array  # (P,) 1/√(1 − R²) of each column on the others; 1 alone, ∞ redundant
    collinearity_index: float  # of all columns: Brun, Reichert and Künsch (2001)


class Test(NamedTuple):
    """The J test: could a record of this model lie so far from its moments?"""

    objective: float
    critical: float
    p_value: float
    degrees: int
    critical_at_a_point: float  # of J where no parameter is fitted: bounds the accepted set


class Profile(NamedTuple):
    """Lowest J found at values of one parameter, the others free."""

    u: Array  # (n,)
    objective: Array  # (n,)
    threshold: float


def jacobian(points: Evaluations, at: Array, step: float, seeds: str = "report") -> Array:
    """Central differences of the moments' means per unit of u, on common draws, (K, P)."""
    shifts = step * np.eye(len(at))
    up, down = np.clip(at + shifts, 0.0, 1.0), np.clip(at - shifts, 0.0, 1.0)
    rows = points.at(np.vstack([up, down]), "jacobian", seeds)
    means = means_of(rows)
    rise = means[: len(at)] - means[len(at) :]
    gradient: Array = np.nan_to_num(rise / (up - down).diagonal()[:, None]).T
    return gradient


def sandwich(gradient: Array, objective: Objective, error: Array) -> Array:
    """Covariance of the estimate, (P, P): B Ω B′ with B = (G′WG)⁻¹ G′W; inf where G tells nothing.

    Ω is the covariance of g: sampling error of the record and of the simulation.
    Gouriéroux, Monfort and Renault (1993).
    """
    left, values, right = np.linalg.svd(objective.root @ gradient, full_matrices=False)
    told = values > NO_INFORMATION * max(values[0], np.finfo(float).tiny)
    pull = (right[told].T / values[told]) @ left[:, told].T @ objective.root
    covariance: Array = pull @ error @ pull.T
    lost = (right[~told] ** 2).sum(axis=0) > NO_INFORMATION
    covariance[np.diag_indices(len(lost))] = np.where(lost, np.inf, np.diag(covariance))
    return covariance


def error_covariance(problem: Problem, runs: Array, n_runs: int) -> Array:
    """Ω: covariance of the record's error, and of the mean of `n_runs` runs, (K, K)."""
    whole = runs[np.isfinite(runs).all(axis=1)]
    of_a_run = np.cov(whole.T, ddof=1).reshape(problem.covariance.shape)
    covariance: Array = problem.covariance + of_a_run / n_runs
    return covariance


def identification(gradient: Array, objective: Objective) -> Identification:
    """Singular values and collinearity of the scaled Jacobian."""
    scaled = objective.root @ gradient
    lengths = np.sqrt((scaled**2).sum(axis=0))
    unit = scaled / np.where(lengths > 0.0, lengths, 1.0)
    least = float(np.linalg.eigvalsh(unit.T @ unit)[0])
    return Identification(
        np.linalg.svd(scaled, compute_uv=False),
        lengths,
        np.array([_against_others(unit, p) for p in range(unit.shape[1])]),
        1.0 / np.sqrt(least) if least > NO_INFORMATION**2 else np.inf,
    )


def _against_others(unit: Array, p: int) -> float:
    others = np.delete(unit, p, axis=1)
    if not others.shape[1] or not unit[:, p].any():
        return 1.0 if unit[:, p].any() else np.inf
    fitted = others @ np.linalg.lstsq(others, unit[:, p], rcond=None)[0]
    rest = float(((unit[:, p] - fitted) ** 2).sum())
    return 1.0 / np.sqrt(rest) if rest > NO_INFORMATION**2 else np.inf


def error_draws(problem: Problem, runs: Array, n_runs: int, seed: int) -> Array:
    """Draws of g under the model, (n, K): a resampled record less the mean of resampled runs."""
    random = np.random.default_rng([seed, 1])
    whole = runs[np.isfinite(runs).all(axis=1)]
    centred = whole - whole.mean(axis=0)
    chosen = random.integers(0, len(whole), (len(problem.draws), n_runs))
    draws: Array = np.array([centred[rows].mean(axis=0) for rows in chosen]) - problem.draws
    return draws


def j_test(found: float, gradient: Array, objective: Objective, draws: Array, level: float) -> Test:
    """The J test with bootstrapped critical values; the fit takes its part out of each draw."""
    left, values, _ = np.linalg.svd(objective.root @ gradient, full_matrices=False)
    fitted = left[:, values > NO_INFORMATION * max(values[0], np.finfo(float).tiny)]
    scaled = draws @ objective.root.T
    at_a_point = (scaled**2).sum(axis=1)
    after_fit = at_a_point - ((scaled @ fitted) ** 2).sum(axis=1)
    return Test(
        found,
        float(np.quantile(after_fit, level)),
        float((after_fit >= found).mean()),
        scaled.shape[1] - fitted.shape[1],
        float(np.quantile(at_a_point, level)),
    )


def profiles(
    points: Evaluations, best: Array, gradient: Array, settings: Inference, seed: int
) -> list[Profile]:
    """Profile of each parameter: at each value the lowest J found, on the search's draws.

    Each value begins with the best point moved along the linear model of the moments, and with the
    best point of the history near it. In each round it then tries what its two neighbours have
    found, by turns as it is and moved along the linear model, and a draw around its own best.
    """
    search = _ProfileSearch(points, best, gradient)
    history = points.history()
    reach = 0.5 / (settings.profile_points - 1)
    grids = [np.unique([*np.linspace(0.0, 1.0, settings.profile_points), u]) for u in best]
    places = [Place(p, value) for p, grid in enumerate(grids) for value in grid]
    known = search.at(np.repeat(best[None], len(places), axis=0))
    found = search.at([search.moved(row, place) for row, place in zip(known, places, strict=True)])
    near = search.at([_nearest(points, history, place, reach) for place in places])
    found = _better(found, near)
    random = np.random.default_rng([seed, 4])
    for k in range(settings.profile_rounds):
        for side in (-1, 1):
            beside = [_beside(places, found, i, side) for i in range(len(places))]
            found = _better(found, search.at(
                [search.moved(row, place) if k % 2 == 0 else _at(search.inside(row), place)
                 for row, place in zip(beside, places, strict=True)]
            ))  # fmt: skip
        spread = FIRST_SPREAD / (k + 1) * random.standard_normal((len(places), len(best)))
        found = _better(found, search.at(
            [_at(search.inside(row) + one, place)
             for row, one, place in zip(found, spread, places, strict=True)]
        ))  # fmt: skip
    least = min(float(scores_of(found).min()), float(scores_of(history).min()))
    threshold = least + float(chi2.ppf(settings.level, 1))
    lowest, ends = scores_of(found), np.cumsum([0, *map(len, grids)])
    return [
        Profile(grid, lowest[first:last], threshold)
        for grid, (first, last) in zip(grids, pairwise(ends), strict=True)
    ]


class Place(NamedTuple):
    """A value of one parameter."""

    parameter: int
    value: float


class _ProfileSearch(NamedTuple):
    """Points on the search's draws, and the linear model that moves one to another place."""

    points: Evaluations
    best: Array
    gradient: Array

    def at(self, u: Sequence[Array] | Array) -> list[Evaluated]:
        """Points of the cube, evaluated."""
        return self.points.at(np.array(u), "profile", "search")

    def inside(self, row: Evaluated) -> Array:
        """An evaluated point as one of the cube."""
        inside: Array = np.clip(self.points.problem.cube.inside(np.array(row.values)), 0.0, 1.0)
        return inside

    def moved(self, row: Evaluated, place: Place) -> Array:
        """The point that has the place's value and whose others fit best, by the linear model."""
        objective = self.points.objective_on("search")
        residual = np.array(row.means) - self.points.problem.target
        return _moved(
            self.inside(row), place.parameter, place.value, residual, self.gradient, objective
        )


def _better(one: Sequence[Evaluated], other: Sequence[Evaluated]) -> list[Evaluated]:
    return [a if a.objective <= b.objective else b for a, b in zip(one, other, strict=True)]


def _beside(places: Sequence[Place], found: Sequence[Evaluated], i: int, side: int) -> Evaluated:
    """Best point of the neighbour on a side; at an end of the range, of the place itself."""
    there = i + side
    is_there = 0 <= there < len(places) and places[there].parameter == places[i].parameter
    return found[there if is_there else i]


def _at(u: Array, place: Place) -> Array:
    """A point within the ranges, put at a place."""
    inside: Array = np.clip(u, 0.0, 1.0)
    inside[place.parameter] = place.value
    return inside


def _moved(
    u: Array, p: int, value: float, residual: Array, gradient: Array, objective: Objective
) -> Array:
    """The point whose parameter p has a value and whose others fit best, by the linear model."""
    others = np.delete(np.arange(len(u)), p)
    moved = u.copy()
    moved[p] = value
    if len(others):
        wanted = -objective.root @ (residual + gradient[:, p] * (value - u[p]))
        if not np.isfinite(wanted).all():
            return moved
        ends = (-u[others] - 1e-9, 1.0 - u[others] + 1e-9)
        step = lsq_linear(objective.root @ gradient[:, others], wanted, ends).x
        moved[others] = np.clip(u[others] + step, 0.0, 1.0)
    return moved


def _nearest(
    points: Evaluations, history: Sequence[Evaluated], place: Place, reach: float
) -> Array:
    """The best point of the history whose parameter is near a place, put at it."""
    inside = points.problem.cube.inside(np.array([row.values for row in history]))
    distance = np.abs(inside[:, place.parameter] - place.value)
    near = np.flatnonzero(distance <= max(reach, distance.min()))
    return _at(inside[near[int(scores_of(history)[near].argmin())]], place)


def class_of(profile: Profile) -> str:
    """Where J is beyond the threshold: at both ends of the range, "bounded"; at one; at neither."""
    n_ends = sum(bool(profile.objective[end] > profile.threshold) for end in (0, -1))
    return CLASSES[2 - n_ends]


def interval_of(profile: Profile) -> tuple[float, float]:
    """Ends of what the threshold does not refuse; nan on a side where it refuses nothing."""
    height = np.clip(profile.objective - profile.threshold, -FARTHEST, FARTHEST)
    crossings = [
        u + (v - u) * a / (a - b)
        for (u, a), (v, b) in pairwise(zip(profile.u, height, strict=True))
        if (a > 0.0) != (b > 0.0)
    ]
    low = crossings[0] if crossings and height[0] > 0.0 else np.nan
    high = crossings[-1] if crossings and height[-1] > 0.0 else np.nan
    return float(low), float(high)
