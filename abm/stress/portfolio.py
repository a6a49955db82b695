"""A user's portfolio: its lines as they were written, and as positions in a scenario's markets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import ValidationError

from abm.errors import NOT_GIVEN, Fault, Nearest, ScenarioFaults
from abm.scenario.faults import faults_of
from abm.scenario.fields import Line as PlainText
from abm.scenario.fields import Part, choice, number
from abm.stress.cells import (
    LARGEST,
    Cells,
    CsvFile,
    Row,
    number_in,
    read_cells,
    why_not_a_number,
)
from abm.stress.crif import Sensitivities, Sensitivity, is_crif

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario

DOLLAR = "USD"
BETA = "beta_"
HOLDING, CALL, PUT, FORWARD = "holding", "call", "put", "forward"
MOST_FROM_SPOT = 5.0  # a strike farther from the spot than this many times is quoted wrongly
LARGEST_BETA = 100.0  # of a line: with a price four logs away its value is a number still
MOST_DAYS = 36_525  # of an expiry: a century
_TENOR = re.compile(r"(\d{1,6})\s*[dD]")


class Line(Part):
    """One line of a portfolio, as it is written."""

    name: PlainText = choice("what it is called, once in the portfolio", allowed="text")
    instrument: str = choice("an instrument of the scenario, or USD", default="", allowed="a name")
    proxy: str = choice(
        "an instrument that it moves like, or a row of the table of betas", default="",
        allowed="a name",
    )  # fmt: skip
    currency: str = choice("in which it is priced", allowed="USD or a currency of the scenario")
    quantity: float | None = number(
        "units, negative if short or owed", "units", "user", None, ge=-LARGEST, le=LARGEST
    )
    market_value: float | None = number(
        "value today, negative if short or owed", "its currency", "user", None,
        ge=-LARGEST, le=LARGEST,
    )  # fmt: skip
    funding_currency: str = choice(
        "of the loan that levers it, if not its own", default="", allowed="USD or a currency"
    )
    leverage: float = number("value over own money", "times", "user", 1.0, ge=1, le=100)
    margin_rate: float | None = number(
        "least own money, of the value; by default what the simulated market asks of hedge funds",
        "share", "user", None, gt=0, le=1,
    )  # fmt: skip
    hedge_share: float = number(
        "share of its currency risk that is sold forward", "share", "user", 0.0, ge=0, le=1
    )
    yield_per_year: float | None = number(
        "income, if not that of its instrument", "per year", "user", None, ge=-1, le=5
    )
    kind: Literal["holding", "call", "put", "forward"] = choice(
        "a holding, or an option or forward on a currency", default=HOLDING,
        allowed='"holding", "call", "put" or "forward"',
    )  # fmt: skip
    strike: float | None = number("agreed exchange rate", "market quote", "user", None, gt=0)
    expiry: str = choice("a date, or days from today as 90d", default="", allowed="a date or 90d")
    betas: dict[str, float] = choice(
        "local log return per log return of each factor", default={}, allowed="numbers by factor"
    )


COLUMNS = tuple(name for name in Line.model_fields if name != "betas")
NUMBERS = ("quantity", "market_value", "leverage", "margin_rate", "hedge_share", "yield_per_year",
           "strike")  # fmt: skip
# In place of a number that is none, so that it makes no other fault.
STAND_IN = {"quantity": 1.0, "market_value": 1.0, "leverage": 2.0}


class Position(NamedTuple):
    """A line held or owed, in the scenario's markets. Currencies by number, the dollar last."""

    name: str
    line: int
    value: float
    """Today [its currency]; negative if short or owed."""
    currency: int
    moves: tuple[tuple[int, float], ...]
    """(instrument, beta): its log price moves by the sum; empty for money."""
    yield_per_year: float
    """Of what is not money."""
    is_fixed_coupon: bool
    """Income is paid on the face, not on the price."""
    funding: int
    """Currency of its loan; -1 without one."""
    leverage: float
    margin_rate: float
    """NaN: what the simulated market asks."""
    hedge_share: float

    @property
    def is_money(self) -> bool:
        """True for a balance, on which the policy rate accrues."""
        return not self.moves

    @property
    def loan(self) -> float:
        """Its loan today [its currency]."""
        return self.value * (1.0 - 1.0 / self.leverage) if self.funding >= 0 else 0.0


