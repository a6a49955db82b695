"""An account on the other side of the market, by instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import mesa

from abm.agents.institution import AGENT_NUMBERS, refuse_removal
from abm.kernels.contracts.balances import account_value

if TYPE_CHECKING:
    from abm.agents.host import HostModel
    from abm.kernels.state import Market


class MarketAccount(mesa.Agent):
    """A view of one account of the market: what it holds and what it was paid. Read only."""

    _ids: ClassVar[Any] = AGENT_NUMBERS
    kind: ClassVar[str]
    """Kind of agent."""
    held: ClassVar[str]
    """Column of the market with the units it holds."""
    balances: ClassVar[str]
    """Column of the market with what it was paid, by currency."""
    model: HostModel
    """The model it is in."""

    def __init__(self, model: HostModel) -> None:
        """A view of one account; the model makes it."""
        super().__init__(model)

    @property
    def market(self) -> Market:
        """Prices and those who make them, as arrays."""
        return self.model.world.market

    @property
    def name(self) -> str:
        """Its kind, spelt like the names of institutions."""
        return self.kind.replace("_", "-")

    def remove(self) -> NoReturn:
        """Mesa's, refused: without the other side no market clears. Raises InvalidInput."""
        refuse_removal(self.name, "choose its depth under `instruments` in the scenario")

    @property
    def style(self) -> str:
        """Has none: empty."""
        return ""

    @property
    def units(self) -> dict[str, float]:
        """Units held by instrument, settlement balances in currencies included."""
        units = getattr(self.market, self.held).copy()
        units[: len(self.market.rates) - 1] += getattr(self.market, self.balances)[:-1]
        return dict(zip(self.model.instruments, units.tolist(), strict=True))

    @property
    def cash_usd_bn(self) -> float:
        """Dollar balance."""
        return float(getattr(self.market, self.balances)[-1])

    @property
    def wealth_usd_bn(self) -> float:
        """Value of all it holds: what it earned since the opening (dealers: since yesterday)."""
        held, cash = getattr(self.market, self.held), getattr(self.market, self.balances)
        return float(account_value(held, cash, self.market.usd_price))

    @property
    def leverage(self) -> float:
        """Always 1: it has no lenders."""
        return 1.0
