"""Companies that owe yen: their opening books, and their rule."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import CompanyRule
from abm.population.groups import Group, count

if TYPE_CHECKING:
    from abm.scenario import Scenario


@lru_cache(maxsize=4)
def draw_companies(scenario: Scenario) -> Group:
    """Companies equal in debt, with dollars in their business; some hedge before others."""
    rule = scenario.companies
    group = Group("company", count(rule.n, scenario.population.scale), len(scenario.instruments))
    if not group.n:
        return group
    spread = np.linspace(-1.0, 1.0, group.n) if group.n > 1 else np.zeros(1)
    loan = rule.debt_usd_bn / group.n
    group.set_traits(
        loan_units=loan, hedge_trigger=rule.rise_log * (1.0 + rule.rise_log_spread * spread)
    )
    group.wealth[:] = (rule.assets_per_debt - 1.0) * loan
    group.weights[0] = rule.opening_hedge_share
    group.units[0] = (rule.opening_hedge_share - 1.0) * loan
    group.cash[:] = group.wealth - group.units[0]
    return group


def company_rule(scenario: Scenario) -> CompanyRule:
    """When and how fast companies hedge, as the kernels read it."""
    rule = scenario.companies
    return CompanyRule(
        speed_up=rule.speed_up_per_day,
        speed_down=rule.speed_down_per_day,
        hedge_share=rule.hedge_share,
        rise_days=rule.rise_days if rule.n else 0,
        payout=rule.payout_per_day,
    )
