"""Proprietary carry books of the core banks."""

from __future__ import annotations

from abm.agents.institution import Institution


class BankDesk(Institution):
    """A bank's own carry book; its bank lends to it and bears what it loses."""

    @property
    def bank(self) -> str:
        """Name of the bank it belongs to."""
        return self.model.bank_names[int(self.world.rules.mandates.owner[self.row])]