class Contract(NamedTuple):
    """An option or a forward on a currency."""

    name: str
    line: int
    kind: str
    pair: int
    """Currency that is bought (by a call or a forward) or sold (by a put)."""
    currency: int
    """Currency in which it is paid for."""
    quantity: float
    """Units of the pair's currency; negative if written or sold."""
    strike: float
    """Units of `currency` per unit of the pair's; NaN: today's forward."""
    days: int
    """Calendar days to expiry."""


class Remark(NamedTuple):
    """Something the reader should know of a sound portfolio."""

    key: str
    """Of the texts under `stress.remark`."""
    names: tuple[str, ...]
    """Lines that it is about."""


class Portfolio(NamedTuple):
    """Positions and contracts in a scenario's markets."""

    positions: tuple[Position, ...]
    """What is held and owed."""
    contracts: tuple[Contract, ...]
    """Options and forwards."""
    base: int
    """Currency of the result, by number; the dollar is last."""
    base_name: str
    """Its name."""
    remarks: tuple[Remark, ...]
    """What a reader should know of it."""
    source: str
    """The file it was read from."""
    content_hash: str
    """SHA-256 of its rows."""
    sensitivities: tuple[Sensitivity, ...] = ()
    """What a table of sensitivities says in place of lines."""
    betas: str = ""
    """The file of betas it was read with; empty without one."""
    betas_hash: str = ""
    """SHA-256 of the rows of that."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the lines: positions, contracts, sensitivities."""
        positions, contracts = (p.name for p in self.positions), (c.name for c in self.contracts)
        return (*positions, *contracts, *(s.name for s in self.sensitivities))


def read_portfolio(
    source: str | os.PathLike[str] | CsvFile | pd.DataFrame,
    scenario: Scenario,
    betas: str | os.PathLike[str] | pd.DataFrame | None = None,
    base: str = DOLLAR,
) -> Portfolio:
    """A portfolio from a CSV file or a DataFrame, mapped to the markets of a scenario.

    Parameters
    ----------
    source
        The path of a file, a CsvFile or a DataFrame. Columns in any order: `name`, `instrument` or
        `proxy`, `currency`, `quantity` or `market_value`; optional `funding_currency`, `leverage`,
        `margin_rate`, `hedge_share`, `yield_per_year`; for options and forwards `kind`, `strike`,
        `expiry`; betas as columns `beta_<FACTOR>`, a factor being an instrument of the scenario.
        Or sensitivities (CRIF), known by a column `RiskType`, with `Qualifier`, `Label1`, `Amount`,
        `AmountCurrency`; equities, commodities and credits by an asset's name, or by betas in the
        second table.
    scenario
        The scenario. Today is the eve of its shock, at its opening quotes.
    betas
        A second table: column `proxy`, and columns `beta_<FACTOR>` that are all filled.
    base
        Currency of the result: "USD" or a currency of the scenario.

    Raises
    ------
    ScenarioFaults
        With every fault of both tables, each with its line.
    """
    cells = read_cells(source)
    reader = _Reader(cells, scenario, base)
    of_betas = None if betas is None else read_cells(betas)
    tables = reader.beta_table(of_betas) if of_betas is not None else {}
    sensitivities: tuple[Sensitivity, ...] = ()
    found: list[Position | Contract | None] = []
    if is_crif(cells.columns):
        rows = Sensitivities(cells, scenario, reader.base, tables)
        sensitivities = rows.found
        reader.faults += rows.faults
    elif reader.is_header_sound:
        found = [reader.mapped(row, tables) for row in cells.rows]
    faults = [*cells.faults, *reader.faults]
    if faults:
        raise ScenarioFaults(sorted(faults, key=lambda fault: (fault.where, fault.line or 0)))
    positions = tuple(line for line in found if isinstance(line, Position))
    contracts = tuple(line for line in found if isinstance(line, Contract))
    remarks = tuple(_remarks(positions, contracts, scenario))
    if sensitivities:
        remarks = (Remark("linear", tuple(s.name for s in sensitivities)),)
    by_betas = () if of_betas is None else (of_betas.where, of_betas.hash)
    return Portfolio(
        positions, contracts, reader.base, base, remarks, cells.where, cells.hash, sensitivities,
        *by_betas,
    )  # fmt: skip


