"""Pairs of claims that pull against each other, along the parameters that move both.

    python -m experiments.frontiers [--histories 50] [--runs 400]

Which values of a parameter meet one claim, which the other, and does any meet both? Figures, their
95% intervals and what is asked are those of the validation's claims. The seed was used for no
calibration and for no choice between variants. Runs are kept until the last one is made: the same
command goes on from there.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from abm.figures import style
from abm.figures.panels import panels_in_threes
from abm.scenario import load_scenario
from abm.sweep import pool
from abm.validation.august import RUNS
from abm.validation.claims import AUGUST, CALM, Bar, Claim
from abm.validation.groups import GROUPS
from abm.validation.histories import TEN_YEARS
from abm.validation.sampling import Sampler
from abm.validation.worlds import world_of
from experiments.keeping import ROOT, SOURCES_AT_START, keep, show

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from abm.scenario import Scenario
    from abm.validation.claims import Sample

SEED = 5150
FOLDER = ROOT / "results" / "frontiers"
ROOM = 0.12  # beyond the outermost interval, of the panel


class Path(NamedTuple):
    """Values of one parameter; the world's own is always one of them."""

    label: str
    key: str
    values: tuple[float, ...]
    in_proportion: tuple[str, ...] = ()
    """Parameters that keep their ratio to it."""
    label_up: float = 5.0
    """Height of its values over their points [points]."""


class Frontier(NamedTuple):
    """Two claims and the parameters that move both."""

    name: str
    told: str
    """In the title."""
    label: str
    """Of the vertical axis, above the panel."""
    x_label: str
    pairs: dict[str, tuple[str, str]]
    """Claims of the two axes, across and up, by series."""
    paths: tuple[Path, ...]
    over_asked: bool = False
    """True to draw the vertical figure over the most that is asked."""


FRONTIERS = (
    Frontier(
        "momentum-august",
        "momentum and August",
        "CRPS of August 2024 over the most asked",
        "Sharpe ratio of ten-day momentum",
        {name: (f"{name}: momentum Sharpe ratio, 10 days", f"{name} from 1 July: CRPS")
         for name in ("USDJPY", "AUDJPY")},
        (Path("anchor", "funds.anchor_share", (0.5, 0.8)),
         Path("gain", "trend.gain", (0.05, 0.4, 0.8), label_up=-10.0)),
        over_asked=True,
    ),
    Frontier(
        "slope-skewness",
        "slope and skewness",
        "Skewness of USDJPY",
        "Slope of skewness on the differential",
        {"USDJPY": ("slope of skewness on the differential, per point", "USDJPY: skewness")},
        (Path("speed", "funds.speed_down_per_day", (0.08, 0.13, 0.25, 0.3, 0.4),
              ("funds.speed_up_per_day",)),),
    ),
    Frontier(
        "nikkei",
        "worst day and autocorrelation of the Nikkei",
        "P(a Nikkei day of -13.2% or worse)",
        "Autocorrelation of the Nikkei, 1 day",
        {"NKY": ("NKY: autocorrelation at 1 day",
                 "share of runs with a Nikkei day of -0.132 or worse")},
        (Path("gamma", "option_hedgers.gamma_usd_bn.NKY", (20.0, 35.0, 70.0, 90.0)),),
    ),
)  # fmt: skip
COLOURS = {"USDJPY": style.SIMULATED, "AUDJPY": style.ACTOR_COLOURS["hedge_fund"]}


class Point(NamedTuple):
    """One world of a path."""

    value: float
    is_own: bool
    """True of the world as it is."""
    changes: dict[str, float]


def claim_of(words: str) -> Claim:
    """The validation's claim of these words."""
    return next(claim for group in GROUPS for claim in group.claims if claim.claim == words)


def value_of(scenario: Scenario, key: str) -> float:
    """The number that a scenario has at a dotted key."""
    return float(reduce(lambda part, name: part[name], key.split("."), scenario.to_dict()))


def points_of(path: Path, scenario: Scenario) -> list[Point]:
    """Worlds of a path by value, the scenario's own among them."""
    own = value_of(scenario, path.key)
    points = []
    for value in sorted({own, *path.values}):
        moved = {path.key: value} | {
            key: value_of(scenario, key) * value / own for key in path.in_proportion
        }
        points.append(Point(value, value == own, {} if value == own else moved))
    return points


