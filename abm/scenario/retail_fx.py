"""Retail currency traders: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.scenario.checks import Faults, fault_at, must_sum_to_one, needs, unknown_instruments
from abm.scenario.fields import (
    LEAST_SHARE,
    Part,
    Shares,
    Whole,
    choice,
    number,
    part_of,
    presence,
)
from abm.scenario.fund_risk import AnyDifferential, Carry
from abm.scenario.groups import whole_or_absent


class RetailFx(Part):
    """Cohorts long of foreign currency against the funding currency, at high leverage."""

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
    notional_usd_bn: float = number(
        "open interest, all together",
        "USD bn",
        "tuned; 23.6 in April 2014; plausible 20 to 45",
        0.0,
        label="open interest",
        ge=0,
        le=1e6,
    )
    leverage: float = number(
        "median leverage",
        "notional / equity",
        "tuned; plausible 5 to 8",
        5.0,
        label="median leverage",
        ge=1,
        le=100,
    )
    leverage_dispersion: float = number(
        "range of log leverage over which the cohorts are spread evenly",
        "log",
        "assumed",
        0.5,
        label="dispersion of leverage",
        ge=0,
        le=2,
    )
    opening_leverage_cap: float = number(
        "largest leverage at the opening",
        "notional / equity",
        "assumed",
        22.0,
        label="leverage cap at the opening",
        ge=1,
        le=100,
    )
    leverage_cap: float = number(
        "legal cap",
        "notional / equity",
        "Japan since 2011",
        25.0,
        label="legal leverage cap",
        ge=1,
        le=1000,
    )
    cap_use: float = number(
        "positions are kept within this share of the cap",
        "share",
        "assumed",
        0.9,
        label="largest use of the leverage cap",
        ge=0.01,
        le=1,
    )
    weights: Shares = choice(
        'what is held, "USD" included',
        "assumed",
        {},
        label="portfolio weight",
        allowed="shares that sum to 1, by currency",
    )
    loss_cut: float = number(
        "median equity over notional below which everything is closed",
        "share",
        "50 to 100% of the required 4%; plausible .02 to .04",
        0.03,
        label="stop-out level",
        ge=LEAST_SHARE,
        le=1,
    )
    loss_cut_spread: float = number(
        "half width of the uniform spread of loss_cut among cohorts",
        "share of it",
        "assumed",
        0.33,
        label="spread of stop-out levels",
        ge=0,
        lt=1,
    )
    contrarian_weight: float = number(
        "largest share added when the funding currency has risen",
        "share",
        "BoJ Review 2016-E-5, size assumed; plausible .1 to .5",
        0.2,
        label="contrarian response",
        ge=0,
        le=1,
    )
    contrarian_scale_log: float = number(
        "move over contrarian_days at which the response saturates",
        "log",
        "assumed",
        0.03,
        label="move that saturates the contrarian response",
        ge=1e-4,
        le=1,
    )
    contrarian_days: Whole = number(
        "days of that move",
        "days",
        "assumed",
        5,
        label="window of the contrarian response",
        ge=1,
        le=250,
    )
    speed_per_day: float = number(
        "share of the gap closed", "per day", "assumed", 0.3, label="speed of trading", ge=0, le=1
    )
    carry: Carry = part_of(
        AnyDifferential,
        "positions by the rate differential, which motivates them: Japanese Retail Investors "
        "and the Carry Trade, RBA Bulletin",
        label="retail FX",
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
    renewal_per_day: float = number(
        "share of the accounts that closes in a day and is replaced by new ones with the "
        "opening wealth: gains are paid out, losses filled up",
        "per day",
        "assumed; .001 is an account held for four years",
        0.001,
        label="accounts renewed",
        ge=0,
        le=1,
    )


@needs("retail_fx")
def _group_is_whole_or_absent(group: Any) -> Faults:
    yield from whole_or_absent("retail_fx", group, "notional_usd_bn")


@needs("retail_fx")
def _accounts_open_above_their_stop_out(group: Any) -> Faults:
    opening = 1.0 / min(group.leverage, group.opening_leverage_cap)
    if group.loss_cut >= opening:
        least = f"must be below {opening:.6g}, the equity over notional of the median account"
        yield fault_at("retail_fx.loss_cut", group.loss_cut, least, "or it is cut as it opens")


@needs("instruments", "retail_fx")
def _retail_holds_currencies(instruments: Mapping[str, Any], group: Any) -> Faults:
    currencies = [k for k, part in instruments.items() if part.kind == "currency"]
    yield from unknown_instruments("retail_fx.weights", group.weights, [*currencies[1:], "USD"])
    if group.n > 0 or group.weights:
        yield from must_sum_to_one("retail_fx.weights", group.weights.values())
    if group.opening_leverage_cap > group.leverage_cap:
        cap = f"must be at most retail_fx.leverage_cap ({group.leverage_cap:g})"
        yield fault_at("retail_fx.opening_leverage_cap", group.opening_leverage_cap, cap)
