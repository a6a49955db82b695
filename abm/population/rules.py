"""The scenario's numbers as the kernels read them: each actor's from its own file."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.kernels.rules import ChannelRule, EstimateRule, MarketRule, PolicyRule, Rules
from abm.kernels.state import Mandates
from abm.population.bank import bank_rule
from abm.population.basis import basis_rule
from abm.population.boj import queue_rule
from abm.population.bond import bond_rule
from abm.population.company import company_rule
from abm.population.dealer import dealer_rule
from abm.population.fed import cut_rule
from abm.population.hedge_fund import fund_rule
from abm.population.instruments import opening_terms
from abm.population.life_insurer import insurer_rule
from abm.population.margin import margin_rule
from abm.population.mof import buying_rule, selling_rule
from abm.population.option_hedger import hedger_rule
from abm.population.order_anticipator import anticipator_rule
from abm.population.repo import repo_rule
from abm.population.retail_equity import retail_equity_rule
from abm.population.retail_fx import retail_fx_rule
from abm.population.risk_appetite import appetite_rule
from abm.population.risk_parity import risk_parity_rule
from abm.population.trader import trader_rule
from abm.population.trend_follower import trend_rule
from abm.population.value_investor import value_investor_rule
from abm.population.volatility_target import volatility_target_rule

if TYPE_CHECKING:
    from abm.scenario import Scenario


@lru_cache(maxsize=32)
def make_rules(scenario: Scenario) -> Rules:
    """Every rule of a scenario; mandates are filled in by the draw."""
    undrawn = Mandates(*(np.zeros(0) for _ in Mandates._fields))
    return Rules(
        mandates=undrawn,
        margin=margin_rule(scenario),
        funds=fund_rule(scenario),
        risk_parity=risk_parity_rule(scenario),
        volatility_target=volatility_target_rule(scenario),
        trend=trend_rule(scenario),
        retail_fx=retail_fx_rule(scenario),
        retail_equity=retail_equity_rule(scenario),
        insurers=insurer_rule(scenario),
        companies=company_rule(scenario),
        trader=trader_rule(scenario),
        value_investors=value_investor_rule(scenario),
        dealers=dealer_rule(scenario),
        market=market_rule(scenario),
        estimate=estimate_rule(scenario),
        banks=bank_rule(scenario),
        policy=policy_rule(scenario),
        basis=basis_rule(scenario),
        repo=repo_rule(scenario),
        hedgers=hedger_rule(scenario),
        anticipators=anticipator_rule(scenario),
        appetite=appetite_rule(scenario),
        channels=ChannelRule(),
    )


def policy_rule(scenario: Scenario) -> PolicyRule:
    """Guarantees of an open swap line, and what rules authorities follow.                  (M7)"""
    line = scenario.policy.swap_line
    guarantees = (np.inf, 0.0)
    if line.kind == "line":
        guarantees = (line.margin_ceiling, line.dealer_depth_floor)
    return PolicyRule(
        *guarantees,
        boj=queue_rule(scenario),
        buying=buying_rule(scenario),
        selling=selling_rule(scenario),
        fed=cut_rule(scenario),
    )


def estimate_rule(scenario: Scenario) -> EstimateRule:
    """Decay of both covariances, and the spans of the three trend filters."""
    estimation, trend = scenario.estimation, scenario.trend
    return EstimateRule(
        slow_decay=estimation.slow_decay,
        fast_decay=estimation.fast_decay,
        trend_days=np.array([estimation.trend_days, trend.fast_days, trend.slow_days]),
    )


def market_rule(scenario: Scenario) -> MarketRule:
    """Limits, income and links by instrument, and how a round clears."""
    terms = opening_terms(scenario)
    parts = scenario.instruments.values()
    income = terms.income.copy()
    income[: terms.n_currencies] = 0.0
    day_count = [c.day_count for c in scenario.currencies.values()]
    return MarketRule(
        orders_frozen=scenario.liquidity.mode == "frozen",
        daily_limit=np.array([part.daily_limit_log for part in parts]),
        income=income,
        day_count=np.array([*day_count, scenario.rates.usd_day_count], float),
        calm_volatility=np.sqrt(np.diag(terms.covariance)),
        calm_risk=np.tril(2.0 * terms.usd_covariance - np.diag(np.diag(terms.usd_covariance))),
        rounds=scenario.clearing.rounds,
        tolerance=scenario.clearing.tolerance,
        **link_rule(scenario),
        **bond_rule(scenario),
    )


def link_rule(scenario: Scenario) -> dict[str, Any]:
    """Share indices that follow a currency and another index: part of `rules.MarketRule`."""
    names, links = scenario.instrument_names, scenario.liquidity.links
    linked = [links.get(name) for name in names]
    leaders = [names.index(link.leader) if link and link.leader else -1 for link in linked]
    return {
        "link_beta": np.array([link.currency_beta if link else 0.0 for link in linked]),
        "link_lag": np.array([link.lag_share if link else 0.0 for link in linked]),
        "leader": np.array(leaders, np.int64),
        "leader_beta": np.array([link.leader_beta if link else 0.0 for link in linked]),
    }
