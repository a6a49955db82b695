"""A group of institutions of one kind, and what all of them know at the opening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.kernels.state import KIND_NAMES, N_KINDS
from abm.population.products import product, quadratic_form

if TYPE_CHECKING:
    from abm.scenario import Scenario

Array = np.ndarray


@dataclass
class Group:
    """Institutions of one kind: columns of what they are and of what they open with."""

    kind: str
    n: int
    n_instruments: int
    style: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        n, k = self.n, self.n_instruments
        self.style = self.style or [""] * n
        self.weights = np.zeros((k, n))
        self.units = np.zeros((k, n))
        self.cash = np.zeros(n)
        self.wealth = np.zeros(n)
        self.risk_aversion = np.ones(n)
        self.long_run_variance = np.zeros(n)
        self.concentration = np.zeros(n)
        self.size_usd_bn = np.zeros(n)
        self.target_volatility = np.zeros(n)
        self.leverage_cap = np.full(n, np.inf)
        self.is_slow = np.zeros(n, np.uint8)
        self.loss_cut = np.zeros(n)
        self.resident = np.zeros(n, np.uint8)
        self.owner = np.full(n, -1, np.int64)

    def hold(self, shares: Array) -> None:
        """Open with these shares of wealth in each instrument, the rest in dollars. (K, n)"""
        self.units[:] = shares * self.wealth
        self.cash[:] = self.wealth - self.units.sum(axis=0)


@dataclass(frozen=True)
class Terms:
    """What every institution knows at the opening, as arrays; made once per scenario."""

    names: tuple[str, ...]
    quote: Array  # (K,)
    n_currencies: int
    income: Array  # (K,) yields; the funding currency's is its policy rate
    covariance: Array  # (K, K) of calm local returns per year
    usd_covariance: Array  # (K, K) of USD returns
    usd_rate: float
    basis: float
    spread: float

    def column(self, shares: Mapping[str, float]) -> Array:
        """Shares by name as a column (K,)."""
        out = np.zeros(len(self.names))
        for name, share in shares.items():
            out[self.names.index(name)] = share
        return out


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
    to_usd = np.eye(len(parts))
    for k, currency in enumerate(quote):
        if currency >= 0:
            to_usd[k, currency] = 1.0
    return Terms(
        names=scenario.instrument_names,
        quote=quote,
        n_currencies=len(scenario.currencies),
        income=income,
        covariance=covariance,
        usd_covariance=product(product(to_usd, covariance), to_usd.T),
        usd_rate=scenario.rates.usd_per_year,
        basis=-scenario.funding.basis_per_year,
        spread=scenario.banks.spread_per_year,
    )


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


def count(number: int, scale: float) -> int:
    """Institutions of a group after scaling; a group that exists never vanishes."""
    return max(1, round(number * scale)) if number else 0


def shares_of_number(shares: list[float], n: int) -> list[int]:
    """Whole numbers that sum to n, by largest remainder."""
    exact = np.array(shares) * n
    whole = np.floor(exact + 1e-9).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: n - whole.sum()]:
        whole[index] += 1
    return [int(w) for w in whole]


def stack(groups: list[Group], attribute: str) -> Any:
    """One column of all groups, in the order of rows."""
    return np.ascontiguousarray(np.concatenate([getattr(g, attribute) for g in groups], axis=-1))


def first_rows(groups: list[Group]) -> Array:
    """Row at which each kind starts, and the end."""
    n = {g.kind: g.n for g in groups}
    return np.cumsum([0] + [n.get(kind, 0) for kind in KIND_NAMES[:N_KINDS]]).astype(np.int64)
