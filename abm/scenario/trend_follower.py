"""Trend followers: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.errors import NOT_GIVEN
from abm.scenario.checks import Faults, fault_at, needs, unknown_instruments
from abm.scenario.fields import (
    LEAST_SHARE,
    MOST_DAYS,
    Shares,
    SignedShares,
    choice,
    number,
    part_of,
)
from abm.scenario.fund_risk import AnyDifferential, Carry
from abm.scenario.groups import FundGroup, whole_or_absent


class TrendFollowers(FundGroup):
    """Long what rises and short what falls, both signs, on futures."""

    volatility_target_per_year: float = number(
        "target volatility",
        "log per sqrt(year)",
        "assumed",
        0.1,
        label="target volatility",
        ge=LEAST_SHARE,
        le=2,
    )
    fast_days: float = number(
        "averaging days of the fast half of the funds",
        "days",
        "tuned; plausible 12 to 20",
        15.0,
        label="length of the fast filter",
        ge=1,
        le=MOST_DAYS,
    )
    slow_days: float = number(
        "averaging days of the slow half of the funds",
        "days",
        "tuned; plausible 40 to 60",
        58.0,
        label="length of the slow filter",
        ge=1,
        le=MOST_DAYS,
    )
    gain: float = number(
        "position per unit of signal",
        "-",
        "tuned on momentum of currency returns; plausible .1 to .8",
        0.2,
        label="position per unit of signal",
        ge=0,
        le=10,
    )
    signal_scale: float = number(
        "how fast the signal saturates, tanh(scale x z)",
        "-",
        "assumed",
        0.8,
        label="steepness of the signal",
        ge=LEAST_SHARE,
        le=10,
    )
    volatility_floor: float = number(
        "fast volatility is taken at least at this multiple of calm",
        "-",
        "assumed",
        0.7,
        label="volatility floor over calm",
        ge=0,
        le=10,
    )
    leverage_cap: float = number(
        "largest position in one instrument",
        "times wealth",
        "assumed",
        2.0,
        label="largest position",
        ge=0.01,
        le=100,
    )
    speed_per_day: float = number(
        "share of the gap closed",
        "per day",
        "tuned; the faster, the more returns can be told from returns; plausible .05 to .5",
        0.06,
        label="speed of trading",
        ge=0,
        le=1,
    )
    carry: Carry = part_of(
        AnyDifferential,
        "short positions in the funding currency by what they earn; trend and carry together, "
        "Olszweski and Zhou (2014)",
        label="trend followers",
    )
    weights: Shares = choice(
        "share of the risk budget used in each instrument",
        "assumed",
        {},
        label="share of the risk budget",
        allowed="shares from 0 to 1, by instrument",
    )
    opening_signal: SignedShares = choice(
        "signal the filters open at, so that opening positions agree with it",
        "assumed",
        {},
        label="opening signal",
        allowed="numbers from -1 to 1, by instrument",
    )


@needs("trend")
def _group_is_whole_or_absent(group: Any) -> Faults:
    yield from whole_or_absent("trend", group, "equity_usd_bn")


@needs("instruments", "trend")
def _trend_trades_known_instruments(instruments: Mapping[str, Any], group: Any) -> Faults:
    yield from unknown_instruments("trend.weights", group.weights, instruments)
    yield from unknown_instruments("trend.opening_signal", group.opening_signal, instruments)
    if group.n > 0 and not group.weights:
        yield fault_at("trend.weights", NOT_GIVEN, "is empty: the funds trade nothing")
