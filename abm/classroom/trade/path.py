"""One carry trade from its opening to its end: its worth on each day, its liquidation.

The contract. At the close before the run, at the opening quotes, E0 of own money and a loan of
(L - 1) E0 in the funding currency buy L E0 of the target currency. The loan is fixed in yen, both
rates are those of the opening and stay; interest is simple, over calendar days, by the year of each
currency's money market (`carry.DAY_COUNT`); the broker's cost is a spread over the yen rate. The
trade is too small to move a price. After d days, marked at a close [USD mn]:

    position  P = L E0 (X / X0) G_t           G_t = 1 + r_t d / basis_t
    debt      D = (L - 1) E0 (S0 / S) G_l     G_l = 1 + (r_l + c) d / basis_l
    equity    E = P - D

X: dollars per unit of the target, S: yen per dollar. Their product C = X S is the target's quote in
yen; P / D = L / (L - 1) (C / C0) (G_t / G_l), so whether E < m P hangs on C alone. The broker
closes it all below

    C* = C0 (L - 1) / L / (1 - m) G_l / G_t   [yen per unit of the target]

which falls from day to day while the target earns more than the loan costs. A liquidated trade is
sold whole at that close; what is left is cash and earns nothing. Where the quote has jumped past
D = P more is lost than was put in. There is no margin call, which would ask for more money first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm.carry import attribute_pnl, breakeven_rate, net_carry, year_fraction
from abm.classroom.quotes import USD, log_usd, usd_per_unit
from abm.classroom.terms import Terms
from abm.episodes.record import real_path
from abm.population.script import write_script
from abm.runs.fast import OutputRequest, watched_run
from abm.scenario import Scenario

TYPICAL_YEAR = ("2023-07-01", "2024-06-28")  # of the record, up to the opening quotes
WEEK = 5  # fixings
Numbers = NDArray[np.float64]


class Opening(NamedTuple):
    """Quotes and rates at which a trade is opened."""

    target: str
    funding: str
    usd_per_target: float
    usd_per_funding: float
    rate_target: float  # per year
    rate_funding: float

    @property
    def quote(self) -> float:
        """Units of the funding currency for one of the target."""
        return self.usd_per_target / self.usd_per_funding


class Profit(NamedTuple):
    """The change of equity by source [USD mn]; losses are negative."""

    interest_earned: float
    interest_paid: float
    cost: float
    target_move: float  # of the target against the dollar, on what was bought
    yen_move: float  # of the yen against the dollar, on what was borrowed
    on_interest: float  # of both, on interest
    total: float


class Logs(NamedTuple):
    """Log changes of dollar prices since the opening, at closes; arrays (..., n_days)."""

    target: Numbers
    funding: Numbers


class Marked(NamedTuple):
    """A trade at every close; arrays (..., n_days)."""

    quote: Numbers  # funding currency per target
    liquidation_quote: Numbers  # C*
    position_usd_mn: Numbers
    equity_usd_mn: Numbers


class Outcome(NamedTuple):
    """The course of the trade; arrays (...)."""

    last_day: NDArray[np.int64]  # closed, at its term, at the end of the run or by the broker
    is_liquidated: NDArray[np.bool_]
    final_return: Numbers  # change of equity as a share of it
    equity_usd_mn: Numbers  # (..., n_days), constant once it is closed


class Course(NamedTuple):
    """A trade as it is drawn, from the eve of the run (day -1) on; arrays (1 + n_days,)."""

    day: NDArray[np.int64]
    quote: Numbers  # funding currency per target
    liquidation_quote: Numbers
    break_even: Numbers
    equity_usd_mn: Numbers


def opening_of(scenario: Scenario, target: str) -> Opening:
    """Quotes and rates of a scenario before its first day."""
    funding, rates = scenario.funding_currency, scenario.rates
    rate = rates.usd_per_year if target == USD else scenario.currencies[target].yield_per_year
    legs = usd_per_unit(scenario, target), usd_per_unit(scenario, funding)
    return Opening(target, funding, *legs, rate, rates.funding_per_year)


def growths(terms: Terms, opening: Opening, days: float | Numbers) -> tuple[Numbers, Numbers]:
    """Growth of a unit of the target and of a unit of debt in some days: G_t, G_l."""
    target = 1.0 + opening.rate_target * np.asarray(days) * year_fraction(1.0, opening.target)
    rate = opening.rate_funding + terms.cost_per_year
    return target, 1.0 + rate * np.asarray(days) * year_fraction(1.0, opening.funding)


def liquidation_quote(
    quote: float, leverage: float, margin_rate: float, growth: float = 1.0
) -> float:
    """Quote below which equity is less than the margin rate of the position [as `quote`].

        C* = C0 (L - 1) / L / (1 - m) g,   g = G_l / G_t

    0 without debt: such a trade is never liquidated.
    """
    return quote * (leverage - 1.0) / leverage / (1.0 - margin_rate) * growth


def is_lent(terms: Terms) -> bool:
    """True if a broker accepts it: equity is at least the margin, 1 / L >= m."""
    return terms.leverage * terms.margin_rate <= 1.0


def break_even_quote(terms: Terms, opening: Opening, days: Any) -> Any:
    """Quote at which what was borrowed has earned nothing [funding currency per target].

    `carry.breakeven_rate`, each leg by its own year.
    """
    return breakeven_rate(
        opening.rate_funding * days * year_fraction(1.0, opening.funding),
        opening.rate_target * days * year_fraction(1.0, opening.target),
        1.0, opening.quote, terms.cost_per_year * days * year_fraction(1.0, opening.funding),
        "simple",
    )  # fmt: skip


def net_carry_on_equity(terms: Terms, opening: Opening) -> float:
    """Interest earned less interest and cost paid, at unchanged quotes [share of equity per year].

    r_t + (L - 1) (r_t - r_l - c)
    """
    gap = net_carry(opening.rate_target, opening.rate_funding, terms.cost_per_year)
    return opening.rate_target + (terms.leverage - 1.0) * gap


def profit(
    terms: Terms, opening: Opening, days: float, usd_per_target: float, usd_per_funding: float
) -> Profit:
    """The change of equity by source, at closing quotes in dollars.

    Three books of `carry.attribute_pnl` in dollars: what was bought, and short the funding currency
    the loan and its cost, which is interest of its own. The total is the sum of the parts.
    """
    bought = terms.leverage * terms.equity_usd_mn
    lent = bought - terms.equity_usd_mn
    own_year, loan_year = (year_fraction(days, c) for c in (opening.target, opening.funding))
    asset = attribute_pnl(
        bought, 0.0, opening.rate_target * own_year, 1.0, opening.usd_per_target, usd_per_target
    )
    loan, cost = (
        attribute_pnl(-lent, 0.0, rate * loan_year, 1.0, opening.usd_per_funding, usd_per_funding)
        for rate in (opening.rate_funding, terms.cost_per_year)
    )
    parts = (
        asset.carry, loan.carry, cost.carry, asset.fx_on_principal, loan.fx_on_principal,
        asset.fx_on_interest + loan.fx_on_interest + cost.fx_on_interest,
    )  # fmt: skip
    return Profit(*parts, sum(parts))


def elapsed_days(scenario: Scenario) -> Numbers:
    """Calendar days from the close before the run to each close of it, (n_days,)."""
    return np.cumsum(write_script(scenario).accrual_days[scenario.calendar.burn_in_days :])


def mark(terms: Terms, opening: Opening, days: Numbers, logs: Logs) -> Marked:
    """Equity, position and liquidation quote at closes, so many calendar days after the opening."""
    grown, owed = growths(terms, opening, days)
    bought = terms.leverage * terms.equity_usd_mn
    position = bought * np.exp(logs.target) * grown
    debt = (bought - terms.equity_usd_mn) * np.exp(logs.funding) * owed
    quote = opening.quote * np.exp(logs.target - logs.funding)
    level = liquidation_quote(opening.quote, terms.leverage, terms.margin_rate) * owed / grown
    return Marked(quote, np.broadcast_to(level, quote.shape), position, position - debt)


def hold(terms: Terms, marked: Marked, days: Numbers) -> Outcome:
    """Keep it until its term, the end of the run or the first close at which it is liquidated."""
    n_held = min(int(np.searchsorted(days, terms.days)) + 1, len(days))
    equity = marked.equity_usd_mn
    is_below = equity < terms.margin_rate * marked.position_usd_mn
    is_below = is_below & (np.arange(len(days)) < n_held)
    is_liquidated = np.asarray(is_below.any(axis=-1))
    last = np.where(is_liquidated, is_below.argmax(axis=-1), n_held - 1)
    final = np.take_along_axis(equity, last[..., None], axis=-1)
    kept = np.where(np.arange(len(days)) <= last[..., None], equity, final)
    return Outcome(last, is_liquidated, final[..., 0] / terms.equity_usd_mn - 1.0, kept)


def course(terms: Terms, opening: Opening, days: Numbers, marked: Marked, held: Outcome) -> Course:
    """One trade from the eve, when it was opened at its opening quotes, to the last close."""
    nothing = np.zeros(1)
    eve = mark(terms, opening, nothing, Logs(nothing, nothing))
    return Course(
        np.arange(-1, len(days)),
        np.concatenate([eve.quote, marked.quote]),
        np.concatenate([eve.liquidation_quote, marked.liquidation_quote]),
        break_even_quote(terms, opening, np.concatenate([nothing, days])),
        np.concatenate([eve.equity_usd_mn, held.equity_usd_mn]),
    )


@lru_cache(maxsize=512)
def run_prices(scenario: Scenario, seed: int, replicate: int = 0) -> dict[str, Numbers]:
    """Days and log dollar prices of the currencies along one run, kept for other trades on it."""
    quick = scenario.with_changes({"outputs.feedback_gain_every_days": 0})
    series = tuple(f"log_{name}" for name in scenario.currencies)
    return watched_run(quick, seed, replicate, OutputRequest(series=series)).days


def run_logs(scenario: Scenario, target: str, seed: int, replicate: int = 0) -> Logs:
    """The two prices of a trade along one run, (n_days,)."""
    days = run_prices(scenario, seed, replicate)
    return Logs(log_usd(days, target), log_usd(days, scenario.funding_currency))


def seed_logs(scenario: Scenario, target: str, n_seeds: int) -> Logs:
    """The same along the runs of seeds 0, 1, ..., (n_seeds, n_days)."""
    runs = [run_logs(scenario, target, seed) for seed in range(n_seeds)]
    return Logs(*(np.array(column) for column in zip(*runs, strict=True)))


@lru_cache(maxsize=16)
def typical_week(pair: str) -> float:
    """Standard deviation of five-day moves of the real quote over TYPICAL_YEAR [log]."""
    logs = np.log(real_path(pair, *TYPICAL_YEAR).to_numpy())
    return float((logs[WEEK:] - logs[:-WEEK]).std())
