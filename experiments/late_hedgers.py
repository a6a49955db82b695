"""Companies that owe yen and hedge late: what they add to a rise of the yen, and when.

    python -m experiments.late_hedgers [--replicates 100] [--workers 2]

Paired by seed and replicate: the same surprise on the same draws, companies that hedge against the
same companies whose channel is none; and companies that were hedged before anything happened. A run
is measured against its own no-shock run. The seed was used for no calibration.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from abm.kernels.state import COMPANY
from abm.runs.running import whole_run
from abm.runs.tables import day_columns
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show
from experiments.policy_rules import compared

if TYPE_CHECKING:
    from abm.population.world import World
    from abm.scenario import Scenario

SEED = 1536
FOLDER = ROOT / "results" / "late-hedgers"
DAYS = (1, 5, 10, 20, 40, 60)  # after the shock day's close
NO_HEDGING = {"channels.company_hedging": "none"}
IN_TIME = {"companies.opening_hedge_share": 0.7}
VARIANTS: dict[str, dict[str, Any]] = {
    "no hedging": NO_HEDGING,
    "late": {},
    "in time": IN_TIME,
}
SIZES_BP, DEBTS_USD_BN = (25.0, 50.0), (60.0, 120.0)


def scenario_of(size_bp: float, debt_usd_bn: float, variant: str) -> Scenario:
    """The scenario of one variant."""
    changes = {"shock.surprise_bp": size_bp, "companies.debt_usd_bn": debt_usd_bn}
    recorded = {"outputs.feedback_gain_every_days": 0}
    return load_scenario("late-hedgers").with_changes(changes | VARIANTS[variant] | recorded)


def hedged_usd_bn(world: World) -> float:
    """Yen that companies hold against their loans, at opening prices."""
    mandates = world.rules.mandates
    mine = slice(*mandates.first_row[COMPANY : COMPANY + 2])
    return float((world.books.units[0, mine] + mandates.loan_units[mine]).sum())


def measure(scenario: Scenario, replicate: int) -> dict[str, float]:
    """The numbers of one run from its shock day on, less those of its no-shock run."""
    world, opening = whole_run(scenario, SEED, replicate, with_events=False)
    without, before = whole_run(scenario, SEED, replicate, with_events=False, shocked=False)
    n_days, since = scenario.calendar.days, scenario.shock_day
    run = day_columns(world, opening, scenario, n_days)
    no_shock = day_columns(without, before, scenario, n_days)
    gap = 100.0 * (run["log_JPY"] - no_shock["log_JPY"])[since:]
    forced = [
        sum(days[name][since:].sum() for name in days if name.startswith("forced_"))
        for days in (run, no_shock)
    ]
    return {
        "peak_yen_percent": max(gap.max(), 0.0),
        "peak_day": float(np.argmax(gap)),
        **{f"yen_percent_day_{day}": gap[day] for day in DAYS},
        "forced_sales_net_usd_bn": forced[0] - forced[1],
        "hedged_at_the_end_usd_bn": hedged_usd_bn(world),
        "hedged_for_the_shock_usd_bn": hedged_usd_bn(world) - hedged_usd_bn(without),
    }


def main() -> None:
    """Answer for each size and debt, print the table and keep it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    tables, scenarios = [], {}
    with ProcessPoolExecutor(asked.workers) as pool:
        for size in SIZES_BP:
            for debt in DEBTS_USD_BN:
                name, first = f"{size:g}bp, USD {debt:g}bn of yen debt", None
                for variant in VARIANTS:
                    scenario = scenarios[f"{name}: {variant}"] = scenario_of(size, debt, variant)
                    rows = pool.map(partial(measure, scenario), range(asked.replicates))
                    ours = pd.DataFrame(list(rows))
                    first = ours if first is None else first
                    tables.append(compared(name, variant, ours, first))
                show(pd.concat(tables[-3:]).query("variant != 'no hedging'"), name)
    effects = pd.concat(tables, ignore_index=True)
    about = {"seed": SEED, "replicates": asked.replicates}
    keep(FOLDER, {"effects": effects}, {}, scenarios, about)


if __name__ == "__main__":
    main()
