"""The Federal Reserve's rate by rule, as the kernels read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm.kernels.rules import CutRule
from abm.population.boj import BP

if TYPE_CHECKING:
    from abm.scenario import Scenario


def cut_rule(scenario: Scenario) -> CutRule:
    """Cuts of the dollar's rate while shares are volatile.                                (M103)"""
    fed = scenario.policy.fed
    if fed.kind == "none":
        return CutRule()
    return CutRule(
        is_on=True,
        first_day=scenario.calendar.burn_in_days,
        asset=scenario.instrument_names.index(fed.asset),
        weight=1.0 - 0.5 ** (1.0 / fed.half_life_days),
        threshold=fed.threshold,
        cut=fed.cut_bp * BP,
        spacing_days=fed.spacing_days,
        floor=fed.floor_per_year,
    )
