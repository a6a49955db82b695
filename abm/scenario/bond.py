"""Bonds on a yield curve: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from abm.errors import Nearest
from abm.scenario.checks import Faults, fault_at, needs, unknown_instruments
from abm.scenario.fields import FROZEN, MOST_DAYS, Name, Part, choice, number


class Bond(Part):
    """A bond with fixed coupons, whose price moves by its duration times its yield."""

    duration_years: float = number(
        "fall of the log price per rise of its yield",
        "years",
        "ten-year bonds: 8 to 9",
        9.0,
        label="duration",
        ge=0,
        le=50,
    )
    surprise_pass_through: float = number(
        "rise of its yield per surprise of the central bank of the funding currency",
        "bp per bp",
        "tuned; 10-year JGB on 31 July 2024",
        0.0,
        label="pass-through of rate surprises",
        ge=-2,
        le=2,
    )
    haven_of: Name | None = choice(
        "instrument out of which money flees into it",
        label="haven of",
        default=None,
        allowed="another instrument of the scenario",
    )
    haven_beta: float = number(
        "rise of the fundamental per fall of that instrument below its average",
        "log per log",
        "tuned; yields of 2 to 5 August 2024",
        0.0,
        label="beta of the flight to it",
        ge=-2,
        le=2,
    )
    haven_days: float = number(
        "days of that average",
        "days",
        "assumed",
        20.0,
        label="window of the flight",
        ge=1,
        le=MOST_DAYS,
    )


Bonds = Annotated[dict[Name, Bond], FROZEN]


@needs("instruments", "bonds")
def _bonds_are_assets(instruments: Mapping[str, Any], bonds: Mapping[str, Any]) -> Faults:
    assets = [name for name, part in instruments.items() if part.kind == "asset"]
    yield from unknown_instruments("bonds", bonds, assets)
    for name, bond in bonds.items():
        others = [other for other in instruments if other != name]
        if bond.haven_of is not None and bond.haven_of not in others:
            wanted = f"must be one of {', '.join(others)}"
            hint = Nearest(bond.haven_of, others)
            yield fault_at(f"bonds.{name}.haven_of", bond.haven_of, wanted, hint)
