"""Companies outside Japan that owe yen, earn dollars and hedge late."""

from __future__ import annotations

from abm.agents.institution import Institution, cell


class Company(Institution):
    """Owes yen; buys yen to hedge them after the yen has risen."""

    @property
    def loan_units(self) -> float:
        """Yen loan, hedged or not; a unit was worth USD 1bn at the opening."""
        return cell(self.world.rules.mandates.loan_units, self.row)

    @property
    def hedge_share(self) -> float:
        """Share of the loan against which it holds yen today."""
        return 1.0 + cell(self.world.books.units[0], self.row) / self.loan_units
