"""Sensitivities in place of lines: tables in the common risk interchange format (CRIF).

A row says by how much a portfolio's value changes if one risk factor moves by a unit: a currency
or a price by 1%, a yield or a credit spread by a basis point. A table is known by its column
RiskType; it is read for what it says of value, and everything about margin is passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from abm.errors import NOT_GIVEN, Fault, Nearest
from abm.stress.cells import LARGEST, Cells, Row, number_in, why_not_a_number
from abm.stress.factors import bonds_in

if TYPE_CHECKING:
    from abm.scenario import Scenario

FX, PRICE, YIELD, SPREAD = "fx", "price", "yield", "spread"
FACTORS = {
    "Risk_FX": FX,
    "Risk_Equity": PRICE,
    "Risk_Commodity": PRICE,
    "Risk_IRCurve": YIELD,
    "Risk_CreditQ": SPREAD,
    "Risk_CreditNonQ": SPREAD,
}
"""Risk types that are valued, by the kind of their factor."""
VEGAS = ("Risk_FXVol", "Risk_IRVol", "Risk_InflationVol", "Risk_EquityVol", "Risk_CommodityVol",
         "Risk_CreditVol", "Risk_CreditVolNonQ")  # fmt: skip
ABSENT = ("Risk_Inflation", "Risk_XCcyBasis", "Risk_BaseCorr")
NEEDED = ("RiskType", "Qualifier", "Amount", "AmountCurrency")
READ = (*NEEDED, "Bucket", "Label1", "Label2")
# What else such tables have, none of which changes a value.
PASSED_OVER = ("TradeID", "PortfolioID", "ProductClass", "AmountUSD", "IMModel", "AgreementType",
               "CallType", "InitialMarginType", "LegalEntityID", "TradeType", "EndDate",
               "PostRegulations", "CollectRegulations")  # fmt: skip
_TENOR = re.compile(r"(\d{1,3})([dwmy])", re.IGNORECASE)
_IN_YEARS = {"d": 1.0 / 365.0, "w": 7.0 / 365.0, "m": 1.0 / 12.0, "y": 1.0}


class Sensitivity(NamedTuple):
    """Change in value for a unit of one factor, all rows of that factor together."""

    name: str
    line: int
    """Of the first of its rows."""
    amount: float
    """[its currency] for 1% of a currency or a price, for a basis point of a yield or a spread."""
    currency: int
    """In which it is told, by number; the dollar is last."""
    factor: str
    """FX, PRICE, YIELD or SPREAD."""
    of: int
    """The currency that moves, or whose yields do."""
    moves: tuple[tuple[int, float], ...]
    """(instrument, beta) of a price, or of the price that a spread is told from."""
    years: float
    """Maturity of a yield."""


def is_crif(columns: Sequence[str]) -> bool:
    """True for the header of a table of sensitivities."""
    return _plain("RiskType") in map(_plain, columns)


def _plain(column: str) -> str:
    return column.replace("_", "").lower()


class Sensitivities:
    """The rows of one table, checked against a scenario; all faults are kept."""

    def __init__(
        self, cells: Cells, scenario: Scenario, base: int, betas: Mapping[str, dict[str, float]]
    ) -> None:
        self.where, self.scenario, self.base, self.betas = cells.where, scenario, base, betas
        self.currencies = (*scenario.currencies, "USD")
        self.columns = {_plain(column): column for column in cells.columns}
        self.faults = list(self._header_faults(cells.columns))
        self.found: tuple[Sensitivity, ...] = ()
        if not self.faults:
            rows = [self._row(row) for row in cells.rows]
            self.found = tuple(together(row for row in rows if row is not None))

    def _header_faults(self, columns: Sequence[str]) -> Iterator[Fault]:
        known = {_plain(column) for column in (*READ, *PASSED_OVER)}
        for column in columns:
            if _plain(column) not in known:
                near = Nearest(column, READ, f"columns are {', '.join(READ)}")
                yield Fault(self.where, column, NOT_GIVEN, "unknown column", near, line=1)
        for column in NEEDED:
            if _plain(column) not in self.columns:
                words = f"is missing: sensitivities need a column {column}"
                yield Fault(self.where, column, NOT_GIVEN, words, line=1)

    def _cell(self, row: Row, column: str) -> str:
        return row.cells.get(self.columns.get(_plain(column), ""), "")

    def _row(self, row: Row) -> Sensitivity | None:
        """A row as a sensitivity; None where something is wrong with it."""
        n_before = len(self.faults)
        amount = self._amount(row)
        currency = self._currency(row, "AmountCurrency", self._cell(row, "AmountCurrency"))
        kind = self._kind(row)
        if kind is None:
            return None
        of, years = currency, 0.0
        moves: tuple[tuple[int, float], ...] = ()
        name = f"{self._cell(row, 'RiskType')} {self._cell(row, 'Qualifier')}"
        if kind == FX:
            of = self._moving(row)
        elif kind == YIELD:
            of, years = self._curve(row), self._years(row)
            name += f" {self._cell(row, 'Label1').lower()}"
        else:
            moves = self._moves(row)
        if kind == SPREAD and not bonds_in(self.currencies[currency], self.scenario):
            words = "the scenario has no government bond in it, above whose yield a spread is"
            self._fault(row, "AmountCurrency", words)
        if currency != self.base:
            name += f" [{self.currencies[currency]}]"
        if len(self.faults) > n_before:
            return None
        return Sensitivity(name, row.line, amount, currency, kind, of, moves, years)

    def _amount(self, row: Row) -> float:
        cell = self._cell(row, "Amount")
        value = number_in(cell)
        if value is None:
            words = why_not_a_number(cell) if cell else "is missing: a number is needed, 0 for none"
            self._fault(row, "Amount", words)
        elif abs(value) > LARGEST:
            self._fault(row, "Amount", f"must be from -{LARGEST:g} to {LARGEST:g}")
        return value or 0.0

    def _currency(self, row: Row, column: str, name: str) -> int:
        if name in self.currencies:
            return self.currencies.index(name)
        words = f"must be one of {', '.join(self.currencies)}"
        self._fault(row, column, words, Nearest(name, self.currencies))
        return len(self.currencies) - 1

    def _kind(self, row: Row) -> str | None:
        risk = self._cell(row, "RiskType")
        if risk in FACTORS:
            return FACTORS[risk]
        if risk in VEGAS:
            words = (
                "a vega is not valued, since the table does not say whether it is for a point of "
                "volatility or times it: give the options, as lines with kind, strike and expiry"
            )
            self._fault(row, "RiskType", words)
        elif risk in ABSENT:
            self._fault(row, "RiskType", "the model has no such factor")
        else:
            words = f"must be one of {', '.join(FACTORS)}"
            self._fault(row, "RiskType", words, Nearest(risk, FACTORS))
        return None

    def _moving(self, row: Row) -> int:
        found = self._currency(row, "Qualifier", self._cell(row, "Qualifier"))
        if found == self.base and self._cell(row, "Qualifier") in self.currencies:
            words = "is the currency of the result, which does not move: leave the row out"
            self._fault(row, "Qualifier", words)
        return found

    def _curve(self, row: Row) -> int:
        name = self._cell(row, "Qualifier")
        found = self._currency(row, "Qualifier", name)
        if name in self.currencies and not bonds_in(name, self.scenario):
            words = "the scenario has no government bond in it, so no yields of it are known"
            self._fault(row, "Qualifier", words)
        return found

    def _years(self, row: Row) -> float:
        tenor = _TENOR.fullmatch(self._cell(row, "Label1"))
        if tenor is None:
            self._fault(row, "Label1", "must be a maturity, as 2w, 3m or 10y")
            return 0.0
        return int(tenor[1]) * _IN_YEARS[tenor[2].lower()]

    def _moves(self, row: Row) -> tuple[tuple[int, float], ...]:
        """What a price moves with: an asset of the scenario, or the user's own betas."""
        name, names = self._cell(row, "Qualifier"), self.scenario.instrument_names
        assets = [k for k in names if k not in self.scenario.currencies]
        assets = [k for k in assets if k not in self.scenario.bonds]
        if not name.isprintable():
            self._fault(row, "Qualifier", "must be one line of printable text")
            return ()
        if name in assets:
            return ((names.index(name), 1.0),)
        if name in self.betas:
            betas = self.betas[name].items()
            return tuple((names.index(k), beta) for k, beta in betas if k in names and beta)
        words = "is no asset of the scenario: give its betas in the table of betas, as a proxy"
        self._fault(row, "Qualifier", words, Nearest(name, [*assets, *self.betas]))
        return ()

    def _fault(self, row: Row, column: str, words: str, near: str | Nearest = "") -> None:
        key = self.columns.get(_plain(column), column)
        given = row.cells.get(key, NOT_GIVEN)
        self.faults.append(Fault(self.where, key, given, words, near, line=row.line))


def together(rows: Iterator[Sensitivity]) -> Iterator[Sensitivity]:
    """One sensitivity for each factor: rows of the same add up, in whatever order they come."""
    alike: dict[Sensitivity, list[Sensitivity]] = {}
    for row in rows:
        alike.setdefault(row._replace(line=0, amount=0.0), []).append(row)
    for same in alike.values():
        yield same[0]._replace(amount=math.fsum(row.amount for row in same))
