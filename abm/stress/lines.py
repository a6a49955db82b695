"""Profit line by line: each line's own, and its part of what its book costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from abm.stress.contracts import Contracts
from abm.stress.exposures import DEBT, MARGIN, Kind, kinds_of, loan_of, unit_of
from abm.stress.funding import Carried, hedge_unit, steps_of
from abm.stress.paths import Market
from abm.stress.portfolio import Portfolio

Array = np.ndarray


def weighted_profits(
    portfolio: Portfolio,
    contracts: Contracts,
    carried: Carried,
    market: Market,
    horizons: Sequence[int],
    weights: Array,
) -> Array:
    """Profit of every line since the eve, weighted over paths, (n_lines, n_horizons) [base].

    A levered line bears the part of its account's loan, calls and forced sales that its loan is of
    all loans in it. The lines add up to the whole: with equal weights to its mean, with those of
    the tail to its expected shortfall. `weights` are (n_horizons, n).
    """
    found = np.zeros((len(portfolio.names), len(horizons)))
    days = list(horizons)
    of_books = {
        book: np.einsum("hn,nh->h", weights, cost[:, days]) for book, cost in carried.costs.items()
    }
    loans = {at: loan_of(p, market) for at, p in enumerate(portfolio.positions) if p.funding >= 0}
    owed: dict[int, float] = {}
    for at, loan in loans.items():
        funding = portfolio.positions[at].funding
        owed[funding] = owed.get(funding, 0.0) + loan
    for kind, lines in kinds_of(portfolio.positions).items():
        values = np.array([portfolio.positions[at].value for at in lines])
        if kind.book.kind == DEBT:
            whole = sum(p.value for p in portfolio.positions if p.is_money and p.value < 0.0
                        and p.currency == kind.currency and not p.hedge_share)  # fmt: skip
            found[lines] = (values / whole)[:, None] * of_books[kind.book]
            continue
        gains = _unit_gains(kind, carried, market)[:, days]
        found[lines] = values[:, None] * np.einsum("hn,nh->h", weights, gains)
        if kind.book.kind == MARGIN:
            part = np.array([loans[at] for at in lines]) / owed[kind.book.currency]
            found[lines] += part[:, None] * of_books[kind.book]
    for at, worth in enumerate(contracts.worth, start=len(portfolio.positions)):
        found[at] = np.einsum("hn,nh->h", weights, worth[:, 1:] - worth[:, :1])
    return found


def _unit_gains(kind: Kind, carried: Carried, market: Market) -> Array:
    """Profit since the eve of a unit of value today, (n, T + 1) [base]."""
    unit, spot = unit_of(kind, market), market.fx[kind.currency]
    gains = steps_of(unit.value * spot) + unit.income * spot
    if kind.hedge_share and kind.currency != market.base:
        spot_loss, points = hedge_unit(kind.currency, market)
        gains[:, 1:] += kind.hedge_share * unit.value[:, :-1] * (spot_loss + points)[:, 1:]
    share = carried.shares.get(kind.book)
    if share is not None:
        gains[:, 1:] *= share[:, :-1]
    profit: Array = np.cumsum(gains, axis=1)
    return profit
