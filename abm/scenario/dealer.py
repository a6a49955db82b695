"""Dealers, the market makers of the core banks: what a user may choose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from abm.scenario.fields import LEAST_SHARE, Part, choice, number, part_of


class Capital(Part):
    """Dealers quote by all capital of the core banks."""

    kind: Literal["capital"] = "capital"
    exponent: float = number(
        "depth falls with (core banks' capital over initial) to this power",
        "-",
        "tuned; plausible .5 to 1.5",
        0.84,
        label="exponent of dealer depth in bank capital",
        ge=0,
        le=5,
    )


class HeadRoom(Part):
    """Dealers quote by what the core banks have beyond the capital that their assets require."""

    kind: Literal["head-room"] = "head-room"
    exponent: float = number(
        "depth falls with (core banks' head-room over initial) to this power",
        "-",
        "assumed; plausible .3 to 1",
        0.5,
        label="exponent of dealer depth in head-room",
        ge=0,
        le=5,
    )


Capacity = Annotated[Capital | HeadRoom, Field(discriminator="kind")]


class Dealers(Part):
    """Market makers of the core banks."""

    reversion_per_day: float = number(
        "share of the gap to the price that their reference closes in a day",
        "per day",
        "tuned; plausible .02 to .1",
        0.02,
        label="reversion of dealers' reference price",
        ge=0,
        le=1,
    )
    volatility_exponent: float = number(
        "depth falls with (slow over fast volatility) to this power",
        "-",
        "tuned; plausible 1 to 1.5",
        1.25,
        label="exponent of dealer depth in volatility",
        ge=0,
        le=5,
    )
    depth_floor: float = number(
        "least share of calm depth that remains",
        "share",
        "assumed",
        0.05,
        label="floor of dealer depth",
        ge=LEAST_SHARE,
        le=1,
    )
    half_spread_log: float = number(
        "half of the bid-ask spread in calm, paid to dealers",
        "log",
        "assumed 1bp",
        1e-4,
        label="half bid-ask spread",
        ge=0,
        le=0.1,
    )
    news_moves_reference: bool = choice(
        "public news moves their reference too; otherwise they absorb news and calm volatility is "
        "a third of what it should be",
        "tuned",
        True,
        label="dealers reprice on public news",
        allowed="true or false",
    )
    capacity: Capacity = part_of(
        Capital, "what of the core banks lets their dealers quote depth", label="dealer capacity"
    )
