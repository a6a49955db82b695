"""Risk appetite: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, needs, unknown_instruments
from abm.scenario.fields import Part, SignedShares, choice, number


class ConstantAppetite(Part):
    """Losses leave fundamentals alone."""

    kind: Literal["none"] = "none"


class LossAppetite(Part):
    """Losses of funds and banks' desks lower what risky assets are worth, for some days.

    A second round of the day always follows, as New York follows Tokyo.
    """

    kind: Literal["losses"] = "losses"
    decay_per_day: float = number(
        "share of remembered losses that is left a day later",
        "per day",
        "tuned; a slower memory makes share returns predictable",
        0.4,
        label="memory of losses",
        ge=0,
        lt=1,
    )
    most_gain_log: float = number(
        "largest gain that is remembered", "log", "assumed", 0.05, label="largest gain", ge=0, le=1
    )
    betas: SignedShares = choice(
        "fall of the fundamental per log of remembered losses; negative for a haven",
        "tuned on shares of August 2024",
        {},
        label="beta to remembered losses",
        unit="log per log",
        allowed="numbers from -1 to 1, by instrument",
    )


RiskAppetite = Annotated[ConstantAppetite | LossAppetite, Field(discriminator="kind")]


@needs("instruments", "risk_appetite")
def _appetite_is_for_known_instruments(instruments: Mapping[str, Any], appetite: Any) -> Faults:
    if appetite.kind != "none":
        yield from unknown_instruments("risk_appetite.betas", appetite.betas, instruments)