class Runner:
    """Runs of every world that the points are, each made once."""

    def __init__(self, sizes: dict[Sample, int], executor: Executor, n_workers: int) -> None:
        self.sizes, self.executor, self.n_workers = sizes, executor, n_workers
        self.runs = FOLDER / "runs" / SOURCES_AT_START[:16]
        self.samplers: dict[str, Sampler] = {}
        self.n_done, self.begun = 0, time.monotonic()

    def figure_of(self, claim: Claim, changes: dict[str, float]) -> tuple[float, float, float]:
        """Figure of a claim and its interval in a world."""
        name = " ".join(f"{key}={value:g}" for key, value in changes.items()) or "the world"
        if name not in self.samplers:
            self.samplers[name] = Sampler(
                world_of(changes=changes), SEED, 0, self.runs / name, self.executor,
                self.n_workers, lambda sample, n: self.tell(f"{name}, {sample}", n),
            )  # fmt: skip
        found = [self.samplers[name].runs_of(self.sized(one)) for one in claim.samples]
        if failed := sum(runs.n_failed for runs in found):
            raise SystemExit(f"{name}: {failed} runs failed: {found[0].error}")
        return claim.figure(*found)[:3]

    def sized(self, sample: Sample) -> Sample:
        """The validation's sample with the number of runs asked for here."""
        return replace(sample, least=self.sizes[sample], most=self.sizes[sample])

    def tell(self, sample: str, n: int) -> None:
        """A line for runs that have ended."""
        self.n_done += n
        if n:
            seconds = time.monotonic() - self.begun
            print(f"{self.n_done:5d} runs, {seconds:4.0f} s: {sample}", flush=True)


def measured(frontier: Frontier, scenario: Scenario, runner: Runner) -> pd.DataFrame:
    """Both figures with their intervals at every point, and whether they are as asked."""
    lines = []
    for path in frontier.paths:
        for point in points_of(path, scenario):
            for series, words in frontier.pairs.items():
                line: dict[str, Any] = {"frontier": frontier.name, "moved": path.key}
                line |= {"value": point.value, "is_own": point.is_own, "series": series}
                for axis, claim in zip("xy", map(claim_of, words), strict=True):
                    middle, low, high = runner.figure_of(claim, point.changes)
                    line |= {f"{axis}_claim": claim.claim, f"{axis}_asked": str(claim.bar)}
                    line |= {axis: middle, f"{axis}_low": low, f"{axis}_high": high}
                    line[f"{axis}_inside"] = claim.bar.low <= middle <= claim.bar.high
                lines.append(line)
    return pd.DataFrame(lines)


def inside_both(table: pd.DataFrame) -> tuple[int, int]:
    """Points whose figures are all as asked, of all points; the world's own counts once."""
    inside = table["x_inside"] & table["y_inside"]
    moved = table["moved"].where(~table["is_own"], "")
    value = table["value"].where(~table["is_own"], 0.0)
    by_point = inside.groupby([moved, value]).all()
    return int(by_point.sum()), len(by_point)


def draw(tables: dict[str, pd.DataFrame], caption: str) -> Figure:
    """A panel for each frontier; the title counts the points that meet both."""
    found = {one.name: inside_both(tables[one.name]) for one in FRONTIERS}
    counted = [f"{found[one.name][0]} of {found[one.name][1]} ({one.told})" for one in FRONTIERS]
    title = f"Points where both are as asked: {', '.join(counted)}"
    frontiers = {one.name: one for one in FRONTIERS}
    return panels_in_threes(
        title, caption, {one.name: one.label for one in FRONTIERS},
        lambda axes, name: draw_frontier(axes, frontiers[name], tables[name]), below=0.55,
    )  # fmt: skip


def draw_frontier(axes: Axes, frontier: Frontier, table: pd.DataFrame) -> None:
    """Intervals of both figures along each path; ring: the world's own; shaded: as asked."""
    for n, (series, words) in enumerate(frontier.pairs.items()):
        bars = [claim_of(one).bar for one in words]
        unit = bars[1].high if frontier.over_asked else 1.0
        here = table[table["series"] == series]
        colour = COLOURS.get(series, style.SIMULATED)
        for path, dashes in zip(frontier.paths, ("-", ":"), strict=False):
            points = here[here["moved"] == path.key]
            draw_path(axes, points, unit, colour, dashes)
            if n == 0:  # the same values for each series
                label_ends(axes, points, path, unit, colour)
    if len(frontier.pairs) > 1:
        for n, series in enumerate(frontier.pairs):
            axes.text(0.97, 0.93 - 0.08 * n, series, color=COLOURS[series], ha="right",
                      transform=axes.transAxes)  # fmt: skip
    axes.margins(ROOM)
    axes.autoscale_view()
    shade(axes, bars[0], Bar(bars[1].low / unit, bars[1].high / unit))
    axes.locator_params(nbins=5)
    axes.set_xlabel(frontier.x_label)