class _Reader:
    """Lines of one table, checked against a scenario; all faults are kept."""

    def __init__(self, cells: Cells, scenario: Scenario, base: str) -> None:
        self.cells, self.scenario = cells, scenario
        self.currencies = (*scenario.currencies, DOLLAR)
        self.instruments = scenario.instrument_names
        self.faults: list[Fault] = []
        self.first_line: dict[str, int] = {}
        self.told: set[tuple[int, str]] = set()  # cells with a fault
        self.is_header_sound = not cells.faults or bool(cells.rows)
        self.base = self._base(base)
        if self.is_header_sound and not is_crif(cells.columns):
            known = len(self.faults)
            self.faults += self._header_faults()
            self.is_header_sound = len(self.faults) == known

    @cached_property
    def eve(self) -> date | None:
        """Date of today; None in a scenario without dates."""
        calendar, at = self.scenario.calendar, self.scenario.shock_day
        dates = calendar.all_dates()
        place = calendar.burn_in_days + at - 1
        if not dates:
            return None
        return dates[place] if place >= 0 else dates[0] - timedelta(days=1)

    def mapped(
        self, row: Row, tables: Mapping[str, dict[str, float]]
    ) -> Position | Contract | None:
        """A line as a position or a contract; None where something is wrong with it."""
        n_before = len(self.faults)
        name = row.cells.get("name", "")
        if name in self.first_line:
            self._fault(row, "name", f"is the name of line {self.first_line[name]} too")
        elif name:
            self.first_line[name] = row.line
        line = self._line(row)
        if line is None:
            return None
        currency = self._currency(row, "currency", line.currency)
        if line.kind == HOLDING:
            found: Position | Contract | None = self._position(row, line, currency, tables)
        else:
            found = self._contract(row, line, currency)
        return found if len(self.faults) == n_before else None

    def beta_table(self, cells: Cells) -> dict[str, dict[str, float]]:
        """Betas by proxy from a table of their own."""
        self.faults += cells.faults
        wanted = [name for name in cells.columns if name.startswith(BETA)]
        if cells.rows and ("proxy" not in cells.columns or not wanted):
            words = f"must have a column proxy and columns {BETA}<FACTOR>"
            self.faults.append(Fault(cells.where, "header", NOT_GIVEN, words, line=1))
            return {}
        for name in wanted:
            self._factor(cells.where, name)
        found: dict[str, dict[str, float]] = {}
        for row in cells.rows:
            where, proxy = cells.where, row.cells.get("proxy", "")
            if not proxy or proxy in found or proxy in self.instruments:
                words = "must be a name, once, that is not an instrument of the scenario"
                self.faults.append(Fault(where, "proxy", proxy or NOT_GIVEN, words, line=row.line))
            found[proxy] = self._betas(where, row, wanted)
        return found

    def _base(self, base: str) -> int:
        if base in self.currencies:
            return self.currencies.index(base)
        words = f"must be one of {', '.join(self.currencies)}"
        self.faults.append(
            Fault("options", "base", base, words, Nearest(str(base), self.currencies))
        )
        return len(self.currencies) - 1

    def _header_faults(self) -> Iterator[Fault]:
        where, columns = self.cells.where, self.cells.columns
        for name in columns:
            if name.startswith(BETA):
                self._factor(where, name)
            elif name not in COLUMNS:
                near = Nearest(name, COLUMNS, f"columns are {', '.join(COLUMNS)}, {BETA}<FACTOR>")
                yield Fault(where, name, NOT_GIVEN, "unknown column", near, line=1)
        has_betas = any(name.startswith(BETA) for name in columns)
        wanted = {
            "name": "name" in columns,
            "instrument": has_betas or "instrument" in columns or "proxy" in columns,
            "currency": "currency" in columns,
            "quantity": "quantity" in columns or "market_value" in columns,
        }
        others = {"instrument": "instrument or proxy", "quantity": "quantity or market_value"}
        for name, is_there in wanted.items():
            if not is_there:
                words = f"is missing: a column {others.get(name, name)} is needed"
                yield Fault(where, name, NOT_GIVEN, words, line=1)

    def _factor(self, where: str, column: str) -> None:
        factor = column.removeprefix(BETA)
        if factor not in self.instruments:
            near = Nearest(factor, self.instruments, f"factors are {', '.join(self.instruments)}")
            fault = Fault(where, column, NOT_GIVEN, "is a beta of an unknown factor", near, line=1)
            self.faults.append(fault)

    def _line(self, row: Row) -> Line | None:
        """The line by its schema; in place of what is wrong with it something that is not, so that
        its other faults are found as well. None where its kind is unknown."""
        raw: dict[str, Any] = {n: c for n, c in row.cells.items() if not n.startswith(BETA)}
        for name in NUMBERS:
            if name in raw:
                value = number_in(raw[name])
                if value is None:
                    self._fault(row, name, why_not_a_number(raw[name]))
                    del raw[name]
                    raw |= {name: STAND_IN[name]} if name in STAND_IN else {}
                else:
                    raw[name] = value
        columns = [name for name in self.cells.columns if name.startswith(BETA)]
        if any(name in row.cells for name in columns):
            raw["betas"] = self._betas(self.cells.where, row, columns)
        try:
            return Line.model_validate(raw)
        except ValidationError as refused:
            for fault in faults_of(refused, raw, Line):
                self._fault(row, fault.key, fault.allowed, fault.near)
                raw.pop(fault.key, None)
                raw |= {name: STAND_IN[name] for name in STAND_IN if name == fault.key}
        if (row.line, "kind") in self.told:
            return None
        return Line.model_construct(**{"name": "", "currency": "", **raw})

    def _betas(self, where: str, row: Row, columns: Sequence[str]) -> dict[str, float]:
        """Betas of a row, of every factor that the header has: an empty cell is not a zero."""
        found = {}
        for name in columns:
            cell = row.cells.get(name)
            value = None if cell is None else number_in(cell)
            if cell is None:
                words = "is missing: a beta of every factor in the header is needed, 0 for none"
                self.faults.append(Fault(where, name, NOT_GIVEN, words, line=row.line))
            elif value is None:
                self.faults.append(Fault(where, name, cell, why_not_a_number(cell), line=row.line))
            elif abs(value) > LARGEST_BETA:
                words = f"must be from -{LARGEST_BETA:g} to {LARGEST_BETA:g}"
                self.faults.append(Fault(where, name, cell, words, line=row.line))
                value = None
            found[name.removeprefix(BETA)] = value or 0.0
        return found

    def _position(
        self, row: Row, line: Line, currency: int, tables: Mapping[str, dict[str, float]]
    ) -> Position:
        for name in ("strike", "expiry"):
            if getattr(line, name):
                self._fault(row, name, "is of an option or a forward: kind says which")
        moves = self._moves(row, line, tables)
        name = line.instrument or line.proxy
        part = self.scenario.instruments.get(name)
        if line.instrument:
            self._check_currency(row, line)
        is_money = bool(line.instrument) and line.instrument in self.currencies
        if is_money and line.yield_per_year is not None:
            self._fault(row, "yield_per_year", "money earns the policy rate of its currency")
        income = line.yield_per_year
        if income is None:
            income = part.yield_per_year if part is not None else 0.0
        value = self._value(row, line, is_money)
        funding = self._funding(row, line, value)
        if line.hedge_share and currency == self.base:
            self._fault(row, "hedge_share", "is in the currency of the result: nothing to hedge")
        return Position(
            line.name, row.line, value, currency, () if is_money else moves, income,
            line.yield_per_year is None and name in self.scenario.bonds, funding, line.leverage,
            float("nan") if line.margin_rate is None else line.margin_rate, line.hedge_share,
        )  # fmt: skip

    def _moves(
        self, row: Row, line: Line, tables: Mapping[str, dict[str, float]]
    ) -> tuple[tuple[int, float], ...]:
        """What its local log price moves with; a line that says nothing is a fault."""
        ways = [bool(line.instrument), bool(line.proxy), bool(line.betas)]
        if sum(ways) != 1:
            words = "needs exactly one of instrument, proxy and betas"
            self._fault(row, "instrument", f"{words}; a line without any is not taken for zero")
            return ()
        if line.betas:
            return self._weighted(line.betas)
        if line.proxy in tables:
            return self._weighted(tables[line.proxy])
        column, name = ("instrument", line.instrument) if line.instrument else ("proxy", line.proxy)
        known = (*self.instruments, DOLLAR) if line.instrument else (*self.instruments, *tables)
        if name not in known:
            way = f"an unknown {column}: for anything else give betas, columns {BETA}<FACTOR>"
            self._fault(row, column, f"is {way}", Nearest(name, known))
            return ()
        return ((self.instruments.index(name), 1.0),) if name != DOLLAR else ()

    def _weighted(self, betas: Mapping[str, float]) -> tuple[tuple[int, float], ...]:
        known = [(name, beta) for name, beta in betas.items() if name in self.instruments]
        moves = tuple((self.instruments.index(name), beta) for name, beta in known if beta)
        # All betas zero: a value that stays, which is not the same as money that earns a rate.
        return moves or ((0, 0.0),)

    def _check_currency(self, row: Row, line: Line) -> None:
        part = self.scenario.instruments.get(line.instrument)
        own = line.instrument if line.instrument in self.currencies else getattr(part, "quote", "")
        if own and line.currency != own:
            words = f"must be {own}, in which {line.instrument} is priced"
            self._fault(row, "currency", f"{words}; a proxy may be in any currency")

    def _value(self, row: Row, line: Line, is_money: bool) -> float:
        """Value today in its own currency."""
        if (line.quantity is None) == (line.market_value is None):
            self._fault(row, "quantity", "needs exactly one of quantity and market_value")
            return 0.0
        if line.market_value is not None:
            return line.market_value
        units = line.quantity or 0.0
        if is_money:
            return units
        if not line.instrument:
            self._fault(row, "quantity", "has no price in the scenario: give its market_value")
            return 0.0
        part = self.scenario.instruments.get(line.instrument)
        return units * (part.opening_quote if part is not None else 0.0)

    def _funding(self, row: Row, line: Line, value: float) -> int:
        """Currency of the loan behind a levered line, by default its own; -1 without one."""
        if line.leverage == 1.0:
            for name in ("funding_currency", "margin_rate"):
                if getattr(line, name):
                    self._fault(row, name, "nothing is borrowed: leverage must be above 1")
            return -1
        if value < 0.0:
            self._fault(row, "leverage", "what is short or owed is not levered: must be 1")
        if line.funding_currency == line.currency:
            words = "is its own currency: leave it out for a loan in that"
            self._fault(row, "funding_currency", words)
        chosen = line.funding_currency or line.currency
        return self._currency(row, "funding_currency", chosen)

    def _contract(self, row: Row, line: Line, currency: int) -> Contract | None:
        for name in ("proxy", "betas", "market_value", "funding_currency", "margin_rate",
                     "hedge_share", "yield_per_year"):  # fmt: skip
            if getattr(line, name):
                self._fault(row, name, f"is not of a {line.kind}: it has a quantity and a strike")
        if line.leverage != 1.0:
            self._fault(row, "leverage", f"is not of a {line.kind}: must be 1")
        if line.quantity is None:
            self._fault(
                row, "quantity", f"is missing: units of currency that the {line.kind} is of"
            )
        if line.instrument not in self.currencies or line.instrument == line.currency:
            words = "must be a currency, other than the one it is paid in"
            self._fault(row, "instrument", words, Nearest(line.instrument, self.currencies))
            return None
        if line.strike is None and line.kind != FORWARD:
            self._fault(row, "strike", "is missing: the exchange rate agreed on, as it is quoted")
        pair = self.currencies.index(line.instrument)
        strike = self._strike(row, line, pair, currency)
        days = self._days(row, line)
        quantity = line.quantity or 0.0
        return Contract(line.name, row.line, line.kind, pair, currency, quantity, strike, days)

    def _strike(self, row: Row, line: Line, pair: int, currency: int) -> float:
        """Units of the contract's currency per unit of the pair's."""
        if line.strike is None:
            return float("nan")
        per_dollar = [1.0 / usd_value(self.scenario, name) for name in self.currencies]
        spot = per_dollar[currency] / per_dollar[pair]
        part = self.scenario.currencies.get(line.instrument)
        is_turned = line.currency == DOLLAR and part is not None and part.per_usd
        strike = 1.0 / line.strike if is_turned else line.strike
        if not 1.0 / MOST_FROM_SPOT <= strike / spot <= MOST_FROM_SPOT:
            quoted = 1.0 / spot if is_turned else spot
            way = (
                f"{line.instrument} per USD"
                if is_turned
                else f"{line.currency} per {line.instrument}"
            )
            self._fault(row, "strike", f"must be quoted in {way}; the spot is {quoted:.5g}")
        return strike

    def _days(self, row: Row, line: Line) -> int:
        """Calendar days from today to the expiry."""
        tenor = _TENOR.fullmatch(line.expiry)
        if tenor:
            days = int(tenor[1])
        else:
            try:
                when = date.fromisoformat(line.expiry)
            except ValueError:
                words = "must be a date, as 2024-12-31, or days from today, as 90d"
                self._fault(row, "expiry", words)
                return 1
            if self.eve is None:
                self._fault(row, "expiry", "the scenario has no dates: give days, as 90d")
                return 1
            days = (when - self.eve).days
        if not 1 <= days <= MOST_DAYS:
            today = f", which is {self.eve}" if self.eve else ""
            self._fault(row, "expiry", f"must be after today{today}, and within a century")
        return days

    def _currency(self, row: Row, column: str, name: str) -> int:
        if name in self.currencies:
            return self.currencies.index(name)
        near = Nearest(name, self.currencies)
        self._fault(row, column, f"must be one of {', '.join(self.currencies)}", near)
        return len(self.currencies) - 1

    def _fault(self, row: Row, column: str, words: str, near: str | Nearest = "") -> None:
        """Keep the first fault of a cell."""
        if (row.line, column) in self.told:
            return
        self.told.add((row.line, column))
        given = row.cells.get(column, NOT_GIVEN)
        self.faults.append(Fault(self.cells.where, column, given, words, near, line=row.line))


def usd_value(scenario: Scenario, currency: str) -> float:
    """Dollars for a unit of a currency at the scenario's opening quotes."""
    if currency == DOLLAR:
        return 1.0
    part = scenario.currencies[currency]
    return 1.0 / part.opening_quote if part.per_usd else part.opening_quote


def _remarks(
    positions: Sequence[Position], contracts: Sequence[Contract], scenario: Scenario
) -> Iterator[Remark]:
    short = [p.name for p in positions if p.value < 0.0 and not p.is_money]
    owed = [p.name for p in positions if p.value < 0.0 and p.is_money]
    written = [c.name for c in contracts if c.quantity < 0.0 and c.kind != FORWARD]
    idle = [p.name for p in positions if not p.is_money and p.yield_per_year == 0.0]
    called = [p.name for p in positions if p.margin_rate > 1.0 / p.leverage]
    kinds = {"short": short, "owed": owed, "written": written, "idle": idle, "called": called}
    for key, names in kinds.items():
        if names:
            yield Remark(key, tuple(names))
