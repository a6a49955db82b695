"""Margin of options that are written: what a broker wants to hold of the writer's money.

A bought option is paid for and asks for nothing more. Money behind written options stays the
writer's and earns what it earns, but meets no other call. Where it is not enough, options are
bought back (`abm.stress.buying_back`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.stress.portfolio import CALL, FORWARD, Contract

if TYPE_CHECKING:
    from abm.stress.paths import Market

Array = np.ndarray

SHARE = 0.04  # of the underlying: FINRA Rule 4210(f)(2)(E), options on foreign currency
LEAST_SHARE = 0.0075  # the same rule, however far out of the money


def written_margin(kind: str, strike: Array | float, spot: Array, premium: Array) -> Array:
    """Margin of one written option [domestic].                                           (M190)

        C + max(.04 S - O, .0075 S),    O = max(K - S, 0) of a call, max(S - K, 0) of a put

    `premium`, C, is what buying it back costs; O is how far it is out of the money.
    """
    sign = 1.0 if kind == CALL else -1.0
    out_of_the_money = np.maximum(sign * (strike - spot), 0.0)
    margin: Array = premium + np.maximum(SHARE * spot - out_of_the_money, LEAST_SHARE * spot)
    return margin


def margin_of(contract: Contract, value: Array, market: Market) -> Array:
    """Margin of a contract by path and day, (n, T + 1) [its currency]: of what is written, until
    the day on which it is paid out.

    `value` is that of the contract. One bought on the same terms is taken off before; no other
    offsets it.
    """
    if contract.kind == FORWARD or contract.quantity >= 0.0:
        return np.zeros(market.log_prices.shape[:2])
    units = -contract.quantity
    spot = market.fx[contract.pair] / market.fx[contract.currency]
    is_open = np.cumsum(market.nights) < contract.days
    margin = units * written_margin(contract.kind, contract.strike, spot, -value / units)
    return np.where(is_open, margin, 0.0)


class Purse:
    """Free money of one currency, of which calls are paid, by path."""

    def __init__(self, value: Array) -> None:
        self.value = value  # (n, T + 1) nothing of it paid [base]
        self.share = np.ones_like(value)
        self.pledged = np.zeros(len(value))  # behind written options, today [base]

    def left(self, day: int) -> Array:
        """What is still there [base]."""
        left: Array = self.share[:, day] * self.value[:, day]
        return left

    def free(self, day: int) -> Array:
        """What is still there and behind no option [base]."""
        free: Array = np.maximum(self.left(day) - self.pledged, 0.0)
        return free

    def take(self, day: int, part: Array) -> None:
        """Pay out a part of what is still there."""
        self.share[:, day] *= 1.0 - part

    def pay_pledged(self, day: int, amount: Array) -> None:
        """Pay an amount [base] of what is behind options."""
        self.take(day, np.minimum(share_of(amount, self.left(day)), 1.0))
        self.pledged = self.pledged - amount


class Behind(NamedTuple):
    """Money that stands behind the options of a currency on a day [base, all]."""

    money: dict[int, Array]
    """(n,) by its own currency."""
    missing: Array
    """(n,) margin that it does not cover."""


def pledge(day: int, needed: dict[int, Array], purses: dict[int, Purse]) -> dict[int, Behind]:
    """Put money behind written options for the day, whose margin (n,) is needed by currency.

    Of each option's own currency first, then of the others in proportion [base, all].
    """
    for purse in purses.values():
        purse.pledged = np.zeros_like(purse.pledged)
    found: dict[int, Behind] = {}
    for currency, need in sorted(needed.items()):
        money = {c: np.zeros_like(need) for c in sorted(purses)}
        if currency in purses:
            own = purses[currency]
            money[currency] = np.minimum(need, own.free(day))
            own.pledged = own.pledged + money[currency]
            need = need - money[currency]
        found[currency] = Behind(money, need)
    for currency, (money, missing) in found.items():
        there = sum((purse.free(day) for purse in purses.values()), np.zeros_like(missing))
        taken = np.minimum(missing, there)
        part = share_of(taken, there)
        for c, purse in purses.items():
            more = part * purse.free(day)
            purse.pledged = purse.pledged + more
            money[c] = money[c] + more
        found[currency] = Behind(money, missing - taken)
    return found


def share_of(part: Array, whole: Array) -> Array:
    """Part of a whole; 0 of nothing."""
    share: Array = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)
    return share
