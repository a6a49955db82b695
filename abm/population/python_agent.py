"""A user's own institutions in Python: the rows they open with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abm.kernels.state import CALLED
from abm.population.groups import Group

if TYPE_CHECKING:
    from abm.scenario import Scenario


def open_python_agents(
    scenario: Scenario, names: Sequence[str], wealth_usd_bn: Sequence[float]
) -> Group:
    """One row for each, with its wealth in dollars; a broker, where it has one, comes later."""
    group = Group("custom", len(names), len(scenario.instruments), style=list(names))
    group.set_traits(
        has_margin_account=True,
        has_maintenance_cap=True,
        call_rule=CALLED,
        suspended_days_after_failure=scenario.funds.days_out,
    )
    group.wealth[:] = wealth_usd_bn
    group.cash[:] = group.wealth
    return group
