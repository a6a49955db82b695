"""Options and forwards on currencies, marked every day on the simulated market.

Spots and strikes are units of the contract's currency ("domestic") per unit of the pair's
("foreign"). Each leg's rate accrues by its own day count.

    call    N [S D_f F(d1) - K D_d F(d2)]      D_i = 1 / (1 + r_i T_i)
    put     N [K D_d F(-d2) - S D_f F(-d1)]    d1,2 = [log(S D_f / (K D_d)) ± v² τ / 2] / (v sqrt τ)
    forward N [S D_f - K D_d]

Garman and Kohlhagen (1983), J. Int. Money Finance 2, eq. 8, with simple discounting of each leg; F
is the standard normal distribution, T_i the days over the currency's year, τ the days over 365.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from abm.kernels.state import TRADING_DAYS
from abm.stress.crif import FX
from abm.stress.option_margin import margin_of
from abm.stress.paths import PER_BN, Market, fast_average
from abm.stress.portfolio import CALL, FORWARD, Contract, Portfolio
from abm.stress.sensitivities import sensitivity_value

Array = np.ndarray

YEAR_DAYS = 365.0  # calendar days over which volatility is spread
PREMIUM = 1.1
"""Implied over expected volatility. Assumed: implied volatility of major currencies lies above what
is realised (Low and Zhang 2005, JFQA 40), by about a tenth."""


class Terms(NamedTuple):
    """The market of one contract on one day; arrays broadcast."""

    spot: Array
    discount_domestic: Array
    discount_foreign: Array
    deviation: Array
    """v sqrt(τ): standard deviation of the log spot to expiry."""


class Marks(NamedTuple):
    """Value of a contract by path and day, and the steps by which it changes [its currency]."""

    value: Array  # (n, T + 1)
    time: Array  # (n, T + 1) of the nights and the rates; 0 on the eve
    spot: Array  # of the spot, after that
    volatility: Array  # of implied volatility, last; of a sensitivity, of its price or yield


class Written(NamedTuple):
    """Options that are written, valued in one currency, less the same that are bought."""

    marks: dict[int, Marks]
    """Together, by the day on which they are paid out; T + 1: after the last."""
    margin: Array
    """(n, T + 1) [currency]; 0 of what is paid out."""
    dealt: Array
    """(n, T + 1, K) what dealing the underlying of the open ones brings to each market [USD bn]."""


class Contracts(NamedTuple):
    """All contracts and sensitivities of a portfolio."""

    by_currency: dict[int, Marks]
    """Marks of those valued in a currency, together, without written options."""
    written: dict[int, Written]
    """Written options by the currency that they are valued in."""
    worth: Array
    """(n_contracts, n, 1 + n_horizons) of each on the eve and at each horizon, none bought back
    [base]; of sensitivities, which come last, since the eve."""

    @property
    def margins(self) -> dict[int, Array]:
        """(n, T + 1) margin of written options, none bought back, by currency [that currency]."""
        return {c: written.margin for c, written in self.written.items()}


class Alike(NamedTuple):
    """Contracts on the same terms."""

    one: Contract
    """A unit of them."""
    places: list[int]
    """Their numbers."""
    quantity: float
    """Of all; negative where more are written or sold than bought."""

    @property
    def is_written(self) -> bool:
        """True for options that ask for margin."""
        return self.one.kind != FORWARD and self.quantity < 0.0


def contract_value(kind: str, strike: Array | float, terms: Terms) -> Array:
    """Value of one unit of a contract [domestic].                                     (M140)"""
    foreign = terms.spot * terms.discount_foreign
    domestic = strike * terms.discount_domestic
    if kind == FORWARD:
        agreed: Array = foreign - domestic
        return agreed
    sign = 1.0 if kind == CALL else -1.0
    width = np.maximum(terms.deviation, 1e-12)  # at expiry: the intrinsic value
    d1 = np.log(foreign / domestic) / width + 0.5 * width
    value: Array = sign * (foreign * ndtr(sign * d1) - domestic * ndtr(sign * (d1 - width)))
    return value


def implied_deviation(variance: Array, calm: float, decay: float, days: Array) -> Array:
    """v sqrt(τ) of an option with so many calendar days to go.                        (M141)

        v² τ = p² [c n + (s - c)(1 - a^n) / (1 - a)] / 250,    n = 250 days / 365

    The fast variance s is expected to fade to the calm one c at its own decay a, as in a GARCH
    forecast; p is the premium of implied volatility.
    """
    trading = TRADING_DAYS * days / YEAR_DAYS
    fading = (1.0 - decay**trading) / (1.0 - decay)
    total = calm * trading + (variance - calm) * fading
    deviation: Array = PREMIUM * np.sqrt(np.maximum(total, 0.0) / TRADING_DAYS)
    return deviation


def alike_of(contracts: Sequence[Contract]) -> Iterator[Alike]:
    """Contracts on the same terms together, in an order that does not depend on that of lines."""
    found: dict[Contract, list[int]] = defaultdict(list)
    for at, contract in enumerate(contracts):
        found[contract._replace(name="", line=0, quantity=1.0)].append(at)
    for one, places in sorted(found.items(), key=lambda item: repr(item[0])):
        yield Alike(one, places, math.fsum(contracts[at].quantity for at in places))


def contracts_of(portfolio: Portfolio, market: Market, horizons: Sequence[int]) -> Contracts:
    """Contracts and sensitivities on every path and day; contracts on the same terms are priced
    once, and no sum depends on the order of lines."""
    contracts = portfolio.contracts
    days = [0, *horizons]
    n_lines = len(contracts) + len(portfolio.sensitivities)
    worth = np.empty((n_lines, market.n, len(days)))
    found: dict[int, Marks] = {}
    written: dict[int, Written] = {}
    for same in alike_of(contracts):
        one = same.one
        unit, spot = marks_of(one, market), market.fx[one.currency]
        mine = Marks(*(same.quantity * step for step in unit))
        if same.is_written:
            _write(written, one._replace(quantity=same.quantity), mine, market)
        else:
            _add(found, one.currency, mine)
        of_unit = (unit.value * spot)[:, days]
        for at in same.places:
            worth[at] = contracts[at].quantity * of_unit
    linear = enumerate(portfolio.sensitivities, start=len(contracts))
    for at, one_factor in sorted(linear, key=lambda item: item[1].name):
        change = sensitivity_value(one_factor, market)
        _add(found, market.base, _marks_of_change(change, one_factor.factor == FX))
        worth[at] = change[:, days]
    return Contracts(found, written, worth)


def _write(written: dict[int, Written], option: Contract, marks: Marks, market: Market) -> None:
    """Add what is written of an option, to those of its currency."""
    if option.currency not in written:
        none = np.zeros(market.log_prices.shape[:2])
        written[option.currency] = Written({}, none, np.zeros_like(market.log_prices))
    book, last = written[option.currency], paid_out_on(option, market)
    _add(book.marks, last, marks)
    book.margin[:] += margin_of(option, marks.value, market)
    dollar = len(market.currencies) - 1
    in_bn = -option.quantity * PER_BN * market.fx[option.pair] / market.fx[dollar]
    in_bn[:, last:] = 0.0
    for c in (option.pair, option.currency):
        if c != dollar:
            book.dealt[:, :, c] += in_bn


def _add(found: dict[int, Marks], currency: int, marks: Marks) -> None:
    before = found.get(currency)
    both = marks if before is None else Marks(*(a + b for a, b in zip(before, marks, strict=True)))
    found[currency] = both


def _marks_of_change(value: Array, is_of_spot: bool) -> Marks:
    """Marks of what is linear in one factor: an exchange rate, or a price or a yield."""
    step, none = np.diff(value, axis=1, prepend=value[:, :1]), np.zeros_like(value)
    return Marks(value, none, step, none) if is_of_spot else Marks(value, none, none, step)


def paid_out_on(contract: Contract, market: Market) -> int:
    """The first trading day at or after its expiry; T + 1 if that is after the last."""
    return int((np.cumsum(market.nights) < contract.days).sum())


def marks_of(contract: Contract, market: Market) -> Marks:
    """A contract on every path and day.

    Each day's change is taken apart in this order: first the nights and the rates pass at
    yesterday's spot and volatility, then the spot moves, then volatility. On the first trading day
    at or after its expiry it is paid out, and the money earns the policy rate.
    """
    left = np.maximum(contract.days - np.cumsum(market.nights), 0.0)
    last = paid_out_on(contract, market)
    spot = market.fx[contract.pair] / market.fx[contract.currency]
    domestic, foreign = (
        1.0 / (1.0 + market.rates[:, :, c] * left / market.day_counts[c])
        for c in (contract.currency, contract.pair)
    )
    variance, calm = pair_variance(contract.pair, contract.currency, market)
    decay = market.scenario.estimation.fast_decay
    strike = contract.strike
    if np.isnan(strike):
        strike = spot[:1, 0] * foreign[:1, 0] / domestic[:1, 0]

    def priced(rates: slice, spots: slice, volatilities: slice) -> Array:
        deviation = implied_deviation(variance[:, volatilities], calm, decay, left[rates])
        terms = Terms(spot[:, spots], domestic[:, rates], foreign[:, rates], deviation)
        return contract.quantity * contract_value(contract.kind, strike, terms)

    now, before, whole = slice(1, None), slice(None, -1), slice(None)
    value = priced(whole, whole, whole)
    passed, moved = priced(now, before, before), priced(now, now, before)
    steps = [passed - value[:, :-1], moved - passed, value[:, 1:] - moved]
    time, by_spot, volatility = (np.pad(step, ((0, 0), (1, 0))) for step in steps)
    for day in range(last + 1, market.n_days + 1):
        interest = market.accrual(contract.currency)[:, day]
        time[:, day] = value[:, day - 1] * interest
        by_spot[:, day] = volatility[:, day] = 0.0
        value[:, day] = value[:, day - 1] + time[:, day]
    return Marks(value, time, by_spot, volatility)


def pair_variance(a: int, b: int, market: Market) -> tuple[Array, float]:
    """Fast variance of the exchange rate of a to b, (n, T + 1), and its calm one [per year].

    Of a cross the fast one opens on the eve at the calm one.
    """
    covariance, dollar = market.calm_covariance, len(market.currencies) - 1
    if dollar in (a, b):
        k = a if b == dollar else b
        return market.variance[:, :, k], float(covariance[k, k])
    calm = float(covariance[a, a] + covariance[b, b] - 2.0 * covariance[a, b])
    cross = market.log_prices[:, :, a] - market.log_prices[:, :, b]
    return fast_average(cross, calm, market.scenario.estimation.fast_decay), calm
