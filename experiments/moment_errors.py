"""Sampling covariance of a study's moments, by a block bootstrap of daily series.

    python -m experiments.moment_errors experiments/calibrate-august.toml \\
        USDJPY=fx.csv:USDJPY AUDUSD=fx.csv:AUDUSD USDMXN=fx.csv:USDMXN \\
        NKY=nikkei.csv:close SPX=sp500.csv:close

Changes over windows that overlap have nearly the same error, and so have the yen crosses: as if
they were independent, one fall would count five times. The record is one draw of what else could
have happened under the same script: to the real path of each series a path of ordinary days is
added, drawn in blocks, the same days of all series, and every moment of prices is taken again. The
covariance of these moments is that of the sampling error; its correlations are shrunk towards 0.

A moment of returns is of quiet years: its value in the record is the mean over all stretches of
ordinary days as long as the run, its error that of the mean of as many of them, drawn anew, as fit
into the record one after another.

Files are CSV with a column `date`; the two currencies of a cross come from two pairs with the
dollar. Moments of positions have no daily series: they keep the standard error that the study
gives, and no correlation. What is printed goes into the study, which then needs no series.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from abm.calibration import load_study
from abm.calibration.study import choices_of
from abm.measures.moments import MOMENTS, of_returns, path_of
from experiments.keeping import show

if TYPE_CHECKING:
    from abm.calibration import Study

LAST = "2024-06-28"  # of the ordinary days: the event is not among them
BLOCK_DAYS = 20  # volatility is alike within a month
N_DRAWS = 20_000
SHRINKAGE = 0.1  # of the correlations towards 0
SEED = 14


class Errors(NamedTuple):
    """Sampling errors of moments of prices."""

    names: list[str]
    record: np.ndarray  # (K,) the moments of the record
    deviation: np.ndarray  # (K,)
    correlation: np.ndarray  # (K, K) shrunk


def sampling_errors(study: Study, levels: pd.DataFrame, n_draws: int = N_DRAWS) -> Errors:
    """The errors of a study's moments of prices, by a block bootstrap of log levels by day."""
    chosen = {
        name: (MOMENTS[one.measure].of, choices_of(one, study.base))
        for name, one in study.moments.items()
        if MOMENTS[one.measure].reads == "path"
    }
    real = real_paths(study, levels)
    ordinary = levels[:LAST].dropna().diff().dropna()
    returns = (ordinary - ordinary.mean()).to_numpy()
    names, n_days = list(levels.columns), len(real) - 1
    random = np.random.default_rng(SEED)

    def moments(paths: np.ndarray) -> list[float]:
        quotes = dict(zip(names, paths.T, strict=True))
        return [float(of(path_of(quotes, one.series), one)) for of, one in chosen.values()]

    draws = np.empty((n_draws, len(chosen)))
    for row in draws:
        starts = random.integers(0, len(returns), -(-n_days // BLOCK_DAYS))
        days = ((starts[:, None] + np.arange(BLOCK_DAYS)) % len(returns)).ravel()[:n_days]
        added = np.vstack([np.zeros(len(names)), np.cumsum(returns[days], axis=0)])
        row[:] = moments(real + added)
    return errors_of(list(chosen), np.array(moments(real)), draws)


def errors_of(names: list[str], record: np.ndarray, draws: np.ndarray) -> Errors:
    """Errors as their draws have them, (n, K)."""
    correlation = np.atleast_2d(np.corrcoef(draws.T))
    shrunk = (1.0 - SHRINKAGE) * correlation + SHRINKAGE * np.eye(len(names))
    return Errors(names, record, draws.std(axis=0), shrunk)


def quiet_errors(study: Study, levels: pd.DataFrame, n_draws: int = N_DRAWS) -> tuple[Errors, int]:
    """The errors of a study's moments of returns, and the stretches that the record has."""
    chosen = {
        name: one
        for name, one in study.moments.items()
        if MOMENTS[one.measure].reads == "returns" and one.record is None
    }
    (length,) = {study.base_of(one).calendar.days for one in chosen.values()}
    quotes = {name: levels[name].to_numpy() for name in levels}
    series = {one.series: path_of(quotes, one.series) for one in chosen.values()}
    returns = pd.DataFrame(series, index=levels.index)[:LAST].dropna().diff().dropna()
    around = pd.concat([returns, returns[: length - 1]])
    values = np.array(
        [
            [
                of_returns(one.measure, path[i : i + length], choices_of(one, study.base_of(one)))
                for i in range(len(returns))
            ]
            for one in chosen.values()
            for path in [around[one.series].to_numpy()]
        ]
    ).T
    n_stretches = len(returns) // length
    starts = np.random.default_rng(SEED).integers(0, len(returns), (n_draws, n_stretches))
    draws = values[starts].mean(axis=1)
    return errors_of(list(chosen), values.mean(axis=0), draws), n_stretches


def real_paths(study: Study, levels: pd.DataFrame) -> np.ndarray:
    """Log levels at the close before the first day and on each day, the last known one."""
    days = pd.to_datetime([day.isoformat() for day in study.base.calendar.dates()])
    before = levels[: days[0]].index
    eve = before[before < days[0]][-1]
    filled = levels.ffill().reindex([eve, *days], method="ffill")
    return np.ascontiguousarray(filled.to_numpy())


def read_levels(given: list[str]) -> pd.DataFrame:
    """Log levels by day of NAME=FILE:COLUMN; a pair with the dollar is kept as dollars per unit."""
    columns = {}
    for one in given:
        name, _, place = one.partition("=")
        file, _, column = place.rpartition(":")
        table = pd.read_csv(file, parse_dates=["date"], index_col="date")
        levels = np.log(pd.to_numeric(table[column], errors="coerce").dropna())
        is_pair = len(name) == 6 and "USD" in (name[:3], name[3:])
        key = name.replace("USD", "", 1) if is_pair else name
        columns[key] = -levels if is_pair and name.startswith("USD") else levels
    return pd.DataFrame(columns).sort_index()


def side_by_side(one: Errors, other: Errors) -> Errors:
    """Errors of different days: those of one have nothing to do with those of the other."""
    correlation = np.eye(len(one.names) + len(other.names))
    n = len(one.names)
    correlation[:n, :n], correlation[n:, n:] = one.correlation, other.correlation
    both = (np.concatenate(pair) for pair in zip(one[1:3], other[1:3], strict=True))
    return Errors([*one.names, *other.names], *both, correlation)


def as_toml(study: Study, errors: Errors) -> str:
    """Lines for the study: `se` and `correlations` of each moment."""
    lines, place = [], {name: k for k, name in enumerate(errors.names)}
    above: list[str] = []
    for name, one in study.moments.items():
        lines.append(f'[moments."{name}"]')
        k = place.get(name)
        se = one.se if k is None else float(f"{errors.deviation[k]:.3g}")
        lines.append(f"se = {se}")
        if above and k is not None:
            row = [errors.correlation[k, place[n]] if n in place else 0.0 for n in above]
            lines.append(f"correlations = [{', '.join(f'{value:.2f}' for value in row)}]")
        lines.append("")
        above.append(name)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("study", type=Path)
    parser.add_argument("series", nargs="+", metavar="NAME=FILE:COLUMN")
    parser.add_argument("--draws", type=int, default=N_DRAWS)
    asked = parser.parse_args()
    study, levels = load_study(asked.study), read_levels(asked.series)
    quiet, n_stretches = quiet_errors(study, levels, asked.draws)
    errors = side_by_side(sampling_errors(study, levels, asked.draws), quiet)
    known = levels[:LAST].dropna().index
    given = [study.moments[name].target for name in errors.names]
    table = pd.DataFrame(
        {"moment": errors.names, "record": errors.record, "target": given,
         "standard error": errors.deviation}
    )  # fmt: skip
    days = f"{len(known):,} ordinary days from {known[0].date()} to {known[-1].date()}"
    show(table, f"{days}; of quiet years {n_stretches} stretches")
    print(as_toml(study, errors))


if __name__ == "__main__":
    main()
