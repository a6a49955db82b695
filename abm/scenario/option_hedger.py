"""Option hedgers: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, needs, unknown_instruments
from abm.scenario.fields import FROZEN, Part, choice, number
from abm.scenario.instruments import MOST_DEPTH_USD_BN

Gammas = Annotated[dict[str, Annotated[float, Field(ge=0.0, le=MOST_DEPTH_USD_BN)]], FROZEN]


class NoOptionHedgers(Part):
    """No options are hedged."""

    kind: Literal["none"] = "none"


class ShortGamma(Part):
    """Dealers who are short of options and trade the underlying to stay hedged."""

    kind: Literal["short-gamma"] = "short-gamma"
    gamma_usd_bn: Gammas = choice(
        "what they buy per log of rise, and sell per log of fall, at most",
        "tuned on the Nikkei of August 2024",
        {},
        label="option hedgers' gamma",
        unit="USD bn per log",
        allowed="numbers from 0 to 100000, by instrument",
    )
    depth_share: float = number(
        "largest share of a day's depth that this may be",
        "share",
        "tuned; .35 is stable, .6 is not",
        0.34,
        label="largest gamma over depth",
        ge=0,
        le=0.9,
    )
    expiry_per_day: float = number(
        "share of the hedge closed in a day as options expire",
        "per day",
        "assumed: options of a month",
        0.062,
        label="expiry of hedged options",
        ge=0,
        le=1,
    )


OptionHedgers = Annotated[NoOptionHedgers | ShortGamma, Field(discriminator="kind")]


@needs("instruments", "option_hedgers")
def _hedgers_trade_known_instruments(instruments: Mapping[str, Any], hedgers: Any) -> Faults:
    if hedgers.kind != "none":
        known = hedgers.gamma_usd_bn
        yield from unknown_instruments("option_hedgers.gamma_usd_bn", known, instruments)
