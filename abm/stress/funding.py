"""A portfolio carried through the simulated days: profit by source, margin, forced sales.

Each day every balance moves in the order of its name below, and every part is a flow that is paid
or a revaluation of what is held, so that the parts add up to the change in value on every path:

    price        what is held, at yesterday's exchange rate
    fx           exchange rates, on today's local value of what is held and yesterday's debts;
                 spot losses of forwards sold
    carry        interest, coupons, dividends, forward points, at today's exchange rate
    rate         policy rates on loans and debts
    spread       financing spread on them
    margin       turning money of other currencies into that of a margin call
    liquidation  forced sales

A margin account pools the lines levered by loans in one currency. At every close its own money E,
holdings less loan, must be at least R, the margin rate times its holdings. What is missing is
called, paid from free money (first of that currency, then of the others, in proportion), and what
money cannot pay is met by a sale. Money behind written options (`abm.stress.option_margin`) is not
free; where it is not enough, options are bought back (`abm.stress.buying_back`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from abm.stress.buying_back import Writer, held_of
from abm.stress.contracts import Contracts, Marks
from abm.stress.exposures import DEBT, MARGIN, MONEY, WRITTEN, Book, Exposures, Held
from abm.stress.loans import (
    AS_IT_IS,
    CARRY,
    FX,
    LIQUIDATION,
    MARGIN_COST,
    PARTS,
    PRICE,
    Loan,
    Terms,
    hedge_unit,
    steps_of,
    yesterday,
)
from abm.stress.option_margin import Purse, pledge, share_of
from abm.stress.paths import Market
from abm.stress.selling import cost_of_all, half_spreads, sale_share, turning

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Carried:
    """A portfolio on every path and day."""

    parts: Array
    """(7, n, T + 1) profit since the eve by source [base]."""
    value: Array
    """(n, T + 1) of all that is held less all that is owed [base]."""
    shares: dict[Book, Array]
    """(n, T + 1) share of a book that is still held after the day; of free books none is sold."""
    called: dict[int, Array]
    """(n, T + 1) margin called by funding currency [that currency]."""
    needed: dict[int, Array]
    """(n, T + 1) money that the account would have needed up to each day to sell nothing [that]."""
    sold: dict[int, Array]
    """(n, T + 1) share of the account that was sold by force on the day."""
    costs: dict[Book, Array]
    """(n, T + 1) profit since the eve of what the lines of a book do not hold themselves: its loan,
    its forced sales, its calls [base]."""
    sale_costs: dict[int, Array]
    """(n, T + 1) cost since the eve of the forced sales of an account [base]."""
    uncovered: dict[int, Array]
    """(n, T + 1) margin of written options by currency that no free money covers [base]."""
    left_open: dict[int, Array]
    """(n, T + 1) share of the options written in a currency that are not bought back by force."""

    @property
    def pnl(self) -> Array:
        """(n, T + 1) profit since the eve [base], from the values."""
        profit: Array = self.value - self.value[:, :1]
        return profit

    @property
    def is_forced(self) -> Array:
        """(n, T + 1) True on a day with a forced sale, or on which options are bought back."""
        is_forced = np.zeros(self.value.shape, dtype=bool)
        for sold in self.sold.values():
            is_forced |= sold > 0.0
        for left in self.left_open.values():
            is_forced |= steps_of(left) < 0.0
        return is_forced


def carry_through(
    exposures: Exposures,
    contracts: Contracts,
    market: Market,
    terms: Terms = AS_IT_IS,
) -> Carried:
    """Everything that happens to a portfolio, day by day.

    Parameters
    ----------
    exposures
        What its positions hold and owe.
    contracts
        Its options, forwards and sensitivities, and the margin of those written.
    market
        The simulated market.
    terms
        What is to be different.
    """
    flows = {book: flows_of(held, market, terms) for book, held in exposures.held.items()}
    shape = market.log_prices.shape[:2]
    found = Carried(np.zeros((len(PARTS), *shape)), np.zeros(shape), {}, {}, {}, {}, {}, {}, {}, {})
    for book in exposures.owed:
        if book.kind == DEBT:
            _add_debt(found, book, exposures.owed[book], market, terms)
    accounts = [
        _Account(book, flows[book], exposures, market, terms)
        for book in sorted(flows)
        if book.kind == MARGIN
    ]
    money = {
        book.currency: Purse(flow.assets) for book, flow in flows.items() if book.kind == MONEY
    }
    writers = [
        Writer(c, written, Loan(c, market, terms), market)
        for c, written in sorted(contracts.written.items())
    ]
    if accounts or writers:
        spreads = half_spreads(market)
        for day in range(market.n_days + 1):
            for purse in money.values():
                purse.share[:, day] = purse.share[:, max(day - 1, 0)]
            for writer in writers if day else ():
                writer.pass_night(day)
            behind = pledge(day, {writer.currency: writer.margin(day) for writer in writers}, money)
            for writer in writers:
                writer.cover(day, behind[writer.currency], money, spreads)
            for account in accounts if day else ():
                account.pass_night(day)
                account.meet_call(day, money, spreads)
    shares = {Book(MONEY, c): purse.share for c, purse in money.items()}
    shares |= {account.book: account.share for account in accounts}
    for book, flow in flows.items():
        _add_book(found, book, flow, shares.get(book))
    for account in accounts:
        account.add_to(found)
    for currency in sorted(contracts.by_currency):
        _add_contracts(found, contracts.by_currency[currency], market.fx[currency])
    for writer in writers:
        _add_written(found, writer, market)
    return found


class Flows(NamedTuple):
    """A book of which nothing is sold, by path and day [base]."""

    price: Array
    fx: Array
    carry: Array
    assets: Array
    """Value at the close of what is held."""
    required: Array
    """Least own money at the close."""

    @property
    def aside(self) -> Array:
        """Gains of the day that are not in the holdings: income and forwards, set aside in base."""
        aside: Array = self.price + self.fx + self.carry - steps_of(self.assets)
        return aside


def flows_of(by_currency: dict[int, Held], market: Market, terms: Terms) -> Flows:
    """Gains of each day of what a book holds, currency by currency.                     (M142)

    price   (V_t - V_t-1) S_t-1                     V: local value of what has a price
    fx      V_t (S_t - S_t-1) + B_t-1 (S_t - S_t-1)                       B: balances
    carry   (B_t - B_t-1 + income) S_t
    forwards on h: N (F - S_t),  N = h_t-1 (1 + r n/D),  F as `hedge_unit`
    """
    shape = market.log_prices.shape[:2]
    price, fx, carry, assets, required = (np.zeros(shape) for _ in range(5))
    margin_rate = market.margin_rate[:, :1] if terms.is_constant else market.margin_rate
    for currency in sorted(by_currency):
        held, spot = by_currency[currency], market.fx[currency]
        before, move = yesterday(spot), steps_of(spot)
        price += steps_of(held.priced) * before
        fx += (held.priced + yesterday(held.money)) * move
        carry += (steps_of(held.money) + held.income) * spot
        assets += (held.priced + held.money) * spot
        asked = np.where(held.asked_margin > 0.0, margin_rate * held.asked_margin, 0.0)
        required += (held.own_margin + asked) * spot
        if currency != market.base:
            hedged = held.priced + held.money if terms.is_hedged else held.hedged
            spot_loss, points = hedge_unit(currency, market)
            fx += yesterday(hedged) * spot_loss
            carry += yesterday(hedged) * points
    return Flows(price, fx, carry, assets, required)


class _Account:
    """The margin account of one funding currency, carried day by day."""

    def __init__(
        self, book: Book, flows: Flows, exposures: Exposures, market: Market, terms: Terms
    ) -> None:
        self.book, self.flows, self.market = book, flows, market
        self.loan = Loan(book.currency, market, terms)
        self.set_aside = flows.aside
        self.to_sell = exposures.sold[book.currency]
        n, days = flows.assets.shape
        self.parts = np.zeros((days, len(PARTS), n))  # of the day
        self.share, self.sold = np.ones((n, days)), np.zeros((n, days))
        self.called, self.own = np.zeros((n, days)), np.zeros((n, days))
        self.opening_balance = exposures.owed[book]
        self.balance = np.full(n, self.opening_balance)
        self.aside = np.zeros(n)
        self.own[:, 0] = flows.assets[:, 0] - self.balance * self.loan.spot[:, 0]

    def pass_night(self, day: int) -> None:
        """Interest on the loan; income and forwards of what is held are set aside."""
        self.aside += self.share[:, day - 1] * self.set_aside[:, day]
        self.aside += self.loan.hedge_gain(day, self.balance)
        self.balance = self.balance + self.loan.night(day, self.balance, self.parts[day])

    def meet_call(self, day: int, money: dict[int, Purse], spreads: Array) -> None:
        """Call what is missing at the close, pay it from money, sell for what money cannot pay."""
        held, spot = self.share[:, day - 1], self.loan.spot[:, day]
        assets, required = (held * x[:, day] for x in (self.flows.assets, self.flows.required))
        own = assets + self.aside - self.balance * spot
        call = np.maximum(required - own, 0.0)
        paid = np.zeros_like(call)
        sold, cost = np.zeros_like(call), np.zeros_like(call)
        if call.any():
            paid, self.parts[day, MARGIN_COST] = self._paid(day, call, money, spreads)
            amounts = held[:, None] * self.to_sell[:, day]
            by_spread, by_size = cost_of_all(amounts, day, spreads, self.market)
            missing = np.where(assets > 0.0, call - paid, 0.0)
            sold = sale_share(missing, required, by_spread, by_size)
            cost = by_spread * sold + by_size * sold**2
        self.parts[day, LIQUIDATION] = -cost
        self.balance = self.balance - (paid + sold * assets - cost) / spot
        self.called[:, day], self.sold[:, day] = call / spot, sold
        self.share[:, day] = held * (1.0 - sold)
        self.own[:, day] = own + paid - cost

    def add_to(self, found: Carried) -> None:
        """Add the loan, the calls and the forced sales to the whole."""
        by_part = np.moveaxis(np.cumsum(self.parts, axis=0), 0, 2)
        found.parts[:] += by_part
        found.value[:] += self.own
        currency = self.book.currency
        found.shares[self.book] = self.share
        found.costs[self.book] = by_part.sum(axis=0)
        found.called[currency], found.sold[currency] = self.called, self.sold
        found.sale_costs[currency] = -by_part[LIQUIDATION]
        found.needed[currency] = self._needed()

    def _paid(
        self, day: int, call: Array, money: dict[int, Purse], spreads: Array
    ) -> tuple[Array, Array]:
        """What money pays of a call, and the cost of turning it into the loan's currency [base]."""
        paid = np.zeros_like(call)
        own = money.get(self.book.currency)
        if own is not None:
            paid = np.minimum(call, own.free(day))
            own.take(day, share_of(paid, own.left(day)))
        others = {c: purse for c, purse in money.items() if c != self.book.currency}
        # A unit of c brings 1 / (1 + half-spreads of both legs).
        price = {c: 1.0 + turning(c, self.book.currency, day, spreads, self.market) for c in others}
        brings = [purse.free(day) / price[c] for c, purse in others.items()]
        total = sum(brings, np.zeros_like(call))
        taken = np.minimum(call - paid, total)
        part = share_of(taken, total)
        cost = np.zeros_like(call)
        for (c, purse), amount in zip(others.items(), brings, strict=True):
            cost -= part * amount * (price[c] - 1.0)
            purse.take(day, part * share_of(purse.free(day), purse.left(day)))
        return paid + taken, cost

    def _needed(self) -> Array:
        """Largest shortfall so far of an account that pays and sells nothing [its currency]."""
        n, days = self.flows.assets.shape
        balance, aside = np.full(n, self.opening_balance), np.zeros(n)
        needed = np.zeros((n, days))
        scratch = np.zeros((len(PARTS), n))
        for day in range(1, days):
            aside += self.set_aside[:, day] + self.loan.hedge_gain(day, balance)
            balance = balance + self.loan.night(day, balance, scratch)
            own = self.flows.assets[:, day] + aside - balance * self.loan.spot[:, day]
            short = (self.flows.required[:, day] - own) / self.loan.spot[:, day]
            needed[:, day] = np.maximum(short, needed[:, day - 1])
        return needed


