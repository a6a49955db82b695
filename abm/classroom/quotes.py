"""Quotes of currencies from a run's logs: in dollars, and in the funding currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from abm.scenario import Scenario

USD = "USD"
Numbers = NDArray[np.float64]


def usd_per_unit(scenario: Scenario, currency: str) -> float:
    """Dollars for one unit of a currency at the opening."""
    if currency == USD:
        return 1.0
    part = scenario.currencies[currency]
    return 1.0 / part.opening_quote if part.per_usd else part.opening_quote


def log_usd(days: Mapping[str, Numbers], currency: str) -> Numbers:
    """Log change of a currency's dollar price since the opening, at every close."""
    return np.zeros(len(days["day"])) if currency == USD else days[f"log_{currency}"]


def log_quote(days: Mapping[str, Numbers], currency: str, funding: str) -> Numbers:
    """Log change of its quote in the funding currency; falls as the funding currency gains."""
    return log_usd(days, currency) - log_usd(days, funding)
