"""The clearing of a day's market."""

from __future__ import annotations

from abm.scenario.fields import Part, Whole, number


class ClearingRule(Part):
    """Rounds in a day, and the precision of a cleared price."""

    rounds: Whole = number(
        "rounds in a day", "rounds", "assumed", 6, label="clearing rounds a day", ge=1, le=100
    )
    tolerance: float = number(
        "largest residual of a cleared price",
        "log",
        "assumed",
        1e-10,
        label="clearing tolerance",
        ge=1e-14,
        le=1e-3,
    )
