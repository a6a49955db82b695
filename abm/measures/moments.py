"""Moments: one number of one run each, to calibrate on and to compare with the record.

Each is a pure function of a run's closes, registered by name with what it reads, its unit and its
meaning. Those of returns are also taken of a real series.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.measures.tails import excess_kurtosis, hill, skewness

if TYPE_CHECKING:
    from abm.contagion.networks import FloatArray

TRADING_DAYS = 250.0
NAN = float("nan")


class Closes(NamedTuple):
    """A run as the moments read it: row 0 is the close before its first day, row d + 1 day d."""

    log_quotes: Mapping[str, FloatArray]
    """By instrument, (n_days + 1,): against the quote of row 0."""
    burn_in: Mapping[str, FloatArray]
    """The same of the closes before the first day, (n_before,)."""
    yen_short: FloatArray
    """Units, (n_days + 1,)."""
    unlevered_share: FloatArray
    """Share of funds that are suspended or hardly borrow, (n_days,)."""
    n_at_limit: FloatArray
    """Markets at a daily limit, (n_days,)."""
    stopped_share: float
    """Share of funds beyond their stop-loss at the last close."""


class Choices(NamedTuple):
    """Which series and rows a moment is of. Rows are those of `Closes`."""

    series: str = ""
    """An instrument, or a pair of currencies."""
    start: int | None = None
    """First row."""
    end: int | None = None
    """Last row, included."""
    by: int | None = None
    """A row between the two."""
    lag: int = 1
    """Days between the two returns of an autocorrelation."""
    days: int = 1
    """Days after a trough, or of the return that a momentum rule looks at."""
    tail_share: float = 0.05
    """Share of all returns that is their tail."""


PLAIN = Choices()


class Moment(NamedTuple):
    """One entry of the register."""

    of: Callable[..., float]
    """The function: of what it reads and `Choices`."""
    reads: str
    """"returns": a series of daily returns; "path": a series of closes; "run": the closes."""
    unit: str
    """Unit; "-" for none."""
    meaning: str
    """In a few words."""
    needs: tuple[str, ...]
    """Choices that must be made, beside `series` where it reads one."""
    takes: tuple[str, ...] = ()
    """Choices that may be made."""


def measured(name: str, run: Closes, choices: Choices) -> float:
    """A moment of a run. NaN where it has no value, as a share of nothing."""
    moment = MOMENTS[name]
    if moment.reads == "run":
        return float(moment.of(run, choices))
    path = path_of(run.burn_in if moment.of is calm_volatility else run.log_quotes, choices.series)
    if moment.reads == "returns":
        last = None if choices.end is None else choices.end + 1
        return of_returns(name, np.diff(path[choices.start : last]), choices)
    return float(moment.of(path, choices))


def of_returns(name: str, returns: FloatArray, choices: Choices) -> float:
    """A moment of a series of daily log returns, simulated or real."""
    try:
        return float(MOMENTS[name].of(returns, choices))
    except InvalidInput:  # too few of them
        return NAN


def path_of(log_quotes: Mapping[str, FloatArray], series: str) -> FloatArray:
    """Log closes of an instrument, or of a currency pair: base, then quote, "USDJPY"."""
    if series in log_quotes:
        return log_quotes[series]
    base, quote = series[:3], series[3:]
    zero = np.zeros(len(next(iter(log_quotes.values()))))
    legs = [zero if leg == "USD" else log_quotes[leg] for leg in (base, quote)]
    return legs[0] - legs[1]


def has_series(names: tuple[str, ...], currencies: tuple[str, ...], series: str) -> bool:
    """True for an instrument, or two of the currencies and the dollar."""
    legs = (series[:3], series[3:])
    known = {"USD", *currencies}
    return series in names or (len(series) == 6 and set(legs) <= known and legs[0] != legs[1])


# Of returns


def volatility(returns: FloatArray, _: Choices = PLAIN) -> float:
    """Standard deviation of daily returns [per year]."""
    return float(returns.std() * np.sqrt(TRADING_DAYS))


def skew(returns: FloatArray, _: Choices = PLAIN) -> float:
    """Skewness of daily returns."""
    return skewness(returns)


def kurtosis(returns: FloatArray, _: Choices = PLAIN) -> float:
    """Excess kurtosis of daily returns."""
    return excess_kurtosis(returns)


def hill_index(returns: FloatArray, choices: Choices = PLAIN) -> float:
    """Hill's index of the largest losses, as many as a share of all returns."""
    return hill(returns, n_tail=max(2, round(choices.tail_share * returns.size))).tail_index


def autocorrelation(returns: FloatArray, choices: Choices = PLAIN) -> float:
    """Autocorrelation of daily returns at a lag: sum of products over sum of squares."""
    if returns.size <= choices.lag:
        return NAN
    deviation = returns - returns.mean()
    total = float(deviation @ deviation)
    return float(deviation[choices.lag :] @ deviation[: -choices.lag] / total) if total else NAN


def absolute_autocorrelation(returns: FloatArray, choices: Choices = PLAIN) -> float:
    """Autocorrelation of absolute daily returns at a lag: memory of volatility."""
    return autocorrelation(np.abs(returns), choices)


