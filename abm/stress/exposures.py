"""What a portfolio's lines hold together, by book and currency, on every path and day.

A book is what moves as one: free holdings, the money of a currency that can be paid to meet calls,
the margin account of a funding currency, the debts of a currency. Within it a held share, which
may differ from path to path, is common to all lines. Lines collapse: what is the same thing in the
same currency, book and hedge is valued once, whatever the number of lines.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np

from abm.stress.paths import PER_BN, Market
from abm.stress.portfolio import Portfolio, Position

Array = np.ndarray

BATCH = 32  # kinds that are valued at once: bounds the memory
FREE, MONEY, MARGIN, DEBT, WRITTEN = "free", "money", "margin", "debt", "written"


class Book(NamedTuple):
    """Which lines move as one; `currency` is that of money, of the loan, of the debt, of options
    that are written."""

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
    """Of its own; -1 for what the simulated market asks."""
    hedge_share: float

    @property
    def is_money(self) -> bool:
        """True for balances."""
        return not self.moves


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


def batches_of(portfolio: Portfolio) -> Iterator[tuple[list[Kind], list[list[int]]]]:
    """Kinds of one book and currency, all with a price or all money, a few at a time, each with the
    numbers of its lines; in an order that does not depend on that of the lines."""
    kinds = sorted(kinds_of(portfolio.positions).items())
    for _, group in groupby(kinds, lambda item: (item[0].book, item[0].currency, item[0].is_money)):
        together = list(group)
        for first in range(0, len(together), BATCH):
            batch = together[first : first + BATCH]
            yield [kind for kind, _ in batch], [lines for _, lines in batch]


def values_of(kinds: Sequence[Kind], market: Market) -> Array:
    """A unit of value today of each kind of a batch by path and day, (n (T + 1), n_kinds).

    priced: exp(sum of beta_k x_k(t))            money: prod (1 + r n/D)
    """
    n_rows = market.n * (market.n_days + 1)
    if kinds[0].is_money:
        growth = np.cumprod(1.0 + market.accrual(kinds[0].currency), axis=1)
        one = np.broadcast_to(growth, (market.n, market.n_days + 1)).reshape(n_rows, 1)
        return np.repeat(one, len(kinds), axis=1)
    prices = market.log_prices.reshape(n_rows, -1)
    betas = np.zeros((prices.shape[1], len(kinds)))
    for at, kind in enumerate(kinds):
        for k, beta in kind.moves:
            betas[k, at] = beta
    values: Array = np.exp(prices @ betas)
    return values


def exposures_of(portfolio: Portfolio, market: Market) -> Exposures:
    """The holdings of a portfolio; sums do not depend on the order of its lines."""
    found = Exposures()
    for kinds, lines in batches_of(portfolio):
        book = kinds[0].book
        totals = [math.fsum(portfolio.positions[at].value for at in each) for each in lines]
        if book.kind == DEBT:
            found.owed[book] = found.owed.get(book, 0.0) - math.fsum(totals)
            continue
        _add(found, kinds, np.array(totals), market)
        if book.kind == MARGIN:
            levered = (portfolio.positions[at] for each in lines for at in each)
            loans = math.fsum(loan_of(position, market) for position in levered)
            found.owed[book] = found.owed.get(book, 0.0) + loans
    return found


def _add(found: Exposures, kinds: Sequence[Kind], totals: Array, market: Market) -> None:
    """Add a batch of kinds worth so much today to their book."""
    book, currency, shape = kinds[0].book, kinds[0].currency, market.log_prices.shape
    by_currency = found.held.setdefault(book, {})
    if currency not in by_currency:
        by_currency[currency] = Held(*(np.zeros(shape[:2]) for _ in range(6)))
    held = by_currency[currency]
    own = np.array([max(kind.margin_rate, 0.0) for kind in kinds])
    asked = np.array([kind.margin_rate < 0.0 for kind in kinds])
    hedged = np.array([kind.hedge_share for kind in kinds])
    income = np.array([kind.yield_per_year for kind in kinds])
    is_fixed = np.array([kind.is_fixed_coupon for kind in kinds])
    columns = [np.ones(len(kinds)), hedged, own, asked, np.where(is_fixed, 0.0, income)]
    columns += [np.array([abs(dict(kind.moves).get(k, 0.0)) for kind in kinds])
                for k in range(shape[2] if book.kind == MARGIN else 0)]  # fmt: skip
    sums = values_of(kinds, market) @ (totals[:, None] * np.column_stack(columns))
    value, sold_forward, own_margin, asked_margin, yields, *by_market = (
        column.reshape(shape[:2]) for column in sums.T
    )
    held.hedged += sold_forward
    if kinds[0].is_money:
        held.money += value
    else:
        held.priced += value
        nights = market.nights[1:] / market.day_counts[currency]
        on_face = float((totals * income)[is_fixed].sum())
        held.income[:, 1:] += nights * (yields[:, :-1] + on_face)
    if book.kind == MARGIN:
        held.own_margin += own_margin
        held.asked_margin += asked_margin
        _add_sale(found, kinds[0], value, by_market, market)


def _add_sale(
    found: Exposures, kind: Kind, value: Array, by_market: Sequence[Array], market: Market
) -> None:
    """Add what a sale of levered lines brings to each market [USD bn].

    An asset is sold in its market, by betas in those of its factors by their sizes; the proceeds
    are changed from its currency into that of the loan, each against the dollar.
    """
    funding, dollar = kind.book.currency, len(market.currencies) - 1
    if funding not in found.sold:
        found.sold[funding] = np.zeros_like(market.log_prices)
    in_bn = PER_BN * market.fx[kind.currency] / market.fx[dollar]
    for k, amount in enumerate(by_market):
        found.sold[funding][:, :, k] += amount * in_bn
    if funding != kind.currency:
        for c in (kind.currency, funding):
            if c != dollar:
                found.sold[funding][:, :, c] += value * in_bn
