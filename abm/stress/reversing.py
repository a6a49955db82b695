"""`abm.stress.reverse`: the question turned round, which shocks lose a given share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from abm.calibration.search import need_cma
from abm.errors import InvalidInput, show
from abm.numbers import is_real
from abm.stress.answers import Ensemble, Likeliest, Reverse, middle_of
from abm.stress.nearest import FARTHEST, first_reaching, most_points, nearest_point
from abm.stress.replaying import Ask, Replay, answering, losses_of, numbered_losses
from abm.stress.result import StressResult
from abm.stress.shocks import Shocks, own_surprise_bp, surprise_of
from abm.stress.tilting import tilted
from abm.warning.simulating import SURPRISE_SD_BP

Array = np.ndarray

N_SURPRISES = 64  # paths on which the smallest surprise is looked for
N_SEARCH = 15  # paths on whose median the shocks are searched
N_TOLD = 65  # paths in whose median they just lose enough: odd, so that it is one of them
N_ELSEWHERE = 100  # paths on which the answer is tried
STEP_BP = 20.0  # a step of the surprise, before it is halved
CHUNK = 25  # paths of a task


class Progress(NamedTuple):
    """Progress of a reverse stress test."""

    n_done: int
    """Points of the search that were looked at."""
    n_planned: int
    """At most."""


class Ladder(NamedTuple):
    """Surprises of growing size on one path, and the loss that they are to reach."""

    replay: Replay
    loss: float
    top_bp: float

    def first(self) -> float:
        """The smallest that reaches it [bp]."""

        def lost(bp: float) -> float:
            scenario = self.replay.scenario.with_changes(surprise_of(self.replay.scenario, bp))
            found = losses_of(self.replay._replace(scenario=scenario))
            return float(found[0]) if len(found) else -np.inf

        return first_reaching(lost, self.loss, self.top_bp, STEP_BP)


def reverse(
    found: StressResult,
    loss: float,
    workers: int | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Reverse:
    """The reverse stress test of a portfolio: what loses a given share of its own money.

    Three answers. The simulated paths reweighted, as little as can be, until they lose it on
    average (`tilt`). The smallest surprise of the Bank of Japan with which each of some paths loses
    it (`surprises`). The most plausible of all surprises and news with which the median path loses
    it (`likeliest`). Two hundred paths or so are run again, thousands of times.

    Parameters
    ----------
    found
        What `abm.stress.run` gave.
    loss
        Share of the own money of today, lost at the last horizon: above 0, at most 1.
    workers
        Processes on this machine, by default one for each core. Results do not depend on it.
    progress
        Called after every generation of the search.

    Raises
    ------
    InvalidInput
        If the loss is not such a share, there is no own money to lose, cma is not installed, or
        nothing within reach loses so much.
    FailedRun
        If every run failed.
    """
    share = checked_share(loss)
    if not found.own_money > 0.0:
        raise InvalidInput(
            f"loss = {share:.4g}: the portfolio is worth {found.own_money:,.0f} {found.currency} "
            "after debts: there is no own money of which a share could be lost"
        )
    need_cma()
    scenario, horizon = found.scenario, found.horizons[-1]
    plain = Replay(scenario, found.portfolio, found.market.seed, (), horizon)
    ensemble = _ensemble(found)
    losses = ensemble.losses
    is_reached = losses.mean() >= share or losses.max() > share
    with answering(workers) as ask:
        surprises, farthest = _surprises(plain, share, ask)
        half = middle_of(surprises)
        alone = [half / SURPRISE_SD_BP] if np.isfinite(half) else []
        likeliest = _likeliest(plain, share, alone, ask, progress)
    answer = Reverse(
        share, horizon, ensemble, tilted(losses, share) if is_reached else None, surprises,
        tuple(range(N_SURPRISES)), own_surprise_bp(scenario), farthest, likeliest,
    )  # fmt: skip
    if not answer.is_answered:
        raise InvalidInput(
            f"loss = {share:.4g}: out of reach in {scenario.name}: by day {horizon} the worst of "
            f"{found.market.n:,} paths loses {losses.max():.1%} of the own money, half of the "
            f"paths lose less than {share:.4g} with every surprise up to {abs(farthest):g}bp "
            f"either way, and so they do with all news that the search has tried, up to "
            f"{FARTHEST:g} standard deviations of each"
        )
    return answer


def checked_share(loss: object) -> float:
    """A loss as a share of own money; raises InvalidInput for what is none."""
    if not is_real(loss) or not 0.0 < float(loss) <= 1.0:  # type: ignore[arg-type]
        raise InvalidInput(
            f"loss = {show(loss)}, must be a share of the own money, above 0 and at most 1"
        )
    return float(loss)  # type: ignore[arg-type]


def _ensemble(found: StressResult) -> Ensemble:
    """The paths of a stress test: what they lost, and what happened on them."""
    own, market = found.own_money, found.market
    gains, rises = found.carried.pnl / own, market.log_prices[:, :, 0]
    of_shares = {}
    if (shares := "SPX") in market.scenario.instrument_names:
        k = market.scenario.instrument_names.index(shares)
        of_shares["peak_share_volatility"] = np.sqrt(market.variance[:, 1:, k].max(axis=1))
    drivers = {
        "peak_yen_rise": rises.max(axis=1),
        "day_of_yen_peak": rises.argmax(axis=1).astype(float),
        "day_of_least_own_money": gains.argmin(axis=1).astype(float),
        **of_shares,
        **found.driver_values(),
    }
    days = {"own_money": gains, "yen": rises}
    return Ensemble(market.replicates, -gains[:, -1], drivers, days)


def _surprises(plain: Replay, share: float, ask: Ask) -> tuple[Array, float]:
    """The smallest surprise that loses enough on each path [bp], and the largest looked at: hikes,
    and easings where half of the paths do not lose enough by any hike."""
    top = FARTHEST * SURPRISE_SD_BP
    hikes = _ladder(plain, share, ask, top)
    if not np.isfinite(middle_of(hikes)):
        easings = _ladder(plain, share, ask, -top)
        if np.isfinite(middle_of(easings)):
            return easings, -top
    return hikes, top


def _ladder(plain: Replay, share: float, ask: Ask, top: float) -> Array:
    """The smallest surprise on each path, up to the largest that is looked at."""
    ladders = [Ladder(plain._replace(replicates=(at,)), share, top) for at in range(N_SURPRISES)]
    return np.array(ask(Ladder.first, ladders))


def _likeliest(
    plain: Replay,
    share: float,
    alone: Sequence[float],
    ask: Ask,
    progress: Callable[[Progress], None] | None,
) -> Likeliest | None:
    """The most plausible shocks that lose enough in the median of some paths; `alone` is the
    smallest surprise that does by itself, in standard deviations, where there is one."""
    shocks = Shocks(plain.scenario, plain.horizon)
    n_done = 0

    def medians(points: Array, n_paths: int = N_SEARCH) -> Array:
        nonlocal n_done
        paths = plain._replace(replicates=tuple(range(n_paths)))
        tasks = [paths._replace(scenario=shocks.at(point)) for point in points]
        lost = [_median(losses) for losses in ask(losses_of, tasks)]
        n_done += len(points)
        if progress is not None:
            progress(Progress(n_done, most_points(shocks.n, len(alone))))
        return np.array(lost)

    known = [size * np.eye(shocks.n)[0] for size in alone]
    finely = partial(medians, n_paths=N_TOLD)
    found = nearest_point(medians, shocks.n, share, known, plain.seed, finely)
    if found is None:
        return None
    scenario = shocks.at(found.point)
    told = plain._replace(scenario=scenario, replicates=tuple(range(N_TOLD)))
    ((numbers, lost),) = ask(numbered_losses, [told])
    others = [
        plain._replace(scenario=scenario, replicates=tuple(range(at, at + CHUNK)))
        for at in range(N_TOLD, N_TOLD + N_ELSEWHERE, CHUNK)
    ]
    middle = int(np.argsort(lost, kind="stable")[(len(lost) - 1) // 2])
    return Likeliest(
        shocks, found, told.replicates, int(numbers[middle]), float(lost[middle]),
        np.concatenate(ask(losses_of, others)),
    )  # fmt: skip


def _median(losses: Array) -> float:
    """The loss of the median path; without any path nothing is lost."""
    return float(np.median(losses)) if len(losses) else -np.inf
