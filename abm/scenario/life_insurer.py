"""Life insurers: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.scenario.checks import Faults, must_sum_to_one, needs, unknown_instruments
from abm.scenario.fields import Part, Shares, Whole, choice, number, presence
from abm.scenario.groups import whole_or_absent


class Insurers(Part):
    """Life insurers with dollar assets, partly hedged: they buy yen after it has risen."""

    present: bool = presence()
    n: Whole = number(
        "number of insurers; 0 for none",
        "insurers",
        "assumed",
        0,
        label="number",
        ge=0,
        le=10_000_000,
    )
    assets_usd_bn: float = number(
        "dollar assets, all together",
        "USD bn",
        "assumed; plausible 200 to 600",
        0.0,
        label="dollar assets",
        ge=0,
        le=1e6,
    )
    weights: Shares = choice(
        "what is held",
        "assumed",
        {},
        label="portfolio weight",
        allowed="shares that sum to 1, by instrument",
    )
    hedge_share: float = number(
        "share of assets hedged at the opening",
        "share",
        "45% in 2024; plausible .44 to .63",
        0.45,
        label="hedge ratio at the opening",
        ge=0,
        le=1,
    )
    hedge_per_yen_rise: float = number(
        "rise of the hedge share per log the yen has risen",
        "share per log",
        "tuned; plausible .3 to .8",
        0.46,
        label="hedge ratio per yen rise",
        ge=0,
        le=10,
    )
    rise_days: Whole = number(
        "days of the yen's rise",
        "days",
        "assumed",
        20,
        label="window of the yen's rise",
        ge=1,
        le=250,
    )
    speed_per_day: float = number(
        "share of the gap closed", "per day", "assumed", 0.05, label="speed of hedging", ge=0, le=1
    )


@needs("insurers")
def _group_is_whole_or_absent(group: Any) -> Faults:
    yield from whole_or_absent("insurers", group, "assets_usd_bn")


@needs("instruments", "insurers")
def _insurers_hold_known_assets(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("insurers.weights", group.weights, instruments)
    if group.n > 0 or group.weights:
        yield from must_sum_to_one("insurers.weights", group.weights.values())
