"""Treasuries in repo: what haircuts that follow risk do to forced sales, Treasuries and the yen.

    python -m experiments.repo_haircuts [--replicates 100] [--workers 2]

Paired by seed and replicate. Relative-value funds finance all their Treasuries in repo; the haircut
follows the bond's worst loss, or its channel is none and it stays what it was on the eve of day 0:
the same opening books. Beside these a haircut of zero, and no repo at all, where prime brokers lend
on the bonds and ask their margin of them. Each is asked of the funds as they are, at leverage 3.7,
of the same funds at 9, near their cap, and at 15 under a cap of 20. The seed was used for no
calibration.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from abm.kernels.events import FORCED_SALE, LOSS, MONEY_FUND
from abm.runs.running import whole_run
from abm.runs.tables import day_columns
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show
from experiments.policy_rules import compared

if TYPE_CHECKING:
    from abm.population.world import World
    from abm.scenario import Scenario

SEED = 1848
FOLDER = ROOT / "results" / "repo-haircuts"
DAYS = (1, 5, 10, 20, 40)  # after the eve of the shock day
REPO = {"repo": {"kind": "risk"}, "funds.styles.RV.repo_share": 1.0}
STAYS = "haircut of the eve"
VARIANTS: dict[str, dict[str, Any]] = {
    STAYS: REPO | {"channels.repo_haircuts": "none"},
    "haircut by risk": REPO,
    "no haircut": REPO | {"repo": {"kind": "fixed", "haircut": 0.0}},
    "no repo": {},
}
LEVERAGE_9 = {"funds.styles.RV.leverage": 9.0}
LEVERAGE_15 = {"funds.styles.RV.leverage": 15.0, "funds.leverage_cap": 20.0}
RUSH = (11, 18)  # 9 and 18 March 2020: Treasuries were sold for cash
HIKE = {"shock.surprise_bp": 50.0}
WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    f"{name}{how}": (base, changes | levered)
    for name, base, changes in (("march-2020", "march-2020", {}), ("hike 50bp", "hike", HIKE))
    for how, levered in (("", {}), (", leverage 9", LEVERAGE_9), (", leverage 15", LEVERAGE_15))
}


def scenario_of(world: str, variant: str) -> Scenario:
    """The scenario of one variant of one world."""
    name, changes = WORLDS[world]
    recorded = {"outputs.feedback_gain_every_days": 0}
    return load_scenario(name).with_changes(changes | VARIANTS[variant] | recorded)


def measure(scenario: Scenario, replicate: int) -> dict[str, float]:
    """The numbers of one run from its shock day on."""
    world, opening = whole_run(scenario, SEED, replicate)
    since = scenario.shock_day
    days = day_columns(world, opening, scenario, scenario.calendar.days)
    bond, yen = (100.0 * from_eve(days[f"log_{name}"], since) for name in ("UST", "JPY"))
    has_repo = "repo_usd_bn" in days
    return {
        "forced_treasuries_usd_bn": forced_treasuries(world, scenario),
        "forced_sales_usd_bn": sum(
            days[name][since:].sum() for name in days if name.startswith("forced_")
        ),
        "margin_calls": float(days["n_margin_calls"][since:].sum()),
        "treasuries_lowest_percent": bond.min(),
        **{f"treasuries_percent_day_{day}": bond[day] for day in DAYS},
        "treasuries_percent_in_the_rush": bond[RUSH[1]] - bond[RUSH[0]],
        "yen_highest_percent": yen.max(),
        **{f"yen_percent_day_{day}": yen[day] for day in DAYS},
        "highest_haircut_percent": 100.0 * days["repo_haircut"][since:].max() if has_repo else 0.0,
        "called_usd_bn": days["repo_called_usd_bn"][since:].sum() if has_repo else 0.0,
        "repo_least_over_eve": over_eve(days["repo_usd_bn"], since) if has_repo else 0.0,
        "lender_s_loss_usd_bn": losses(world),
        "largest_error": float(days["conservation_error"].max()),
    }


def from_eve(log: np.ndarray, since: int) -> np.ndarray:
    """Log prices against the close before the shock day, that close first."""
    padded = np.append(0.0, log)  # the close before day 0
    moved: np.ndarray = padded[since:] - padded[since]
    return moved


def over_eve(lent: np.ndarray, since: int) -> float:
    """Least that is lent on any morning from the shock day on, over that morning."""
    return float(lent[since:].min() / lent[since]) if lent[since] > 0.0 else 0.0


def forced_treasuries(world: World, scenario: Scenario) -> float:
    """Treasuries sold by force from the shock day on [USD bn]."""
    events = world.record.events[: world.record.n_events[0]]
    first, bond = world.burn_in + scenario.shock_day, scenario.instrument_names.index("UST")
    sold = (events["kind"] == FORCED_SALE) & (events["instrument"] == bond)
    sold &= (events["amount_usd_bn"] < 0.0) & (events["day"] >= first)
    return float(-events["amount_usd_bn"][sold].sum())


def losses(world: World) -> float:
    """What bonds did not bring at failures, all days from 0 on [USD bn]."""
    events = world.record.events[: world.record.n_events[0]]
    borne = (events["kind"] == LOSS) & (events["counterparty"] == MONEY_FUND)
    return float(events["amount_usd_bn"][borne].sum())


def main() -> None:
    """Answer for each world, print the table and keep it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    tables, scenarios = [], {}
    with ProcessPoolExecutor(asked.workers) as pool:
        for world in WORLDS:
            first = None
            for variant in VARIANTS:
                scenario = scenarios[f"{world}: {variant}"] = scenario_of(world, variant)
                rows = pool.map(partial(measure, scenario), range(asked.replicates))
                ours = pd.DataFrame(list(rows))
                first = ours if first is None else first
                tables.append(compared(world, variant, ours, first))
            show(pd.concat(tables[-len(VARIANTS) :]), world)
    effects = pd.concat(tables, ignore_index=True)
    about = {"seed": SEED, "replicates": asked.replicates}
    keep(FOLDER, {"effects": effects}, {}, scenarios, about)


if __name__ == "__main__":
    main()
