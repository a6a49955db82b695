"""The search: CMA-ES by ask and tell, begun anew with twice the population where it ends early.

Hansen and Ostermeier (2001); restarts as in Auger and Hansen (2005).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.calibration.problem import Array
from abm.errors import InvalidInput

if TYPE_CHECKING:
    from abm.calibration.study import Search

REFUSED = 1e12  # J of a point that has none: only ranks matter to the search
Score = Callable[[Array], Array]


class Generation(NamedTuple):
    """One generation of the search."""

    generation: int
    restart: int
    n_evaluations: int  # so far
    best: float  # J, of all so far
    median: float  # J, of this generation
    step: float  # share of the range


class Found(NamedTuple):
    """The best point, and the way to it."""

    best: Array  # of the cube, (P,)
    objective: float
    generations: list[Generation]


def search(score: Score, start: Array, settings: Search) -> Found:
    """The lowest J on the unit cube that so many evaluations find.

    `score` takes points (B, P) and gives J of each. All draws come from a generator of the
    search's own seed: the same seed and scores ask for the same points.
    """
    random = np.random.default_rng(settings.seed)
    best, lowest, n_done, restart = start, np.inf, 0, 0
    generations: list[Generation] = []
    population, step = settings.population, settings.step
    while n_done + population <= settings.evaluations or not generations:
        strategy = strategy_of(
            np.clip(start, 0.01, 0.99), step, random,
            bounds=[0.0, 1.0], popsize=population, tolfun=1e-6, tolx=1e-5,
        )  # fmt: skip
        while not strategy.stop() and n_done + population <= settings.evaluations:
            points = np.array(strategy.ask())
            found = score(points)
            told = np.where(np.isfinite(found), np.minimum(found, REFUSED), REFUSED)
            strategy.tell(list(points), told.tolist())
            n_done += population
            if told.min() < lowest:
                best, lowest = points[int(told.argmin())], float(told.min())
            generations.append(
                Generation(
                    len(generations), restart, n_done, lowest, float(np.median(told)),
                    float(strategy.sigma),
                )
            )  # fmt: skip
        if n_done + population > settings.evaluations:
            break
        restart, population = restart + 1, 2 * population
        start = random.uniform(0.1, 0.9, len(start))
    return Found(best, lowest, generations)


def need_cma() -> Any:
    """The package; raises InvalidInput where it is not installed."""
    try:
        import cma
    except ImportError:
        raise InvalidInput(
            "the search needs cma; install it with: pip install 'carry-unwind[calibration]'"
        ) from None
    return cma


def strategy_of(start: Array, step: float, random: np.random.Generator, **options: Any) -> Any:
    """CMA-ES by ask and tell, all of whose draws come from a generator."""
    fixed = {
        "randn": lambda *shape: random.standard_normal(shape),  # not NumPy's global generator
        "seed": np.nan,  # leave that one alone
        "verbose": -9,
    }
    return need_cma().CMAEvolutionStrategy(start, step, fixed | options)
