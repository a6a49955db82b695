"""Recovery: are planted parameters found again in synthetic records as long as the real one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.calibration.evaluations import Evaluations, means_of
from abm.calibration.problem import Array
from abm.calibration.search import search
from abm.calibration.study import Search

if TYPE_CHECKING:
    from abm.calibration.study import Study

EDGE = 0.15  # of the range at each end, where nothing is planted
STEP = 0.1  # of the search around the best point known


class Recovered(NamedTuple):
    """Planted parameters and those found, as points of the cube."""

    planted: Array  # (n, P)
    found: Array  # (n, P)
    is_run: Array  # (n,) bool: false where the synthetic record could not be made


def recover(points: Evaluations, study: Study, n_records: int) -> Recovered:
    """Plant parameters, simulate one record of each, and estimate them from it alone.

    A record has as many runs of each moment as the real one: one of an event, more of its mean.

    The means on the search's seeds do not depend on the record: each estimate begins at the best of
    all points known, and the few that it adds are known to the next.
    """
    cube = points.problem.cube
    random = np.random.default_rng([study.search.seed, 3])
    planted = random.uniform(EDGE, 1.0 - EDGE, (n_records, len(cube.names)))
    found, is_run = np.full_like(planted, np.nan), np.zeros(n_records, bool)
    seeds = study.seeds.recovery.range
    objective = points.objective_on("search")
    n_runs = points.problem.runs_in_record
    length = int(n_runs.max())
    for i, u in enumerate(planted):
        drawn = [seeds[(i * length + j) % len(seeds)] for j in range(length)]
        done = next(iter(points.model(cube.values(u[None]), drawn)))
        record = record_of(done.moments, n_runs)
        if not np.isfinite(record).all():
            continue

        def score(us: Array, record: Array = record) -> Array:
            means = means_of(points.at(us, "recovery", "search"))
            distance = (((means - record) @ objective.root.T) ** 2).sum(axis=1)
            return np.where(np.isfinite(distance), distance, np.inf)

        history = points.history()
        scaled = (means_of(history) - record) @ objective.root.T
        nearest = int(np.nan_to_num((scaled**2).sum(axis=1), nan=np.inf).argmin())
        start = np.clip(cube.inside(np.array(history[nearest].values)), 0.0, 1.0)
        settings = Search(
            evaluations=study.recovery.evaluations,
            population=min(study.search.population, study.recovery.evaluations),
            step=STEP,
            seed=study.search.seed + i + 1,
        )
        better = search(score, start, settings)
        at_start = float(score(start[None])[0])
        found[i] = better.best if better.objective < at_start else start
        is_run[i] = True
    return Recovered(planted, found, is_run)


def record_of(runs: Array, n_runs: Array) -> Array:
    """A synthetic record: of each moment the mean of as many runs as it takes, (K,)."""
    return np.array([runs[:n, k].mean() for k, n in enumerate(n_runs)])
