"""Who takes the other side: value investors, dealers, and how share indices hang together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from abm.scenario.fields import (
    FROZEN,
    LEAST_SHARE,
    Name,
    Part,
    choice,
    number,
    part_of,
)


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


class Dealers(Part):
    """Market makers of the core banks."""

    reversion_per_day: float = number(
        "share of the gap to the price that their reference closes in a day",
        "per day",
        "tuned; plausible .02 to .1",
        0.02,
        ge=0,
        le=1,
    )
    volatility_exponent: float = number(
        "depth falls with (slow over fast volatility) to this power",
        "-",
        "tuned; plausible 1 to 1.5",
        1.3,
        ge=0,
        le=5,
    )
    capital_exponent: float = number(
        "depth falls with (core banks' capital over initial) to this power",
        "-",
        "tuned; plausible .5 to 1.5",
        0.8,
        ge=0,
        le=5,
    )
    depth_floor: float = number(
        "least share of calm depth that remains", "share", "assumed", 0.05, ge=LEAST_SHARE, le=1
    )
    half_spread_log: float = number(
        "half of the bid-ask spread in calm, paid to dealers",
        "log",
        "assumed 1bp",
        1e-4,
        ge=0,
        le=0.1,
    )
    news_moves_reference: bool = choice(
        "public news moves their reference too; otherwise they absorb news and calm volatility is "
        "a third of what it should be",
        "tuned",
        True,
        allowed="true or false",
    )


class Link(Part):
    """What else moves the fundamental of a share index."""

    currency_beta: float = number(
        "fall of the fundamental per rise of the currency it is quoted in (exporters)",
        "log per log",
        "tuned; plausible .8 to 1.2",
        0.0,
        ge=-5,
        le=5,
    )
    lag_share: float = number(
        "part of the currency's effect taken from yesterday's close, the rest from the opening "
        "of the round",
        "share",
        "tuned; Tokyo closes before New York; plausible .5 to .8",
        0.0,
        ge=0,
        le=1,
    )
    leader: Name | None = choice(
        "instrument whose close of yesterday it follows",
        default=None,
        allowed="an instrument of the scenario",
    )
    leader_beta: float = number(
        "rise of the fundamental per rise of the leader",
        "log per log",
        "tuned; plausible .6 to .9",
        0.0,
        ge=-5,
        le=5,
    )


class Liquidity(Part):
    """The other side of the market."""

    impact: Impact = part_of(TanhImpact, "demand curve of value investors")
    mode: Literal["simultaneous", "frozen"] = choice(
        "whether orders follow the price while the market clears, or are frozen at the opening "
        "prices of the round",
        default="simultaneous",
        allowed='"simultaneous" or "frozen"',
    )
    depth_multiple: float = number(
        "multiplies every depth, of value investors and of dealers in calm",
        "-",
        "scenario",
        1.0,
        ge=LEAST_SHARE,
        le=20,
        usual=(0.25, 3, 0.05),
    )
    dealers: Dealers = part_of(Dealers, "market makers")
    links: Annotated[dict[Name, Link], FROZEN] = choice(
        "share indices that follow a currency and another index, by instrument", default={}
    )
