"""Volatility-target funds: fixed weights, levered to a volatility."""

from __future__ import annotations

from abm.agents.institution import Institution, cell, not_negative


class VolatilityTargetFund(Institution):
    """Holds fixed weights, more of them the calmer the last weeks were."""

    @property
    def target_volatility_per_year(self) -> float:
        """Volatility of its wealth that it levers to. May be written."""
        return cell(self.world.rules.mandates.target_volatility, self.row)

    @target_volatility_per_year.setter
    def target_volatility_per_year(self, volatility: float) -> None:
        self._write_mandate("target_volatility", not_negative(volatility, "target_volatility"))
