"""The yen move at which a portfolio earns nothing, everything else as on the eve."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from abm.stress.contracts import Terms, contract_value, implied_deviation, pair_variance
from abm.stress.exposures import loan_of
from abm.stress.paths import Market
from abm.stress.portfolio import Contract, Portfolio, Position

FARTHEST_LOG = 1.5  # moves of the yen that are looked at, up and down
N_LOOKS = 601


def breakeven_yen(portfolio: Portfolio, market: Market, horizon: int) -> float:
    """Log rise of the yen up to the horizon at which the profit is zero; NaN for none.     (M146)

    All other currencies keep their dollar values, prices, rates and volatility are those of the
    eve, interest is simple by day count over the calendar days of the horizon, and nothing is
    called. Of several, the nearest to today. For one loan and one deposit it is that of
    `abm.carry.breakeven_rate`.
    """
    ledger = _Ledger(portfolio, market, horizon)
    rises = np.linspace(-FARTHEST_LOG, FARTHEST_LOG, N_LOOKS)
    profits = np.array([ledger.profit(rise) for rise in rises])
    if not profits.any() or np.allclose(profits, profits[0], rtol=0.0, atol=1e-12 * ledger.gross):
        return float("nan")
    found = [
        brentq(ledger.profit, rises[i], rises[i + 1], xtol=1e-15, rtol=1e-14)
        for i in np.flatnonzero(profits[:-1] * profits[1:] <= 0.0)
    ]
    return min(found, key=abs, default=float("nan"))


class _Ledger:
    """Balances at the horizon by currency, and contracts, at the rates of the eve."""

    def __init__(self, portfolio: Portfolio, market: Market, horizon: int) -> None:
        self.market, self.contracts = market, portfolio.contracts
        self.days = float(market.nights[1 : horizon + 1].sum())
        dollar = len(market.currencies) - 1
        fx = market.fx
        self.usd = np.array([float(x[0, 0] / fx[dollar][0, 0]) for x in fx])
        self.balances = np.zeros(dollar + 1)
        self.opening = 0.0  # USD
        self.gross = 0.0
        for position in portfolio.positions:
            self._enter(position)
        self.opening += sum(self._worth(c, self.usd, 0.0) for c in self.contracts)

    def profit(self, rise_log: float) -> float:
        """Profit after a rise of the yen [base]."""
        usd = self.usd.copy()
        usd[0] *= np.exp(rise_log)
        end = float(self.balances @ usd) + sum(
            self._worth(c, usd, self.days) for c in self.contracts
        )
        base = self.market.base
        return float(end / usd[base] - self.opening / self.usd[base])

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
        base, basis = self.market.base, float(self.market.basis[0, 0])
        implied = [self._rate(c) + (basis if c == 0 else 0.0) for c in (base, currency)]
        spot = self.usd[currency] / self.usd[base]
        return float(spot * self._growth(base, implied[0]) / self._growth(currency, implied[1]))

    def _worth(self, c: Contract, usd: np.ndarray, passed: float) -> float:
        """A contract after some days [USD]."""
        market = self.market
        left = np.array(max(c.days - passed, 0.0))
        discounts = [
            1.0 / (1.0 + self._rate(x) * left / market.day_counts[x]) for x in (c.currency, c.pair)
        ]
        strike = c.strike
        if np.isnan(strike):
            whole = [
                1.0 + self._rate(x) * c.days / market.day_counts[x] for x in (c.currency, c.pair)
            ]
            strike = self.usd[c.pair] / self.usd[c.currency] * whole[0] / whole[1]
        fast, calm = pair_variance(c, market)
        variance = np.median(fast[:, 0])
        deviation = implied_deviation(variance, calm, market.scenario.estimation.fast_decay, left)
        spot = np.array(usd[c.pair] / usd[c.currency])
        terms = Terms(spot, discounts[0], discounts[1], deviation)
        return float(c.quantity * contract_value(c.kind, strike, terms) * usd[c.currency])
