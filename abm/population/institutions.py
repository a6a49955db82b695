"""The seeded draw of institutions: what each one is, and the books it opens with.

Opening books are what each institution's own rule asks for at the opening prices, so that nobody
trades on the first morning. Rows are sorted by kind in the order of ``KIND_NAMES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.kernels.state import KIND_NAMES, N_KINDS, TRADING_DAYS, Z_99
from abm.population.streams import generator
from abm.scenario.margins import NoMargin, VolatilityMargin

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
        usd_covariance=to_usd @ covariance @ to_usd.T,
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
        covariance[k, k] += loads @ news @ loads
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


def draw_groups(scenario: Scenario, seed: int, replicate: int) -> list[Group]:
    """Every group of the scenario, drawn and with its opening books."""
    rng = generator("institutions", seed, replicate)
    terms = opening_terms(scenario)
    return [
        draw_hedge_funds(scenario, terms, rng),
        draw_desks(scenario, terms),
        draw_risk_parity(scenario, terms),
        draw_volatility_targets(scenario, terms, rng),
        draw_trend_followers(scenario, terms),
        draw_retail_fx(scenario, terms, rng),
        draw_retail_equity(scenario, terms, rng),
        draw_insurers(scenario, terms),
    ]


def draw_hedge_funds(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Funds by style: size, own weights, calm leverage, grace.

    Sizes are lognormal shares of the style's equity. A fund's weights are its style's, in part
    tilted at random; its calm leverage scatters around the style's.
    """
    rule = scenario.funds
    n = count(rule.n, scenario.population.scale)
    numbers = shares_of_number([s.share_of_number for s in rule.styles.values()], n)
    group = Group("hedge_fund", sum(numbers), len(terms.names))
    group.style = [name for name, m in zip(rule.styles, numbers, strict=True) for _ in range(m)]
    n = group.n
    size = np.exp(rule.size_dispersion * rng.standard_normal(n))
    tilt = rng.standard_exponential((len(terms.names), n))
    noise = rng.standard_normal(n)
    group.is_slow[:] = rng.random(n) < rule.grace_share
    calm = np.ones(n)
    start = 0
    for style, m in zip(rule.styles.values(), numbers, strict=True):
        own = slice(start, start + m)
        start += m
        weights = terms.column(style.weights)[:, None]
        tilted = weights * tilt[:, own]
        tilted *= weights.sum() / np.maximum(tilted.sum(axis=0), 1e-300)
        group.weights[:, own] = rule.overlap * weights + (1.0 - rule.overlap) * tilted
        group.weights[0, own] = -style.yen_share
        group.wealth[own] = style.equity_usd_bn * size[own] / size[own].sum()
        calm[own] = style.leverage
    most = rule.opening_cap_share * rule.leverage_cap
    calm = np.minimum(calm * np.exp(rule.leverage_dispersion * noise), most)
    open_fund_books(group, calm, scenario, terms)
    return group


def open_fund_books(group: Group, calm_leverage: Array, scenario: Scenario, terms: Terms) -> None:
    """Risk aversion that makes the calm leverage optimal, and the books that follow.     (M20)

    gamma = max(carry, floor) / (v l0); a fund whose carry is below the floor opens below l0.
    """
    rule, margin = scenario.funds, scenario.margin
    weights = group.weights
    gross = weights[1:].sum(axis=0)
    income = terms.income.copy()
    income[0] += 0.5 * terms.basis + terms.spread
    carry = income @ weights + np.maximum(1.0 - gross, 0.0) * terms.usd_rate
    carry -= (1.0 + weights[0]) * (terms.usd_rate + terms.spread)
    variance = np.einsum("ki,kl,li->i", weights, terms.usd_covariance, weights)
    estimate = scenario.estimation
    calm = (1.0 - rule.anchor_share) * estimate.opening_multiple
    calm = (calm + rule.anchor_share * estimate.long_run_multiple) * variance
    group.risk_aversion[:] = np.maximum(carry, rule.carry_floor_per_year) / (calm * calm_leverage)
    group.long_run_variance[:] = estimate.long_run_multiple * variance
    shares = np.where(gross > 0.0, weights / np.maximum(gross, 1e-300), 0.0)[1:]
    group.concentration[:] = (shares**2).sum(axis=0)
    group.leverage_cap[:] = rule.leverage_cap
    opening = np.minimum(np.maximum(carry, 0.0) / (group.risk_aversion * calm), rule.leverage_cap)
    slow = estimate.opening_multiple * variance
    opening = np.minimum(opening, rule.var_limit / (Z_99 * np.sqrt(10.0 / TRADING_DAYS * slow)))
    if not isinstance(margin, NoMargin) and group.kind == "hedge_fund":
        opening = np.minimum(opening, margin.buffer / opening_margin_rate(group, scenario))
    shares = weights * opening
    shares[0] = weights[0] * np.maximum(opening - 1.0, 0.0)
    group.hold(shares)


