"""Many draws with Mesa's own `batch_run`: what the caps of leverage do to each kind of fund.

    python experiments/mesa_batch.py [N]

`batch_run` hands every iteration the same arguments, and a model of this package is decided by
its arguments: with one `rng` and `iterations=20` all twenty runs would be one and the same draw.
So `iterations` stays 1 and `replicate` is a list, as in a sweep: the caps of one replicate meet the
same news. For thousands of runs `abm.sweep` is quicker by far and can be stopped and resumed.
"""

from __future__ import annotations

import sys
from typing import Any

import mesa
import pandas as pd

from abm.model import REPORTED, CarryUnwindModel

SEED = 7
CAPS = (3.0, 8.0)
DAYS = 10
KINDS = ("hedge_fund", "risk_parity", "volatility_target")


class Reported(CarryUnwindModel):
    """The model with reporters of its own: wealth, leverage and kind of every agent each day."""

    def __init__(self, *args: Any, seed: None = None, **settings: Any) -> None:
        # Named, because Mesa 3.5 would otherwise write over `rng`.
        super().__init__(*args, seed=seed, **settings)
        self.datacollector = mesa.DataCollector(
            model_reporters={name: name for name in REPORTED},
            agent_reporters={"kind": "kind", "leverage": "leverage", "wealth": "wealth_usd_bn"},
        )


def batch(n_draws: int) -> pd.DataFrame:
    """One row for each run and agent, at the last day."""
    rows = mesa.batch_run(
        Reported,
        {
            "scenario": "hike",
            "rng": SEED,
            "replicate": range(n_draws),
            "funds__leverage_cap": CAPS,
            "shock__surprise_bp": 50.0,
            "calendar__days": DAYS,
        },
        display_progress=False,
    )
    return pd.DataFrame(rows)


def main(n_draws: int = 5) -> None:
    table = batch(n_draws)
    runs = table.drop_duplicates("RunId").groupby("funds__leverage_cap")["log_yen"]
    print(f"{n_draws} draws of seed {SEED}, {DAYS} days after a surprise of 50bp")
    for cap, moves in runs:
        span = f"{moves.min():.1%} to {moves.max():.1%}"
        print(f"cap {cap:g}: yen up {moves.mean():.1%} on average, {span}")
    funds = table[table["kind"].isin(KINDS)]
    print(funds.groupby(["kind", "funds__leverage_cap"])["leverage"].mean().round(2).to_string())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
