"""Hedge funds: mean-variance leverage inside their limits, under margin."""

from __future__ import annotations

from abm.agents.institution import Institution, above_zero, cell, finite


class HedgeFund(Institution):
    """A fund of one of the scenario's styles (`Institution.style`)."""

    @property
    def risk_aversion(self) -> float:
        """gamma of the leverage rule (M20). May be written."""
        return cell(self.world.rules.mandates.risk_aversion, self.row)

    @risk_aversion.setter
    def risk_aversion(self, gamma: float) -> None:
        self._write_mandate(
            "risk_aversion", above_zero(finite(gamma, "risk_aversion"), "risk_aversion")
        )

    @property
    def high_water_usd_bn(self) -> float:
        """Largest wealth so far, scaled by what investors paid in or took out."""
        return cell(self.books.high_water, self.row)

    @property
    def has_grace_day(self) -> bool:
        """Has a day to meet a margin call."""
        return bool(self.world.rules.mandates.grace_days[self.row])