def opening_margin_rate(group: Group, scenario: Scenario) -> Array:
    """Margin rate of each fund at the opening estimates.                                 (M17)"""
    rule, estimate = scenario.margin, scenario.estimation
    if not isinstance(rule, VolatilityMargin):
        return np.full(group.n, getattr(rule, "rate", 0.0))
    fast = estimate.opening_multiple / estimate.long_run_multiple
    blend = (1.0 - rule.long_run_share) * fast + rule.long_run_share
    sigma = np.sqrt(blend * group.long_run_variance * 10.0 / TRADING_DAYS)
    load = 1.0 + rule.concentration_addon * group.concentration
    rate = np.maximum(rule.rate_floor, rule.volatility_multiple * sigma) * load
    return np.asarray(np.minimum(rate, rule.rate_ceiling))


def draw_desks(scenario: Scenario, terms: Terms) -> Group:
    """One proprietary carry book per core bank, where the scenario gives them one."""
    desk, banks = scenario.banks.desk, scenario.banks
    group = Group("bank_desk", banks.n_core if desk.kind == "carry" else 0, len(terms.names))
    if desk.kind == "none":
        return group
    capital = banks.core_capital_usd_bn * np.array(banks.core_capital_factors or (1.0,) * group.n)
    group.owner[:] = np.arange(group.n)
    group.wealth[:] = desk.capital_share * capital
    group.weights[:] = terms.column(desk.weights)[:, None]
    group.weights[0] = -desk.yen_share
    open_fund_books(group, np.full(group.n, desk.leverage), scenario, terms)
    return group


def sell_currency_forward(shares: Array, terms: Terms) -> Array:
    """Shares of wealth with the currency of every quoted asset sold: c_c -= c_k. (K, n)"""
    hedged = shares.copy()
    for k, currency in enumerate(terms.quote):
        if currency >= 0:
            hedged[currency] -= shares[k]
    return hedged


