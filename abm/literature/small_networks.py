"""Small networks in distress whose answer is known by hand: the two papers on DebtRank."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from abm.contagion import debtrank
from abm.literature.paper import Comparison

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-12


class Case(NamedTuple):
    """A network in distress and its answer by hand; every equity is 1."""

    name: str
    exposures: list[list[float]]  # A, what i lent to j
    value: list[float]  # v
    shock: list[float]  # h(0)
    distress: list[float]
    debtrank: float


def case_rows(cases: Iterable[Case], mode: str) -> list[dict[str, Any]]:
    """Rows of the cases by bank: distress in the end, and DebtRank."""
    rows = []
    for case in cases:
        found = debtrank(case.exposures, [1.0] * 3, case.shock, case.value, mode=mode)
        numbers = {"part": "case", "case": case.name, "debtrank": found.value}
        rows += [numbers | {"bank": bank, "distress": h} for bank, h in enumerate(found.distress)]
    return rows


def compare_cases(cases: Iterable[Case], table: pd.DataFrame, remark: str = "") -> list[Comparison]:
    """DebtRank and distress of the cases, by hand; `remark` follows a case's name."""
    lines = []
    for case in cases:
        found = table[table["case"] == case.name].sort_values("bank")
        computed = float(found["debtrank"].iloc[0])
        quantity = f"{case.name}{remark}: DebtRank"
        lines.append(Comparison(quantity, computed, case.debtrank, TOLERANCE, "by hand"))
        for bank, expected in enumerate(case.distress):
            quantity = f"{case.name}: distress of bank {bank} in the end"
            computed = float(found["distress"].iloc[bank])
            lines.append(Comparison(quantity, computed, expected, TOLERANCE, "by hand"))
    return lines
