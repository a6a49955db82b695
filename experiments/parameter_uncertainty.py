"""July and August 2024 with the uncertainty of the parameters, beside the band at one point.

    python -m experiments.parameter_uncertainty [results/calibrate-august] [--replicates 400]

How much wider is the forecast when the parameters are known only as well as the record tells them?
Three sets of runs on common seeds: the scenario's own point, the estimate, and the accepted points
of the calibration by turns. The seed was used for no calibration.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abm.calibration import accepted_scenarios, estimated_scenario
from abm.episodes.august import FIRST, LAST, SERIES, real_levels, simulated_august
from abm.episodes.paths import day
from abm.figures import style
from abm.figures.panels import panels_in_threes
from abm.measures.scores import crps
from abm.scenario import load_scenario
from experiments.keeping import ROOT, keep, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from abm.scenario import Scenario

SEED = 5150
BAND = (5.0, 95.0)
AUGUST = "august-2024"
OWN, ESTIMATE, ACCEPTED = "the scenario's point", "the estimate", "the accepted points"
WHOLE = {"outputs.feedback_gain_every_days": 0}
LABELS = {"NKY": "Nikkei 225", "SPX": "S&P 500"}

Paths = dict[str, np.ndarray]  # by series, (R, n_days + 1): log change since the eve


def paths_of(scenarios: Sequence[Scenario], n_replicates: int) -> Paths:
    """Paths of the runs; replicate r is of scenario r mod n."""
    runs = [
        simulated_august(scenarios[r % len(scenarios)], SEED, r)[0] for r in range(n_replicates)
    ]
    last = day(scenarios[0], LAST) + 2
    return {name: np.array([run[name][:last] for run in runs]) for name in SERIES}


def scores(sets: dict[str, Paths], scenario: Scenario) -> pd.DataFrame:
    """Score, coverage and width on the key days of the record, by series and set of runs."""
    real, lines = real_levels(), []
    dates = [date for date in real.index if date > FIRST]
    first, rows = day(scenario, FIRST) + 1, [day(scenario, date) + 1 for date in dates]
    for name in SERIES:
        recorded = (real[name][dates] - real[name][FIRST]).to_numpy()
        for of, paths in sets.items():
            moved = paths[name][:, rows] - paths[name][:, [first]]
            low, high = np.percentile(moved, BAND, axis=0)
            lines.append(
                {
                    "series": name,
                    "runs_at": of,
                    "crps": crps(moved, recorded),
                    "share_inside": float(np.mean((low <= recorded) & (recorded <= high))),
                    "mean_width": float(np.mean(high - low)),
                }
            )
    table = pd.DataFrame(lines)
    own = table[table["runs_at"] == ESTIMATE].set_index("series")["mean_width"]
    table["width_over_estimate"] = table["mean_width"] / table["series"].map(own)
    return table


def fans(sets: dict[str, Paths], scenario: Scenario) -> pd.DataFrame:
    """By day, series and set of runs: 5%, median and 95% of the path."""
    dates = ["eve", *(d.isoformat() for d in scenario.calendar.dates())]
    lines = []
    for of, paths in sets.items():
        for name, found in paths.items():
            low, middle, high = np.percentile(found, [BAND[0], 50.0, BAND[1]], axis=0)
            columns = {"date": dates[: len(low)], "low": low, "median": middle, "high": high}
            lines.append(pd.DataFrame({"runs_at": of, "series": name, **columns}))
    return pd.concat(lines, ignore_index=True)


def draw(fan: pd.DataFrame, table: pd.DataFrame, caption: str) -> Figure:
    """The band at the estimate, filled, inside that of the accepted points, and the record."""
    wider = table[table["runs_at"] == ACCEPTED]["width_over_estimate"]
    title = (
        f"Over the accepted points the band of August 2024 is {wider.min():.2f} to "
        f"{wider.max():.2f} times as wide as at the estimate"
    )
    labels = {name: LABELS.get(name, name) for name in SERIES}
    bands = dict(list(fan.groupby("series")))
    return panels_in_threes(
        title, caption, labels, lambda axes, name: _draw_bands(axes, bands[name], name)
    )


def _draw_bands(axes: Axes, fan: pd.DataFrame, name: str) -> None:
    """Filled: the estimate. Lines: the accepted points. Dots: closes of the key days."""
    one, many = (fan[fan["runs_at"] == of].reset_index(drop=True) for of in (ESTIMATE, ACCEPTED))
    x = np.arange(len(one)) - 1
    axes.fill_between(
        x, 100 * one["low"], 100 * one["high"], color=style.SIMULATED, alpha=0.18, linewidth=0
    )
    for which in ("low", "high"):
        axes.plot(x, 100 * many[which], color=style.SIMULATED, linewidth=1.0, linestyle="--")
    axes.plot(x, 100 * many["median"], color=style.SIMULATED, linewidth=1.6)
    levels = real_levels()[name]
    dates = many["date"].tolist()
    start = many["median"][dates.index(FIRST)]
    place = [dates.index(date) - 1 for date in levels.index]
    axes.plot(place, 100 * (levels - levels[FIRST] + start), color=style.REAL, linewidth=0.6,
              marker="o", markersize=2.5)  # fmt: skip
    ticks = {FIRST: "1 Jul", "2024-07-31": "31 Jul", "2024-08-15": "15 Aug", LAST: "30 Aug"}
    axes.set_xticks([dates.index(date) - 1 for date in ticks], labels=list(ticks.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    folder = ROOT / "results" / "calibrate-august"
    parser.add_argument("calibration", nargs="?", type=Path, default=folder)
    parser.add_argument("--replicates", type=int, default=400)
    asked = parser.parse_args()
    start = time.perf_counter()
    own = load_scenario(AUGUST).with_changes(WHOLE)
    accepted = accepted_scenarios(asked.calibration)
    sets = {
        OWN: paths_of([own], asked.replicates),
        ESTIMATE: paths_of([estimated_scenario(asked.calibration)], asked.replicates),
        ACCEPTED: paths_of(accepted, asked.replicates),
    }
    table, fan = scores(sets, own), fans(sets, own)
    show(table, f"{asked.replicates} runs of each, {len(accepted)} accepted points")
    caption = (
        f"Log change since 28 June 2024, %. Seed {SEED}, {asked.replicates} runs of each: 5 to "
        f"95%. Filled: at the estimate. Dashed, with their median: {len(accepted)} accepted "
        "points by turns. Black: closes of the key days, from the median of 1 July."
    )
    keep(
        ROOT / "results" / "parameter-uncertainty",
        {"scores": table, "paths": fan},
        {"bands": draw(fan, table, caption)},
        {AUGUST: own},
        {"seed": SEED, "replicates": asked.replicates, "accepted_points": len(accepted)}
        | {"wall_seconds": round(time.perf_counter() - start, 1)},
    )


if __name__ == "__main__":
    main()