def draw_risk_parity(scenario: Scenario, terms: Terms) -> Group:
    """Equal risk in every asset, levered to the volatility target, currencies hedged."""
    rule = scenario.risk_parity
    group = Group("risk_parity", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.wealth[:] = rule.equity_usd_bn / group.n
    tilt = terms.column(rule.tilt)
    covariance = scenario.estimation.opening_multiple * terms.covariance
    shares = parity_weights(scenario)
    volatility = np.sqrt(shares @ covariance @ shares)
    leverage = min(rule.volatility_target_per_year / volatility, rule.leverage_cap)
    group.weights[:] = tilt[:, None]
    group.weights[0] = -rule.yen_share
    group.target_volatility[:] = rule.volatility_target_per_year
    group.leverage_cap[:] = rule.leverage_cap
    group.concentration[:] = (shares**2).sum()
    group.long_run_variance[:] = scenario.estimation.long_run_multiple * (
        shares @ terms.covariance @ shares
    )
    held = sell_currency_forward(leverage * shares[:, None], terms)
    held[0] -= rule.yen_share * max(leverage - 1.0, 0.0)
    group.hold(np.repeat(held, group.n, axis=1))
    return group


@lru_cache(maxsize=32)
def parity_weights(scenario: Scenario) -> Array:
    """Opening weights of risk parity, from the kernel that the day uses. (K,)"""
    from abm.kernels.weights import equal_risk_contributions, inverse_volatility_weights

    terms = opening_terms(scenario)
    tilt = terms.column(scenario.risk_parity.tilt)
    covariance = scenario.estimation.opening_multiple * terms.covariance
    out = np.zeros(len(tilt))
    if scenario.risk_parity.weighting == "equal-risk":
        equal_risk_contributions(covariance, tilt, out, np.zeros(len(tilt)))
    else:
        inverse_volatility_weights(tilt, covariance, out)
    return out


def draw_volatility_targets(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Fixed weights, each fund with its own volatility target."""
    rule = scenario.volatility_target
    group = Group("volatility_target", count(rule.n, scenario.population.scale), len(terms.names))
    noise = rng.standard_normal(group.n)
    if not group.n:
        return group
    group.wealth[:] = rule.equity_usd_bn / group.n
    group.weights[:] = terms.column(rule.weights)[:, None]
    shares = group.weights[:, 0]
    covariance = scenario.estimation.opening_multiple * terms.covariance
    group.target_volatility[:] = rule.volatility_target_per_year * np.exp(
        rule.target_dispersion * noise
    )
    group.leverage_cap[:] = rule.leverage_cap
    leverage = group.target_volatility / np.sqrt(shares @ covariance @ shares)
    leverage = np.minimum(leverage, rule.leverage_cap)
    group.hold(sell_currency_forward(group.weights * leverage, terms))
    return group


def draw_trend_followers(scenario: Scenario, terms: Terms) -> Group:
    """Trend followers, every other one with the slow filter; opening signals as given."""
    rule = scenario.trend
    group = Group("trend", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.wealth[:] = rule.equity_usd_bn / group.n
    group.weights[:] = terms.column(rule.weights)[:, None]
    group.target_volatility[:] = rule.volatility_target_per_year
    group.leverage_cap[:] = rule.leverage_cap
    group.is_slow[:] = np.arange(group.n) % 2
    calm = np.sqrt(np.diag(terms.covariance))
    fast = np.sqrt(scenario.estimation.opening_multiple) * calm
    signal = np.tanh(rule.signal_scale * terms.column(rule.opening_signal))
    size = 0.5 * rule.volatility_target_per_year * rule.gain * group.weights[:, 0]
    shares = size / np.maximum(fast, rule.volatility_floor * calm) * signal
    gross = np.abs(shares).sum()
    if gross > rule.leverage_cap:
        shares *= rule.leverage_cap / gross
    group.hold(np.repeat(sell_currency_forward(shares[:, None], terms), group.n, axis=1))
    return group


def draw_retail_fx(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Cohorts of retail currency traders, equal in notional, spread evenly in log leverage."""
    rule = scenario.retail_fx
    group = Group("retail_fx", count(rule.n, scenario.population.scale), len(terms.names))
    spread = rng.uniform(-1.0, 1.0, group.n)
    if not group.n:
        return group
    z = np.linspace(-0.5, 0.5, group.n) if group.n > 1 else np.zeros(1)
    leverage = rule.leverage * np.exp(rule.leverage_dispersion * z)
    leverage = np.minimum(leverage, rule.opening_leverage_cap)
    group.size_usd_bn[:] = rule.notional_usd_bn / group.n
    group.wealth[:] = group.size_usd_bn / leverage
    group.loss_cut[:] = rule.loss_cut * (1.0 + rule.loss_cut_spread * spread)
    held = {name: share for name, share in rule.weights.items() if name != "USD"}
    group.weights[:] = terms.column(held)[:, None]
    group.weights[0] = -1.0
    group.units[:] = group.weights * group.size_usd_bn
    group.cash[:] = group.wealth - group.units.sum(axis=0)
    return group


def draw_retail_equity(scenario: Scenario, terms: Terms, rng: np.random.Generator) -> Group:
    """Margin longs in shares by residents; none opens at the point of being cut."""
    rule = scenario.retail_equity
    group = Group("retail_equity", count(rule.n, scenario.population.scale), len(terms.names))
    noise, spread = rng.standard_normal(group.n), rng.uniform(-1.0, 1.0, group.n)
    if not group.n:
        return group
    group.loss_cut[:] = rule.loss_cut * (1.0 + rule.loss_cut_spread * spread)
    leverage = rule.leverage * np.exp(rule.leverage_dispersion * noise)
    leverage = np.maximum(np.minimum(leverage, 0.95 / group.loss_cut), 1.0)
    group.size_usd_bn[:] = rule.notional_usd_bn / group.n
    group.wealth[:] = group.size_usd_bn / leverage
    group.resident[:] = 1
    asset = terms.names.index(rule.asset)
    group.weights[asset] = 1.0
    group.units[asset] = group.size_usd_bn
    group.units[0] = group.wealth - group.size_usd_bn
    return group


def draw_insurers(scenario: Scenario, terms: Terms) -> Group:
    """Life insurers with dollar assets, part of them hedged by a dollar loan and yen."""
    rule = scenario.insurers
    group = Group("insurer", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.size_usd_bn[:] = rule.assets_usd_bn / group.n
    group.wealth[:] = group.size_usd_bn
    group.weights[:] = terms.column(rule.weights)[:, None]
    group.weights[0] = rule.hedge_share
    group.hold(group.weights)
    return group


def stack(groups: list[Group], attribute: str) -> Any:
    """One column of all groups, in the order of rows."""
    return np.ascontiguousarray(np.concatenate([getattr(g, attribute) for g in groups], axis=-1))


def first_rows(groups: list[Group]) -> Array:
    """Row at which each kind starts, and the end."""
    n = {g.kind: g.n for g in groups}
    return np.cumsum([0] + [n.get(kind, 0) for kind in KIND_NAMES[:N_KINDS]]).astype(np.int64)