def _add_book(found: Carried, book: Book, flows: Flows, share: Array | None) -> None:
    """Add what a book holds to the whole."""
    weight: Array | float = 1.0 if share is None else yesterday(share)
    for part, flow in ((PRICE, flows.price), (FX, flows.fx), (CARRY, flows.carry)):
        found.parts[part] += np.cumsum(weight * flow, axis=1)
    if book.kind == MARGIN:
        return  # its own money is that of the account
    if share is not None:
        found.shares[book] = share
    held = flows.assets if share is None else share * flows.assets
    found.value[:] += held + np.cumsum(weight * flows.aside, axis=1)


def _add_debt(found: Carried, book: Book, owed: float, market: Market, terms: Terms) -> None:
    """Add a debt that nothing is called for."""
    loan, balance = Loan(book.currency, market, terms), np.full(market.n, owed)
    parts = np.zeros((market.n_days + 1, len(PARTS), market.n))
    gains = np.zeros(market.n)
    found.value[:, 0] -= balance * loan.spot[:, 0]
    for day in range(1, market.n_days + 1):
        gains += loan.hedge_gain(day, balance)
        balance = balance + loan.night(day, balance, parts[day])
        found.value[:, day] += gains - balance * loan.spot[:, day]
    by_part = np.moveaxis(np.cumsum(parts, axis=0), 0, 2)
    found.parts[:] += by_part
    found.costs[book] = by_part.sum(axis=0)


