"""Central banks: interventions, and the policy rates in force."""

from __future__ import annotations

from abm.agents.market_account import MarketAccount


class CentralBank(MarketAccount):
    """The authorities' account: interventions, and the policy rates in force."""

    kind = "central_bank"
    held, balances = "official_units", "official_cash"

    @property
    def policy_rates_per_year(self) -> dict[str, float]:
        """Rates in force by currency, the dollar last."""
        rates = self.market.rates
        currencies = [*self.model.instruments[: len(rates) - 1], "USD"]
        return dict(zip(currencies, rates.tolist(), strict=True))
