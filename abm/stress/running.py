"""`abm.stress.run`: a portfolio, a scenario, and what becomes of the one in the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.errors import InvalidInput, show
from abm.numbers import is_whole
from abm.population.streams import root_seed
from abm.scenario import Scenario, load_scenario
from abm.stress.cells import CsvFile
from abm.stress.contracts import contracts_of
from abm.stress.exposures import exposures_of
from abm.stress.funding import carry_through
from abm.stress.loans import AS_IT_IS, Terms
from abm.stress.paths import Market, simulate, too_long
from abm.stress.portfolio import DOLLAR, Portfolio, Position, read_portfolio
from abm.stress.result import AS_IS, CONSTANT, HEDGED, UNLEVERED, StressResult

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.streams import Rng
    from abm.sweep.session import Progress

RUNS = 1000
HORIZONS = (1, 5, 10, 20, 60)
MOST_RUNS = 100_000


def run(
    portfolio: str | os.PathLike[str] | CsvFile | pd.DataFrame,
    scenario: Scenario | str | Path,
    runs: int = RUNS,
    horizon: int | Sequence[int] = HORIZONS,
    seed: Rng = 0,
    workers: int | None = None,
    *,
    betas: str | os.PathLike[str] | pd.DataFrame | None = None,
    base: str = DOLLAR,
    folder: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> StressResult:
    """A portfolio through many simulated paths of a scenario: profit, risk, margin, funding.

    Today is the eve of the scenario's shock at its opening quotes; the portfolio is too small to
    move the simulated prices, and pays for what it is forced to sell by dealers' spread and depth.

    Parameters
    ----------
    portfolio
        A CSV file (its path, or a CsvFile in memory) or a DataFrame, one line each; columns:
        `abm.stress.read_portfolio`.
    scenario
        A Scenario, the name of one, or the path of a .toml file.
    runs
        Paths: replicates 0 to runs − 1 of the scenario under one seed.
    horizon
        Trading days after the eve, one or several.
    seed
        That seed: a whole number, a numpy.random.SeedSequence or a numpy.random.Generator.
    workers
        Processes on this machine, by default one for each core. Results do not depend on it.
    betas
        A second table of betas by proxy.
    base
        Currency of the result: "USD" or a currency of the scenario.
    folder
        Where the market's runs are kept: another call, of another portfolio too, goes on from
        there. By default nowhere.
    progress
        Called about twice a second with a Progress of the market's runs.

    Returns
    -------
    StressResult
        Tables in the base currency; arrays by path and day are `(n, T + 1)`, day 0 the eve.

    Raises
    ------
    UnreadableFile, ScenarioFaults
        If the scenario is not there or not sound; with every fault of the portfolio.
    InvalidInput
        If a number is out of range, or the scenario too short for the horizon.
    OutputRefused
        If the folder holds other things or the runs of another market.
    FailedRun
        If every run failed.
    """
    chosen = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    horizons = refuse_numbers(runs, horizon, workers, chosen)
    found = read_portfolio(portfolio, chosen, betas, base)
    with ExitStack() as stack:
        place = folder or stack.enter_context(TemporaryDirectory(prefix="unwind-stress-"))
        market = simulate(
            chosen, int(runs), root_seed(seed), horizons[-1], found.base, Path(place),
            workers=workers, progress=progress,
        )  # fmt: skip
    return stressed(found, market, horizons)


def stressed(portfolio: Portfolio, market: Market, horizons: tuple[int, ...]) -> StressResult:
    """A portfolio through a market that is there already.

    Raises InvalidInput for a levered line without a margin rate where the market has none either.
    """
    asking = [p.name for p in portfolio.positions if p.funding >= 0 and isnan(p.margin_rate)]
    if asking and np.isnan(market.margin_rate).any():
        raise InvalidInput(
            f"{market.scenario.name} has no hedge funds of which margin is asked: give "
            f"margin_rate for {', '.join(asking[:5])}"
        )
    contracts = contracts_of(portfolio, market, horizons)
    exposures = exposures_of(portfolio, market)
    alone = exposures_of(unlevered(portfolio), market)
    variants = {
        AS_IS: carry_through(exposures, contracts, market, AS_IT_IS),
        CONSTANT: carry_through(exposures, contracts, market, Terms(is_constant=True)),
        HEDGED: carry_through(exposures, contracts, market, Terms(is_hedged=True)),
        UNLEVERED: carry_through(alone, contracts, market, AS_IT_IS),
    }
    return StressResult(portfolio, market, horizons, variants, contracts)


def unlevered(portfolio: Portfolio) -> Portfolio:
    """The same own money in every line, and no loans behind them."""

    def without_loan(p: Position) -> Position:
        return p._replace(value=p.value / p.leverage, leverage=1.0, funding=-1)

    return portfolio._replace(positions=tuple(without_loan(p) for p in portfolio.positions))


def refuse_numbers(
    runs: object, horizon: object, workers: object, scenario: Scenario
) -> tuple[int, ...]:
    """The horizons in order; raises InvalidInput with all that is out of range."""
    given = {"runs": runs} | ({} if workers is None else {"workers": workers})
    bad = [
        f"{name} = {show(value)}, must be a whole number from 1 to {MOST_RUNS:,}"
        for name, value in given.items()
        if not is_whole(value) or not 1 <= value <= MOST_RUNS  # type: ignore[operator]
    ]
    days: list[Any] = list(horizon) if isinstance(horizon, list | tuple) else [horizon]
    if not days or not all(is_whole(day) and day >= 1 for day in days):
        bad.append(f"horizon = {show(horizon)}, must be whole trading days, at least 1")
    else:
        bad += too_long(scenario, max(days))
    if bad:
        raise InvalidInput(*bad)
    return tuple(sorted({int(day) for day in days}))
