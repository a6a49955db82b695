"""Order anticipators: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, needs, unknown_instruments
from abm.scenario.fields import MOST_DAYS, Part, Shares, choice, number


class NoOrderAnticipators(Part):
    """Orders that others will give are in no price."""

    kind: Literal["none"] = "none"


class OrderFlowTraders(Part):
    """Traders who buy before those who are expected to buy, and sell to them, with little capital.

    Funds trade towards their targets at a pace, so that orders follow moves of the price for
    days. Predatory or stabilising is an outcome: Brunnermeier and Pedersen (2005), Bessembinder
    et al. (2016).
    """

    kind: Literal["order-flow"] = "order-flow"
    share: Shares = choice(
        "share of the orders expected from institutions that is held in advance",
        "tuned on the autocorrelation of currency returns; the more, the less they earn",
        {},
        label="share held in advance",
        allowed="shares from 0 to 1, by instrument",
    )
    decay_per_day: float = number(
        "share of the orders expected after a move that is left a day later",
        "per day",
        "tuned; plausible .5 to .95; paces alone say .87",
        0.89,
        label="persistence of order flow",
        ge=0,
        le=0.99,
    )
    memory_days: float = number(
        "averaging days of the regression of orders on moves",
        "days",
        "assumed: a year",
        250.0,
        label="memory of the regression",
        ge=1,
        le=MOST_DAYS,
    )
    depth_share: float = number(
        "largest trade per log of price, over the depth of the day",
        "share",
        "assumed; as option hedgers",
        0.3,
        label="largest trade with the price over depth",
        ge=0,
        le=0.9,
    )
    capital_usd_bn: float = number(
        "capital at the opening, to which it is renewed",
        "USD bn",
        "assumed",
        2.0,
        label="capital",
        ge=0,
        le=1e6,
    )
    leverage_cap: float = number(
        "largest book over capital, a move of one standard deviation included",
        "times capital",
        "assumed",
        5.0,
        label="largest leverage",
        ge=0,
        le=100,
    )
    renewal_per_day: float = number(
        "share of gains paid out, and of losses filled up, in a day",
        "per day",
        "assumed: a quarter's bonus, a quarter to raise money",
        0.016,
        label="renewal of capital",
        ge=0,
        le=1,
    )


OrderAnticipators = Annotated[NoOrderAnticipators | OrderFlowTraders, Field(discriminator="kind")]


@needs("instruments", "order_anticipators")
def _anticipators_trade_known_instruments(
    instruments: Mapping[str, Any], anticipators: Any
) -> Faults:
    if anticipators.kind != "none":
        yield from unknown_instruments("order_anticipators.share", anticipators.share, instruments)
