"""The nearest point at which a loss is reached: independent shocks, in standard deviations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from abm.calibration.search import strategy_of

Array = np.ndarray
Losses = Callable[[Array], Array]

FARTHEST = 8.0  # standard deviations of a shock
BEYOND = 1e6  # standard deviations: a point that does not reach the loss
POPULATION, STEP = 12, 0.1  # points of a generation; spread of the first [standard deviations]
MOST_GENERATIONS = 60
PATIENCE, GAIN = 10, 0.005  # generations after which so much must have been gained of the distance
RESOLUTION = 0.5  # of a size, in its own unit
PENALTY = 5.0  # for a loss that is missed, over the price of a loss where the search begins
N_LOOKS, N_ROUNDS, STRETCH = 16, 2, 2.0  # of the way along the ray


class Nearest(NamedTuple):
    """The nearest point that was found."""

    point: Array
    """(n,) [standard deviations]."""
    first_distance: float
    """Of the point where a straight line from the gradient at 0 reaches the loss; NaN if none."""
    n_points: int
    """That were looked at."""

    @property
    def distance(self) -> float:
        """From 0 [standard deviations]."""
        return float(np.linalg.norm(self.point))


def nearest_point(
    losses: Losses,
    n: int,
    target: float,
    others: Sequence[Array] = (),
    seed: int = 0,
    finely: Losses | None = None,
) -> Nearest | None:
    """The point y nearest to 0 at which a loss is reached; None where none was found.     (M184)

        min |y|^2 / 2   with   loss(y) >= X

    `losses` gives the loss at points (B, n). First is looked at where the gradient at 0, by steps
    of a standard deviation, says (Hasofer and Lind 1974), and at `others`; from the nearest of
    these that reaches the loss CMA-ES searches, with a penalty for what is missed, and what it
    finds is moved along its ray to where the loss is just reached, by `finely` where that tells
    the loss better. The same seed and losses look at the same points.
    """
    finely, zero = finely or losses, np.zeros((1, n))
    missing = target - float(finely(zero)[0])
    if missing <= 0.0:
        return Nearest(np.zeros(n), 0.0, 1)
    slope = losses(np.eye(n)) - float(losses(zero)[0])
    steepness = float(slope @ slope)
    if not steepness > 0.0:
        return None
    straight = slope * missing / steepness
    starts = np.clip([straight, *others], -FARTHEST, FARTHEST)
    far = np.linalg.norm(starts, axis=1) + np.where(losses(starts) >= target, 0.0, BEYOND)
    at = int(far.argmin())
    best = starts[at] if far[at] < BEYOND else None
    price = PENALTY * float(np.linalg.norm(straight)) / np.sqrt(steepness)
    found, n_searched = _searched(losses, (starts[at], best), target, price, seed)
    if found is None:
        return None
    point, n_along = None, 0
    for candidate in (found, *starts):  # better told, what was found may not reach it
        point, n_looks = moved_along(finely, candidate, target)
        n_along += n_looks
        if point is not None:
            break
    if point is None:
        return None
    n_points = 2 + n + len(starts) + n_searched + n_along
    return Nearest(point, float(np.linalg.norm(straight)), n_points)


def most_points(n: int, n_others: int = 0) -> int:
    """Points that are looked at, at most."""
    return 3 + n + n_others + MOST_GENERATIONS * POPULATION + N_ROUNDS * N_LOOKS


def _searched(
    losses: Losses, start: tuple[Array, Array | None], target: float, price: float, seed: int
) -> tuple[Array | None, int]:
    """The nearest point at which the loss is reached, from where to begin and the nearest known,
    and the number of points seen."""
    random = np.random.default_rng(seed)
    bounds = [-FARTHEST, FARTHEST]
    first, best = start
    strategy = strategy_of(first, STEP, random, popsize=POPULATION, bounds=bounds)
    history = [np.inf if best is None else float(best @ best)]
    for generation in range(1, MOST_GENERATIONS + 1):
        points = np.array(strategy.ask())
        found = losses(points)
        squares = (points**2).sum(axis=1)
        strategy.tell(list(points), squares / 2.0 + price * np.maximum(target - found, 0.0))
        reached = np.where(found >= target, squares, np.inf)
        if reached.min() < history[-1]:
            best = points[int(reached.argmin())]
        history.append(min(history[-1], float(reached.min())))
        past = history[max(generation - PATIENCE, 0)]
        if strategy.stop() or (np.isfinite(past) and history[-1] > (1.0 - GAIN) ** 2 * past):
            break
    return best, POPULATION * generation


def moved_along(losses: Losses, point: Array, target: float) -> tuple[Array | None, int]:
    """The point of the ray from 0 at which the loss is just reached, and the points seen; None
    where it is not reached up to STRETCH times the point."""
    low, high = 0.0, STRETCH
    for _ in range(N_ROUNDS):
        grid = np.linspace(low, high, N_LOOKS + 1)
        is_reached = losses(grid[1:, None] * point) >= target
        if not is_reached.any():
            return None, N_ROUNDS * N_LOOKS
        at = int(is_reached.argmax())
        low, high = float(grid[at]), float(grid[at + 1])
    return high * point, N_ROUNDS * N_LOOKS


def first_reaching(loss: Callable[[float], float], target: float, top: float, step: float) -> float:
    """The smallest size from 0 up at which a loss is reached: by steps, then halved.     (M185)

    Sizes are looked at step by step up to `top` (which may be negative, as the sizes are then), so
    that of several crossings it is the first that is wider than a step; then the step is halved
    until it is below RESOLUTION. Infinite where the loss is not reached.
    """
    sign = np.sign(top)
    if loss(0.0) >= target:
        return 0.0
    for high in np.arange(step, abs(top) + step / 2.0, step):
        if loss(sign * high) >= target:
            low = high - step
            while high - low > RESOLUTION:
                middle = 0.5 * (low + high)
                low, high = (low, middle) if loss(sign * middle) >= target else (middle, high)
            return float(sign * high)
    return float(sign * np.inf)


def median_interval(values: Array, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the median by order statistics, whatever the distribution (Thompson 1936).

    The k-th smallest and the k-th largest value, k the largest number for which k - 1 or fewer of
    n fair coins show heads with a probability below (1 - c)/2; of few values the ends.
    """
    from scipy.stats import binom

    n, ordered = len(values), np.sort(values)
    k = max(int(binom.ppf((1.0 - confidence) / 2.0, n, 0.5)), 1)
    return float(ordered[k - 1]), float(ordered[n - k])
