"""The table `indicators` of a run: how near the carry trade stood to an unwind, day by day.

Part of it is in `days`. The rest needs the books of every close, which no run keeps: a run that can
be repeated is passed again, stopped at each close, for those who ask, and for nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.kernels.banks.claim_marks import BOOKED
from abm.kernels.state import HEDGE_FUND
from abm.measures.indicators import (
    LEAST_ABSORBING,
    absorption_ratios,
    absorption_shifts,
    bank_debtrank,
    bank_systemicness,
    carry_to_risk,
    least_margin_slack,
    mean_margin_slack,
    mean_overlap,
    net_short_share,
    over_window,
    realised_volatility,
    returns_with_yen,
    risk_reversal_proxy,
)
from abm.population.branching import replays
from abm.population.exposures import (
    bank_assets,
    bank_names_of,
    depth_of_market,
    leverage_of,
    margin_slack_of,
    positions_usd_bn,
)
from abm.population.origin import Origin
from abm.runs.columns import table_of_result

if TYPE_CHECKING:
    import pandas as pd

    from abm.population.world import World
    from abm.runs.result import RunResult

Array = np.ndarray
Numbers = dict[str, float]

KEPT = ("day", "date", "yen_short_units", "leverage", "basis_bp", "feedback_gain")
"""Columns of `days` that are indicators already; the basis where it moves."""


def indicators_table(result: RunResult) -> pd.DataFrame:
    """One row per trading day; columns: `columns.toml`.

    Raises InvalidInput for a run that cannot be repeated, or that this version of the program does
    not repeat.
    """
    import pandas as pd

    if not result.is_repeatable:
        raise InvalidInput(
            "a run with Python agents or written books cannot be run again: it has no indicators"
        )
    begun = result.origin or Origin(result.scenario, ())
    stops = range(1, len(result.days) + 1)
    rows: list[Numbers] = []
    rates: list[Rates] = []
    for stop in replays(begun, result.seed, result.replicate, stops, with_events=False):
        rows.append(indicators_of(stop.world))
        rates.append(rates_of(stop.world))
    world = stop.world
    prices = world.record.log_prices[: world.burn_in + len(rows)]
    opening = stop.opening.log_prices[0]
    yen = result.days[f"log_{result.scenario.funding_currency}"].to_numpy()
    if not np.array_equal(prices[world.burn_in :, 0] - opening, yen):
        raise InvalidInput(
            "this version or platform does not repeat the run to the last bit: "
            "unwind reproduce says how far the two are apart"
        )
    kept = {name: result.days[name].to_numpy() for name in KEPT if name in result.days}
    market = {
        name: values[-len(rows) :]
        for name, values in price_indicators(in_usd(prices, world.market.quote)).items()
    }
    short = net_short_share(result.days["yen_short_units"].to_numpy())
    frame = pd.DataFrame(
        {**kept, **market, **rate_indicators(rates, market), "net_short_share": short}
    )
    frame = pd.concat([frame, pd.DataFrame(rows)], axis=1)
    return table_of_result("indicators", frame)


class Rates(NamedTuple):
    """Policy rates of a close [per year]."""

    funding: float
    usd: float


def rates_of(world: World) -> Rates:
    """The yen's policy rate and the dollar's."""
    return Rates(float(world.market.rates[0]), float(world.market.rates[-1]))


def in_usd(log_prices: Array, quote: Array) -> Array:
    """Log prices in dollars, (n_days, K): of what is quoted abroad with its currency's."""
    prices: Array = log_prices.copy()
    abroad = np.flatnonzero(quote >= 0)
    prices[:, abroad] += log_prices[:, quote[abroad]]
    return prices


def price_indicators(log_usd_prices: Array) -> dict[str, Array]:
    """Indicators that prices alone give, (n_days,) each; the yen is the first of the markets."""
    returns = np.diff(log_usd_prices, axis=0, prepend=np.nan)
    yen, ratios = returns[:, 0], np.full(len(returns), np.nan)
    if returns.shape[1] >= LEAST_ABSORBING:
        ratios[1:] = absorption_ratios(returns[1:])
    return {
        "risk_reversal_per_year": _after_first(over_window(risk_reversal_proxy, yen[1:])),
        "realised_volatility_per_year": _after_first(over_window(realised_volatility, yen[1:])),
        "absorption_ratio": ratios,
        "absorption_shift": absorption_shifts(ratios),
    }


