"""The simulated market of a stress test: many runs of a scenario through the sweep's store, as
arrays by path and day.

Day 0 is the eve of the shock, on which the portfolio is as its owner wrote it: prices are counted
from there. Days before it move nothing but the estimate of volatility. Arrays are `(n, T + 1)`,
with one path instead of n where all paths agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import FailedRun, InvalidInput
from abm.kernels.contracts.balances import BORROWERS_SHARE_OF_BASIS
from abm.kernels.state import TRADING_DAYS
from abm.population.instruments import opening_terms
from abm.population.script import write_script
from abm.runs.tables import DEPTH, OWN_BASIS
from abm.stress.portfolio import usd_value
from abm.sweep.experiment import Experiment
from abm.sweep.runner import sweep
from abm.sweep.store import load_days, load_events, load_sweep

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario
    from abm.sweep.session import Progress

Array = np.ndarray

BP = 1e-4
PER_BN = 1e-9
STATE = ("margin_rate", "dealer_depth_share", "leverage", "yen_short_units", "n_margin_calls",
         "forced_hedge_fund_usd_bn")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Market:
    """Simulated markets by path and day, from the eve of the shock."""

    scenario: Scenario
    base: int
    """Currency of the result; the dollar is last."""
    seed: int
    replicates: Array
    """(n,) number of the replicate of each path: `abm.run(scenario, seed, replicate)` is it."""
    n_failed: int
    """Runs that failed and are no path."""
    log_prices: Array
    """(n, T + 1, K) since the eve, local."""
    rates: Array
    """(n or 1, T + 1, C + 1) per year at which the nights into each day accrue, dollar last."""
    nights: Array
    """(T + 1,) calendar days into each day."""
    basis: Array
    """(n or 1, T + 1, C + 1) cross-currency basis per year, negative where dollars are dear; of
    currencies without a swap market in the scenario, and of the dollar, 0."""
    margin_rate: Array
    """(n, T + 1) asked of hedge funds, share of their assets."""
    depth_share: Array
    """(n, T + 1) of dealers' calm depth that they offer on the day."""
    depth: Array
    """(n, T + 1, K) that each market opens with on the day [USD bn per log] (M37)."""
    variance: Array
    """(n, T + 1, K) of local returns, fast average, per year."""
    state: dict[str, Array]
    """(n, T + 1) other columns of the days table, by name."""

    @property
    def n(self) -> int:
        """Number of paths."""
        return len(self.log_prices)

    @property
    def n_days(self) -> int:
        """T: days after the eve."""
        return int(self.log_prices.shape[1]) - 1

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """Their names, the dollar last."""
        return (*self.scenario.currencies, "USD")

    @cached_property
    def fx(self) -> list[Array]:
        """Base currency for a unit of each currency, (n, T + 1) each, the dollar last."""
        opening = [usd_value(self.scenario, name) for name in self.currencies]
        in_usd = [np.exp(self.log_prices[:, :, c]) * opening[c] for c in range(len(opening) - 1)]
        in_usd.append(np.ones(self.log_prices.shape[:2]))
        base = in_usd[self.base]
        return [np.ones_like(base) if c == self.base else x / base for c, x in enumerate(in_usd)]

    @cached_property
    def calm_covariance(self) -> Array:
        """(K, K) of local returns in calm (M53) [per year]."""
        covariance: Array = opening_terms(self.scenario).covariance
        return covariance

    @cached_property
    def day_counts(self) -> tuple[int, ...]:
        """Days in the year of each currency's money market, the dollar last."""
        counts = [part.day_count for part in self.scenario.currencies.values()]
        return (*counts, self.scenario.rates.usd_day_count)

    def accrual(self, currency: int) -> Array:
        """Policy interest of the nights into each day on a unit of a currency, (n or 1, T + 1)."""
        accrued: Array = self.rates[:, :, currency] * self.nights / self.day_counts[currency]
        return accrued

    def swap_accrual(self, currency: int) -> Array:
        """The same as currency swaps imply it: the basis sits on what is not dollars."""
        implied = self.rates[:, :, currency] + self.basis[:, :, currency]
        accrued: Array = implied * self.nights / self.day_counts[currency]
        return accrued

    def spread_accrual(self, currency: int) -> Array:
        """Financing spread of the same nights; on yen also the borrower's part of the basis."""
        funding = self.scenario.funding
        spread = np.full_like(self.basis[:, :, currency], self.scenario.banks.spread_per_year)
        if funding.basis.kind != "market":
            spread += BORROWERS_SHARE_OF_BASIS * self.basis[:, :, currency]
        accrued: Array = spread * self.nights / self.day_counts[currency]
        return accrued


