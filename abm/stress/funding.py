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
free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from abm.kernels.behaviours.dealer import MOST_HALF_SPREAD
from abm.stress.contracts import Contracts, Marks
from abm.stress.exposures import DEBT, MARGIN, MONEY, Book, Exposures, Held
from abm.stress.option_margin import Purse, pledge, share_of
from abm.stress.paths import Market

Array = np.ndarray

PARTS = ("price", "fx", "carry", "rate", "spread", "margin", "liquidation")
PRICE, FX, CARRY, RATE, SPREAD, MARGIN_COST, LIQUIDATION = range(len(PARTS))
PER_BN = 1e-9


class Terms(NamedTuple):
    """In what a variant differs from the portfolio as it is."""

    is_hedged: bool = False
    """All currency risk, of loans too, is sold forward at the simulated basis."""
    is_constant: bool = False
    """Loans keep their exchange rate, rates, spread and margin rates of the eve."""


AS_IT_IS = Terms()


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
    uncovered: dict[int, Array]
    """(n, T + 1) margin of written options by currency that no free money covers [base]."""

    @property
    def pnl(self) -> Array:
        """(n, T + 1) profit since the eve [base], from the values."""
        profit: Array = self.value - self.value[:, :1]
        return profit


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
    marks, margins = contracts.by_currency, contracts.margins
    flows = {book: flows_of(held, market, terms) for book, held in exposures.held.items()}
    shape = market.log_prices.shape[:2]
    found = Carried(np.zeros((len(PARTS), *shape)), np.zeros(shape), {}, {}, {}, {}, {}, {})
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
    in_base = {c: margin * market.fx[c] for c, margin in margins.items()}
    if accounts or margins:
        spreads = half_spreads(market)
        for day in range(market.n_days + 1):
            for purse in money.values():
                purse.share[:, day] = purse.share[:, max(day - 1, 0)]
            behind = {c: margin[:, day] for c, margin in in_base.items()}
            for c, missing in pledge(day, behind, money).items():
                found.uncovered.setdefault(c, np.zeros(shape))[:, day] = missing
            for account in accounts if day else ():
                account.pass_night(day)
                account.meet_call(day, money, spreads)
    shares = {Book(MONEY, c): purse.share for c, purse in money.items()}
    shares |= {account.book: account.share for account in accounts}
    for book, flow in flows.items():
        _add_book(found, book, flow, shares.get(book))
    for account in accounts:
        account.add_to(found)
    for currency in sorted(marks):
        _add_contracts(found, marks[currency], market.fx[currency])
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
        before, move = _yesterday(spot), steps_of(spot)
        price += steps_of(held.priced) * before
        fx += (held.priced + _yesterday(held.money)) * move
        carry += (steps_of(held.money) + held.income) * spot
        assets += (held.priced + held.money) * spot
        asked = np.where(held.asked_margin > 0.0, margin_rate * held.asked_margin, 0.0)
        required += (held.own_margin + asked) * spot
        if currency != market.base:
            hedged = held.priced + held.money if terms.is_hedged else held.hedged
            spot_loss, points = hedge_unit(currency, market)
            fx += _yesterday(hedged) * spot_loss
            carry += _yesterday(hedged) * points
    return Flows(price, fx, carry, assets, required)


def hedge_unit(currency: int, market: Market) -> tuple[Array, Array]:
    """Gains of a unit of a currency sold forward each night with its interest, spot and points.

        N (F - S_t) = -N (S_t - S_t-1) + N (F - S_t-1),     N = 1 + r_c n/D_c        (M143)
        F = S_t-1 (1 + (r_b + b_b) n/D_b) / (1 + (r_c + b_c) n/D_c)

    b is the cross-currency basis, which sits on the currency that is not the dollar. A deposit
    hedged so earns the rate of the base currency and the basis, whatever the spot does
    (`abm.carry`).
    """
    spot = market.fx[currency]
    notional = 1.0 + market.accrual(currency)
    ratio = (1.0 + market.swap_accrual(market.base)) / (1.0 + market.swap_accrual(currency))
    return -notional * steps_of(spot), notional * (ratio - 1.0) * _yesterday(spot)


def sale_share(missing: Array, required: Array, by_spread: Array, by_size: Array) -> Array:
    """Share of an account to be sold for it to be within its margin after the sale.     (M144)

        E - c1 s - c2 s^2 = R (1 - s):   s = 2 u / (R - c1 + sqrt((R - c1)^2 - 4 c2 u))

    u = R - E is missing; a sale of all costs c1 by the spread and c2 by its size. All is sold
    where no share is enough. Without costs s = (R - E) / R.
    """
    room = required - by_spread
    square = room**2 - 4.0 * by_size * missing
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 2.0 * missing / (room + np.sqrt(np.maximum(square, 0.0)))
    is_enough = (room > 0.0) & (square >= 0.0)
    sold: Array = np.where(missing > 0.0, np.where(is_enough, np.minimum(share, 1.0), 1.0), 0.0)
    return sold


def half_spreads(market: Market) -> Array:
    """Dealers' half-spread in each market, (n, T + 1, K) [log].                          (M40)

    min(s max(1, fast volatility / calm volatility), 1/2)
    """
    calm = np.diag(market.calm_covariance)
    nervous = np.sqrt(np.maximum(market.variance / calm, 1.0))
    calm_spread = market.scenario.liquidity.dealers.half_spread_log
    spreads: Array = np.minimum(calm_spread * nervous, MOST_HALF_SPREAD)
    return spreads


