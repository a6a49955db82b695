"""A Gaussian walk with the script of a scenario: the forecast of who knows the news alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from abm.episodes.paths import paths_of
from abm.kernels.state import TRADING_DAYS

if TYPE_CHECKING:
    from abm.scenario import Scenario

Array = np.ndarray


def walk(scenario: Scenario, names: Sequence[str]) -> tuple[dict[str, Array], dict[str, float]]:
    """Mean path (n_days + 1,) and daily standard deviation of each pair and asset [log].

    Steps have the scenario's volatilities and correlations of news, and what is scripted on their
    day: announcements, signals, and the impact of interventions, their size over the depth of the
    day, sv L + M of value investors and dealers. What follows other markets by a link follows their
    steps at once.
    """
    loading = _loading(scenario)
    volatility = [part.volatility_per_year for part in scenario.instruments.values()]
    daily = np.array(volatility) / np.sqrt(TRADING_DAYS)
    covariance = loading @ (scenario.correlation_matrix() * np.outer(daily, daily)) @ loading.T
    means = paths_of(np.cumsum(_scripted(scenario) @ loading.T, axis=0), scenario, names)
    rows = paths_of(np.eye(len(daily)), scenario, names)
    return means, {name: float(np.sqrt(row @ covariance @ row)) for name, row in rows.items()}


def _scripted(scenario: Scenario) -> Array:
    """What is scripted of each instrument by day, (n_days + 1, K) [log]; row 0 is the eve."""
    names = scenario.instrument_names
    moves = np.zeros((scenario.calendar.days + 1, len(names)))
    for item in scenario.news:
        for name, move in item.moves.items():
            moves[scenario.day_index(item.day) + 1, names.index(name)] += move
    funding, policy = moves[:, 0], scenario.policy
    if policy.boj.kind == "script":
        for act in policy.boj.moves():
            step = act.surprise_bp * policy.boj.news_log_per_bp
            funding[scenario.day_index(act.day) + 1] += step
    if policy.mof.interventions:
        own = scenario.instruments[scenario.funding_currency]
        depth = own.value_speed_per_day * own.value_depth_usd_bn + own.dealer_depth_usd_bn
        depth *= scenario.liquidity.depth_multiple
        for sale in policy.mof.interventions:
            funding[scenario.day_index(sale.day) + 1] += sale.signal_log + sale.usd_bn / depth
    return moves


def _loading(scenario: Scenario) -> Array:
    """Steps of markets on the news of all, (K, K): the identity, and links."""
    names = scenario.instrument_names
    loading = np.eye(len(names))
    for name, link in scenario.liquidity.links.items():
        row = names.index(name)
        loading[row, names.index(scenario.funding_currency)] -= link.currency_beta
        if link.leader is not None:
            loading[row, names.index(link.leader)] += link.leader_beta
    return loading
