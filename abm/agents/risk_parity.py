"""Risk-parity funds: equal risk in every asset, levered to a volatility."""

from __future__ import annotations

from abm.agents.institution import Institution, cell, not_negative


class RiskParityFund(Institution):
    """Levers up when markets are calm and cuts when they are not."""

    @property
    def target_volatility_per_year(self) -> float:
        """Volatility of its wealth that it levers to. May be written."""
        return cell(self.world.rules.mandates.target_volatility, self.row)

    @target_volatility_per_year.setter
    def target_volatility_per_year(self, volatility: float) -> None:
        self._write_mandate("target_volatility", not_negative(volatility, "target_volatility"))