def draw_path(axes: Axes, table: pd.DataFrame, unit: float, colour: str, dashes: str) -> None:
    """Points in the order of the parameter."""
    x, y = table["x"].to_numpy(), table["y"].to_numpy() / unit
    wide = np.abs(table[["x_low", "x_high"]].to_numpy().T - x)
    high = np.abs(table[["y_low", "y_high"]].to_numpy().T / unit - y)
    axes.errorbar(x, y, high, wide, color=colour, linestyle="none", elinewidth=0.5, alpha=0.6)
    axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.0, marker="o", markersize=3.0)
    own = table["is_own"].to_numpy()
    axes.plot(x[own], y[own], marker="o", markersize=8.0, markerfacecolor="none", color=style.REAL)


def label_ends(axes: Axes, table: pd.DataFrame, path: Path, unit: float, colour: str) -> None:
    """The parameter's value at both ends of its path."""
    x, y = table["x"].to_numpy(), table["y"].to_numpy() / unit
    for end in (0, -1):
        axes.annotate(f"{path.label} {table['value'].iloc[end]:g}", (x[end], y[end]),
                      (0.0, path.label_up), color=colour, ha="center",
                      textcoords="offset points", fontsize=6.5)  # fmt: skip


def shade(axes: Axes, across: Bar, up: Bar) -> None:
    """The part of the panel in which both are as asked; the panel grows to show its edge."""
    (left, right), (bottom, top) = (
        widened(limits, bar) for limits, bar in ((axes.get_xlim(), across), (axes.get_ylim(), up))
    )
    axes.set(xlim=(left, right), ylim=(bottom, top))
    spans = [np.clip((bar.low, bar.high), *limits)
             for bar, limits in ((across, (left, right)), (up, (bottom, top)))]  # fmt: skip
    axes.fill_between(spans[0], *spans[1], color=style.ACTOR_COLOURS["trend"], alpha=0.13,
                      linewidth=0, zorder=0)  # fmt: skip


def widened(limits: tuple[float, float], bar: Bar) -> tuple[float, float]:
    """Limits of an axis that hold the bar's finite edges, with some room beyond them."""
    edges = [edge for edge in (bar.low, bar.high) if np.isfinite(edge)]
    low, high = min(limits[0], *edges), max(limits[1], *edges)
    room = ROOM * (high - low)
    return (
        low - room if low < limits[0] else limits[0],
        high + room if high > limits[1] else limits[1],
    )


def moved_keys() -> Iterator[str]:
    """Parameters that are moved, in words of the scenario."""
    for frontier in FRONTIERS:
        for path in frontier.paths:
            yield " with ".join((path.key, *path.in_proportion))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--histories", type=int, default=50)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--workers", type=int, default=pool.n_cores())
    asked = parser.parse_args()
    start = time.perf_counter()
    calm = load_scenario(CALM)
    with pool.own_processes(asked.workers) as executor:
        sizes = {TEN_YEARS: asked.histories, RUNS: asked.runs}
        runner = Runner(sizes, executor, asked.workers)
        tables = {one.name: measured(one, calm, runner) for one in FRONTIERS}
    for one in FRONTIERS:
        show(tables[one.name], f"{one.name}: {inside_both(tables[one.name])} as asked")
    days = TEN_YEARS.scenario_of(calm).calendar.days
    caption = (
        f"Seed {SEED}. Undisturbed: {asked.histories} histories of {days:,} days at each point; "
        f"August 2024: {asked.runs} runs. Bars: 95%. Ring: the world as it is. Shaded: both as "
        f"asked. Moved, one at a time: {', '.join(moved_keys())} (gain dotted)."
    )
    keep(
        FOLDER,
        {"points": pd.concat(tables.values(), ignore_index=True)},
        {"frontiers": draw(tables, caption)},
        {CALM: calm, AUGUST: load_scenario(AUGUST)},
        {"seed": SEED, "histories": asked.histories, "runs": asked.runs}
        | {"wall_seconds": round(time.perf_counter() - start, 1)},
    )
    shutil.rmtree(FOLDER / "runs")


if __name__ == "__main__":
    main()
