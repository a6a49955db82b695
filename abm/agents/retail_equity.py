"""Retail margin longs in shares: cohorts of many households that trade alike."""

from __future__ import annotations

from abm.agents.institution import Institution, cell, not_negative


class RetailEquityTrader(Institution):
    """A cohort of residents long shares on margin."""

    @property
    def loss_cut(self) -> float:
        """Equity over the value of the shares at which they are sold. May be written."""
        return cell(self.world.rules.mandates.loss_cut, self.row)

    @loss_cut.setter
    def loss_cut(self, share: float) -> None:
        self._write_mandate("loss_cut", not_negative(share, "loss_cut"))
