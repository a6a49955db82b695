"""The yen move at which a portfolio earns nothing, everything else as on the eve."""

from __future__ import annotations

import numpy as np

from abm.stress.contracts import Terms, contract_value, implied_deviation, pair_variance
from abm.stress.exposures import loan_of
from abm.stress.paths import Market
from abm.stress.portfolio import Contract, Portfolio, Position

Array = np.ndarray

FARTHEST_LOG = 1.5  # moves of the yen that are looked at, up and down
N_LOOKS = 601
CLOSE_LOG = 1e-15
LEAST_SHARE = 1e-15  # of all that is held: below, the yen moves nothing


def breakeven_yen(portfolio: Portfolio, market: Market, horizon: int) -> float:
    """Log rise of the yen up to the horizon at which the profit is zero; NaN for none.     (M146)

    All other currencies keep their dollar values, prices, rates and volatility are those of the
    eve, interest is simple by day count over the calendar days of the horizon, and nothing is
    called. Of several, the nearest to today. For one loan and one deposit it is that of
    `abm.carry.breakeven_rate`. Sensitivities earn no carry that a move could eat up: they have
    none.
    """
    if portfolio.sensitivities:
        return float("nan")
    ledger = _Ledger(portfolio, market, horizon)
    low, high = -FARTHEST_LOG, FARTHEST_LOG
    while True:  # each look narrows the place six hundred times
        rises = np.linspace(low, high, N_LOOKS)
        profits = ledger.profit(rises)
        if np.ptp(profits) <= LEAST_SHARE * ledger.gross:
            return float("nan") if low == -FARTHEST_LOG else 0.5 * (low + high)
        crossings = np.flatnonzero(profits[:-1] * profits[1:] <= 0.0)
        if not len(crossings):
            return float("nan")
        nearest = crossings[np.abs(rises[crossings]).argmin()]
        low, high = float(rises[nearest]), float(rises[nearest + 1])
        if high - low < CLOSE_LOG:
            return 0.5 * (low + high)


class _Ledger:
    """Balances at the horizon by currency, and contracts, at the rates of the eve."""

    def __init__(self, portfolio: Portfolio, market: Market, horizon: int) -> None:
        self.market = market
        self.days = float(market.nights[1 : horizon + 1].sum())
        dollar = len(market.currencies) - 1
        fx = market.fx
        self.usd = np.array([float(x[0, 0] / fx[dollar][0, 0]) for x in fx])
        self.balances = np.zeros(dollar + 1)
        self.opening = 0.0  # USD
        self.gross = sum(abs(c.quantity) * self.usd[c.pair] for c in portfolio.contracts)
        self.contracts = [(c, self._terms(c)) for c in portfolio.contracts]
        for position in portfolio.positions:
            self._enter(position)
        for contract, terms in self.contracts:
            self.opening += float(self._worth(contract, terms, self.usd[:, None], 0.0)[0])

    def profit(self, rises: Array) -> Array:
        """Profits after rises of the yen [log], (m,) each [base]."""
        usd = np.repeat(self.usd[:, None], len(rises), axis=1)
        usd[0] *= np.exp(rises)
        end = self.balances @ usd
        for contract, terms in self.contracts:
            end = end + self._worth(contract, terms, usd, self.days)
        base = self.market.base
        profit: Array = end / usd[base] - self.opening / self.usd[base]
        return profit

    def _growth(self, currency: int, per_year: float) -> float:
        return 1.0 + per_year * self.days / self.market.day_counts[currency]

    def _rate(self, currency: int) -> float:
        return float(self.market.rates[0, 0, currency])

    def _owe(self, currency: int, loan: float) -> None:
        """A loan with interest and spread."""
        market = self.market
        # One night's spread over that night's interest on a rate of 1.
        spread = market.spread_accrual(currency)[0, 1] / market.nights[1]
        spread *= market.day_counts[currency]
        self.balances[currency] -= loan * self._growth(currency, self._rate(currency) + spread)
        self.opening -= loan * self.usd[currency]

    def _enter(self, p: Position) -> None:
        self.gross += abs(p.value) * self.usd[p.currency]
        if p.is_money and p.value < 0.0 and not p.hedge_share:
            self._owe(p.currency, -p.value)
            return
        earned = self._rate(p.currency) if p.is_money else p.yield_per_year
        end = p.value * self._growth(p.currency, earned)
        hedged = p.hedge_share * p.value if p.currency != self.market.base else 0.0
        sold = hedged * self._growth(p.currency, self._rate(p.currency))
        self.balances[p.currency] += end - sold
        self.balances[self.market.base] += sold * self._forward(p.currency)
        self.opening += p.value * self.usd[p.currency]
        if p.funding >= 0:
            self._owe(p.funding, loan_of(p, self.market))

    def _forward(self, currency: int) -> float:
        """Forward to the horizon, base currency for a unit."""
        base = self.market.base
        implied = [self._rate(c) + float(self.market.basis[0, 0, c]) for c in (base, currency)]
        spot = self.usd[currency] / self.usd[base]
        return float(spot * self._growth(base, implied[0]) / self._growth(currency, implied[1]))

    def _terms(self, c: Contract) -> tuple[float, float, float]:
        """Strike, fast and calm variance of a contract on the eve."""
        fast, calm = pair_variance(c.pair, c.currency, self.market)
        strike = c.strike
        if np.isnan(strike):
            legs = (c.currency, c.pair)
            paid, bought = (1.0 + self._rate(x) * c.days / self.market.day_counts[x] for x in legs)
            strike = self.usd[c.pair] / self.usd[c.currency] * paid / bought
        return float(strike), float(np.median(fast[:, 0])), calm

    def _worth(
        self, c: Contract, eve: tuple[float, float, float], usd: Array, passed: float
    ) -> Array:
        """A contract after some days, (m,) [USD]."""
        left, (strike, fast, calm) = np.array(max(c.days - passed, 0.0)), eve
        paid, bought = (
            1.0 / (1.0 + self._rate(x) * left / self.market.day_counts[x])
            for x in (c.currency, c.pair)
        )
        decay = self.market.scenario.estimation.fast_decay
        deviation = implied_deviation(np.array(fast), calm, decay, left)
        terms = Terms(usd[c.pair] / usd[c.currency], paid, bought, deviation)
        worth: Array = c.quantity * contract_value(c.kind, strike, terms) * usd[c.currency]
        return worth
