"""Banks, core (prime brokers and dealers) and periphery (of retail clients), and their desks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import mesa

from abm.agents.institution import AGENT_NUMBERS, Institution, cell, finite, refuse_removal
from abm.kernels.state import CAPITAL, OUTSIDE_BORROWERS, RECAPITALISATION
from abm.population.exposures import bank_assets

if TYPE_CHECKING:
    from abm.agents.host import HostModel
    from abm.kernels.state import Graph


class Bank(mesa.Agent):
    """One bank, a thin view of its row among the lenders."""

    _ids: ClassVar[Any] = AGENT_NUMBERS
    kind = "bank"
    """Kind of agent."""
    model: HostModel
    """The model it is in."""
    row: int
    """Its place among the banks."""

    def __init__(self, model: HostModel, row: int) -> None:
        """A view of one row; the model makes it."""
        super().__init__(model)
        self.row = int(row)

    @property
    def graph(self) -> Graph:
        """The lending network, and the books of all banks, a column each."""
        return self.model.world.graph

    @property
    def name(self) -> str:
        """Name in the tables: "bank-1"."""
        return self.model.bank_names[self.row]

    @property
    def style(self) -> str:
        """ "core" for prime brokers and dealers, "periphery" for the banks of retail clients."""
        return "core" if self.graph.is_core[self.row] else "periphery"

    @property
    def wealth_usd_bn(self) -> float:
        """Equity. Written: capital paid in or out, against the account of recapitalisations."""
        return cell(self.graph.equity, self.row)

    @wealth_usd_bn.setter
    def wealth_usd_bn(self, equity: float) -> None:
        market = self.model.world.market
        paid_in = finite(equity, "wealth_usd_bn") - self.wealth_usd_bn
        self.graph.equity[self.row] += paid_in
        self.graph.flows[CAPITAL, self.row] += paid_in
        self.graph.other_assets[self.row] += paid_in
        self.graph.counter[OUTSIDE_BORROWERS] += paid_in
        market.outside[RECAPITALISATION, -1] -= paid_in
        self.model.was_written_to = True

    @property
    def assets_usd_bn(self) -> float:
        """Loans, interbank claims, other assets, reserves and its books (M5)."""
        return float(bank_assets(self.graph)[self.row])

    @property
    def loans_usd_bn(self) -> float:
        """Lent to clients, except to its own desk."""
        return cell(self.graph.loans, self.row)

    @property
    def leverage(self) -> float:
        """Assets over equity; infinite once equity is gone."""
        equity = self.wealth_usd_bn
        return self.assets_usd_bn / equity if equity > 0.0 else float("inf")

    @property
    def leverage_limit(self) -> float:
        """Largest leverage it may run."""
        return cell(self.graph.leverage_max, self.row)

    @property
    def utilisation(self) -> float:
        """Use of its balance sheet beyond the threshold from which its spreads widen."""
        return cell(self.graph.utilisation, self.row)

    @property
    def has_failed(self) -> bool:
        """True once it has failed."""
        return bool(self.graph.failed[self.row])

    @property
    def clients(self) -> list[str]:
        """Names of those it lends to through a broker edge."""
        graph, names = self.graph, self.model.world.names
        starts = graph.broker_start
        return [
            names[i]
            for i in range(len(names))
            if self.row in graph.broker[starts[i] : starts[i + 1]].tolist()
        ]

    def remove(self) -> NoReturn:
        """Mesa's, refused: loans do not vanish with their lender. Raises InvalidInput."""
        refuse_removal(self.name, "choose `banks.n_core` and `banks.n_periphery` in the scenario")


class BankDesk(Institution):
    """A bank's own carry book; its bank lends to it and bears what it loses."""

    @property
    def bank(self) -> str:
        """Name of the bank it belongs to."""
        return self.model.bank_names[int(self.world.rules.mandates.owner[self.row])]