def momentum_sharpe(returns: FloatArray, choices: Choices = PLAIN) -> float:
    """Sharpe ratio per year of holding the sign of the return of the last days for one day."""
    n = choices.days
    if returns.size <= n + 1:
        return NAN
    total = np.concatenate(([0.0], np.cumsum(returns)))
    gains = np.sign(total[n:-1] - total[: -n - 1]) * returns[n:]
    spread = float(gains.std())
    return float(gains.mean() / spread * np.sqrt(TRADING_DAYS)) if spread > 0.0 else NAN


# Of a path of closes


def change(path: FloatArray, choices: Choices) -> float:
    """Log change from one close to another."""
    return float(path[choices.end] - path[choices.start])


def worst_day(path: FloatArray, choices: Choices) -> float:
    """Lowest daily log return after one close, up to another."""
    return float(np.diff(_window(path, choices)).min())


def peak_to_trough(path: FloatArray, choices: Choices) -> float:
    """Largest fall from an earlier peak between two closes [log, at most 0]."""
    window = _window(path, choices)
    return float((window - np.maximum.accumulate(window)).min())


def regained(path: FloatArray, choices: Choices) -> float:
    """Share of the largest fall between two closes that is regained some days after its trough."""
    window = _window(path, choices)
    falls = window - np.maximum.accumulate(window)
    trough = int(falls.argmin())
    after = (choices.start or 0) + trough + choices.days
    if falls[trough] >= 0.0 or after >= len(path):
        return NAN
    return float((path[after] - window[trough]) / -falls[trough])


def calm_volatility(path: FloatArray, _: Choices = PLAIN) -> float:
    """Standard deviation of daily returns in the burn-in [per year]."""
    return volatility(np.diff(path)) if len(path) > 2 else NAN


# Of the run


def short_closed(run: Closes, choices: Choices) -> float:
    """Share of the yen short at one close that is closed by another."""
    start, end = (run.yen_short[row] for row in (choices.start, choices.end))
    return float(1.0 - end / start) if start > 0.0 else NAN


def closed_before(run: Closes, choices: Choices) -> float:
    """Of the yen short that is closed between two closes, the share that is by a third."""
    start, by, end = (run.yen_short[row] for row in (choices.start, choices.by, choices.end))
    return float((start - by) / (start - end)) if start > end else NAN


def mean_short(run: Closes, choices: Choices) -> float:
    """Mean yen short over the closes [USD bn at the opening's prices]."""
    return float(_window(run.yen_short, choices).mean())


def unlevered_share(run: Closes, _: Choices = PLAIN) -> float:
    """Share of funds that are suspended or hardly borrow, mean of all days."""
    return float(run.unlevered_share.mean())


def stopped_share(run: Closes, _: Choices = PLAIN) -> float:
    """Share of funds beyond their stop-loss at the last close."""
    return run.stopped_share


def limit_days_share(run: Closes, _: Choices = PLAIN) -> float:
    """Share of days on which some market ends at its daily limit."""
    return float((run.n_at_limit > 0).mean())


def _window(path: FloatArray, choices: Choices) -> FloatArray:
    return path[choices.start : None if choices.end is None else choices.end + 1]


_SPAN = ("start", "end")
MOMENTS: dict[str, Moment] = {
    "volatility": Moment(volatility, "returns", "per year",
        "standard deviation of daily returns", (), _SPAN),
    "skew": Moment(skew, "returns", "-", "skewness of daily returns", (), _SPAN),
    "kurtosis": Moment(kurtosis, "returns", "-", "excess kurtosis of daily returns", (), _SPAN),
    "hill": Moment(hill_index, "returns", "-",
        "Hill's tail index of the largest losses", (), (*_SPAN, "tail_share")),
    "acf": Moment(autocorrelation, "returns", "-",
        "autocorrelation of daily returns", ("lag",), _SPAN),
    "acf_absolute": Moment(absolute_autocorrelation, "returns", "-",
        "autocorrelation of absolute daily returns", ("lag",), _SPAN),
    "momentum_sharpe": Moment(momentum_sharpe, "returns", "per year",
        "Sharpe ratio of holding the sign of the last days' return", ("days",), _SPAN),
    "change": Moment(change, "path", "log", "change between two closes", _SPAN),
    "worst_day": Moment(worst_day, "path", "log", "worst day between two closes", _SPAN),
    "peak_to_trough": Moment(peak_to_trough, "path", "log",
        "largest fall from a peak between two closes", _SPAN),
    "regained": Moment(regained, "path", "share",
        "share of the largest fall regained some days after its trough", (*_SPAN, "days")),
    "calm_volatility": Moment(calm_volatility, "path", "per year",
        "standard deviation of daily returns in the burn-in", ()),
    "short_closed": Moment(short_closed, "run", "share",
        "share of the yen short closed between two closes", _SPAN),
    "closed_before": Moment(closed_before, "run", "share",
        "of the yen short closed between two closes, the share closed by a third",
        ("start", "by", "end")),
    "mean_short": Moment(mean_short, "run", "USD bn", "mean yen short outstanding", (), _SPAN),
    "unlevered_share": Moment(unlevered_share, "run", "share",
        "share of funds that are suspended or hardly borrow", ()),
    "stopped_share": Moment(stopped_share, "run", "share",
        "share of funds beyond their stop-loss at the last close", ()),
    "limit_days_share": Moment(limit_days_share, "run", "share",
        "share of days with a market at its daily limit", ()),
}  # fmt: skip
"""Every moment by the name that a study calls it by."""
