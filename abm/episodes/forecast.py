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

    from abm.population.world import World
    from abm.scenario import Scenario

Array = np.ndarray

BAND = (5.0, 50.0, 95.0)  # per cent
ASSETS = {"SPX": "sp500", "NKY": "nikkei"}
"""Assets whose largest fall is on record, and where."""
SHORT = "yen short"
BASIS = "basis"
DAYS_AFTER_TROUGH = 10


class Basis(NamedTuple):
    """The cross-currency basis of the runs of an unwind [bp], (n_runs, n_days + 1)."""

    free: Array
    frozen: Array  # with positions frozen
    real: Array  # (n_days + 1,); NaN on days of which it is not known


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
    basis: Basis | None = None  # where it moves

    @property
    def n_runs(self) -> int:
        return len(self.short)


def unwind_named(name: str) -> Unwind:
    """An unwind of the record that has a scenario; UnreadableFile for any other."""
    known = [each.name for each in UNWINDS if each.name in list_scenarios()]
    for each in UNWINDS:
        if each.name == name and name in known:
            return each
    is_on_record = name in [each.name for each in UNWINDS]
    hint = "" if is_on_record else str(Nearest(name, known))
    only = "is on record but has no scenario" if is_on_record else "is not an unwind of the record"
    what = f"'{name}' {only}"
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
    free, frozen, short, bases = zip(*found, strict=True)
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
        _basis_of(unwind, dates, np.array(bases))
        if scenario.funding.basis.kind == "market"
        else None,
    )


def _basis_of(unwind: Unwind, dates: list[str], bases: Array) -> Basis:
    """Bases of the runs, free and frozen, (n_runs, 2, n_days + 1), beside the record's."""
    real = [np.nan, *(unwind.basis_bp.get(date, np.nan) for date in dates)]
    return Basis(bases[:, 0], bases[:, 1], np.array(real))


def _run(
    scenario: Scenario, seed: int, replicate: int, n_days: int, names: tuple[str, ...]
) -> tuple[dict[str, Array], dict[str, Array], Array, Array]:
    """Paths of one run, those with positions frozen, its yen short, and the bases of both."""
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
        np.array([_closes_of_basis(each, n_days) for each in (world, still)]),
    )


def _closes_of_basis(world: World, n_days: int) -> Array:
    """The basis [bp] from the close of the eve on; without a day before, as on the first."""
    burn, written = world.burn_in, world.record.days["basis_bp"]
    return np.asarray(written[np.maximum(np.arange(burn - 1, burn + n_days), 0)])


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

    The yen short is in units, and has neither of them; the basis, where it moves, is in bp, and has
    no walk.
    """
    import pandas as pd

    means, _ = walk(episode.scenario, tuple(episode.paths))
    n_closes, tables = len(episode.dates), []
    nothing = np.full(n_closes, np.nan)
    samples, frozen, real = dict(episode.paths), dict(episode.frozen), dict(episode.real)
    if episode.basis is not None:
        samples[BASIS], frozen[BASIS], real[BASIS] = episode.basis
    for name, sample in (*samples.items(), (SHORT, episode.short)):
        low, median, high = np.percentile(sample, BAND, axis=0)
        columns = {
            "series": name,
            "date": episode.dates,
            "real": real.get(name, nothing),
            "low": low,
            "median": median,
            "high": high,
            "frozen_median": np.median(frozen[name], axis=0) if name in frozen else nothing,
            "walk_mean": means[name][:n_closes] if name in means else nothing,
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def basis_table(episode: Episode) -> pd.DataFrame:
    """One row: the basis of the runs beside the record's; none where it does not move or no day of
    it is known.

    Basis, CRPS and width in bp; the share regained is that of the widening since the eve, ten days
    after the widest; between days that are known the record is a straight line.
    """
    import pandas as pd

    basis = episode.basis
    if basis is None or not np.isfinite(basis.real).any():
        return pd.DataFrame()
    known = np.flatnonzero(np.isfinite(basis.real))
    sample, frozen, real = basis.free[:, known], basis.frozen[:, known], basis.real[known]
    low, _, high = np.percentile(sample, BAND, axis=0)
    filled = np.interp(np.arange(len(basis.real)), known, real)
    widest = np.percentile(basis.free.min(axis=1), BAND)
    days = np.percentile(basis.free.argmin(axis=1), BAND).astype(int)
    back = [_narrowed(path) for path in basis.free]
    row = {
        "series": BASIS,
        "n_days": len(known),
        "crps": crps(sample, real),
        "crps_frozen": crps(frozen, real),
        "share_inside": float(((low <= real) & (real <= high)).mean()),
        "mean_width": float((high - low).mean()),
        "widest_real": float(real.min()),
        **dict(zip(("widest_low", "widest_median", "widest_high"), widest, strict=True)),
        "day_real": episode.dates[int(known[real.argmin()])],
        **{f"day_{which}": episode.dates[day]
           for which, day in zip(("low", "median", "high"), days, strict=True)},
        "regained_real": _narrowed(filled),
        "regained_median": float(np.median(back)),
    }  # fmt: skip
    return pd.DataFrame([row])


def _narrowed(path: Array) -> float:
    """Share of a basis' widening since the eve that is gone, ten days after it is widest.

    Unlike a price's fall it is measured from where the basis stood, which no run drives to zero.
    """
    widest = int(path.argmin())
    after = min(widest + DAYS_AFTER_TROUGH, len(path) - 1)
    widening = path[0] - path[widest]
    return float((path[after] - path[widest]) / widening) if widening > 0.0 else float("nan")


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
