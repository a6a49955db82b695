"""Option hedgers: how much they trade with the price, by instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import HedgerRule

if TYPE_CHECKING:
    from abm.scenario import Scenario


def hedger_rule(scenario: Scenario) -> HedgerRule:
    """Their gamma, its cap and its expiry, as the kernels read them."""
    hedgers = scenario.option_hedgers
    if hedgers.kind == "none":
        return HedgerRule(np.zeros(len(scenario.instruments)), 0.0, 0.0)
    gamma = [hedgers.gamma_usd_bn.get(name, 0.0) for name in scenario.instrument_names]
    return HedgerRule(np.array(gamma), hedgers.depth_share, hedgers.expiry_per_day)
