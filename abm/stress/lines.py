"""Profit line by line: each line's own, and its part of what its book costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from abm.stress.buying_back import held_of
from abm.stress.contracts import Contracts, alike_of, marks_of, paid_out_on
from abm.stress.exposures import (
    DEBT,
    MARGIN,
    WRITTEN,
    Book,
    Kind,
    batches_of,
    loan_of,
    values_of,
)
from abm.stress.funding import Carried
from abm.stress.loans import hedge_unit, steps_of, yesterday
from abm.stress.paths import Market
from abm.stress.portfolio import Portfolio

Array = np.ndarray


class Weighing(NamedTuple):
    """Weights of paths, each for the profit up to one horizon."""

    weights: Array
    """(n_weighings, n)."""
    horizons: tuple[int, ...]
    """(n_weighings,)."""


def weighted_profits(
    portfolio: Portfolio, contracts: Contracts, carried: Carried, market: Market, given: Weighing
) -> Array:
    """Profit of every line since the eve, weighted over paths, (n_lines, n_weighings) [base].

    A levered line bears the part of its account's loan, calls and forced sales that its loan is of
    all loans in it, a written option that of what buying options back costs that its underlying is
    of all that is written in its currency. The lines add up to the whole: with equal weights to its
    mean, with those of the tail to its expected shortfall. The weighings of contracts are of the
    horizons in turn.
    """
    weights, horizons = given
    found = np.zeros((len(portfolio.names), len(horizons)))
    of_books = {
        book: np.array([w @ cost[:, h] for w, h in zip(weights, horizons, strict=True)])
        for book, cost in carried.costs.items()
    }
    owed = _owed(portfolio, market)
    slopes: dict[tuple[Book, int], tuple[Array, ...]] = {}
    for kinds, lines in batches_of(portfolio):
        book, currency = kinds[0].book, kinds[0].currency
        if book.kind != DEBT:
            if (book, currency) not in slopes:
                slopes[book, currency] = _slopes(book, currency, carried, market, given)
            units = _unit_profits(kinds, slopes[book, currency], market)
            for unit, each in zip(units, lines, strict=True):
                found[each] = np.outer([portfolio.positions[at].value for at in each], unit)
        if book in owed:
            for at in (at for each in lines for at in each):
                found[at] += owed[book][at] * of_books[book]
    days = sorted(set(horizons))
    for at, worth in enumerate(contracts.worth, start=len(portfolio.positions)):
        for j, (w, h) in enumerate(zip(weights, horizons, strict=True)):
            found[at, j] = w @ (worth[:, 1 + days.index(h)] - worth[:, 0])
    first = len(portfolio.positions)
    for currency, open_ in carried.left_open.items():
        if (open_ < 1.0).any():
            cost = of_books[Book(WRITTEN, currency)]
            n_contracts = len(portfolio.contracts)
            found[first : first + n_contracts] += _of_buying_back(
                currency, open_, portfolio, market, given, cost
            )
    return found


def _of_buying_back(
    currency: int, left_open: Array, portfolio: Portfolio, market: Market, given: Weighing,
    cost: Array,
) -> Array:  # fmt: skip
    """Change in the profit of each contract because options of a currency are bought back,
    (n_contracts, n_weighings) [base]."""
    found = np.zeros((len(portfolio.contracts), len(given.horizons)))
    underlying = np.zeros(len(portfolio.contracts))
    spot = market.fx[currency]
    for same in alike_of(portfolio.contracts):
        if not same.is_written or same.one.currency != currency:
            continue
        last = paid_out_on(same.one, market)
        bought_back = 1.0 - yesterday(held_of(left_open, last))
        missed = np.cumsum(bought_back * steps_of(marks_of(same.one, market).value * spot), axis=1)
        of_unit = [w @ missed[:, h] for w, h in zip(given.weights, given.horizons, strict=True)]
        quantities = np.array([min(portfolio.contracts[at].quantity, 0.0) for at in same.places])
        of_lines = same.quantity * quantities / quantities.sum()
        found[same.places] = -np.outer(of_lines, of_unit)
        underlying[same.places] = -of_lines * market.fx[same.one.pair][0, 0]
    whole: Array = found + np.outer(underlying / underlying.sum(), cost)
    return whole


def _owed(portfolio: Portfolio, market: Market) -> dict[Book, dict[int, float]]:
    """Part that the loan or the debt of a line, by number, is of all in its book."""
    loans: dict[Book, dict[int, float]] = {}
    for kinds, lines in batches_of(portfolio):
        book = kinds[0].book
        for at in (at for each in lines for at in each):
            position = portfolio.positions[at]
            if book.kind == MARGIN:
                loans.setdefault(book, {})[at] = loan_of(position, market)
            elif book.kind == DEBT:
                loans.setdefault(book, {})[at] = -position.value
    totals = {book: sum(of_lines.values()) for book, of_lines in loans.items()}
    return {
        book: {at: loan / totals[book] for at, loan in of_lines.items()}
        for book, of_lines in loans.items()
    }


def _slopes(
    book: Book, currency: int, carried: Carried, market: Market, given: Weighing
) -> tuple[Array, ...]:
    """Weighted profits per value on each path and day, (n (T + 1), n_weighings), of holdings, of a
    yield of 1, of a hedge of all; and of a coupon of 1 on the face, (n_weighings,).

    The profit of a unit v, of which a share s is still held, is linear in v:

        sum_{t <= h} s_t-1 [(v_t S_t - v_t-1 S_t-1) + v_t-1 (y n_t/D S_t + hedge u_t)]
    """
    spot = market.fx[currency]
    held = carried.shares.get(book, np.ones_like(spot))
    nights = market.nights / market.day_counts[currency]
    hedge = np.zeros_like(spot)
    if currency != market.base:
        hedge = sum(hedge_unit(currency, market))  # type: ignore[assignment]
    columns: tuple[list[Array], ...] = ([], [], [])
    face = []
    for w, h in zip(given.weights, given.horizons, strict=True):
        kept = w[:, None] * held[:, :h]  # of the day before, for days 1 to h
        parts = [np.zeros_like(spot) for _ in range(3)]
        parts[0][:, 1 : h + 1] += kept * spot[:, 1 : h + 1]
        parts[0][:, :h] -= kept * spot[:, :h]
        parts[1][:, :h] = kept * nights[1 : h + 1] * spot[:, 1 : h + 1]
        parts[2][:, :h] = kept * hedge[:, 1 : h + 1]
        for each, part in zip(columns, parts, strict=True):
            each.append(part.ravel())
        face.append(parts[1].sum())
    return (*(np.column_stack(each) for each in columns), np.array(face))


def _unit_profits(kinds: Sequence[Kind], slopes: tuple[Array, ...], market: Market) -> Array:
    """Weighted profit of a unit of value today of each kind, (n_kinds, n_weighings) [base]."""
    values = values_of(kinds, market)
    holding, income, forward, face = slopes
    found: Array = values.T @ holding
    if any(kind.hedge_share for kind in kinds):
        found += np.array([kind.hedge_share for kind in kinds])[:, None] * (values.T @ forward)
    if not kinds[0].is_money:
        yields = np.array([kind.yield_per_year for kind in kinds])[:, None]
        is_fixed = np.array([kind.is_fixed_coupon for kind in kinds])[:, None]
        found += yields * np.where(is_fixed, face, values.T @ income)
    return found
