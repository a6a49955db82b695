"""The seeded draw of institutions: what each one is, and the books it opens with.

Opening books are what each institution's own rule asks for at the opening prices, so that nobody
trades on the first morning. Rows are sorted by kind in the order of ``KIND_NAMES``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.population.funds import draw_desks, draw_hedge_funds
from abm.population.groups import Array, Group, Terms, count, opening_terms
from abm.population.products import quadratic_form
from abm.population.streams import generator

if TYPE_CHECKING:
    from abm.scenario import Scenario


# Groups that a scenario may leave out, and the part of it that says so.
CHOICE_OF_KIND = {
    "risk_parity": "risk_parity",
    "volatility_target": "volatility_target",
    "trend": "trend",
    "retail_fx": "retail_fx",
    "retail_equity": "retail_equity",
    "insurer": "insurers",
}


def draw_groups(scenario: Scenario, seed: int, replicate: int) -> list[Group]:
    """Every group of the scenario, drawn and with its opening books."""
    rng = generator("institutions", seed, replicate)
    terms = opening_terms(scenario)
    groups = [
        draw_hedge_funds(scenario, terms, rng),
        draw_desks(scenario),
        draw_risk_parity(scenario),
        draw_volatility_targets(scenario, terms, rng),
        draw_trend_followers(scenario),
        draw_retail_fx(scenario, terms, rng),
        draw_retail_equity(scenario, terms, rng),
        draw_insurers(scenario),
    ]
    # Left out after the draw: the others are who they would be.
    absent = [kind for kind, key in CHOICE_OF_KIND.items() if not getattr(scenario, key).present]
    return [Group(g.kind, 0, len(terms.names)) if g.kind in absent else g for g in groups]


def number_of_institutions(scenario: Scenario) -> int:
    """Rows that `draw_groups` makes of a scenario, counted without making them."""
    kinds = {kind: getattr(scenario, key) for kind, key in CHOICE_OF_KIND.items()}
    numbers = [scenario.funds.n, *(part.n for part in kinds.values() if part.present)]
    desks = scenario.banks.n_core if scenario.banks.desk.kind == "carry" else 0
    return desks + sum(count(number, scenario.population.scale) for number in numbers)


def sell_currency_forward(shares: Array, terms: Terms) -> Array:
    """Shares of wealth with the currency of every quoted asset sold: c_c -= c_k. (K, n)"""
    hedged = shares.copy()
    for k, currency in enumerate(terms.quote):
        if currency >= 0:
            hedged[currency] -= shares[k]
    return hedged


@lru_cache(maxsize=4)
def draw_risk_parity(scenario: Scenario) -> Group:
    """Equal risk in every asset, levered to the volatility target, currencies hedged."""
    rule, terms = scenario.risk_parity, opening_terms(scenario)
    group = Group("risk_parity", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.wealth[:] = rule.equity_usd_bn / group.n
    tilt = terms.column(rule.tilt)
    covariance = scenario.estimation.opening_multiple * terms.covariance
    shares = parity_weights(scenario)
    volatility = np.sqrt(quadratic_form(covariance, shares[:, None])[0])
    leverage = min(rule.volatility_target_per_year / volatility, rule.leverage_cap)
    group.weights[:] = tilt[:, None]
    group.weights[0] = -rule.yen_share
    group.target_volatility[:] = rule.volatility_target_per_year
    group.leverage_cap[:] = rule.leverage_cap
    group.concentration[:] = (shares**2).sum()
    group.long_run_variance[:] = scenario.estimation.long_run_multiple * quadratic_form(
        terms.covariance, shares[:, None]
    )
    held = sell_currency_forward(leverage * shares[:, None], terms)
    held[0] -= rule.yen_share * max(leverage - 1.0, 0.0)
    group.hold(np.repeat(held, group.n, axis=1))
    return group


@lru_cache(maxsize=32)
def parity_weights(scenario: Scenario) -> Array:
    """Opening weights of risk parity, from the kernel that the day uses. (K,)"""
    from abm.kernels.numerics.weights import equal_risk_contributions, inverse_volatility_weights

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
    leverage = group.target_volatility / np.sqrt(quadratic_form(covariance, shares[:, None])[0])
    leverage = np.minimum(leverage, rule.leverage_cap)
    group.hold(sell_currency_forward(group.weights * leverage, terms))
    return group


@lru_cache(maxsize=4)
def draw_trend_followers(scenario: Scenario) -> Group:
    """Trend followers, every other one with the slow filter; opening signals as given."""
    rule, terms = scenario.trend, opening_terms(scenario)
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


@lru_cache(maxsize=4)
def draw_insurers(scenario: Scenario) -> Group:
    """Life insurers with dollar assets, part of them hedged by a dollar loan and yen."""
    rule, terms = scenario.insurers, opening_terms(scenario)
    group = Group("insurer", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    group.size_usd_bn[:] = rule.assets_usd_bn / group.n
    group.wealth[:] = group.size_usd_bn
    group.weights[:] = terms.column(rule.weights)[:, None]
    group.weights[0] = rule.hedge_share
    group.hold(group.weights)
    return group