def _add_contracts(found: Carried, marks: Marks, spot: Array, held: Array | None = None) -> None:
    """Add options and forwards: the passing of time is carry, the spot fx, volatility price.

    `held` is the share that is still there after each day.
    """
    weight: Array | float = 1.0 if held is None else yesterday(held)
    was, move = yesterday(spot), steps_of(spot)
    found.parts[CARRY] += np.cumsum(weight * marks.time * was, axis=1)
    found.parts[FX] += np.cumsum(weight * (marks.spot * was + marks.value * move), axis=1)
    found.parts[PRICE] += np.cumsum(weight * marks.volatility * was, axis=1)
    found.value[:] += (1.0 if held is None else held) * marks.value * spot


def _add_written(found: Carried, writer: Writer, market: Market) -> None:
    """Add the options written in a currency, what was bought back of them, and what is owed."""
    currency = writer.currency
    for last, marks in sorted(writer.written.marks.items()):
        _add_contracts(found, marks, market.fx[currency], held_of(writer.left_open, last))
    by_part = np.moveaxis(np.cumsum(writer.parts, axis=0), 0, 2)
    found.parts[:] += by_part
    found.value[:] += writer.value
    found.costs[Book(WRITTEN, currency)] = by_part.sum(axis=0)
    found.uncovered[currency], found.left_open[currency] = writer.missing, writer.left_open
