"""The accepted set: points whose J lies within what sampling error alone would give.

A point is accepted where the J test at it, with no parameter fitted, does not reject: the set is
valid whether or not the parameters are identified. Stock and Wright (2000).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from abm.calibration.evaluations import Evaluated, Evaluations
from abm.calibration.problem import Array

BATCH = 16
WIDEST = 0.3  # standard deviation of the local design where nothing is known, share of the range


class AcceptedSet(NamedTuple):
    """The points accepted, and the number tried."""

    rows: list[Evaluated]  # on the seeds of choice, best first
    critical: float
    n_tried: int


def accepted_set(
    points: Evaluations,
    best: Array,
    covariance: Array,
    critical: dict[str, float],
    wanted: tuple[int, int],
    seed: int,
) -> AcceptedSet:
    """At least so many points with J below the critical value, of at most so many tried.

    First those that the search accepted on its own draws, far from one another first, then a local
    design around the best; all are judged on the seeds of choice, which the search has not seen.
    `critical` is by stage, `wanted` the least accepted and the most tried.
    """
    least, most = wanted
    kept: dict[int, Evaluated] = {}
    n_tried = 0
    for batch in _batches(points, best, covariance, critical["search"], most, seed):
        rows = points.at(batch[: most - n_tried], "accepted", "choice")
        n_tried += len(rows)
        kept |= {row.number: row for row in rows if row.objective <= critical["choice"]}
        if len(kept) >= least or n_tried >= most:
            break
    return AcceptedSet(
        sorted(kept.values(), key=lambda row: (row.objective, row.number)),
        critical["choice"],
        n_tried,
    )


def _batches(
    points: Evaluations, best: Array, covariance: Array, critical: float, most: int, seed: int
) -> list[Array]:
    good = [row.values for row in points.history() if row.objective <= critical]
    inside = np.clip(points.problem.cube.inside(np.array(good)), 0.0, 1.0) if good else []
    spread = _far_apart(np.vstack([best, inside]) if good else best[None], most)
    spread = np.vstack([spread, _local(best, covariance, most, seed)])
    return [spread[i : i + BATCH] for i in range(0, len(spread), BATCH)]


def _far_apart(u: Array, most: int) -> Array:
    """Points in the order in which each is farthest from those before it; the first stays first."""
    order, distance = [0], ((u - u[0]) ** 2).sum(axis=1)
    while len(order) < min(most, len(u)) and distance.max() > 0.0:
        order.append(int(distance.argmax()))
        distance = np.minimum(distance, ((u - u[order[-1]]) ** 2).sum(axis=1))
    return u[order]


def _local(best: Array, covariance: Array, n: int, seed: int) -> Array:
    """Draws around the best point by its standard errors, no wider than a share of the range."""
    random = np.random.default_rng([seed, 2])
    known = np.nan_to_num(covariance, nan=0.0, posinf=0.0, neginf=0.0)
    values, axes = np.linalg.eigh(0.5 * (known + known.T))
    widths = np.sqrt(np.clip(values, 1e-6, WIDEST**2))
    lost = ~np.isfinite(np.diag(covariance))
    draws = best + (random.standard_normal((n, len(best))) * widths) @ axes.T
    draws[:, lost] = random.uniform(0.0, 1.0, (n, int(lost.sum())))
    inside: Array = np.clip(draws, 0.0, 1.0)
    return inside
