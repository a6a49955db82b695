"""Value investors: the demand curve a user may choose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from abm.scenario.fields import Part


class TanhImpact(Part):
    """Demand of value investors saturates smoothly at their capacity."""

    kind: Literal["tanh"] = "tanh"


class LinearImpact(Part):
    """Demand of value investors is linear in the gap and never saturates."""

    kind: Literal["linear"] = "linear"


class ContSchaanningImpact(Part):
    """Exponential impact with a floor (Cont and Schaanning 2017)."""

    kind: Literal["cont-schaanning"] = "cont-schaanning"


class SquareRootImpact(Part):
    """Price moves with the square root of what is sold, made regular at zero."""

    kind: Literal["square-root"] = "square-root"


class NoValueInvestors(Part):
    """Value investors send no orders: prices move against dealers alone."""

    kind: Literal["none"] = "none"


Impact = Annotated[
    TanhImpact | LinearImpact | ContSchaanningImpact | SquareRootImpact | NoValueInvestors,
    Field(discriminator="kind"),
]
