"""The Ministry of Finance by rule: numbers as the kernels read them, and its draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import BuyingRule, SellingRule
from abm.population.streams import generator

if TYPE_CHECKING:
    from abm.scenario import Scenario

N_DRAWS = 2  # a day: whether it buys, and how much


def buying_rule(scenario: Scenario) -> BuyingRule:
    """Purchases of a weak yen.                                                            (M101)"""
    mof = scenario.policy.mof
    if mof.kind != "rule" or mof.buying.kind == "none":
        return BuyingRule()
    buying = mof.buying
    return BuyingRule(
        is_on=True,
        first_day=scenario.calendar.burn_in_days,
        low_days=buying.low_days,
        low_band=buying.low_band_log,
        fall_days=buying.fall_days,
        fall=buying.fall_log,
        long_fall_days=buying.long_fall_days,
        long_fall=buying.long_fall_log,
        hazard=buying.hazard_per_day,
        first=buying.first_usd_bn,
        least=buying.least_usd_bn,
        spread=buying.most_usd_bn - buying.least_usd_bn,
        budget=buying.budget_usd_bn,
        gap_days=buying.campaign_gap_days,
        signal=buying.signal_log,
    )


def selling_rule(scenario: Scenario) -> SellingRule:
    """Sales of a strong yen.                                                              (M102)"""
    mof = scenario.policy.mof
    if mof.kind != "rule" or mof.selling.kind == "none":
        return SellingRule()
    selling = mof.selling
    return SellingRule(
        is_on=True,
        first_day=scenario.calendar.burn_in_days,
        rise_days=selling.rise_days,
        rise=selling.rise_log,
        per_day=selling.per_day_usd_bn,
        budget=selling.budget_usd_bn,
    )


def draw_interventions(
    scenario: Scenario, seed: int, replicate: int, redrawn: Iterable[tuple[int, int]] = ()
) -> np.ndarray:
    """Uniform draws of every day, (T, 2); zeros where no rule asks for them.              (M101)

    redrawn: first day and seed of each later stretch that has a seed of its own.
    """
    n_days = scenario.calendar.burn_in_days + scenario.calendar.days
    if not buying_rule(scenario).is_on:
        return np.zeros((n_days, N_DRAWS))
    draws = generator("policy", seed, replicate).random((n_days, N_DRAWS))
    for first, other in redrawn:
        fresh = generator("policy", other, replicate).random((n_days, N_DRAWS))
        draws[first:] = fresh[first:]
    return draws
