"""The base of all institutions: a Mesa agent that is a view of one row of the books."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from weakref import WeakKeyDictionary

import mesa
import numpy as np

from abm.errors import InvalidInput, show
from abm.kernels.compiler.reference import by_reference
from abm.kernels.contracts.balances import mark_books
from abm.kernels.contracts.fund_shares import scaled_mark
from abm.kernels.state import FUNDERS, SUBSCRIPTIONS
from abm.numbers import real
from abm.population.exposures import leverage_of
from abm.scenario.checks import nearest

if TYPE_CHECKING:
    from abm.agents.host import HostModel
    from abm.kernels.state import Books
    from abm.population.world import World

Array = np.ndarray


class AgentNumbers:
    """Numbers of agents by model, for Mesa 3.3: its own table keeps every model alive."""

    def __init__(self) -> None:
        self._by_model: WeakKeyDictionary[Any, itertools.count[int]] = WeakKeyDictionary()

    def __getitem__(self, model: Any) -> itertools.count[int]:
        return self._by_model.setdefault(model, itertools.count(1))


AGENT_NUMBERS = AgentNumbers()


def refuse_removal(name: str, instead: str) -> NoReturn:
    """An agent here is a view of a row of the books, which stays: what to do instead."""
    raise InvalidInput(
        f"{name} cannot be removed: it is a view of a row of the books, whose positions would go "
        f"on trading; {instead}"
    )


class Units(MutableMapping[str, float]):
    """Units by instrument of one institution: reads the books, and writes through to them."""

    def __init__(self, owner: Institution) -> None:
        self._owner = owner

    def _row_of(self, instrument: str) -> int:
        return instrument_row(self._owner.model.instruments, instrument)

    def __getitem__(self, instrument: str) -> float:
        names = self._owner.model.instruments
        if instrument not in names:
            raise KeyError(instrument)
        return float(self._owner.books.units[names.index(instrument), self._owner.row])

    def __setitem__(self, instrument: str, units: float) -> None:
        self._owner._write_units(self._row_of(instrument), finite(units, "units"))

    def __delitem__(self, instrument: str) -> None:
        """Nothing is held of it any more."""
        self[instrument] = 0.0

    def __iter__(self) -> Iterator[str]:
        return iter(self._owner.model.instruments)

    def __len__(self) -> int:
        return len(self._owner.model.instruments)

    def __repr__(self) -> str:
        return repr(dict(self))


class Institution(mesa.Agent):
    """One institution, a thin view: it holds its `row` and no numbers of its own.

    What is read is what the last day left; what is written is what the next day starts from.
    Wealth, cash, units, the leverage cap and what a subclass says so of may be written. Money or
    units that are written come from outside the model (subscriptions), so that nothing is created:
    the audit still balances.
    """

    _ids: ClassVar[Any] = AGENT_NUMBERS
    model: HostModel
    """The model it is in."""
    row: int
    """Its place in the books."""

    def __init__(self, model: HostModel, row: int) -> None:
        """A view of one row; the model makes it."""
        super().__init__(model)
        self.row = int(row)

    @property
    def world(self) -> World:
        """All arrays of the model."""
        return self.model.world

    @property
    def books(self) -> Books:
        """Books of all institutions, a column each."""
        return self.model.world.books

    @property
    def name(self) -> str:
        """Name in the tables: "hedge-fund-fxm-3"."""
        return self.world.names[self.row]

    @property
    def kind(self) -> str:
        """Kind in the tables: "hedge_fund"."""
        return self.model.kinds[self.row]

    @property
    def style(self) -> str:
        """Style of a hedge fund, class of a Python agent; empty for the others."""
        return self.world.styles[self.row]

    @property
    def wealth_usd_bn(self) -> float:
        """Assets less debts at the last mark. Written: paid in or out in dollars."""
        return cell(self.books.wealth, self.row)

    @wealth_usd_bn.setter
    def wealth_usd_bn(self, wealth: float) -> None:
        self.cash_usd_bn = self.cash_usd_bn + finite(wealth, "wealth_usd_bn") - self.wealth_usd_bn

    @property
    def cash_usd_bn(self) -> float:
        """Dollar balance; below zero a loan."""
        return cell(self.books.cash, self.row)

    @cash_usd_bn.setter
    def cash_usd_bn(self, cash: float) -> None:
        market = self.world.market
        paid_in = finite(cash, "cash_usd_bn") - self.cash_usd_bn
        self.books.cash[self.row] += paid_in
        market.outside[SUBSCRIPTIONS, -1] -= paid_in
        self._mark()

    @property
    def units(self) -> Units:
        """Units by instrument; `agent.units["JPY"] = -3` writes them.

        A unit is the amount worth USD 1bn at the opening; a currency below zero is a loan.
        """
        return Units(self)

    @units.setter
    def units(self, units: Mapping[str, float]) -> None:
        self.units.update(units)

    @property
    def positions_usd_bn(self) -> dict[str, float]:
        """Value of what it holds, by instrument; negative where it is short."""
        prices = self.world.market.usd_price
        values = self.books.units[:, self.row] * prices
        return dict(zip(self.model.instruments, values.tolist(), strict=True))

    @property
    def borrowing_usd_bn(self) -> float:
        """Dollars and currencies it owes, at the last mark."""
        return cell(self.books.borrowing, self.row)

    @property
    def leverage(self) -> float:
        """1 + borrowing / wealth; infinite for who owes and has nothing."""
        own = slice(self.row, self.row + 1)
        return cell(leverage_of(self.books.wealth[own], self.books.borrowing[own]), 0)

    @property
    def margin_rate(self) -> float:
        """Margin its brokers ask today [share of the position]; 0 without a margin rule."""
        return cell(self.books.margin_rate, self.row)

    @property
    def maintenance_leverage(self) -> float:
        """Maintenance leverage of today; above it a margin call is made."""
        return cell(self.books.maintenance_leverage, self.row)

    @property
    def leverage_cap(self) -> float:
        """Largest leverage its mandate allows."""
        return cell(self.world.rules.mandates.leverage_cap, self.row)

    @leverage_cap.setter
    def leverage_cap(self, cap: float) -> None:
        if not above_zero(cap, "leverage_cap") >= 1.0:
            raise InvalidInput(f"leverage_cap = {cap}, must be at least 1 (1 + borrowing / wealth)")
        self._write_mandate("leverage_cap", cap)

    @property
    def is_called(self) -> bool:
        """Has a margin call open."""
        return cell(self.books.call_day, self.row) >= 0

    @property
    def is_out(self) -> bool:
        """Is closing everything, or suspended after a failure or a stop-out."""
        return (
            cell(self.books.closing, self.row) > 0 or cell(self.books.suspended_days, self.row) > 0
        )

    @property
    def n_failures(self) -> int:
        """Number of failures since day 0."""
        return int(cell(self.world.record.n_failures, self.row))

    @property
    def brokers(self) -> dict[str, float]:
        """Share of its borrowing by bank; empty without a prime broker."""
        graph, banks = self.world.graph, self.model.bank_names
        shares: dict[str, float] = {}
        for edge in range(graph.broker_start[self.row], graph.broker_start[self.row + 1]):
            bank = banks[graph.broker[edge]]
            shares[bank] = shares.get(bank, 0.0) + float(graph.broker_share[edge])
        return shares

    def decide(self) -> dict[str, float]:
        """Orders it will send when the next day opens [USD bn by instrument], bought positive.

        Asked of the day's own rule on copies: nothing changes. Orders that a margin call or a
        bank's recall forces on it are its brokers' decision and not in here.
        """
        from abm.agents.decision import next_decision

        wanted = next_decision(self.world, self.row, self.model.next_day)
        return dict(zip(self.model.instruments, wanted.orders_usd_bn.tolist(), strict=True))

    def remove(self) -> NoReturn:
        """Mesa's, refused: the positions of an institution do not vanish with its view.

        Raises InvalidInput, which says how to leave a group out or to let a book run off.
        """
        refuse_removal(
            self.name,
            "leave its group out with `<group>.present = false` in the scenario, or let it pay "
            "off its loans with `agent.leverage_cap = 1`",
        )

    def _write_mandate(self, column: str, value: float) -> None:
        """Write a column of the mandates, which belong to this run alone, from now on."""
        getattr(self.world.rules.mandates, column)[self.row] = float(value)
        self.model.was_written_to = True

    def _write_units(self, k: int, units: float) -> None:
        """Units from outside: a currency's from its account, an asset's by a larger total."""
        market = self.world.market
        received = units - self.books.units.item(k, self.row)
        self.books.units[k, self.row] += received
        if k < len(market.rates) - 1:
            market.outside[SUBSCRIPTIONS, k] -= received
        else:
            market.totals[k] += received
        self._mark()

    def _lend(self, amount_usd_bn: float) -> None:
        """Its brokers, or the bank that owns it, have lent so much more, out of deposits."""
        graph, row = self.world.graph, self.row
        edges = slice(graph.broker_start[row], graph.broker_start[row + 1])
        lent = graph.broker_share[edges] * amount_usd_bn
        for column in (graph.loans, graph.deposits):
            np.add.at(column, graph.broker[edges], lent)
        graph.counter[FUNDERS] += lent.sum()
        owner = self.world.rules.mandates.owner[row]
        if owner >= 0:
            graph.desk_assets[owner] += amount_usd_bn
            graph.deposits[owner] += amount_usd_bn
            graph.counter[FUNDERS] += amount_usd_bn

    def _mark(self) -> None:
        """Wealth, borrowing and its lenders' books after a write (M2 to M4).

        No drawdown is read out of what was paid.
        """
        books, market, row = self.books, self.world.market, self.row
        self.model.was_written_to = True
        before, lent = books.wealth.item(row), books.borrowing.item(row)
        mark_books(row, row + 1, *by_reference(books, market))
        self._lend(books.borrowing.item(row) - lent)
        if before > 0.0 and books.wealth[row] > 0.0:
            paid_in = books.wealth[row] - before
            for mark in (books.high_water, books.morning_wealth):
                mark[row] = scaled_mark(mark[row], paid_in, before)


def cell(column: Array, row: int) -> float:
    """One number of a column, as Python has it."""
    value: float = column.item(row)
    return value


def instrument_row(names: tuple[str, ...], instrument: str) -> int:
    """Row of an instrument, or who is meant."""
    if instrument not in names:
        hint = nearest(str(instrument), names) or f"there are {', '.join(names)}"
        raise InvalidInput(f"'{instrument}' is not an instrument of this scenario; {hint}")
    return names.index(instrument)


def finite(value: float, name: str) -> float:
    """A number that may enter the books."""
    number = _real(value, name)
    if not np.isfinite(number):
        raise InvalidInput(f"{name} = {number}, must be finite")
    return number


def not_negative(value: float, name: str) -> float:
    """A finite number from 0."""
    if finite(value, name) < 0.0:
        raise InvalidInput(f"{name} = {value}, must not be negative")
    return float(value)


def above_zero(value: float, name: str) -> float:
    """A number above 0; infinite is no limit."""
    number = _real(value, name)
    if not number > 0.0:
        raise InvalidInput(f"{name} = {number}, must be above 0")
    return number


def _real(value: float, name: str) -> float:
    try:
        return real(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name} = {show(value)}, must be a number") from None


def refuse_books_without_numbers(world: World) -> None:
    """Refuse balances that are not finite, written past the views, by institution and column."""
    books = world.books
    for name in ("cash", "units", "high_water", "entry_wealth"):
        column = getattr(books, name)
        bad = ~np.isfinite(column)
        if bad.any():
            row = int(np.argwhere(bad)[0][-1])
            value = column[..., row][bad[..., row]] if column.ndim > 1 else column[row]
            raise InvalidInput(
                f"{name} of {world.names[row]} is {np.ravel(value)[0]}: its book was written to "
                "with a value that is not a number"
            )
