"""Absorbed, leak or dam break: what a surprise of the Bank of Japan sets off.

    python -m experiments.picture [--replicates 200] [--workers 2]

Two questions to the scenario hike, each run beside its no-shock run, and both again with positions
frozen at the shock: how large must a surprise be to break the dam, and how much of the yen's move
is leverage?
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from abm.figures.phase import LEVERAGE_CAP, SURPRISE, phase_figure
from abm.kernels.state import HEDGE_FUND, RETAIL_EQUITY, RETAIL_FX
from abm.measures import cascade as measures
from abm.measures.before import broke_before
from abm.measures.classes import BROKEN_BEFORE
from abm.population.advance import advance, open_world
from abm.runs.tables import burn_in_columns, price_columns
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from abm.population.advance import InitialState
    from abm.population.world import World
    from abm.scenario import Scenario

SCENARIO = "hike"
SEED = 2024  # not among the seeds that anything was calibrated or chosen on
SURPRISES_BP = (5.0, 15.0, 25.0, 35.0, 50.0, 75.0, 100.0, 150.0)
CAPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0)
CALM_CAP, CAP_SURPRISE_BP = 10.0, 50.0
CLASSES = ("absorbed", "leak", "dam break")


def design() -> dict[float, tuple[float, ...]]:
    """Surprises [bp] to run under each leverage cap."""
    return {cap: SURPRISES_BP if cap == CALM_CAP else (CAP_SURPRISE_BP,) for cap in CAPS}


def outcomes(
    replicate: int, cap: float, surprises_bp: Iterable[float], seed: int = SEED
) -> list[dict[str, Any]]:
    """One row for each surprise under one cap, on the streams of one replicate."""
    scenario = load_scenario(SCENARIO).with_changes(
        {LEVERAGE_CAP: cap, "outputs.feedback_gain_every_days": 0}
    )
    calm, calm_counts, burn_in = run(scenario, seed, replicate, shocked=False)
    frozen_calm, *_ = run(scenario, seed, replicate, shocked=False, no_trade=True)
    is_broken = broke_before(calm, scenario.shock_day, burn_in)
    rows = []
    for surprise in surprises_bp:
        shocked = scenario.with_changes({SURPRISE: surprise})
        days, counts, _ = run(shocked, seed, replicate)
        frozen, *_ = run(shocked, seed, replicate, no_trade=True)
        row: dict[str, Any] = {SURPRISE: surprise, LEVERAGE_CAP: cap, "replicate": replicate}
        row |= compare(days, calm, frozen, frozen_calm, scenario.shock_day)
        if is_broken:
            row["class"] = BROKEN_BEFORE
        row |= {name: counts[name] - calm_counts[name] for name in counts}
        row["opening_yen_short_units"] = calm["yen_short_units"].iloc[0]
        rows.append(row)
    return rows


def run(
    scenario: Scenario, seed: int, replicate: int, **differences: bool
) -> tuple[pd.DataFrame, dict[str, int], dict[str, np.ndarray]]:
    """The columns of the days table that the measures read, how many failed or were cut, and the
    days of the burn-in."""
    world, opening = open_world(scenario, seed, replicate, with_events=False, **differences)
    advance(world, world.burn_in, world.n_days)
    burn_in = burn_in_columns(world, opening)
    return days_read(world, opening, scenario), counts_of(world), burn_in


def days_read(world: World, opening: InitialState, scenario: Scenario) -> pd.DataFrame:
    """Prices, fundamentals, yen short and hedge funds' forced sales by day."""
    n_days = scenario.calendar.days
    days = world.record.days[world.burn_in :]
    forced = world.record.forced_usd_bn[world.burn_in :, HEDGE_FUND]
    return pd.DataFrame(
        {
            "day": np.arange(n_days),
            **price_columns(world, opening, scenario, n_days),
            "yen_short_units": days["yen_short_units"],
            "forced_hedge_fund_usd_bn": forced,
        }
    )


def counts_of(world: World) -> dict[str, int]:
    """Failed funds, and retail cohorts cut (with money left or without)."""
    first, failed = world.rules.mandates.first_row, world.record.n_failures
    retail = failed[first[RETAIL_FX] : first[RETAIL_EQUITY + 1]].sum()
    cuts = world.record.days["n_loss_cuts"][world.burn_in :].sum()
    return {
        "n_fund_failures": int(failed[: first[RETAIL_FX]].sum()),
        "n_loss_cuts": int(cuts + retail),
    }


