"""Instruments and rates as arrays, as every institution knows them at the opening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.expectations import carry_share
from abm.kernels.risk import usd_covariance
from abm.population.groups import Array
from abm.population.products import quadratic_form

if TYPE_CHECKING:
    from abm.scenario import Scenario
    from abm.scenario.fund_risk import Carry


@dataclass(frozen=True)
class Terms:
    """Instruments and rates at the opening, as arrays; made once per scenario."""

    names: tuple[str, ...]
    quote: Array  # (K,)
    n_currencies: int
    income: Array  # (K,) yields; the funding currency's is its policy rate
    covariance: Array  # (K, K) of calm local returns per year
    usd_covariance: Array  # (K, K) of USD returns
    usd_rate: float
    basis: float  # constant, on loans
    swap_basis: Array  # (C,) earned through swaps, in calm
    spread: float

    def carry_share(self, rule: Carry, currency: int = 0) -> float:
        """Share of their full positions of those who follow rates by a rule, at the opening."""
        return float(carry_share(full_carry(rule), self.income[currency], self.usd_rate))

    def column(self, shares: Mapping[str, float]) -> Array:
        """Shares by name as a column (K,)."""
        out = np.zeros(len(self.names))
        for name, share in shares.items():
            out[self.names.index(name)] = share
        return out


def full_carry(rule: Carry) -> float:
    """Rate differential at which positions are full, as the kernels read it; 0: at any."""
    return rule.full_per_year if rule.kind == "differential" else 0.0


@lru_cache(maxsize=32)
def opening_terms(scenario: Scenario) -> Terms:
    """Arrays of what the scenario says about instruments and rates."""
    parts = list(scenario.instruments.values())
    quote = np.array(scenario.quote_indices(), np.int64)
    volatility = np.array([p.volatility_per_year for p in parts])
    news = scenario.correlation_matrix() * np.outer(volatility, volatility)
    covariance = calm_covariance(scenario, news)
    income = np.array([p.yield_per_year for p in parts])
    income[0] = scenario.rates.funding_per_year
    rows = range(len(parts))
    return Terms(
        names=scenario.instrument_names,
        quote=quote,
        n_currencies=len(scenario.currencies),
        income=income,
        covariance=covariance,
        usd_covariance=np.array(
            [[usd_covariance(k, j, covariance, quote) for j in rows] for k in rows]
        ),
        usd_rate=scenario.rates.usd_per_year,
        basis=constant_basis(scenario),
        swap_basis=calm_swap_basis(scenario),
        spread=scenario.banks.spread_per_year,
    )


def constant_basis(scenario: Scenario) -> float:
    """Basis of a loan in the funding currency as the ledger knows it [per year]."""
    funding = scenario.funding
    return 0.0 if funding.basis.kind == "market" else -funding.basis_per_year


def calm_swap_basis(scenario: Scenario) -> Array:
    """The same of each currency as funds earn it through swaps, in calm. (C,)"""
    funding, earned = scenario.funding, np.zeros(len(scenario.currencies))
    if funding.basis.kind == "market":
        calm = {scenario.funding_currency: funding.basis_per_year}
        calm |= {name: own.basis_per_year for name, own in funding.basis.currencies.items()}
        for c, name in enumerate(scenario.currencies):
            earned[c] = -funding.basis.swap_share * calm.get(name, 0.0)
    return earned


def calm_covariance(scenario: Scenario, news: Array) -> Array:
    """Covariance of daily returns without feedback, per year (K, K).                      (M53)

    A linked index follows its currency and its leader with a day's lag: what they do adds to its
    variance, while its covariance with others on the same day is that of news.
    """
    covariance = news.copy()
    names, quote = scenario.instrument_names, scenario.quote_indices()
    for name, link in scenario.liquidity.links.items():
        k = names.index(name)
        loads = np.zeros(len(names))
        if quote[k] >= 0:
            loads[quote[k]] -= link.currency_beta
        if link.leader:
            loads[names.index(link.leader)] += link.leader_beta
        covariance[k, k] += quadratic_form(news, loads[:, None])[0]
    return covariance
