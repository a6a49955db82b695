"""Order anticipators: they buy before those who are expected to buy."""

from __future__ import annotations

from abm.agents.market_account import MarketAccount


class OrderAnticipators(MarketAccount):
    """Hold a share of the orders that institutions are expected to give, with limited capital."""

    kind = "order_anticipator"
    held, balances = "anticipator_held", "anticipator_cash"

    @property
    def gamma_usd_bn(self) -> dict[str, float]:
        """Worth traded with the price today, by instrument [USD bn per log]."""
        gamma = self.market.anticipator_gamma * self.market.usd_price
        return dict(zip(self.model.instruments, gamma.tolist(), strict=True))
