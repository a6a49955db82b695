"""Undisturbed years against the record, and what may drift in forty of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from abm.validation.claims import Bar, Claim, Group, Runs, at_least, at_most
from abm.validation.estimates import Estimate, mean, resampled
from abm.validation.histories import BALANCES, CHANNELS, FORTY_YEARS, TEN_YEARS, UNLEVERED
from abm.validation.record import moment

CURRENCIES = ("USDJPY", "AUDJPY")
SHARES = ("NKY", "SPX")
NEAR = 0.05  # of the record, for the memory of |r|
H10 = "record: H.10 1990-2025, block bootstrap"


def column(name: str, runs: Runs) -> Estimate:
    """Mean of a column over histories."""
    return mean(runs.table[name])


def stock_kept(runs: Runs) -> Estimate:
    """Mean carry stock of all days over that of the openings."""
    samples = (runs.table["opening_stock"].to_numpy(), runs.table["stock"].to_numpy())
    return resampled(samples, lambda opening, stock: float(stock.mean() / opening.mean()))


def _told(claim: str, bar: Bar, name: str, note: str = "") -> Claim:
    return Claim(claim, bar, (TEN_YEARS,), partial(column, name), note)


def _symmetric(most: float) -> Bar:
    return Bar(-most, most)


def _of_returns() -> Iterator[Claim]:
    for series in CURRENCIES:
        for lag in (1, 5, 20):
            real = moment(series, f"acf_absolute_{lag}")
            bar = Bar(real.value - NEAR, real.value + NEAR)
            note = f"{H10}: {real.value:.3f} ({real.low:.3f} to {real.high:.3f})"
            yield _told(f"{series}: autocorrelation of |r| at {lag} days", bar,
                        f"acf_absolute_{lag} {series}", note)  # fmt: skip
        real = moment(series, "kurtosis")
        note = f"a factor of two; {H10}: {real.value:.1f} ({real.low:.1f} to {real.high:.1f})"
        bar = Bar(0.5 * real.value, 2.0 * real.value)
        yield _told(f"{series}: excess kurtosis", bar, f"kurtosis {series}", note)
        real = moment(series, "hill")
        note = f"{H10}: {real.value:.2f} ({real.low:.2f} to {real.high:.2f})"
        yield _told(f"{series}: Hill's index", Bar(2.3, 3.5), f"hill {series}", note)
        real = moment(series, "skew")
        bar = Bar(real.low, real.high)
        yield _told(f"{series}: skewness", bar, f"skew {series}", f"{H10}: {real.value:.2f}")
        yield _told(f"{series}: autocorrelation at 1 day", _symmetric(0.05), f"acf_1 {series}")
        for days in (1, 10):
            yield _told(f"{series}: momentum Sharpe ratio, {days} days", at_most(0.5),
                        f"momentum_{days} {series}", "per year, before costs")  # fmt: skip
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
