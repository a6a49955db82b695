"""The terms of one's own carry trade, as the page's sliders and a link hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from abm.classroom.knobs import number_in, spelt

TERMS = "trade."  # before their keys in a link
TARGETS = ("USD", "AUD", "MXN", "EUR", "NZD", "CHF", "BRL", "TRY")
"""Currencies that may be bought, where the scenario trades them."""


class Range(NamedTuple):
    """The range of a number, and the part of it that a slider shows."""

    low: float
    high: float
    step: float
    unit: str


RANGES: dict[str, Range] = {
    "equity_usd_mn": Range(0.01, 1000.0, 0.01, "USD mn"),
    "leverage": Range(1.0, 25.0, 0.5, "1 + borrowing / equity"),
    "margin_rate": Range(0.01, 0.5, 0.005, "share of position"),
    "cost_per_year": Range(0.0, 0.05, 0.0005, "per year"),
    "days": Range(5.0, 500.0, 5.0, "calendar days"),
    "end_move": Range(-0.5, 0.2, 0.005, "share of the opening quote"),
}


@dataclass(frozen=True)
class Terms:
    """Borrow yen, buy a currency, hold it."""

    target: str = "MXN"
    equity_usd_mn: float = 1.0
    leverage: float = 5.0
    margin_rate: float = 0.05
    cost_per_year: float = 0.005
    days: float = 90.0
    end_move: float = -0.05  # of the quote, for the profit by source

    def within(self, targets: Sequence[str]) -> Terms:
        """The same terms, with the first target where a scenario does not trade theirs."""
        return self if self.target in targets else replace(self, target=Terms().target)

    def changed(self) -> dict[str, str]:
        """Every term that is not as it is at first, as a link spells it."""
        plain = Terms()
        pairs = ((f.name, getattr(self, f.name), getattr(plain, f.name)) for f in fields(self))
        return {
            name: value if isinstance(value, str) else spelt(value)
            for name, value, usual in pairs
            if value != usual
        }

    @staticmethod
    def read(given: Mapping[str, str]) -> tuple[Terms, list[str]]:
        """The terms of a link, and what is wrong with them."""
        found: dict[str, float | str] = {}
        faults: list[str] = []
        for key, text in given.items():
            name = key.removeprefix(TERMS)
            if not key.startswith(TERMS):
                continue
            if name == "target" and text in TARGETS:
                found[name] = text
            elif name in RANGES and (number := _within(text, RANGES[name])) is not None:
                found[name] = number
            else:
                faults.append(f"{key[:60]!r} = {text[:60]!r}, {_allowed(name)}")
        return (Terms(**found), faults) if not faults else (Terms(), faults)  # type: ignore[arg-type]


def _within(text: str, allowed: Range) -> float | None:
    number = number_in(text)
    return number if number is not None and allowed.low <= number <= allowed.high else None


def _allowed(name: str) -> str:
    if name == "target":
        return f"must be one of {', '.join(TARGETS)}"
    if name in RANGES:
        return f"must be a number from {RANGES[name].low:g} to {RANGES[name].high:g}"
    return "cannot stand in a link"
