"""Retail margin longs in shares: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.scenario.checks import Faults, fault_at, nearest, needs
from abm.scenario.fields import LEAST_SHARE, Name, Part, Whole, choice, number, presence
from abm.scenario.groups import whole_or_absent


class RetailEquity(Part):
    """Cohorts long of a home share index on margin, resident in the funding currency."""

    present: bool = presence()
    n: Whole = number(
        "number of cohorts; 0 for none",
        "cohorts",
        "assumed",
        0,
        label="number of cohorts",
        ge=0,
        le=10_000_000,
    )
    asset: Name = choice(
        "what they hold", label="asset held", default="NKY", allowed="an asset of the scenario"
    )
    notional_usd_bn: float = number(
        "margin longs, all together",
        "USD bn",
        "30.8 in June 2024",
        0.0,
        label="margin longs",
        ge=0,
        le=1e6,
    )
    leverage: float = number(
        "median leverage",
        "notional / equity",
        "legal 30% margin; plausible 2.3 to 3.2",
        3.1,
        label="median leverage",
        ge=1,
        le=100,
    )
    leverage_dispersion: float = number(
        "standard deviation of log leverage among cohorts",
        "log",
        "assumed",
        0.3,
        label="dispersion of leverage",
        ge=0,
        le=2,
    )
    opening_cut_share: float = number(
        "leverage is drawn at most at this share of that at which a cohort must sell",
        "share",
        "assumed",
        0.95,
        label="largest opening leverage over that of the stop-out",
        ge=LEAST_SHARE,
        le=1,
    )
    loss_cut: float = number(
        "median equity over notional below which they must sell",
        "share",
        "tuned; 20 to 25% maintenance; plausible .18 to .27",
        0.23,
        label="stop-out level",
        ge=LEAST_SHARE,
        le=1,
    )
    loss_cut_spread: float = number(
        "half width of the uniform spread of loss_cut among cohorts",
        "share of it",
        "assumed",
        0.2,
        label="spread of stop-out levels",
        ge=0,
        lt=1,
    )
    speed_per_day: float = number(
        "share sold per day on a breach (payment term)",
        "per day",
        "tuned; a broker closes what is left unpaid after two days; plausible .5 to 1",
        0.96,
        label="speed of forced sales",
        ge=0,
        le=1,
    )
    days_to_pay: Whole = number(
        "days after a breach on whose morning a cohort that still stands below its level must "
        "sell; 0: at once",
        "days",
        "Japanese brokers' two-day rule: 2",
        2,
        label="days to meet a margin call",
        ge=0,
        le=250,
    )
    renewal_per_day: float = number(
        "share of accounts that close in a day and open anew at the leverage of the opening",
        "per day",
        "assumed; standardised margin trades in Tokyo end after six months at the latest: .008",
        0.01,
        label="renewal of margin accounts in shares",
        ge=0,
        le=1,
    )
    days_out: Whole = number(
        "days inactive after a stop-out",
        "days",
        "assumed",
        40,
        label="inactivity after a stop-out",
        ge=0,
        le=1_000_000,
    )


@needs("retail_equity")
def _group_is_whole_or_absent(group: Any) -> Faults:
    yield from whole_or_absent("retail_equity", group, "notional_usd_bn")


@needs("instruments", "retail_equity")
def _margin_longs_hold_a_home_asset(instruments: Mapping[str, Any], group: Any) -> Faults:
    if group.n == 0 or not instruments:
        return
    home = next(iter(instruments))
    quoted = [k for k, part in instruments.items() if getattr(part, "quote", "") == home]
    if group.asset not in quoted:
        wanted = f"must be an asset quoted in {home}: {', '.join(quoted) or 'there is none'}"
        yield fault_at("retail_equity.asset", group.asset, wanted, nearest(group.asset, quoted))
