"""Option hedgers: they buy what rises and sell what falls."""

from __future__ import annotations

from abm.agents.market_account import MarketAccount


class OptionHedgers(MarketAccount):
    """Short of options: they trade with the price to stay hedged, up to a share of depth."""

    kind = "option_hedger"
    held, balances = "hedger_held", "hedger_cash"

    @property
    def gamma_usd_bn(self) -> dict[str, float]:
        """Worth traded with the price today, by instrument [USD bn per log]."""
        gamma = self.market.hedger_gamma * self.market.usd_price
        return dict(zip(self.model.instruments, gamma.tolist(), strict=True))