def _after_first(of_returns: Array) -> Array:
    """By day what is known by return: the first day has none."""
    return np.concatenate([[np.nan], of_returns])


def rate_indicators(rates: Sequence[Rates], market: Mapping[str, Array]) -> dict[str, Array]:
    """The yen's policy rate and carry-to-risk, (n_days,) each."""
    sigma = market["realised_volatility_per_year"]
    carry = [
        carry_to_risk(one.usd, one.funding, s) if np.isfinite(s) else np.nan
        for one, s in zip(rates, sigma.tolist(), strict=True)
    ]
    funding = np.array([one.funding for one in rates])
    return {"carry_to_risk": np.array(carry), "funding_rate_per_year": funding}


def indicators_of(world: World) -> Numbers:
    """The numbers that need the books of now, by column."""
    return {**fund_indicators(world), **_of_banks(world)}


def fund_indicators(world: World) -> Numbers:
    """Of the hedge funds: the margin slack of those who owe, the overlap of those who hold."""
    books = world.books
    funds = slice(*world.rules.mandates.first_row[[HEDGE_FUND, HEDGE_FUND + 1]])
    wealth, owed = books.wealth[funds], books.borrowing[funds]
    slack = margin_slack_of(leverage_of(wealth, owed), books.maintenance_leverage[funds])
    owes = (owed > 0.0) & np.isfinite(slack)
    held = positions_usd_bn(world)[funds]
    is_any = bool(owes.any())
    return {
        "margin_slack": mean_margin_slack(slack[owes], wealth[owes]) if is_any else np.nan,
        "least_margin_slack": least_margin_slack(slack[owes]) if is_any else np.nan,
        "overlap": mean_overlap(held, depth_of_market(world), wealth),
    }


def _of_banks(world: World) -> Numbers:
    """Of the banks that stand, each with its desk; 0 for one that has failed, of which nothing is
    left that could be lost.
    """
    graph, desks = world.graph, np.flatnonzero(world.rules.mandates.owner >= 0)
    owner, held = world.rules.mandates.owner[desks], positions_usd_bn(world)
    equity, assets = graph.equity.copy(), bank_assets(graph)
    positions = _booked(world)
    # What a bank lends its desk becomes what the desk holds, its wealth included.
    np.add.at(equity, owner, world.books.wealth[desks])
    np.add.at(assets, owner, world.books.wealth[desks])
    np.add.at(positions, owner, held[desks])
    stands = (graph.failed == 0) & (graph.equity > 0.0) & (equity > 0.0)
    assets = np.maximum(assets, equity)  # a bank that has lent its debt away sells nothing
    moves = returns_with_yen(_usd_covariance(world))
    ranks, caused = np.zeros(len(equity)), np.zeros(len(equity))
    if stands.any():
        ranks[stands] = bank_debtrank(_claims(world)[np.ix_(stands, stands)], graph.equity[stands])
        terms = (positions[stands], assets[stands], equity[stands], depth_of_market(world), moves)
        caused[stands] = bank_systemicness(*terms) if np.isfinite(moves).all() else np.nan
    names = bank_names_of(graph)
    return {
        "largest_debtrank": float(ranks.max()),
        "vulnerability": float(caused.sum()),
        **{f"debtrank_{name}": float(rank) for name, rank in zip(names, ranks, strict=True)},
        **{f"systemicness_{name}": float(s) for name, s in zip(names, caused, strict=True)},
    }


def _booked(world: World) -> Array:
    """Trading books of the banks, (B, K) [USD bn]; nothing where no bank has one."""
    market, book = world.market, world.graph.book
    if len(book) == 0:
        return np.zeros((len(world.graph.equity), len(market.usd_price)))
    return np.ascontiguousarray((book * market.usd_price[:, None]).T)


def _claims(world: World) -> Array:
    """Claims among banks as they are booked, lender by debtor, (B, B) [USD bn].         (M111)"""
    graph = world.graph
    claims: Array = (graph.liabilities * (1.0 - graph.written_down[BOOKED])[:, None]).T
    return claims


def _usd_covariance(world: World) -> Array:
    """Fast covariance of USD returns, (K, K), from that of local ones.                   (M14)"""
    quote = world.market.quote
    in_usd = np.eye(len(quote))
    abroad = np.flatnonzero(quote >= 0)
    in_usd[abroad, quote[abroad]] += 1.0
    covariance: Array = in_usd @ world.market.covariance_fast @ in_usd.T
    return covariance
