"""Undisturbed years against the record, and what may drift in forty of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from abm.validation.claims import Bar, Claim, Group, Runs, at_least, at_most
from abm.validation.estimates import Estimate, mean, resampled
from abm.validation.histories import BALANCES, CHANNELS, FORTY_YEARS, TEN_YEARS, UNLEVERED
from abm.validation.record import Moment, moment

CURRENCIES = ("USDJPY", "AUDJPY")
SHARES = ("NKY", "SPX")
NEAR = 0.05  # of the record, for the memory of |r|
H10 = "record: H.10 1990-2025, block bootstrap"
WITHOUT_2008 = "without September 2008 to March 2009"
WHY_RECORD = {
    "USDJPY": "calls are met within days, so that one day of forced sales is followed by another; "
    "days farther apart are as in the record",
    "AUDJPY": "seven months of the record have most of its tail and memory, a crisis of the whole "
    f"world that ordinary news does not have; {WITHOUT_2008} the record is a row of its own",
}
WHY_MOMENTUM = (
    "paced selling, and trend followers who join it, make returns persist; a smaller gain of trend "
    "followers lowers it, and what that costs in August 2024 is in results/frontiers"
)


def column(name: str, runs: Runs) -> Estimate:
    """Mean of a column over histories."""
    return mean(runs.table[name])


def stock_kept(runs: Runs) -> Estimate:
    """Mean carry stock of all days over that of the openings."""
    samples = (runs.table["opening_stock"].to_numpy(), runs.table["stock"].to_numpy())
    return resampled(samples, lambda opening, stock: float(stock.mean() / opening.mean()))


def _told(claim: str, bar: Bar, name: str, note: str = "", if_missed: str = "") -> Claim:
    return Claim(claim, bar, (TEN_YEARS,), partial(column, name), note, if_missed)


def _symmetric(most: float) -> Bar:
    return Bar(-most, most)


def _against_record(
    series: str, of: str, told: str, note: str = "", if_missed: str = ""
) -> Iterator[Claim]:
    """Memory of |r|, kurtosis and skewness of a series against a table of the record."""
    for lag in (1, 5, 20):
        real = moment(of, f"acf_absolute_{lag}")
        yield _told(f"{told}: autocorrelation of |r| at {lag} days", _around(real.value, NEAR),
                    f"acf_absolute_{lag} {series}", note + _recorded(real), if_missed)  # fmt: skip
    real = moment(of, "kurtosis")
    note_of_two = f"{note}a factor of two; {_recorded(real)}"
    yield _told(f"{told}: excess kurtosis", Bar(0.5 * real.value, 2.0 * real.value),
                f"kurtosis {series}", note_of_two, if_missed)  # fmt: skip
    real = moment(of, "skew")
    yield _told(f"{told}: skewness", Bar(real.low, real.high), f"skew {series}",
                note + _recorded(real), if_missed)  # fmt: skip


def _around(value: float, most: float) -> Bar:
    return Bar(value - most, value + most)


def _recorded(real: Moment) -> str:
    return f"{H10}: {real.value:.3g} ({real.low:.3g} to {real.high:.3g})"


def _of_returns() -> Iterator[Claim]:
    for series in CURRENCIES:
        yield from _against_record(series, series, series, if_missed=WHY_RECORD[series])
        real = moment(series, "hill")
        yield _told(f"{series}: Hill's index", Bar(2.3, 3.5), f"hill {series}", _recorded(real))
        yield _told(f"{series}: autocorrelation at 1 day", _symmetric(0.05), f"acf_1 {series}")
        for days in (1, 10):
            told = f"{series}: momentum Sharpe ratio, {days} days"
            yield _told(told, at_most(0.5), f"momentum_{days} {series}", "per year, before costs",
                        WHY_MOMENTUM)  # fmt: skip
    yield from _against_record(
        "AUDJPY", "AUDJPY_without_2008", f"AUDJPY, record {WITHOUT_2008}",
        "beside the row of the whole record, not in its place; ",
        "the world's news of the Australian dollar has the memory of the whole record",
    )  # fmt: skip
    for series in SHARES:
        yield _told(f"{series}: autocorrelation at 1 day", _symmetric(0.1), f"acf_1 {series}")


def _of_drifts() -> Iterator[Claim]:
    note = "mean of years 31 to 40 over years 11 to 20; the bar is ours"
    for name in BALANCES:
        yield Claim(f"forty years: growth of {name}", at_most(2.0), (FORTY_YEARS,),
                    partial(column, name), note)  # fmt: skip
    for name in CHANNELS:
        yield Claim(f"forty years: size of {name} left", at_least(0.5), (FORTY_YEARS,),
                    partial(column, name), note)  # fmt: skip
    yield Claim("forty years: mean |x - f|, widest market", at_most(0.15), (FORTY_YEARS,),
                partial(column, "widest_gap"))  # fmt: skip


GROUP = Group(
    "undisturbed",
    "Undisturbed years",
    "Model output verification",
    (
        _told("share of funds beyond their stop", at_most(0.1), "stopped"),
        Claim("mean carry stock over the opening", Bar(0.85, 1.15), (TEN_YEARS,), stock_kept,
              "both in the mean of all histories"),
        _told("margin calls on the median day", at_most(0.0), "median_calls"),
        _told("forced sales on the median day, USD bn", at_most(0.0), "median_forced"),
        *_of_returns(),
        Claim("leverage 1: skewness of USDJPY", _symmetric(0.05), (UNLEVERED,),
              partial(column, "skew USDJPY"), "no crowd, no crash"),
        *_of_drifts(),
    ),
)  # fmt: skip
