"""The other side of the market, and links between share indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from abm.errors import Nearest
from abm.scenario.checks import Faults, fault_at, needs, unknown_instruments
from abm.scenario.dealer import Dealers
from abm.scenario.fields import FROZEN, LEAST_SHARE, Name, Part, choice, number, part_of
from abm.scenario.value_investor import Impact, TanhImpact


class Link(Part):
    """Currency and index that move the fundamental of a share index."""

    currency_beta: float = number(
        "fall of the fundamental per rise of that of the currency it is quoted in (exporters)",
        "log per log",
        "tuned; plausible .8 to 2",
        0.0,
        label="currency beta",
        ge=-5,
        le=5,
    )
    lag_share: float = number(
        "part of the currency's effect taken from yesterday's news, the rest from today's",
        "share",
        "tuned; Tokyo closes before New York; plausible .5 to 1",
        0.0,
        label="lagged share of the currency effect",
        ge=0,
        le=1,
    )
    leader: Name | None = choice(
        "instrument whose close of yesterday it follows",
        label="leading market",
        default=None,
        allowed="an instrument of the scenario",
    )
    leader_beta: float = number(
        "rise of the fundamental per rise of the leader",
        "log per log",
        "tuned; plausible .6 to .9",
        0.0,
        label="beta to the leading market",
        ge=-5,
        le=5,
    )


class Liquidity(Part):
    """The other side of the market."""

    impact: Impact = part_of(TanhImpact, "demand curve of value investors")
    mode: Literal["simultaneous", "frozen"] = choice(
        "whether orders follow the price while the market clears, or are frozen at the opening "
        "prices of the round",
        label="order mode",
        default="simultaneous",
        allowed='"simultaneous" or "frozen"',
    )
    depth_multiple: float = number(
        "scales how much trades before prices move (1 = calibrated)",
        "-",
        "scenario",
        1.0,
        label="market depth",
        ge=LEAST_SHARE,
        le=20,
        usual=(0.25, 3, 0.05),
    )
    most_value_speed_per_day: float = number(
        "largest share of the gap that value investors trade in a day, however wide it is",
        "per day",
        "assumed",
        0.9,
        label="value investors' largest speed",
        ge=0,
        le=1,
    )
    trade_share_per_day: float = number(
        "share of value investors' currencies that importers and exporters take over in a "
        "day, at the market price",
        "per day",
        "assumed; .001 takes half of a position in three years",
        0.001,
        label="trade's share of value investors' currencies",
        ge=0,
        le=1,
    )
    payout_share_per_day: float = number(
        "share of value investors' cash that goes to their owners in a day",
        "per day",
        "assumed",
        0.004,
        label="payout of value investors' cash",
        ge=0,
        le=1,
    )
    dealers: Dealers = part_of(Dealers, "market makers")
    links: Annotated[dict[Name, Link], FROZEN] = choice(
        "share indices that follow a currency and another index, by instrument",
        label="linked indices",
        default={},
    )


@needs("instruments", "liquidity")
def _links_join_known_instruments(instruments: Mapping[str, Any], liquidity: Any) -> Faults:
    yield from unknown_instruments("liquidity.links", liquidity.links, instruments)
    for name, link in liquidity.links.items():
        key = f"liquidity.links.{name}"
        if link.leader is not None and (link.leader == name or link.leader not in instruments):
            others = [k for k in instruments if k != name]
            wanted = f"must be one of {', '.join(others)}"
            yield fault_at(f"{key}.leader", link.leader, wanted, Nearest(link.leader, others))
        part = instruments.get(name)
        if link.currency_beta and part is not None and getattr(part, "quote", "USD") == "USD":
            wanted = f"must be 0: {name} is not quoted in a foreign currency"
            yield fault_at(f"{key}.currency_beta", link.currency_beta, wanted)
