"""Risk appetite: how far losses move fundamentals, by instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.kernels.rules import AppetiteRule

if TYPE_CHECKING:
    from abm.scenario import Scenario


def appetite_rule(scenario: Scenario) -> AppetiteRule:
    """Memory of losses and betas to it, as the kernels read them."""
    appetite = scenario.risk_appetite
    if appetite.kind == "none":
        return AppetiteRule(False, 0.0, 0.0, np.zeros(len(scenario.instruments)))
    beta = [appetite.betas.get(name, 0.0) for name in scenario.instrument_names]
    return AppetiteRule(True, appetite.decay_per_day, appetite.most_gain_log, np.array(beta))
