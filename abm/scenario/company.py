"""Companies that owe yen and hedge late: what a user may choose."""

from __future__ import annotations

from abm.scenario.checks import Faults, fault_at, needs
from abm.scenario.fields import LEAST_SHARE, Part, Whole, number, presence
from abm.scenario.groups import whole_or_absent


class Companies(Part):
    """Firms outside Japan with yen loans and dollar revenue, which hedge once the yen has risen."""

    present: bool = presence()
    n: Whole = number(
        "number of companies; 0 for none",
        "companies",
        "assumed",
        0,
        label="number",
        ge=0,
        le=10_000_000,
    )
    debt_usd_bn: float = number(
        "yen debt at the opening, all together",
        "USD bn",
        "assumed; plausible 20 to 120, for all non-banks outside Japan owed JPY 41 trn "
        "(USD 270bn) of yen loans in March 2024 (BIS)",
        0.0,
        label="yen debt",
        ge=0,
        le=1e6,
    )
    assets_per_debt: float = number(
        "dollars in the business over the yen debt, at the opening",
        "1",
        "assumed",
        3.0,
        label="assets over yen debt",
        ge=1.01,
        le=1e6,
    )
    opening_hedge_share: float = number(
        "share of the debt hedged at the opening, and again in calm",
        "share",
        "assumed: the debt is open while it pays",
        0.1,
        label="hedge ratio in calm",
        ge=0,
        le=1,
    )
    hedge_share: float = number(
        "share of the debt hedged once the yen has risen",
        "share",
        "assumed; plausible .3 to .9",
        0.7,
        label="hedge ratio after a rise",
        ge=0,
        le=1,
    )
    rise_log: float = number(
        "rise of the yen over rise_days at which they hedge, in the middle of the group",
        "log",
        "assumed: 2.5 standard deviations of 40 days of calm news; plausible .03 to .1",
        0.06,
        label="rise at which they hedge",
        ge=1e-3,
        le=2,
    )
    rise_log_spread: float = number(
        "half width of the even spread of that rise among companies",
        "share of it",
        "assumed",
        0.3,
        label="spread of that rise",
        ge=0,
        lt=1,
    )
    rise_days: Whole = number(
        "days of the yen's rise", "days", "assumed", 40, label="window of the rise", ge=1, le=250
    )
    speed_up_per_day: float = number(
        "share of the gap closed when hedging",
        "per day",
        "assumed; plausible .05 to .3",
        0.15,
        label="speed of hedging",
        ge=0,
        le=1,
    )
    speed_down_per_day: float = number(
        "share of the gap closed when hedges are let go; by it yen are bought for interest, too",
        "per day",
        "assumed; .01 is a half-life of a quarter",
        0.01,
        label="speed of letting hedges go",
        ge=LEAST_SHARE,
        le=1,
    )
    payout_per_day: float = number(
        "share of what they have beyond their opening wealth that owners are paid, and of what "
        "they lack that revenue brings",
        "per day",
        "assumed; .004 is a year",
        0.004,
        label="payout",
        ge=0,
        le=1,
    )


@needs("companies")
def _group_is_whole_or_absent(group: Companies) -> Faults:
    yield from whole_or_absent("companies", group, "debt_usd_bn")


@needs("companies")
def _hedges_are_raised_not_lowered(group: Companies) -> Faults:
    """After a rise of the yen they hedge at least as much as in calm."""
    if group.hedge_share < group.opening_hedge_share:
        least = f"must be at least opening_hedge_share ({group.opening_hedge_share:g})"
        yield fault_at("companies.hedge_share", group.hedge_share, least)
