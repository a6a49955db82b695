"""Inference from a fit: standard errors, the J test, identification, profiles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.optimize import lsq_linear
from scipy.stats import chi2

from abm.calibration.evaluations import Evaluated, Evaluations, means_of, scores_of
from abm.calibration.problem import Array, Objective, Problem

NO_INFORMATION = 1e-6  # singular value over the largest below which a direction is none
CLASSES = ("bounded", "one-sided", "flat")
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
    points: Evaluations, best: Array, gradient: Array, n: int, level: float
) -> list[Profile]:
    """Profile of each parameter: at each value the lowest of three tries, on the search's draws.

    The best point moved along the linear model of the moments; the best point of the history near
    the value; and a further linear step from the better of the two.
    """
    grid = np.linspace(0.0, 1.0, n)
    places = [(p, value) for p in range(len(best)) for value in grid]
    objective = points.objective_on("search")
    residual = means_of(points.at(best, "profile", "search"))[0] - points.problem.target
    along = [_moved(best, p, v, residual, gradient, objective) for p, v in places]
    history = points.history()
    near = [_nearest(points, history, p, v, 0.5 / (n - 1)) for p, v in places]
    first, second = (points.at(np.array(u), "profile", "search") for u in (along, near))
    better = [a if a.objective <= b.objective else b for a, b in zip(first, second, strict=True)]
    inside = points.problem.cube.inside(np.array([row.values for row in better]))
    steps = []
    for (p, value), u, row in zip(places, inside, better, strict=True):
        left = np.array(row.means) - points.problem.target
        u = np.clip(u, 0.0, 1.0)
        u[p] = value
        steps.append(_moved(u, p, value, left, gradient, objective))
    third = points.at(np.array(steps), "profile", "search")
    lowest = np.minimum(scores_of(better), scores_of(third)).reshape(len(best), n)
    least = min(float(lowest.min()), float(scores_of(history).min()))
    threshold = least + float(chi2.ppf(level, 1))
    own = points.at(best, "profile", "search")[0].objective
    return [_with(u, own, grid, row, threshold) for u, row in zip(best, lowest, strict=True)]


def _with(u: float, own: float, grid: Array, lowest: Array, threshold: float) -> Profile:
    """A profile with the estimate among its points."""
    at = int(np.searchsorted(grid, u))
    if at < len(grid) and grid[at] == u:
        return Profile(grid, lowest, threshold)
    return Profile(np.insert(grid, at, u), np.insert(lowest, at, own), threshold)


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
    points: Evaluations, history: Sequence[Evaluated], p: int, value: float, reach: float
) -> Array:
    """The best point of the history whose parameter p is near a value, put at it."""
    inside = points.problem.cube.inside(np.array([row.values for row in history]))
    distance = np.abs(inside[:, p] - value)
    near = np.flatnonzero(distance <= max(reach, distance.min()))
    chosen: Array = np.clip(inside[near[int(scores_of(history)[near].argmin())]], 0.0, 1.0)
    chosen[p] = value
    return chosen


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
