"""One trader with one account at a retail broker."""

from __future__ import annotations

from abm.agents.institution import Institution, cell


class Trader(Institution):
    """Owes yen against another currency; its broker calls, then stops it out."""

    @property
    def loss_cut(self) -> float:
        """Account over position at which its broker closes everything."""
        return cell(self.world.rules.mandates.loss_cut, self.row)