def steps_of(levels: Array) -> Array:
    """Change from each day to the next; 0 on the eve."""
    steps: Array = np.diff(levels, axis=1, prepend=levels[:, :1])
    return steps


def _yesterday(levels: Array) -> Array:
    """Levels a day before; on the eve its own."""
    return np.concatenate([levels[:, :1], levels[:, :-1]], axis=1)


class _Loan:
    """Terms of a loan in one currency by path and day."""

    def __init__(self, currency: int, market: Market, terms: Terms) -> None:
        spot, shape = market.fx[currency], market.log_prices.shape[:2]
        rate, spread = market.accrual(currency), market.spread_accrual(currency)
        if terms.is_constant:
            spot = np.broadcast_to(spot[:, :1], shape)
            rate, spread = (_as_on_the_eve(market, currency, x) for x in ("rate", "spread"))
        self.spot = spot
        self.rate, self.spread = (np.broadcast_to(x, shape) for x in (rate, spread))
        self.is_hedged = terms.is_hedged and currency != market.base
        if self.is_hedged:
            self.spot_gain, self.points = (-gain for gain in hedge_unit(currency, market))

    def night(self, day: int, balance: Array, flows: Array) -> Array:
        """Flows of a night into rows of PARTS [base]; interest and spread due [its currency]."""
        interest = balance * self.rate[:, day]
        spread = np.maximum(balance, 0.0) * self.spread[:, day]
        flows[FX] = -balance * (self.spot[:, day] - self.spot[:, day - 1])
        flows[RATE] = -interest * self.spot[:, day]
        flows[SPREAD] = -spread * self.spot[:, day]
        if self.is_hedged:
            flows[FX] += balance * self.spot_gain[:, day]
            flows[CARRY] = balance * self.points[:, day]
        due: Array = interest + spread
        return due

    def hedge_gain(self, day: int, balance: Array) -> Array:
        """Gain of the forwards that hedge the loan [base]; 0 where it is not."""
        if not self.is_hedged:
            return np.zeros_like(balance)
        gain: Array = balance * (self.spot_gain[:, day] + self.points[:, day])
        return gain


def _as_on_the_eve(market: Market, currency: int, which: str) -> Array:
    """Accruals at the rates of the eve."""
    still = replace(market, rates=market.rates[:, :1], basis=market.basis[:, :1])
    return still.accrual(currency) if which == "rate" else still.spread_accrual(currency)


class _Account:
    """The margin account of one funding currency, carried day by day."""

    def __init__(
        self, book: Book, flows: Flows, exposures: Exposures, market: Market, terms: Terms
    ) -> None:
        self.book, self.flows, self.market = book, flows, market
        self.loan = _Loan(book.currency, market, terms)
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
            by_spread, by_size = self._cost_of_all(day, held, spreads)
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
        price = {c: 1.0 + self._turning(c, day, spreads) for c in others}
        brings = [purse.free(day) / price[c] for c, purse in others.items()]
        total = sum(brings, np.zeros_like(call))
        taken = np.minimum(call - paid, total)
        part = share_of(taken, total)
        cost = np.zeros_like(call)
        for (c, purse), amount in zip(others.items(), brings, strict=True):
            cost -= part * amount * (price[c] - 1.0)
            purse.take(day, part * share_of(purse.free(day), purse.left(day)))
        return paid + taken, cost

    def _turning(self, currency: int, day: int, spreads: Array) -> Array:
        """Cost of turning a currency into the loan's, per unit [log]."""
        dollar = len(self.market.currencies) - 1
        legs = [c for c in (currency, self.book.currency) if c != dollar]
        cost: Array = sum((spreads[:, day, c] for c in legs), np.zeros(len(spreads)))
        return cost

    def _cost_of_all(self, day: int, held: Array, spreads: Array) -> tuple[Array, Array]:
        """Cost of a sale of all that is held, by spread and by size [base].

        c1 = sum q_k h_k,   c2 = sum q_k^2 / (2 D_k),   D_k: depth of its market on the day
        """
        amounts = held[:, None] * self.to_sell[:, day]
        per_bn = self.market.fx[-1][:, day] / PER_BN
        by_spread = (amounts * spreads[:, day]).sum(axis=1) * per_bn
        by_size = (amounts**2 / (2.0 * self.market.depth[:, day])).sum(axis=1) * per_bn
        return by_spread, by_size

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
    weight: Array | float = 1.0 if share is None else _yesterday(share)
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
    loan, balance = _Loan(book.currency, market, terms), np.full(market.n, owed)
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


def _add_contracts(found: Carried, marks: Marks, spot: Array) -> None:
    """Add options and forwards: the passing of time is carry, the spot fx, volatility price."""
    before, move = _yesterday(spot), steps_of(spot)
    found.parts[CARRY] += np.cumsum(marks.time * before, axis=1)
    found.parts[FX] += np.cumsum(marks.spot * before + marks.value * move, axis=1)
    found.parts[PRICE] += np.cumsum(marks.volatility * before, axis=1)
    found.value[:] += marks.value * spot
