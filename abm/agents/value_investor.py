"""Value investors: they buy what is cheap against fundamentals."""

from __future__ import annotations

from abm.agents.market_account import MarketAccount


class ValueInvestors(MarketAccount):
    """Buy what is cheap against fundamentals, slowly, until their capacity is used up."""

    kind = "value_investor"
    held, balances = "value_held", "value_cash"

    @property
    def fundamentals(self) -> dict[str, float]:
        """Fundamental of each price, links included [log, relative to the opening]."""
        value = self.market.fundamental + self.market.link_level
        return dict(zip(self.model.instruments, value.tolist(), strict=True))
