"""Retail currency traders: cohorts of many households that trade alike."""

from __future__ import annotations

from abm.agents.institution import Institution, cell, not_negative


class RetailFxTrader(Institution):
    """A cohort of retail currency traders: short yen, stopped out by rule."""

    @property
    def loss_cut(self) -> float:
        """Equity over notional at which its broker closes everything. May be written."""
        return cell(self.world.rules.mandates.loss_cut, self.row)

    @loss_cut.setter
    def loss_cut(self, share: float) -> None:
        self._write_mandate("loss_cut", not_negative(share, "loss_cut"))