def compare(
    days: pd.DataFrame,
    calm: pd.DataFrame,
    frozen: pd.DataFrame,
    frozen_calm: pd.DataFrame,
    shock_day: int,
) -> dict[str, Any]:
    """The measures of `abm.cascade` in the picture, from a run and its counterfactual runs."""
    unwound = {h: measures.unwound_share(days, calm, shock_day, h) for h in measures.HORIZONS_DAYS}
    amplification = measures.price_amplification(days, calm, frozen, frozen_calm, shock_day)
    nikkei = days["log_NKY"] - calm["log_NKY"]
    return {
        "class": measures.classify(*unwound.values()),
        "peak_yen_appreciation": measures.peak_appreciation(days, calm, shock_day),
        "frozen_yen_appreciation": measures.frozen_appreciation(frozen, frozen_calm, shock_day),
        "price_amplification": amplification,
        **{f"unwound_{h}d": share for h, share in unwound.items()},
        "forced_hedge_fund_usd_bn": measures.forced_volume_net(days, calm, shock_day),
        "nikkei_fall": nikkei[days["day"] >= shock_day].min(),
    }


def run_all(n_replicates: int, n_workers: int) -> pd.DataFrame:
    """One row for every surprise, cap and replicate."""
    outcomes(0, CALM_CAP, SURPRISES_BP[:1])  # compiles once, before the workers start
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn")) as pool:
        for cap, surprises in design().items():
            job = partial(outcomes, cap=cap, surprises_bp=surprises)
            for found in pool.map(job, range(n_replicates), chunksize=5):
                rows.extend(found)
            print(f"cap {cap:g}: {n_replicates} x {len(surprises)} surprises", flush=True)
    return pd.DataFrame(rows)


def summary(runs: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Shares of the classes, means and bands, by one factor."""
    lines = []
    for level, here in runs.groupby(factor):
        peak = here["peak_yen_appreciation"]
        line: dict[str, Any] = {factor: level, "n": len(here)}
        line |= {name: (here["class"] == name).mean() for name in (*CLASSES, BROKEN_BEFORE)}
        line |= {"peak %": 100 * peak.mean()}
        line |= {f"peak {q}% %": 100 * peak.quantile(q / 100) for q in (5, 50, 95)}
        line |= {"frozen %": 100 * here["frozen_yen_appreciation"].mean()}
        line |= {"amplification": here["price_amplification"].mean()}
        line |= {f"U{h}": here[f"unwound_{h}d"].mean() for h in measures.HORIZONS_DAYS}
        line |= {"forced funds bn": here["forced_hedge_fund_usd_bn"].mean()}
        line |= {"Nikkei %": 100 * here["nikkei_fall"].mean()}
        line |= {"failures": here["n_fund_failures"].mean(), "cuts": here["n_loss_cuts"].mean()}
        line |= {"short bn": here["opening_yen_short_units"].mean()}
        lines.append(line)
    return pd.DataFrame(lines)


def draw(runs: pd.DataFrame, n_replicates: int) -> Figure:
    """The phase figure, its title read off the table."""
    calm = runs[runs[LEVERAGE_CAP] == CALM_CAP]
    broken = (calm["class"] == "dam break").groupby(calm[SURPRISE]).mean()
    half = float(np.interp(0.5, broken.to_numpy(), broken.index.to_numpy()))
    at_cap = runs[runs[SURPRISE] == CAP_SURPRISE_BP].groupby(LEVERAGE_CAP)["price_amplification"]
    low, high = at_cap.median().iloc[[0, -1]]
    title = (
        f"Half of all runs break the dam at a surprise of {half:.0f}bp; {CAP_SURPRISE_BP:g}bp move "
        f"the yen {low:.1f} times the frozen peak without leverage, {high:.1f} times with it"
    )
    caption = f"Scenario {SCENARIO}, seed {SEED}, replicates 0 to {n_replicates - 1}."
    return phase_figure(runs, title, caption, leverage_at=CALM_CAP, surprise_at=CAP_SURPRISE_BP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    start = time.perf_counter()
    runs = run_all(asked.replicates, asked.workers)
    by_surprise = summary(runs[runs[LEVERAGE_CAP] == CALM_CAP], SURPRISE)
    by_cap = summary(runs[runs[SURPRISE] == CAP_SURPRISE_BP], LEVERAGE_CAP)
    show(by_surprise, f"By surprise, leverage cap {CALM_CAP:g}")
    show(by_cap, f"By leverage cap, {CAP_SURPRISE_BP:g}bp")
    keep(
        ROOT / "results" / "picture",
        {"by_surprise": by_surprise, "by_leverage_cap": by_cap},
        {"picture": draw(runs, asked.replicates)},
        {SCENARIO: load_scenario(SCENARIO)},
        {"seed": SEED, "replicates": asked.replicates}
        | {"wall_seconds": round(time.perf_counter() - start, 1)},
    )


if __name__ == "__main__":
    main()
