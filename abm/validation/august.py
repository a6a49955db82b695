"""July and August 2024: forecasts against two naive ones, bands, limits, positions, yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abm.episodes.august import (
    FAR_OUT,
    FIRST,
    SERIES,
    frozen_august,
    real_levels,
    simulated_august,
)
from abm.episodes.paths import day
from abm.episodes.walk import walk
from abm.measures.scores import crps, crps_normal
from abm.validation.claims import (
    AUGUST,
    Bar,
    Claim,
    Group,
    Runs,
    Sample,
    at_least,
    at_most,
)
from abm.validation.estimates import Estimate, exact, resampled, share
from abm.validation.record import record
from abm.validation.surprises import QUICKER

if TYPE_CHECKING:
    from abm.scenario import Scenario

EVE: str = record()["eve_of_hike"]["date"]
STARTS = {FIRST: "1 July", EVE: "30 July"}
BAND = (5.0, 95.0)
AFTER_FALL = ("2024-08-05", "2024-08-15")
FROZEN, WALK, LIMIT = "frozen", "walk", 0.1
CRASH = np.log(0.9)
NOT_IN_SCRIPT = {
    ("MXNJPY", FIRST): "the peso's rise by 10 July, its rebound by 15 August and its second fall "
    "by 30 August are not in the script",
    ("SPX", FIRST): "what lifted the S&P above its level of 1 July by the end of August is not in "
    "the script",
    ("AUDJPY", EVE): "the cross came back by 15 August and the model's does not; positions frozen "
    "before the fall never fell",
    ("NKY", EVE): "by 30 August the index had regained nearly all of its fall, the model's half of "
    "it; positions frozen before the fall had little to regain",
}
"""Economic reason of a score, by series and start."""
NOT_BY_GAMMA = (
    "more short gamma of option hedgers makes the worst day worse, but before it is bad enough the "
    "Nikkei's returns reverse from day to day: results/frontiers"
)


@cache
def levels() -> pd.DataFrame:
    """Log levels of the record on its key days and on the eve of the rise in rates."""
    eve = {name: np.log(record()["eve_of_hike"][name]) for name in SERIES}
    return pd.concat([real_levels(), pd.DataFrame(eve, index=[EVE])]).sort_index()


def august(scenario: Scenario, seed: int, replicate: int) -> dict[str, float]:
    """Log levels on the days of the record, free, frozen and of a walk; what else it has.

    Columns "USDJPY 2024-08-05", "frozen USDJPY 2024-08-05", and the mean and standard deviation of
    the walk, which are those of every run.
    """
    paths, values = simulated_august(scenario, seed, replicate)
    still = frozen_august(scenario, seed, replicate)
    means, sds = walk(scenario, SERIES)
    for date in levels().index:
        row = day(scenario, date) + 1
        for name in SERIES:
            values[f"{name} {date}"] = float(paths[name][row])
            values[f"{FROZEN} {name} {date}"] = float(still[name][row])
            values[f"{WALK} {name} {date}"] = float(means[name][row])
    return values | {f"sd {name}": sds[name] for name in SERIES}


RUNS = Sample("August 2024", AUGUST, august, QUICKER, runs_per_seed=6.0)


def key_days_after(start: str) -> list[str]:
    """Days of the record on which forecasts from `start` are scored."""
    return [date for date in levels().index if date > start and date != EVE]


def changes_of(
    table: pd.DataFrame, series: str, start: str, prefix: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Changes since `start` on the key days after it, of runs (R, D) and of the record (D,)."""
    real, dates = levels()[series], key_days_after(start)
    base = table[f"{prefix}{series} {start}"].to_numpy()
    moved = table[[f"{prefix}{series} {date}" for date in dates]].to_numpy()
    return moved - base[:, None], real[dates].to_numpy() - real[start]


def score_of_walk(table: pd.DataFrame, series: str, start: str) -> float:
    """The same of the walk, in closed form; sd grows with the root of trading days."""
    real, row = levels()[series], table.iloc[0]
    found = []
    for date in key_days_after(start):
        n_days = int(np.busday_count(start, date))
        middle = row[f"{WALK} {series} {date}"] - row[f"{WALK} {series} {start}"]
        sd = row[f"sd {series}"] * np.sqrt(n_days)
        found.append(crps_normal(middle, sd, real[date] - real[start]))
    return float(np.mean(found))


def scored(series: str, start: str, runs: Runs) -> Estimate:
    """Mean CRPS of the model over the key days [log]; the two days that have most of it."""
    moved, real = changes_of(runs.table, series, start)
    by_day = [crps(moved[:, [d]], real[[d]]) for d in range(len(real))]
    worst = sorted(np.argsort(by_day)[-2:])
    note = "largest on " + " and ".join(key_days_after(start)[d][5:] for d in worst)
    return resampled((moved,), partial(crps, real=real), note)


def against_walk(series: str, start: str, runs: Runs) -> Estimate:
    """CRPS less that of the walk."""
    moved, real = changes_of(runs.table, series, start)
    other = score_of_walk(runs.table, series, start)
    note = f"the walk's CRPS is {other:.4f}"
    return resampled((moved,), lambda sample: crps(sample, real) - other, note)


def against_frozen(series: str, start: str, runs: Runs) -> Estimate:
    """CRPS less that of frozen positions in the same world."""
    moved, real = changes_of(runs.table, series, start)
    still, _ = changes_of(runs.table, series, start, f"{FROZEN} ")
    note = f"theirs is {crps(still, real):.4f}"
    return resampled((moved, still), lambda one, other: crps(one, real) - crps(other, real), note)


