"""Volatility-target funds: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.scenario.checks import Faults, must_sum_to_one, needs, unknown_instruments
from abm.scenario.fields import LEAST_SHARE, Shares, choice, number
from abm.scenario.groups import (
    FundGroup,
    no_trade_band,
    speed_of_adding,
    speed_of_cutting,
    whole_or_absent,
)


class VolatilityTarget(FundGroup):
    """Fixed weights on futures, scaled by fast volatility."""

    volatility_target_per_year: float = number(
        "target volatility",
        "log per sqrt(year)",
        "tuned; plausible .09 to .12",
        0.109,
        label="target volatility",
        ge=LEAST_SHARE,
        le=2,
    )
    target_dispersion: float = number(
        "standard deviation of the log of the target among funds",
        "log",
        "assumed",
        0.15,
        label="dispersion of the target",
        ge=0,
        le=2,
    )
    weights: Shares = choice(
        "what is held",
        "assumed",
        {},
        label="portfolio weight",
        allowed="shares that sum to 1, by instrument",
    )
    leverage_cap: float = number(
        "largest leverage", "times wealth", "assumed", 1.5, label="leverage cap", ge=0.01, le=100
    )
    speed_down_per_day: float = speed_of_cutting()
    speed_up_per_day: float = speed_of_adding()
    dead_band: float = no_trade_band()


@needs("volatility_target")
def _group_is_whole_or_absent(group: Any) -> Faults:
    yield from whole_or_absent("volatility_target", group, "equity_usd_bn")


@needs("instruments", "volatility_target")
def _volatility_target_holds_known_assets(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("volatility_target.weights", group.weights, instruments)
    if group.n > 0 or group.weights:
        yield from must_sum_to_one("volatility_target.weights", group.weights.values())
