"""Margin rules, and the order of a forced sale."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, fault_at, needs
from abm.scenario.fields import LEAST_SHARE, Part, number, part_of


class ProRata(Part):
    """Sell the same share of everything."""

    kind: Literal["pro-rata"] = "pro-rata"


class LeastImpact(Part):
    """Sell so that the price is moved least."""

    kind: Literal["least-impact"] = "least-impact"


class Waterfall(Part):
    """Sell the most liquid first."""

    kind: Literal["waterfall"] = "waterfall"


Liquidation = Annotated[ProRata | LeastImpact | Waterfall, Field(discriminator="kind")]


class _MarginRule(Part):
    buffer: float = number(
        "most leverage a fund wants, and takes after a call, over the largest the margin allows",
        "share",
        "assumed; plausible .85 to .95",
        0.9,
        label="leverage over what margins allow",
        ge=0.01,
        le=1,
    )
    forced_speed: float = number(
        "share of the gap a forced seller closes in a round",
        "per round",
        "assumed; plausible .9 to 1",
        0.95,
        label="speed of forced sales",
        ge=LEAST_SHARE,
        le=1,
    )
    liquidation: Liquidation = part_of(ProRata, "what is sold first")


class _RatedMargin(_MarginRule):
    rate_floor: float = number(
        "least margin rate",
        "share of assets",
        "tuned; FX prime brokers 2 to 5%, EM 5 to 15%; plausible .05 to .10",
        0.078,
        label="margin floor",
        ge=LEAST_SHARE,
        le=1,
    )
    rate_ceiling: float = number(
        "largest margin rate",
        "share of assets",
        "assumed; plausible .4 to .8",
        0.6,
        label="margin ceiling",
        ge=LEAST_SHARE,
        le=1,
    )
    concentration_addon: float = number(
        "relative add-on per unit of Herfindahl index of the weights",
        "-",
        "tuned, weak; plausible 0 to .3",
        0.11,
        label="margin add-on for concentration",
        ge=0,
        le=10,
    )
    broker_utilisation_addon: float = number(
        "relative add-on per unit of brokers' utilisation above banks.utilisation_threshold",
        "-",
        "assumed; plausible .5 to 2",
        1.0,
        label="margin add-on for broker balance sheets",
        ge=0,
        le=100,
    )


class VolatilityMargin(_RatedMargin):
    """Margin that rises with volatility, concentration and the broker's own leverage."""

    kind: Literal["volatility"] = "volatility"
    volatility_multiple: float = number(
        "margin as a multiple of 10-day portfolio volatility",
        "-",
        "tuned; plausible 5 to 8",
        6.8,
        label="margin over 10-day volatility",
        ge=0,
        le=100,
        usual=(0, 15, 0.1),
    )
    long_run_share: float = number(
        "weight of long-run volatility in the margin",
        "share",
        "assumed",
        0.0,
        label="weight of long-run volatility in the margin",
        ge=0,
        le=1,
    )


class WorstLossMargin(_RatedMargin):
    """Margin that covers the worst recent loss of a fund's own book; a gain never raises it."""

    kind: Literal["worst-loss"] = "worst-loss"
    volatility_multiple: float = number(
        "margin as a multiple of the book's 10-day volatility at its worst recent loss",
        "-",
        "tuned; plausible 5 to 8",
        6.3,
        label="margin over 10-day volatility of the book",
        ge=0,
        le=100,
        usual=(0, 15, 0.1),
    )
    loss_threshold: float = number(
        "squared loss of a day, over its calm variance, that stands for a calm market; 5.6 is a "
        "loss of 2.4 standard deviations",
        "-",
        "tuned",
        5.6,
        label="squared loss that leaves the margin calm",
        ge=0.01,
        le=1000,
    )
    loss_decay: float = number(
        "decay of the worst loss per day",
        "-",
        "tuned",
        0.941,
        label="decay of the worst loss",
        ge=0,
        lt=1,
    )


class FixedMargin(_MarginRule):
    """One margin rate for all, permanently."""

    kind: Literal["fixed"] = "fixed"
    rate: float = number(
        "margin rate", "share of assets", "scenario", label="margin rate", ge=LEAST_SHARE, le=1
    )


class NoMargin(Part):
    """No margin calls."""

    kind: Literal["none"] = "none"


Margin = Annotated[
    VolatilityMargin | WorstLossMargin | FixedMargin | NoMargin, Field(discriminator="kind")
]


@needs("margin")
def _margin_floor_is_below_its_ceiling(margin: Any) -> Faults:
    if isinstance(margin, _RatedMargin) and margin.rate_floor > margin.rate_ceiling:
        wanted = f"must be at most margin.rate_ceiling ({margin.rate_ceiling:g})"
        yield fault_at("margin.rate_floor", margin.rate_floor, wanted)
