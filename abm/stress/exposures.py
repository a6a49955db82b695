"""What a portfolio's lines hold together, by book and currency, on every path and day.

A book is what moves as one: free holdings, the money of a currency that can be paid to meet calls,
the margin account of a funding currency, the debts of a currency. Within it a held share, which
may differ from path to path, is common to all lines. Lines collapse: what is the same thing in the
same currency, book and hedge is valued once, whatever the number of lines.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from abm.stress.paths import Market
from abm.stress.portfolio import Portfolio, Position

Array = np.ndarray

PER_BN = 1e-9
FREE, MONEY, MARGIN, DEBT = "free", "money", "margin", "debt"


class Book(NamedTuple):
    """Which lines move as one; `currency` is that of money, of the loan, of the debt."""

    kind: str
    currency: int = -1


class Kind(NamedTuple):
    """Lines that are worth the same per unit of value today on every path and day."""

    book: Book
    currency: int
    moves: tuple[tuple[int, float], ...]
    yield_per_year: float
    is_fixed_coupon: bool
    margin_rate: float
    hedge_share: float


@dataclass
class Held:
    """Holdings of a book in one currency, nothing of them sold, (n, T + 1) each [currency]."""

    priced: Array
    """Value of what has a price."""
    money: Array
    """Balances, interest included."""
    income: Array
    """Coupons and dividends of the nights into the day."""
    hedged: Array
    """The part that is sold forward."""
    own_margin: Array
    """Least own money by the lines' own rates."""
    asked_margin: Array
    """The part of which the simulated market says the rate."""


@dataclass
class Exposures:
    """Holdings by book and currency, and what is owed."""

    held: dict[Book, dict[int, Held]] = field(default_factory=dict)
    sold: dict[int, Array] = field(default_factory=dict)
    """Of margin accounts by funding currency: USD bn that a sale of all would bring to each
    market, (n, T + 1, K)."""
    owed: dict[Book, float] = field(default_factory=dict)
    """Of margin accounts and debts: today's loans [currency of the book]."""


def book_of(position: Position) -> Book:
    """The book of a line."""
    if position.funding >= 0:
        return Book(MARGIN, position.funding)
    if position.is_money and position.hedge_share == 0.0:
        return Book(DEBT if position.value < 0.0 else MONEY, position.currency)
    return Book(FREE)


def kinds_of(positions: Iterable[Position]) -> dict[Kind, list[int]]:
    """Numbers of the lines of each kind, in order."""
    found: dict[Kind, list[int]] = defaultdict(list)
    for at, p in enumerate(positions):
        margin = p.margin_rate if p.margin_rate == p.margin_rate else -1.0  # NaN equals nothing
        terms = (p.moves, p.yield_per_year, p.is_fixed_coupon, margin, p.hedge_share)
        found[Kind(book_of(p), p.currency, *terms)].append(at)
    return found


def loan_of(position: Position, market: Market) -> float:
    """Today's loan behind a levered line [its funding currency]."""
    fx = market.fx
    return position.loan * float(fx[position.currency][0, 0] / fx[position.funding][0, 0])


class Unit(NamedTuple):
    """One unit of value today, by path and day [its currency], (n, T + 1)."""

    value: Array
    income: Array
    """Of what is not money; 0 on the eve."""


def unit_of(kind: Kind, market: Market) -> Unit:
    """A unit of a kind of line.

    priced: exp(sum of beta_k x_k(t)), and income y n/D on yesterday's value or on the face
    money: prod (1 + r n/D)
    """
    if not kind.moves:
        growth = np.cumprod(1.0 + market.accrual(kind.currency), axis=1)
        return Unit(np.broadcast_to(growth, market.log_prices.shape[:2]), np.zeros((1, 1)))
    log = sum(beta * market.log_prices[:, :, k] for k, beta in kind.moves)
    value: Array = np.exp(log)
    per_day = kind.yield_per_year * market.nights / market.day_counts[kind.currency]
    if kind.is_fixed_coupon:
        return Unit(value, per_day[None])
    income = np.empty_like(value)
    income[:, 0] = 0.0
    np.multiply(value[:, :-1], per_day[1:], out=income[:, 1:])
    return Unit(value, income)


def exposures_of(portfolio: Portfolio, market: Market) -> Exposures:
    """The holdings of a portfolio; sums do not depend on the order of its lines."""
    found = Exposures()
    for kind, lines in sorted(kinds_of(portfolio.positions).items()):
        positions = [portfolio.positions[at] for at in lines]
        total = math.fsum(position.value for position in positions)
        if kind.book.kind == DEBT:
            found.owed[kind.book] = found.owed.get(kind.book, 0.0) - total
            continue
        _add(found, kind, total, market)
        if kind.book.kind == MARGIN:
            loans = math.fsum(loan_of(position, market) for position in positions)
            found.owed[kind.book] = found.owed.get(kind.book, 0.0) + loans
    return found


def _add(found: Exposures, kind: Kind, total: float, market: Market) -> None:
    """Add a kind of line worth so much today to its book."""
    unit = unit_of(kind, market)
    by_currency = found.held.setdefault(kind.book, {})
    if kind.currency not in by_currency:
        shape = market.log_prices.shape[:2]
        by_currency[kind.currency] = Held(*(np.zeros(shape) for _ in range(6)))
    held = by_currency[kind.currency]
    value = total * unit.value
    if kind.moves:
        held.priced += value
        held.income += total * unit.income
    else:
        held.money += value
    if kind.hedge_share:
        held.hedged += kind.hedge_share * value
    if kind.book.kind == MARGIN:
        if kind.margin_rate >= 0.0:
            held.own_margin += kind.margin_rate * value
        else:
            held.asked_margin += value
        _add_sale(found, kind, value, market)


def _add_sale(found: Exposures, kind: Kind, value: Array, market: Market) -> None:
    """Add what a sale of a levered line brings to each market [USD bn].

    An asset is sold in its market, by betas in those of its factors by their sizes; the proceeds
    are changed from its currency into that of the loan, each against the dollar.
    """
    funding, dollar = kind.book.currency, len(market.currencies) - 1
    if funding not in found.sold:
        found.sold[funding] = np.zeros_like(market.log_prices)
    in_usd = market.fx[kind.currency] / market.fx[dollar]
    amount = PER_BN * value * in_usd
    for k, beta in kind.moves:
        found.sold[funding][:, :, k] += abs(beta) * amount
    if funding != kind.currency:
        for c in (kind.currency, funding):
            if c != dollar:
                found.sold[funding][:, :, c] += amount
