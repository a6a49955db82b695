"""The combined indicator: a logistic regression on standardised columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.measures.warning import fit_logistic

if TYPE_CHECKING:
    import pandas as pd

    from abm.warning.labelling import Days

Array = np.ndarray

RIDGE = 0.001
"""Penalty on standardised coefficients, per day: keeps columns that say the same from parting."""
CONSTANT_ROW = "constant"


class Combined(NamedTuple):
    """A fitted regression."""

    columns: tuple[str, ...]
    means: Array
    spreads: Array
    coefficients: Array  # the constant first

    def of(self, values: Mapping[str, Array]) -> Array:
        """Log odds of an event ahead on each day, NaN where a column is not known, (n,)."""
        x = np.column_stack([values[name] for name in self.columns])
        odds: Array = self.coefficients[0] + (x - self.means) / self.spreads @ self.coefficients[1:]
        return odds

    def probability(self, values: Mapping[str, Array]) -> Array:
        """The same as a probability."""
        chance: Array = 1.0 / (1.0 + np.exp(-self.of(values)))
        return chance

    def rows(self, name: str) -> list[dict[str, object]]:
        """Rows of the table of coefficients."""
        rows: list[dict[str, object]] = [
            {
                "indicator": name,
                "column": CONSTANT_ROW,
                "mean": 0.0,
                "spread": 1.0,
                "coefficient": float(self.coefficients[0]),
            }
        ]
        for place, column in enumerate(self.columns):
            rows.append(
                {
                    "indicator": name,
                    "column": column,
                    "mean": float(self.means[place]),
                    "spread": float(self.spreads[place]),
                    "coefficient": float(self.coefficients[place + 1]),
                }
            )
        return rows


def combine(days: Days, columns: Sequence[str]) -> Combined:
    """The regression of what lay ahead on these columns, on days on which all are known."""
    x = np.column_stack([days.values[name] for name in columns])
    known = np.isfinite(x).all(axis=1)
    x = x[known]
    means, spreads = x.mean(axis=0), x.std(axis=0)
    spreads = np.where(spreads > 0.0, spreads, 1.0)
    found = fit_logistic((x - means) / spreads, days.is_ahead[known], RIDGE)
    return Combined(tuple(columns), means, spreads, found)


def from_rows(table: pd.DataFrame, name: str) -> Combined:
    """A fitted regression, from the table of coefficients."""
    rows = table[table["indicator"] == name]
    first, others = rows[rows["column"] == CONSTANT_ROW], rows[rows["column"] != CONSTANT_ROW]
    return Combined(
        tuple(others["column"]),
        others["mean"].to_numpy(float),
        others["spread"].to_numpy(float),
        np.concatenate([first["coefficient"], others["coefficient"]]).astype(float),
    )