def simulate(
    scenario: Scenario,
    runs: int,
    seed: int,
    n_days: int,
    base: int,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Market:
    """Run what is missing of the market's paths in a folder, and read them.

    Raises InvalidInput where the scenario is too short, FailedRun where every run failed, and as
    `abm.sweep` does.
    """
    bad = too_long(scenario, n_days)
    if bad:
        raise InvalidInput(*bad)
    with TemporaryDirectory() as place:  # the scenario, as the file that an experiment names
        (Path(place) / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
        experiment = Experiment.from_dict(_question(scenario, runs, seed), place)
        sweep(experiment, folder, workers=workers, progress=progress)
    return read_market(scenario, folder, seed, n_days, base)


def most_days(scenario: Scenario) -> int:
    """Trading days that a scenario has after the eve of its shock."""
    return scenario.calendar.days - scenario.shock_day


def too_long(scenario: Scenario, n_days: int) -> list[str]:
    """Fault of a horizon beyond the last day of a scenario; none where it is within."""
    most = most_days(scenario)
    if n_days <= most:
        return []
    return [
        f"horizon = {n_days} days, must be at most {most} in {scenario.name}, which has "
        f"{scenario.calendar.days} days and its shock on day {scenario.shock_day}; "
        "calendar.days makes it longer"
    ]


def read_market(scenario: Scenario, folder: Path, seed: int, n_days: int, base: int) -> Market:
    """The paths that a folder holds, in the order of their replicates."""
    kept = load_sweep(folder, ["row", "replicate", "status"])
    done = kept[kept["status"] == "done"]
    if done.empty:
        raise FailedRun(f"{scenario.name}: every run failed; unwind status {folder} says why")
    days = load_days(folder)
    assert days is not None, "the experiment asks for series"
    days = days[days["row"].isin(done["row"])]
    n = len(done)
    read = {name: days[name].to_numpy(np.float64).reshape(n, -1) for name in series_of(scenario)}
    events = load_events(folder) if rates_follow_rules(scenario) else None
    rows = done["row"].to_numpy()
    drawn = Drawn(seed, rows, done["replicate"].to_numpy(), len(kept) - n, read, events)
    return market_of(scenario, drawn, n_days, base)


class Drawn(NamedTuple):
    """Runs of a scenario as they were drawn, before anything is counted from an eve."""

    seed: int
    rows: Array
    """(n,) numbers by which `events` knows the runs."""
    replicates: Array
    """(n,) in their order."""
    n_failed: int
    """Runs that failed and are not here."""
    days: dict[str, Array]
    """(n, n_days) columns of the days table, `series_of` by name."""
    events: pd.DataFrame | None
    """All events by row, where policy rates follow rules."""


def market_of(scenario: Scenario, drawn: Drawn, n_days: int, base: int) -> Market:
    """The market of runs that are there, over some days from the eve of the shock."""
    read, eve = drawn.days, scenario.shock_day - 1
    prices = np.stack([read[f"log_{name}"] for name in scenario.instrument_names], axis=2)
    prices = np.concatenate([np.zeros_like(prices[:, :1]), prices], axis=1)  # the opening
    shown = slice(eve + 1, eve + 2 + n_days)  # in arrays that begin with the opening
    state = {name: _from_eve(read[name], eve, n_days) for name in STATE}
    if drawn.events is not None:
        rates = _rates_of_events(scenario, drawn.events, drawn.rows, n_days)
    else:
        rates = _scripted_rates(scenario, n_days)[None]
    burn = scenario.calendar.burn_in_days
    calm = np.diag(opening_terms(scenario).covariance)  # at which estimates open
    nights = write_script(scenario).accrual_days[burn + eve + 1 :][:n_days]
    return Market(
        scenario,
        base,
        drawn.seed,
        drawn.replicates,
        drawn.n_failed,
        prices[:, shown] - prices[:, shown][:, :1],
        rates,
        np.concatenate([[0.0], nights]),
        _basis(scenario, read, eve, n_days),
        _asked(state["margin_rate"]),
        _offered(read["dealer_depth_share"], eve, n_days),
        np.stack([_from_eve(read[name], eve, n_days) for name in _depths(scenario)], axis=2),
        fast_average(prices, calm, scenario.estimation.fast_decay)[:, shown],
        state,
    )


def _question(scenario: Scenario, runs: int, seed: int) -> dict[str, Any]:
    """The experiment: one point, the scenario as it is, on so many draws."""
    unchanged = {"population.scale": scenario.population.scale}
    outputs = {
        "measure": "run",
        "series": series_of(scenario),
        "events": rates_follow_rules(scenario),
    }
    return {
        "name": f"stress-{scenario.name}",
        "scenario": "scenario.toml",
        "replicates": runs,
        "seed": seed,
        "design": {"kind": "list", "points": [unchanged]},
        "outputs": outputs,
    }


def series_of(scenario: Scenario) -> list[str]:
    """Columns of the days table that a market is made of."""
    prices = [f"log_{name}" for name in scenario.instrument_names]
    return [*prices, *STATE, *_basis_columns(scenario).values(), *_depths(scenario)]


def _depths(scenario: Scenario) -> list[str]:
    return [DEPTH.format(name) for name in scenario.instrument_names]


def _basis_columns(scenario: Scenario) -> dict[int, str]:
    """Columns of the days table with a basis that moves, by currency."""
    basis = scenario.funding.basis
    if basis.kind != "market":
        return {}
    own = {[*scenario.currencies].index(name): OWN_BASIS.format(name) for name in basis.currencies}
    return {0: "basis_bp", **own}


def rates_follow_rules(scenario: Scenario) -> bool:
    """True where policy rates differ from path to path: they are read off the events then."""
    return scenario.policy.boj.kind == "rule" or scenario.policy.fed.kind == "rule"


def _scripted_rates(scenario: Scenario, n_days: int) -> Array:
    """Rates of the script from the eve on, (T + 1, C + 1) [per year]."""
    eve = scenario.calendar.burn_in_days + scenario.shock_day - 1
    rates = write_script(scenario).rates
    scripted: Array = rates[np.maximum(np.arange(eve, eve + 1 + n_days), 0)]
    return scripted


def _rates_of_events(scenario: Scenario, events: pd.DataFrame, rows: Array, n_days: int) -> Array:
    """Rates by path: the script's, and what rules have moved up to each day, (n, T + 1, C + 1)."""
    eve = scenario.shock_day - 1
    script = write_script(scenario).rates[scenario.calendar.burn_in_days :]
    steps = np.diff(script, axis=0, prepend=script[:1])
    moved = np.zeros((len(rows), *script.shape))
    is_rate = (events["kind"] == "policy") & (events["counterparty"] == "")
    place = {row: at for at, row in enumerate(rows)}
    names = [*scenario.currencies, ""]  # of the dollar's rate no instrument is named
    for row, day, name, change in events.loc[
        is_rate, ["row", "day", "instrument", "amount_usd_bn"]
    ].itertuples(index=False):
        if row in place:
            c = names.index(name)
            scripted = steps[day, c] if name else 0.0
            moved[place[row], day:, c] += change - scripted
    before = np.zeros((len(rows), 1, script.shape[1]))
    by_rule = np.concatenate([before, moved], axis=1)[:, eve + 1 : eve + 2 + n_days]
    rates: Array = _scripted_rates(scenario, n_days)[None] + by_rule
    return rates


def _basis(scenario: Scenario, read: dict[str, Array], eve: int, n_days: int) -> Array:
    """Basis by currency, the dollar last: as it moves, or constant on the funding currency."""
    moving = _basis_columns(scenario)
    n = len(next(iter(read.values()))) if moving else 1
    basis = np.zeros((n, n_days + 1, len(scenario.currencies) + 1))
    if not moving:
        basis[:, :, 0] = -scenario.funding.basis_per_year
    for currency, column in moving.items():
        basis[:, :, currency] = _from_eve(read[column], eve, n_days) * BP
    return basis


def _from_eve(days: Array, eve: int, n_days: int) -> Array:
    """A column from the eve on; of a shock on the first day the eve has the first day's value."""
    padded: Array = np.concatenate([days[:, :1], days], axis=1)
    return padded[:, eve + 1 : eve + 2 + n_days]


def _asked(margin_rate: Array) -> Array:
    """Margin rates, each kept while funds have no wealth to weight them by (NaN where they never
    had any); on the eve that of the next morning, which the eve has set."""
    asked: Array = margin_rate.copy()
    asked[:, 0] = asked[:, 1]
    for day in range(1, asked.shape[1]):
        asked[:, day] = np.where(np.isnan(asked[:, day]), asked[:, day - 1], asked[:, day])
    return asked


def _offered(depth_share: Array, eve: int, n_days: int) -> Array:
    """Dealers' depth of each day, which the close before has set; calm before the first."""
    calm = np.ones((len(depth_share), 2))
    offered: Array = np.concatenate([calm, depth_share], axis=1)[:, eve + 1 : eve + 2 + n_days]
    return offered


def fast_average(log_prices: Array, opening: Array | float, decay: float) -> Array:
    """Fast average of squared returns along the days, (n, days, ...) [per year].

    v(t) = a v(t-1) + (1 - a) 250 r(t)^2                                         (M51)
    """
    variance = np.empty_like(log_prices)
    variance[:, 0] = opening
    for day in range(1, log_prices.shape[1]):
        squared = TRADING_DAYS * (log_prices[:, day] - log_prices[:, day - 1]) ** 2
        variance[:, day] = decay * variance[:, day - 1] + (1.0 - decay) * squared
    return variance
