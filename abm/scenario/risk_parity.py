"""Risk-parity funds: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from abm.errors import NOT_GIVEN
from abm.scenario.checks import Faults, fault_at, needs, unknown_instruments
from abm.scenario.fields import LEAST_SHARE, Factors, choice, number
from abm.scenario.groups import (
    FundGroup,
    no_trade_band,
    speed_of_adding,
    speed_of_cutting,
    whole_or_absent,
)


class RiskParity(FundGroup):
    """Leveraged on diversified assets, hedged against currencies."""

    volatility_target_per_year: float = number(
        "target volatility",
        "log per sqrt(year)",
        "record of 2024",
        0.08,
        label="target volatility",
        ge=LEAST_SHARE,
        le=2,
    )
    weighting: Literal["inverse-volatility", "equal-risk"] = choice(
        "how weights follow risk",
        label="weighting",
        default="inverse-volatility",
        allowed='"inverse-volatility" or "equal-risk"',
    )
    tilt: Factors = choice(
        "multiplies the weight (or the share of risk) of each asset held",
        "assumed",
        {},
        label="tilt",
        allowed="numbers from 0.001 to 1000, by instrument",
    )
    leverage_cap: float = number(
        "largest leverage", "times wealth", "assumed", 2.5, label="leverage cap", ge=0.01, le=100
    )
    speed_down_per_day: float = speed_of_cutting()
    speed_up_per_day: float = speed_of_adding("assumed; 2024: none for three weeks")
    dead_band: float = no_trade_band()
    yen_share: float = number(
        "share of borrowing in the funding currency, not hedged",
        "share",
        "assumed",
        0.0,
        label="yen share of borrowing",
        ge=0,
        le=1,
    )


@needs("risk_parity")
def _group_is_whole_or_absent(group: Any) -> Faults:
    yield from whole_or_absent("risk_parity", group, "equity_usd_bn")


@needs("instruments", "risk_parity")
def _risk_parity_holds_known_assets(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("risk_parity.tilt", group.tilt, instruments)
    if group.n > 0 and not group.tilt:
        yield fault_at("risk_parity.tilt", NOT_GIVEN, "is empty: the funds hold nothing")
