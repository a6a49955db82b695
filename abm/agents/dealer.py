"""Dealers: they take what is left at the price they quote."""

from __future__ import annotations

from abm.agents.market_account import MarketAccount


class Dealers(MarketAccount):
    """Take what is left at the price they quote; depth shrinks with volatility and capital."""

    kind = "dealer"
    held, balances = "dealer_held", "dealer_cash"

    @property
    def depth_usd_bn(self) -> dict[str, float]:
        """Depth they quote today, by instrument [USD bn per log]."""
        depth = self.market.dealer_depth * self.market.usd_price
        return dict(zip(self.model.instruments, depth.tolist(), strict=True))
