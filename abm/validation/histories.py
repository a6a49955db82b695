"""One long undisturbed run, measured: returns, standing of institutions, balances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.state import RETAIL_FX
from abm.literature.brunnermeier_nagel_pedersen import (
    MODEL_CURRENCIES,
    QUARTER_DAYS,
    model_differentials,
    slope_of,
)
from abm.measures.moments import Choices, of_returns, path_of
from abm.measures.tails import skewness
from abm.population.advance import advance, open_world
from abm.runs.closes import closes_of, stopped_share
from abm.validation.claims import CALM, Sample
from abm.validation.surprises import QUICKER

if TYPE_CHECKING:
    from abm.population.world import World
    from abm.scenario import Scenario

SERIES = ("USDJPY", "AUDJPY", "NKY", "SPX")
MOMENTS: dict[str, tuple[str, Choices]] = {
    "skew": ("skew", Choices()),
    "kurtosis": ("kurtosis", Choices()),
    "hill": ("hill", Choices()),
    "acf_1": ("acf", Choices(lag=1)),
    "acf_absolute_1": ("acf_absolute", Choices(lag=1)),
    "acf_absolute_5": ("acf_absolute", Choices(lag=5)),
    "acf_absolute_20": ("acf_absolute", Choices(lag=20)),
    "momentum_1": ("momentum_sharpe", Choices(days=1)),
    "momentum_10": ("momentum_sharpe", Choices(days=10)),
}
STRIDE_DAYS = 125
"""Days between two readings of what the record does not keep."""
BALANCES = ("retail FX wealth", "value investors' currencies", "fund wealth")
CHANNELS = ("retail FX positions", "carry short")


def history(scenario: Scenario, seed: int, replicate: int) -> dict[str, float]:
    """Moments of returns, share of funds stopped, stock, calls, gaps and drifts of one run."""
    world, opening = open_world(scenario, seed, replicate, with_events=False)
    burn, done = world.burn_in, world.burn_in
    stopped, standings = [], []
    while done < world.n_days:
        until = min(done + STRIDE_DAYS, world.n_days)
        world, done = advance(world, done, until), until
        stopped.append(stopped_share(world))
        standings.append(standing(world))
    closes, days = closes_of(world, opening), world.record.days[burn:]
    forced = world.record.forced_usd_bn[burn : world.n_days].sum(axis=1)
    gaps = world.record.log_prices[burn:] - world.record.fundamentals[burn:]
    values = {
        "stopped": float(np.mean(stopped)),
        "opening_stock": float(closes.yen_short[0]),
        "stock": float(closes.yen_short[1:].mean()),
        "median_calls": float(np.median(days["n_margin_calls"])),
        "median_forced": float(np.median(forced)),
        "widest_gap": float(np.abs(gaps).mean(axis=0).max()),
        "skew_slope": skew_slope(closes.log_quotes, scenario),
        "error": float(world.record.days["conservation_error"].max()),
    }
    for series in SERIES:
        returns = np.diff(path_of(closes.log_quotes, series))
        for name, (measure, choices) in MOMENTS.items():
            values[f"{name} {series}"] = of_returns(measure, returns, choices)
    table = np.array([[one[name] for name in standings[0]] for one in standings])
    return values | dict(zip(standings[0], map(growth, table.T), strict=True))


def standing(world: World) -> dict[str, float]:
    """Balances and positions at a close [USD bn]."""
    rows = slice(*world.rules.mandates.first_row[RETAIL_FX : RETAIL_FX + 2])
    n = len(world.market.value_cash) - 1  # currencies, the dollar apart
    prices = world.market.usd_price
    retail = np.abs(world.books.units[:n, rows]).sum(axis=1)
    value = np.abs(world.market.value_held[:n])
    last = world.record.days[world.record.now[0]]
    return {
        "retail FX wealth": float(world.books.wealth[rows].sum()),
        "value investors' currencies": float(value @ prices[:n]),
        "fund wealth": float(last["fund_wealth_usd_bn"]),
        "retail FX positions": float(retail @ prices[:n]),
        "carry short": float(last["yen_short_units"]),
    }


def growth(readings: np.ndarray) -> float:
    """Mean of the last quarter of the readings over that of the second."""
    quarter = max(1, len(readings) // 4)
    before = float(readings[quarter : 2 * quarter].mean())
    return float(readings[-quarter:].mean()) / before if before > 0.0 else float("nan")


def skew_slope(log_quotes: Mapping[str, np.ndarray], scenario: Scenario) -> float:
    """Slope of mean quarterly skewness on the rate differential [per percentage point].

    Across the currencies that Brunnermeier, Nagel and Pedersen (2009) are restated with.
    """
    skews = []
    for name in MODEL_CURRENCIES:
        changes = np.diff(log_quotes[name])
        quarters = changes[: len(changes) // QUARTER_DAYS * QUARTER_DAYS].reshape(-1, QUARTER_DAYS)
        skews.append(np.mean([skewness(quarter) for quarter in quarters]))
    return slope_of(model_differentials(scenario), np.array(skews))


def of_length(n_days: int, runs_per_seed: float, **changes: float) -> Sample:
    """Undisturbed runs of a length."""
    told = "".join(f" {key} {value:g}" for key, value in changes.items())
    keys = {f"funds.{key}": value for key, value in changes.items()}
    given = QUICKER | {"calendar.days": n_days} | keys
    return Sample(f"undisturbed {n_days} days{told}", CALM, history, given, runs_per_seed)


TEN_YEARS = of_length(2500, 0.25)
UNLEVERED = of_length(2500, 0.25, leverage_cap=1.0)
FORTY_YEARS = of_length(10_000, 0.06)
