"""Groups of institutions: how many stand for the same money, and none without money."""

from __future__ import annotations

from typing import Any

from abm.scenario.checks import Faults, fault_at
from abm.scenario.fields import Part, Whole, number, presence

ROUNDING = 1e-9


class Population(Part):
    """Number of institutions that stand for the same money."""

    scale: float = number(
        "multiplies the number of every group but banks, at equal total money",
        "-",
        "scenario",
        1.0,
        label="population scale",
        ge=1e-4,
        le=100_000,
    )


class FundGroup(Part):
    """A group of funds that holds a volatility target."""

    present: bool = presence()
    n: Whole = number(
        "number of funds; 0 for none",
        "funds",
        "assumed",
        0,
        label="number of funds",
        ge=0,
        le=10_000_000,
    )
    equity_usd_bn: float = number(
        "equity, all together", "USD bn", "record", 0.0, label="equity", ge=0, le=1e6
    )


def speed_of_cutting() -> Any:
    """A field of funds that cut towards a leverage."""
    return number(
        "share of the gap closed when cutting",
        "per day",
        "tuned; plausible .3 to .6",
        0.6,
        label="speed of cutting",
        ge=0,
        le=1,
    )


def speed_of_adding(source: str = "assumed") -> Any:
    """A field of funds that add towards a leverage."""
    return number(
        "share of the gap closed when adding",
        "per day",
        source,
        0.05,
        label="speed of adding",
        ge=0,
        le=1,
    )


def no_trade_band() -> Any:
    """A field of funds that let their leverage drift a little."""
    return number(
        "no trade while leverage is within this share of its target",
        "share",
        "assumed",
        0.05,
        label="no-trade band",
        ge=0,
        lt=1,
    )


def whole_or_absent(part: str, group: Any, money: str) -> Faults:
    """Members without money, and money without members."""
    usd_bn = getattr(group, money)
    if group.n == 0 and usd_bn > 0:
        yield fault_at(f"{part}.n", 0, f"is an empty group with {money} = {usd_bn:g}")
    if group.n > 0 and usd_bn == 0:
        reason = f"is an empty group: above 0 for {part}.n = {group.n}"
        yield fault_at(f"{part}.{money}", 0.0, reason, f"or set {part}.n = 0")
