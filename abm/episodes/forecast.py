"""An unwind run many times, as a forecast of what happened: its band, and how it scores.

The record of a day is its fixing (ECB, 14:15 CET): what New York announces later in the day is in
the record's next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.episodes.paths import paths_since, with_positions_frozen
from abm.episodes.record import UNWINDS, Unwind, real_path
from abm.episodes.walk import walk
from abm.errors import Nearest, UnreadableFile
from abm.measures.moments import Choices, peak_to_trough, regained
from abm.measures.scores import crps, crps_normal
from abm.population.advance import advance, open_world
from abm.population.shared import Past, fork
from abm.scenario import list_scenarios, load_scenario

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

Array = np.ndarray

BAND = (5.0, 50.0, 95.0)  # per cent
ASSETS = {"SPX": "sp500", "NKY": "nikkei"}
"""Assets whose largest fall is on record, and where."""
SHORT = "yen short"
DAYS_AFTER_TROUGH = 10


class Episode(NamedTuple):
    """The runs of an unwind. Row 0 of a path is the eve, the close before the first day."""

    unwind: Unwind
    scenario: Scenario
    seed: int
    dates: list[str]  # (n_days + 1,)
    paths: dict[str, Array]  # log changes since the eve, (n_runs, n_days + 1) by name
    frozen: dict[str, Array]  # the same with positions frozen from the first day on
    short: Array  # yen short, units (n_runs, n_days + 1)
    real: dict[str, Array]  # pairs, (n_days + 1,); NaN on days without a fixing

    @property
    def n_runs(self) -> int:
        return len(self.short)


def unwind_named(name: str) -> Unwind:
    """An unwind of the record that has a scenario; UnreadableFile for any other."""
    known = [each.name for each in UNWINDS if each.name in list_scenarios()]
    for each in UNWINDS:
        if each.name == name and name in known:
            return each
    hint = str(Nearest(name, known))
    only = "is on record but has no scenario" if name in [e.name for e in UNWINDS] else ""
    what = f"'{name}' {only or 'is not an unwind of the record'}"
    raise UnreadableFile(f"{what}; {f'{hint} ' if hint else ''}there are {', '.join(known)}")


def run_episode(
    unwind: Unwind,
    n_runs: int,
    seed: int,
    scenario: Scenario | None = None,
    tick: Callable[[int, int], None] = lambda done, of: None,
) -> Episode:
    """Run an unwind's scenario, or another with its dates and currencies, and read the record."""
    scenario = scenario or load_scenario(unwind.name)
    quick = scenario.with_changes({"outputs.feedback_gain_every_days": 0, "outputs.events": False})
    every = [each.isoformat() for each in scenario.calendar.dates()]
    dates = [each for each in every if each <= unwind.last]
    names = (*unwind.pairs, *ASSETS)
    found = []
    for replicate in range(n_runs):
        found.append(_run(quick, seed, replicate, len(dates), names))
        tick(replicate + 1, n_runs)
    free, frozen, short = zip(*found, strict=True)
    real = {pair: _real(unwind, pair, dates) for pair in unwind.pairs}
    return Episode(
        unwind,
        scenario,
        seed,
        ["eve", *dates],
        {name: np.array([run[name] for run in free]) for name in names},
        {name: np.array([run[name] for run in frozen]) for name in names},
        np.array(short),
        real,
    )


def _run(
    scenario: Scenario, seed: int, replicate: int, n_days: int, names: tuple[str, ...]
) -> tuple[dict[str, Array], dict[str, Array], Array]:
    """Paths of one run, those with positions frozen, and its yen short."""
    world, opening = open_world(scenario, seed, replicate, with_events=False)
    burn = world.burn_in
    past = Past(world, opening, seed, replicate, burn)
    still = fork(past, scenario, shocked=True, no_trade=False, with_events=False)
    still = with_positions_frozen(still, n_days)
    world = advance(world, burn, burn + n_days)
    closes = world.record.days["yen_short_units"][burn : burn + n_days]
    return (
        paths_since(world, opening, scenario, n_days, names),
        paths_since(still, opening, scenario, n_days, names),
        np.concatenate([opening.yen_short, closes]),
    )


def _real(unwind: Unwind, pair: str, dates: list[str]) -> Array:
    """The record's log change since the last quote before the first day, (n_days + 1,)."""
    import datetime as dt

    if pair in unwind.quotes:
        quotes = dict(unwind.quotes[pair])
    else:
        start = dt.date.fromisoformat(dates[0]) - dt.timedelta(days=10)
        path = real_path(pair, start, dates[-1])
        quotes = {str(date)[:10]: float(quote) for date, quote in path.items()}
    eve = max(date for date in quotes if date < dates[0])
    levels = np.array([quotes[eve], *(quotes.get(date, np.nan) for date in dates)])
    return np.asarray(np.log(levels / levels[0]))