def coverage(runs: Runs) -> Estimate:
    """Share of key days and series from 5 to 15 August inside the 5 to 95% band; its width."""
    real = levels()
    dates = [date for date in real.index if AFTER_FALL[0] <= date <= AFTER_FALL[1]]

    share_inside = float(
        np.mean([_is_inside(runs.table, name, date, real) for name in SERIES for date in dates])
    )
    widths = [f"{name} {_width(runs.table, name, dates):.3f}" for name in SERIES]
    missed = [f"{name} {date[5:]}" for name in SERIES for date in dates
              if not _is_inside(runs.table, name, date, real)]  # fmt: skip
    note = f"mean width [log]: {', '.join(widths)}"
    if missed:
        note += f"; outside: {', '.join(missed)}"
    return exact(share_inside, note)


def _band(table: pd.DataFrame, series: str, date: str) -> np.ndarray:
    moved = table[f"{series} {date}"] - table[f"{series} {FIRST}"]
    found: np.ndarray = np.percentile(moved, BAND)
    return found


def _is_inside(table: pd.DataFrame, series: str, date: str, real: pd.DataFrame) -> bool:
    low, high = _band(table, series, date)
    return bool(low <= real[series][date] - real[series][FIRST] <= high)


def _width(table: pd.DataFrame, series: str, dates: list[str]) -> float:
    return float(np.mean([np.diff(_band(table, series, date))[0] for date in dates]))


def is_far_out(runs: Runs) -> Estimate:
    """Share of runs whose worst Nikkei day is as bad as the record's."""
    return share(runs.table["nky_worst"] <= FAR_OUT)


def at_limit(runs: Runs) -> Estimate:
    """Share of runs in which some market ends a day at its limit."""
    return share(runs.table["at_limit"] > 0.0)


def median(column: str, runs: Runs) -> Estimate:
    """Median of a column over runs."""
    return resampled((runs.table[column].to_numpy(),), lambda values: float(np.median(values)))


def margin_longs(runs: Runs) -> Estimate:
    """Median growth of households' margin longs; that of runs in which the Nikkei crashed."""
    column = "margin_longs_week"
    crashed = runs.table.loc[runs.table["nky_5aug"] <= CRASH, column]
    note = f"{crashed.median():.3g} in the {len(crashed)} runs whose Nikkei fell by a tenth or more"
    return median(column, runs)._replace(note=f"{note} on 5 August" if len(crashed) else "")


def percentile(column: str, real: float, runs: Runs) -> Estimate:
    """Share of runs below the record: inside the band if from .05 to .95."""
    values = runs.table[column]
    note = f"record {real:.3g}; median run {values.median():.3g}" if len(values) else ""
    return share(values < real, note)


def _scores() -> Iterator[Claim]:
    figures = record()["august"]
    frozen = {FIRST: figures["frozen"], EVE: figures["frozen_from_eve"]}
    better: Callable[[str, str, Runs], Estimate]
    for start, told in STARTS.items():
        for series in SERIES:
            at, own = f"{series} from {told}: CRPS", partial(scored, series, start)
            why = NOT_IN_SCRIPT.get((series, start), "")
            if start == FIRST:
                yield Claim(at, at_most(figures["asked"][series]), (RUNS,), own,
                            "key days to 30 August, log changes since the start", why)  # fmt: skip
            for better, name, note in (
                (against_walk, "a walk with the script", ""),
                (against_frozen, "positions frozen in this world", "a goal, not a bar"),
            ):
                yield Claim(f"{at} less that of {name}", at_most(0.0), (RUNS,),
                            partial(better, series, start), note, why)  # fmt: skip
            yield Claim(f"{at} against frozen positions of commit 0265c71",
                        at_most(frozen[start][series]), (RUNS,), own, "", why)  # fmt: skip


def _yields() -> Iterator[Claim]:
    real, inside = record()["yields"], Bar(0.05, 0.95)
    for column, key, told in (
        ("jgb_bp_31jul", "jgb_30jul_31jul", "JGB yield on 31 July"),
        ("jgb_bp_31jul_5aug", "jgb_31jul_5aug", "JGB yield from 31 July to 5 August"),
        ("ust_bp_31jul_5aug", "ust_31jul_5aug", "UST yield from 30 July to 5 August"),
    ):
        yield Claim(f"{told}: share of runs below the record", inside, (RUNS,),
                    partial(percentile, column, real[key]), "bp, ten years")  # fmt: skip


GROUP = Group(
    "august",
    "August 2024",
    "Model output verification",
    (
        *_scores(),
        Claim("key days of 5 to 15 August inside the band, all five series", at_least(1.0),
              (RUNS,), coverage, "5 to 95%, changes since 1 July"),
        Claim(f"share of runs with a Nikkei day of {FAR_OUT} or worse", at_least(0.15), (RUNS,),
              is_far_out, "", NOT_BY_GAMMA),
        Claim("share of runs that touch a daily limit", at_most(LIMIT), (RUNS,), at_limit),
        Claim("margin longs in the week to 9 August, median run", Bar(-0.25, -0.10), (RUNS,),
              margin_longs, "",
              "a cohort is liquidated whole or not at all, and in the median run the Nikkei falls "
              "by less than it did"),
        Claim("dealers' depth before 2 August over calm, median run", at_most(0.75), (RUNS,),
              partial(median, "nky_depth_1aug"), "close of 1 August, of the Nikkei"),
        *_yields(),
    ),
)  # fmt: skip
