"""Effects of the funds' repaired rules, beside today's, on common seeds.

    python -m experiments.funds_table [--seeds 100] [--workers 2]

Rows: the chance of a dam break and the peak by size of the
surprise, what a dovish one does, the opening short by the yen rate, amplification by leverage cap,
peaks by overlap, and undisturbed years. Columns: today's rules; the repaired ones with the yen
share of loans, trend followers and retail traders as blind to rates as today; all of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from abm.kernels.carry_short import carry_short
from abm.kernels.compiler.reference import by_reference
from abm.kernels.state import HEDGE_FUND, RISK_PARITY
from abm.population.advance import advance
from abm.population.world import build_world
from abm.runs import fast_cascade
from abm.runs.running import whole_run
from abm.scenario import Scenario, load_scenario
from experiments.new_world import FUNDS

SEED = 14
CHANGES = {key: value for part in FUNDS.values() for key, value in part.items()}
BLIND = ("funds.funding.kind", "trend.carry.kind", "retail_fx.carry.kind")
RULES: dict[str, dict[str, Any]] = {
    "today": {},
    "blind to rates": CHANGES | dict.fromkeys(BLIND, "none"),
    "all": CHANGES,
}
HAWKISH, DOVISH, RATES = (15, 25, 35, 50, 75), (-50, -100), (0.001, 0.01, 0.02, 0.03, 0.05)
PEAKS, AFTER = (25, 50, 75), (0, 5, 20, 60)
CAPS, OVERLAPS = (1, 2, 3, 4, 5, 7, 10), (0.0, 0.5, 1.0)
CALM_DAYS, CALM_STRIDE, CALM_RUNS = 2500, 50, 5


def hike(rules: str, **changes: Any) -> Scenario:
    """The hike under a set of rules; a key's dots are written as two underscores."""
    named = {key.replace("__", "."): value for key, value in changes.items()}
    lean = {"outputs.feedback_gain_every_days": 0}
    return load_scenario("hike").with_changes({**RULES[rules], **lean, **named})


def outcome(scenario: Scenario, replicate: int) -> dict[str, float]:
    """Peak, class and amplification of one cascade."""
    told = fast_cascade(scenario, SEED, replicate)
    return {
        "peak": 100.0 * float(told["peak_yen_appreciation"]),
        "dam": float(told["class"] == "dam break"),
        "ratio": float(told["price_amplification"]),
    }


def effect(scenario: Scenario, replicate: int) -> dict[int, float]:
    """Yen move [log %] because of the shock, by days after it, and the short that is closed."""
    day = scenario.calendar.burn_in_days + scenario.shock_day
    shocked, calm = (
        whole_run(scenario, SEED, replicate, with_events=False, shocked=shocked)[0].record
        for shocked in (True, False)
    )
    moved = 100.0 * (shocked.log_prices[:, 0] - calm.log_prices[:, 0])
    return {n: float(moved[day + n]) for n in AFTER}


def opening_short(scenario: Scenario, replicate: int) -> dict[str, float]:
    """Yen short of all groups at the opening, before the burn-in [units]."""
    world = build_world(scenario, SEED, replicate)
    return {"short": carry_short(*by_reference(world.books, world.market, world.rules))}


def calm(scenario: Scenario, replicate: int) -> dict[str, float]:
    """Autocorrelation of USDJPY returns, the short and the funds stopped in undisturbed years."""
    days = {"calendar.days": CALM_DAYS, "shock.kind": "none", "calendar.burn_in_days": 250}
    world = build_world(scenario.with_changes(days), SEED, replicate)
    first, funds = world.rules.mandates.first_row, world.books
    rows = slice(first[HEDGE_FUND], first[RISK_PARITY])
    stopped = []
    for day in range(0, world.n_days, CALM_STRIDE):
        world = advance(world, day, min(day + CALM_STRIDE, world.n_days))
        loss = 1.0 - funds.wealth[rows] / funds.high_water[rows]
        stopped.append(np.mean(loss > scenario.funds.stop_drawdown))
    record = world.record
    move = np.diff(record.log_prices[250:, 0])
    return {
        "acf": float(np.corrcoef(move[1:], move[:-1])[0, 1]),
        "short": float(record.days["yen_short_units"][250:].mean()),
        "stopped": float(np.mean(stopped[5:])),
        "kurtosis": float(((move - move.mean()) ** 4).mean() / move.var() ** 2 - 3.0),
    }


def means(of: Callable[..., Any], scenario: Scenario, n: int, pool: ProcessPoolExecutor) -> Any:
    """Means and standard errors over replicates."""
    table = pd.DataFrame(list(pool.map(partial(of, scenario), range(n), chunksize=5)))
    return table.mean(), table.sem()


def rows(rules: str, n: int, pool: ProcessPoolExecutor) -> Iterator[tuple[str, Any, Any]]:
    """Name, mean and standard error of every row of one column."""
    for bp in HAWKISH:
        mean, sem = means(outcome, hike(rules, shock__surprise_bp=bp), n, pool)
        yield f"P(dam) at {bp}bp", mean["dam"], sem["dam"]
        if bp in PEAKS:
            yield f"peak at {bp}bp, %", mean["peak"], sem["peak"]
    for bp in DOVISH:
        scenario = hike(rules, shock__surprise_bp=bp)
        mean, sem = means(effect, scenario, n, pool)
        for after in AFTER:
            yield f"{bp}bp, day {after}, %", mean[after], sem[after]
    for rate in (*RATES, 0.053):
        scenario = hike(rules, rates__funding_per_year=rate)
        mean, sem = means(opening_short, scenario, min(n, 20), pool)
        yield f"opening short at {100 * rate:g}%", mean["short"], sem["short"]
    for cap in CAPS:
        scenario = hike(rules, shock__surprise_bp=50, funds__leverage_cap=cap)
        mean, sem = means(outcome, scenario, max(n // 2, 1), pool)
        yield f"cap {cap}: amplification", mean["ratio"], sem["ratio"]
    for overlap in OVERLAPS:
        scenario = hike(rules, shock__surprise_bp=50, funds__overlap=overlap)
        mean, sem = means(outcome, scenario, n, pool)
        yield f"overlap {overlap:g}: peak, %", mean["peak"], sem["peak"]
    mean, sem = means(calm, hike(rules), CALM_RUNS, pool)
    for name in ("acf", "short", "stopped", "kurtosis"):
        yield f"calm: {name}", mean[name], sem[name]


def main(words: Iterable[str] | None = None) -> None:
    """Print the table, row by row of each column."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rules", nargs="*", default=list(RULES), choices=list(RULES))
    asked = parser.parse_args(None if words is None else list(words))
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
        for rules in asked.rules:
            for name, mean, sem in rows(rules, asked.seeds, pool):
                print(f"{rules:15} {name:28} {mean:9.4g} ({sem:.2g})", flush=True)


if __name__ == "__main__":
    main()
