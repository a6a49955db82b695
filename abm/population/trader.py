"""One trader with one account: its row, and the broker's terms."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from abm.kernels.rules import TraderRule
from abm.kernels.state import COUNTED, CUT
from abm.population.groups import CLIENT_BANK, Group

if TYPE_CHECKING:
    from abm.scenario import Scenario

NEVER_RETURNS = 1_000_000  # days inactive after a stop-out
BN_PER_USD = 1e-9


@lru_cache(maxsize=4)
def draw_trader(scenario: Scenario) -> Group:
    """One row with dollars in its account, or none."""
    rule, names = scenario.trader, scenario.instrument_names
    group = Group("trader", 0 if rule.kind == "none" else 1, len(names))
    if rule.kind == "none":
        return group
    group.lender = CLIENT_BANK
    group.set_traits(call_rule=CUT, suspended_days_after_failure=NEVER_RETURNS, carry_short=COUNTED)
    group.wealth[:] = group.cash[:] = BN_PER_USD * rule.account_usd
    group.size_usd_bn[:] = rule.leverage * group.wealth
    group.loss_cut[:] = rule.stop_out_level / rule.leverage_cap
    group.weights[0] = -1.0
    if rule.holds != "USD":
        group.weights[names.index(rule.holds)] = 1.0
    return group


def trader_rule(scenario: Scenario) -> TraderRule:
    """Day of the opening and margin, as the kernels read them."""
    rule = scenario.trader
    if rule.kind == "none":
        return TraderRule()
    return TraderRule(
        open_day=scenario.calendar.burn_in_days + scenario.day_index(rule.open_day),
        required_margin=1.0 / rule.leverage_cap,
        call_level=rule.margin_call_level,
    )
