"""Loans and currency hedges night by night, and the sources that a profit is taken apart into."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from abm.stress.paths import Market

Array = np.ndarray

PARTS = ("price", "fx", "carry", "rate", "spread", "margin", "liquidation")
PRICE, FX, CARRY, RATE, SPREAD, MARGIN_COST, LIQUIDATION = range(len(PARTS))


class Terms(NamedTuple):
    """In what a variant differs from the portfolio as it is."""

    is_hedged: bool = False
    """All currency risk, of loans too, is sold forward at the simulated basis."""
    is_constant: bool = False
    """Loans keep their exchange rate, rates, spread and margin rates of the eve."""


AS_IT_IS = Terms()


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
    return -notional * steps_of(spot), notional * (ratio - 1.0) * yesterday(spot)


def steps_of(levels: Array) -> Array:
    """Change from each day to the next; 0 on the eve."""
    steps: Array = np.diff(levels, axis=1, prepend=levels[:, :1])
    return steps


def yesterday(levels: Array) -> Array:
    """Levels a day before; on the eve its own."""
    return np.concatenate([levels[:, :1], levels[:, :-1]], axis=1)


class Loan:
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
