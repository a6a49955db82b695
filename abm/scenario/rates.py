"""Policy rates at the opening, and the premium for dollars borrowed through swaps."""

from __future__ import annotations

from typing import Literal

from abm.scenario.basis import Basis, ConstantBasis
from abm.scenario.fields import Part, choice, number, part_of


class Rates(Part):
    """Policy rates at the opening."""

    funding_per_year: float = number(
        "rate of the funding currency",
        "per year",
        "BoJ 0 to 0.1% in July 2024",
        0.0,
        label="funding-currency rate",
        ge=-0.1,
        le=1,
    )
    usd_per_year: float = number(
        "dollar rate",
        "per year",
        "Fed 5.25 to 5.5% in July 2024",
        0.0,
        label="dollar rate",
        ge=-0.1,
        le=1,
    )
    usd_day_count: Literal[360, 365] = choice(
        "days of a year by which dollar interest accrues",
        "money-market convention",
        360,
        label="dollar day count",
        unit="days",
        allowed="360 or 365",
    )


class Funding(Part):
    """The premium for dollars borrowed through currency swaps."""

    basis_per_year: float = number(
        "cross-currency basis in calm, as a positive number",
        "per year",
        "record; plausible .002 to .005",
        0.003,
        label="cross-currency basis",
        ge=0,
        le=0.5,
    )
    basis: Basis = part_of(ConstantBasis, "how the basis moves", label="basis")
