"""Borrowers whose lender liquidates automatically: their draw and opening books."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.behaviours.hedge_fund import set_fund_shares
from abm.kernels.constraints.auto_liquidation import leverage_at
from abm.kernels.state import AUTO_LENDER, COUNTED, LIQUIDATED
from abm.population.groups import Group, count
from abm.population.instruments import opening_terms

if TYPE_CHECKING:
    from abm.scenario import Scenario


@lru_cache(maxsize=4)
def draw_auto_borrowers(scenario: Scenario) -> Group:
    """Borrowers equal in equity, their targets spread evenly; each opens at its own."""
    rule, terms = scenario.auto_borrowers, opening_terms(scenario)
    group = Group("auto_borrower", count(rule.n, scenario.population.scale), len(terms.names))
    if not group.n:
        return group
    spread = np.linspace(-1.0, 1.0, group.n) if group.n > 1 else np.zeros(1)
    target = np.maximum(rule.loan_to_value + rule.loan_to_value_spread * spread, 0.0)
    group.set_traits(
        call_rule=LIQUIDATED,
        suspended_days_after_failure=rule.days_out,
        loss_account=AUTO_LENDER,
        carry_short=COUNTED,
        loan_to_value=target,
        loan_to_value_limit=rule.loan_to_value_limit,
        close_factor=rule.close_factor,
        liquidation_penalty=rule.liquidation_penalty,
        dust_share=rule.dust_share,
        relever_band=rule.relever_band,
        relever_speed=rule.relever_speed_per_day,
    )
    group.wealth[:] = rule.equity_usd_bn / group.n
    group.weights[:] = terms.column(rule.weights)[:, None]
    group.weights[0] = -rule.yen_share
    leverage, held = np.array([leverage_at(v) for v in target]), np.empty_like(group.weights)
    set_fund_shares(0, group.n, 1.0, leverage, group.weights, held)
    group.hold(held)
    return group
