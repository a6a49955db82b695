"""Traits of each kind of institution, by row, read by name."""

import numpy as np
import pytest

from abm.kernels.state import (
    CALLED,
    COUNTED,
    COUNTED_BEYOND_HEDGE,
    CUT,
    HOLDINGS,
    LIQUIDATED,
    MANDATE,
    NO_CALL,
    NOT_COUNTED,
    SHARE_A_DAY,
)
from abm.population.institutions import draw_groups
from abm.population.python_agent import open_python_agents
from abm.scenario import load_scenario

SCENARIO = load_scenario("august-2024").with_changes(
    {
        "banks.desk": {"kind": "carry", "capital_share": 0.01, "weights": {"MXN": 1.0}},
        "risk_parity.yen_share": 0.2,
        "funds.days_out": 111,
        "retail_fx.days_out": 22,
        "retail_equity.days_out": 33,
        "retail_equity.days_to_pay": 2,
        "auto_borrowers.n": 2,
        "auto_borrowers.equity_usd_bn": 2.0,
        "auto_borrowers.weights": {"SPX": 1.0},
        "auto_borrowers.days_out": 44,
        "companies.n": 2,
        "companies.debt_usd_bn": 2.0,
        "trader": {"kind": "account"},
    }
)
# margin account, call rule, sale rule, days suspended, subscriptions, carry short, hedges currency
TRAITS = {
    "hedge_fund": (1, CALLED, MANDATE, 111, 1, COUNTED, 0),
    "bank_desk": (0, CALLED, MANDATE, 111, 0, COUNTED, 0),
    "risk_parity": (1, CALLED, HOLDINGS, 111, 1, COUNTED_BEYOND_HEDGE, 1),
    "volatility_target": (0, CALLED, HOLDINGS, 111, 1, NOT_COUNTED, 1),
    "trend": (0, CALLED, HOLDINGS, 111, 1, COUNTED, 1),
    "retail_fx": (0, CUT, HOLDINGS, 22, 0, COUNTED, 0),
    "retail_equity": (0, CUT, SHARE_A_DAY, 33, 0, NOT_COUNTED, 0),
    "auto_borrower": (0, LIQUIDATED, HOLDINGS, 44, 0, COUNTED, 0),
    "company": (0, NO_CALL, HOLDINGS, 0, 0, NOT_COUNTED, 0),
    "trader": (0, CUT, HOLDINGS, 1_000_000, 0, COUNTED, 0),
    "insurer": (0, NO_CALL, HOLDINGS, 0, 0, NOT_COUNTED, 0),
    "custom": (1, CALLED, HOLDINGS, 111, 0, NOT_COUNTED, 0),
}
GROUPS = {group.kind: group for group in draw_groups(SCENARIO, 1, 0)} | {
    "custom": open_python_agents(SCENARIO, ["mine"], [5.0])
}


@pytest.mark.parametrize("kind", TRAITS)
def test_every_row_of_a_kind_has_the_traits_of_its_kind(kind: str) -> None:
    group = GROUPS[kind]
    columns = (
        group.has_margin_account,
        group.call_rule,
        group.sale_rule,
        group.suspended_days_after_failure,
        group.takes_subscriptions,
        group.carry_short,
        group.hedges_quote_currency,
    )
    assert group.n
    assert [np.unique(column).tolist() for column in columns] == [[each] for each in TRAITS[kind]]


def test_grace_is_of_funds_and_margin_longs_and_a_slow_filter_of_every_other_trend_follower():
    grace, slow = GROUPS["hedge_fund"].grace_days, GROUPS["trend"].uses_slow_filter
    assert abs(grace.mean() - SCENARIO.funds.grace_share) < 0.15
    assert set(grace.tolist()) == {0, 1}
    assert slow.tolist() == [row % 2 for row in range(len(slow))]
    assert set(GROUPS["retail_equity"].grace_days.tolist()) == {2}
    graced = {kind for kind, group in GROUPS.items() if group.grace_days.any()}
    filtered = {kind for kind, group in GROUPS.items() if group.uses_slow_filter.any()}
    assert graced == {"hedge_fund", "retail_equity"} and filtered == {"trend"}