def band_table(episode: Episode) -> pd.DataFrame:
    """By series and day: the record, the band of runs, frozen positions and the walk [log].

    The yen short is in units, and has neither of them.
    """
    import pandas as pd

    means, _ = walk(episode.scenario, tuple(episode.paths))
    n_closes, tables = len(episode.dates), []
    nothing = np.full(n_closes, np.nan)
    for name, sample in (*episode.paths.items(), (SHORT, episode.short)):
        low, median, high = np.percentile(sample, BAND, axis=0)
        is_path = name in episode.paths
        columns = {
            "series": name,
            "date": episode.dates,
            "real": episode.real.get(name, nothing),
            "low": low,
            "median": median,
            "high": high,
            "frozen_median": np.median(episode.frozen[name], axis=0) if is_path else nothing,
            "walk_mean": means[name][:n_closes] if is_path else nothing,
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def score_table(episode: Episode) -> pd.DataFrame:
    """A row for each pair and asset: scores where the record is daily, falls where it has one.

    Falls are from peak to trough, shares; CRPS and width are log changes since the eve, means over
    the days of the record.
    """
    import pandas as pd

    means, sds = walk(episode.scenario, tuple(episode.paths))
    rows = []
    for name in episode.paths:
        real = episode.real.get(name)
        row = {"series": name, **_fall_of(episode, name, real)}
        if real is not None:
            row |= _daily_scores(episode, name, real, means[name], sds[name])
        rows.append(row)
    return pd.DataFrame(rows)


def _daily_scores(
    episode: Episode, name: str, real: Array, mean: Array, sd: float
) -> dict[str, float]:
    """CRPS of the runs, of the walk and of frozen positions; share of days inside the band."""
    known = np.flatnonzero(np.isfinite(real))[1:]
    sample, frozen = episode.paths[name][:, known], episode.frozen[name][:, known]
    low, _, high = np.percentile(sample, BAND, axis=0)
    walked = [crps_normal(float(mean[d]), sd * np.sqrt(d), float(real[d])) for d in known]
    inside = (low <= real[known]) & (real[known] <= high)
    return {
        "n_days": len(known),
        "crps": crps(sample, real[known]),
        "crps_walk": float(np.mean(walked)),
        "crps_frozen": crps(frozen, real[known]),
        "share_inside": float(inside.mean()),
        "mean_width": float((high - low).mean()),
    }


def _fall_of(episode: Episode, name: str, real: Array | None) -> dict[str, float | str]:
    """Largest fall, its trough and the share regained after it, of the record and of the runs."""
    paths = episode.paths[name]
    falls = np.expm1([peak_to_trough(path, Choices()) for path in paths])
    troughs = [_trough(path) for path in paths]
    after = Choices(days=DAYS_AFTER_TROUGH)
    back = np.array([regained(path, after) for path in paths])
    low, median, high = np.percentile(falls, BAND)
    first, middle, last = (episode.dates[int(d)] for d in np.percentile(troughs, BAND))
    row: dict[str, float | str] = {
        "fall_low": low,
        "fall_median": median,
        "fall_high": high,
        "trough_low": first,
        "trough_median": middle,
        "trough_high": last,
        "regained_median": float(np.nanmedian(back)) if np.isfinite(back).any() else np.nan,
    }
    if real is None:
        known = getattr(episode.unwind, ASSETS[name])
        fall = np.nan if known is None else known
    else:
        path = _filled(real)
        fall = float(np.expm1(peak_to_trough(path, Choices())))
        row |= {
            "trough_real": episode.dates[_trough(path)],
            "regained_real": regained(path, after) if name not in episode.unwind.quotes else np.nan,
        }
    return row | {"fall_real": fall, "share_of_runs_that_fall_farther": _share(falls < fall, fall)}


def _trough(path: Array) -> int:
    """Row of the close at which the largest fall ends."""
    return int((path - np.maximum.accumulate(path)).argmin())


def _filled(path: Array) -> Array:
    """The path with the last known value on days without one."""
    rows = np.maximum.accumulate(np.where(np.isfinite(path), np.arange(len(path)), 0))
    return path[rows]


def _share(is_so: Array, fall: float) -> float:
    return float(is_so.mean()) if np.isfinite(fall) else float("nan")
