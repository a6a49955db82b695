"""The closes of a run, straight from the kernels' record: what its moments read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.state import HEDGE_FUND
from abm.measures.moments import Closes
from abm.runs.running import whole_run

if TYPE_CHECKING:
    from abm.population.advance import InitialState
    from abm.population.world import World
    from abm.scenario import Scenario


def run_closes(scenario: Scenario, seed: int, replicate: int = 0) -> Closes:
    """The closes of one run; no table is built and no event kept."""
    world, opening = whole_run(scenario, seed, replicate, with_events=False)
    return closes_of(world, opening)


def closes_of(world: World, opening: InitialState) -> Closes:
    """The closes of a world after its last day."""
    burn, days = world.burn_in, world.record.days
    prices = world.record.log_prices - opening.log_prices
    from_start = np.vstack([np.zeros(prices.shape[1]), prices[burn:]])
    return Closes(
        log_quotes=dict(zip(world.instruments, from_start.T, strict=True)),
        burn_in=dict(zip(world.instruments, prices[:burn].T, strict=True)),
        yen_short=np.concatenate([opening.yen_short, days["yen_short_units"][burn:]]),
        unlevered_share=days["share_unlevered"][burn:],
        n_at_limit=days["n_at_limit"][burn:],
        stopped_share=stopped_share(world),
    )


def stopped_share(world: World) -> float:
    """Share of hedge funds whose loss since their high-water mark is beyond the stop; NaN of none.

    A fund that has failed is beyond it.
    """
    first = world.rules.mandates.first_row
    rows = slice(first[HEDGE_FUND], first[HEDGE_FUND + 1])
    wealth, high = world.books.wealth[rows], world.books.high_water[rows]
    if not len(wealth):
        return float("nan")
    floor = (1.0 - world.rules.funds.stop_drawdown) * high
    return float((wealth < floor).mean())
