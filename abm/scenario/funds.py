"""Hedge funds in their styles, and the funds that follow a risk rule."""

from __future__ import annotations

from typing import Annotated, Literal

from abm.scenario.fields import (
    AT_MOST_MANY,
    FROZEN,
    LEAST_SHARE,
    MOST_DAYS,
    Factors,
    Name,
    Part,
    Shares,
    SignedShares,
    Whole,
    choice,
    number,
    presence,
)


class Style(Part):
    """One way of running a carry trade."""

    share_of_number: float = number(
        "share of all hedge funds that run this style", "share", "assumed", ge=1e-7, le=1
    )
    equity_usd_bn: float = number(
        "equity behind the style's carry trades, all funds together",
        "USD bn",
        "tuned to the carry stock of BIS Bulletin 90",
        ge=0,
        le=1e6,
    )
    leverage: float = number(
        "calm leverage",
        "1 + borrowing / wealth",
        "tuned; plausible 2 to 4.5",
        ge=1,
        le=100,
    )
    yen_share: float = number(
        "share of borrowing in the funding currency", "share", "assumed", ge=0, le=1
    )
    weights: Shares = choice(
        "assets per unit of leverage; what is left of 1 stays in dollar cash",
        "assumed",
        allowed="shares that sum to at most 1, by instrument",
    )


class HedgeFunds(Part):
    """Leveraged carry traders with their own sizing, limits and stops."""

    n: Whole = number("number of hedge funds", "funds", "assumed", 0, ge=0, le=10_000_000)
    leverage_cap: float = number(
        "largest leverage a fund may run",
        "1 + borrowing / wealth",
        "plausible 5 to 15",
        10.0,
        ge=1,
        le=100,
        usual=(1, 15, 0.5),
    )
    overlap: float = number(
        "weight of the style's weights in a fund's own; the rest is drawn",
        "share",
        "assumed",
        0.5,
        ge=0,
        le=1,
        usual=(0, 1, 0.05),
    )
    size_dispersion: float = number(
        "standard deviation of log equity within a style", "log", "assumed", 0.5, ge=0, le=3
    )
    leverage_dispersion: float = number(
        "standard deviation of log calm leverage within a style", "log", "assumed", 0.2, ge=0, le=2
    )
    opening_cap_share: float = number(
        "calm leverage is drawn at most at this share of the cap",
        "share",
        "assumed",
        0.95,
        ge=LEAST_SHARE,
        le=1,
    )
    trend_weight: float = number(
        "weight of the average return in expected return",
        "-",
        "tuned; plausible 0 to .06, above .08 spontaneous crashes",
        0.045,
        ge=0,
        le=1,
    )
    value_weight_per_year: float = number(
        "expected return per log of gap to fundamental",
        "per year",
        "assumed; plausible .1 to .2",
        0.15,
        ge=0,
        le=5,
    )
    carry_floor_per_year: float = number(
        "least carry from which risk aversion is set", "per year", "assumed", 0.01, ge=1e-6, le=1
    )
    anchor_share: float = number(
        "weight of the long-run variance in sizing",
        "share",
        "tuned; plausible .3 to .7",
        0.43,
        ge=0,
        le=1,
    )
    band: float = number(
        "no trade while leverage is within this share of its target",
        "share",
        "tuned; plausible .15 to .3",
        0.2,
        ge=0,
        lt=1,
    )
    speed_up_per_day: float = number(
        "share of the gap closed when adding",
        "per day",
        "tuned; plausible .03 to .06",
        0.06,
        ge=0,
        le=1,
    )
    speed_down_per_day: float = number(
        "share of the gap closed when cutting",
        "per day",
        "tuned; plausible .08 to .16",
        0.09,
        ge=0,
        le=1,
    )
    speed_var_per_day: float = number(
        "share of the gap closed when the VaR limit is broken",
        "per day",
        "assumed",
        0.15,
        ge=0,
        le=1,
    )
    speed_stop_per_day: float = number(
        "share of the gap closed after a stop-loss",
        "per day",
        "tuned; plausible .3 to .6",
        0.5,
        ge=0,
        le=1,
    )
    stop_drawdown: float = number(
        "fall from its high-water mark at which a fund stops its loss",
        "share of the high-water mark",
        "tuned; plausible .2 to .4",
        0.26,
        ge=LEAST_SHARE,
        le=1,
    )
    stop_leverage_share: float = number(
        "share of leverage beyond 1 kept after a stop-loss", "share", "assumed", 0.25, ge=0, le=1
    )
    var_limit: float = number(
        "limit on the 99% ten-day value at risk",
        "share of wealth",
        "not binding in 2024; plausible .25 to .5",
        0.34,
        ge=LEAST_SHARE,
        le=5,
    )
    var_tolerance: float = number(
        "leverage above this multiple of what the VaR limit allows is cut",
        "-",
        "assumed",
        1.1,
        ge=1,
        le=5,
    )
    payout_per_day: float = number(
        "share of wealth above opening wealth paid out", "per day", "assumed", 0.01, ge=0, le=1
    )
    subscription_per_day: float = number(
        "share of the gap below opening wealth subscribed", "per day", "assumed", 0.003, ge=0, le=1
    )
    days_out: Whole = number(
        "days until a failed institution comes back with fresh capital",
        "days",
        "assumed",
        120,
        ge=0,
        le=1_000_000,
    )
    failure_share: float = number(
        "an institution closes out at this share of the wealth it last (re)entered with",
        "share",
        "assumed",
        0.05,
        ge=0,
        lt=1,
    )
    grace_share: float = number(
        "share of funds that get one day to meet a margin call",
        "share",
        "tuned; plausible .4 to .8",
        0.625,
        ge=0,
        le=1,
    )
    styles: Annotated[dict[Name, Style], AT_MOST_MANY, FROZEN] = choice(
        "the styles by name", default={}, allowed="tables whose share_of_number sum to 1"
    )


class _RiskRule(Part):
    """A group of funds that holds a volatility target."""

    present: bool = presence()
    n: Whole = number("number of funds; 0 for none", "funds", "assumed", 0, ge=0, le=10_000_000)
    equity_usd_bn: float = number("equity, all together", "USD bn", "record", 0.0, ge=0, le=1e6)


class RiskParity(_RiskRule):
    """Leveraged on diversified assets, hedged against currencies."""

    volatility_target_per_year: float = number(
        "volatility aimed at", "log per sqrt(year)", "record of 2024", 0.08, ge=LEAST_SHARE, le=2
    )
    weighting: Literal["inverse-volatility", "equal-risk"] = choice(
        "how weights follow risk",
        default="inverse-volatility",
        allowed='"inverse-volatility" or "equal-risk"',
    )
    tilt: Factors = choice(
        "multiplies the weight (or the share of risk) of each asset held",
        "assumed",
        {},
        allowed="numbers from 0.001 to 1000, by instrument",
    )
    leverage_cap: float = number(
        "largest leverage", "times wealth", "assumed", 2.5, ge=0.01, le=100
    )
    speed_down_per_day: float = number(
        "share of the gap closed when cutting",
        "per day",
        "tuned; plausible .3 to .6",
        0.6,
        ge=0,
        le=1,
    )
    speed_up_per_day: float = number(
        "share of the gap closed when adding",
        "per day",
        "assumed; 2024: none for three weeks",
        0.05,
        ge=0,
        le=1,
    )
    dead_band: float = number(
        "no trade while leverage is within this share of its target",
        "share",
        "assumed",
        0.05,
        ge=0,
        lt=1,
    )
    yen_share: float = number(
        "share of borrowing in the funding currency, not hedged",
        "share",
        "assumed",
        0.0,
        ge=0,
        le=1,
    )


class VolatilityTarget(_RiskRule):
    """Fixed weights on futures, scaled by fast volatility."""

    volatility_target_per_year: float = number(
        "volatility aimed at",
        "log per sqrt(year)",
        "tuned; plausible .09 to .12",
        0.11,
        ge=LEAST_SHARE,
        le=2,
    )
    target_dispersion: float = number(
        "standard deviation of the log of the target among funds",
        "log",
        "assumed",
        0.15,
        ge=0,
        le=2,
    )
    weights: Shares = choice(
        "what is held", "assumed", {}, allowed="shares that sum to 1, by instrument"
    )
    leverage_cap: float = number(
        "largest leverage", "times wealth", "assumed", 1.5, ge=0.01, le=100
    )
    speed_down_per_day: float = number(
        "share of the gap closed when cutting",
        "per day",
        "tuned; plausible .3 to .6",
        0.6,
        ge=0,
        le=1,
    )
    speed_up_per_day: float = number(
        "share of the gap closed when adding", "per day", "assumed", 0.05, ge=0, le=1
    )
    dead_band: float = number(
        "no trade while leverage is within this share of its target",
        "share",
        "assumed",
        0.05,
        ge=0,
        lt=1,
    )


class TrendFollowers(_RiskRule):
    """Long what rises and short what falls, both signs, on futures."""

    volatility_target_per_year: float = number(
        "volatility aimed at", "log per sqrt(year)", "assumed", 0.1, ge=LEAST_SHARE, le=2
    )
    fast_days: float = number(
        "averaging days of the fast half of the funds",
        "days",
        "tuned; plausible 12 to 20",
        15.0,
        ge=1,
        le=MOST_DAYS,
    )
    slow_days: float = number(
        "averaging days of the slow half of the funds",
        "days",
        "tuned; plausible 40 to 60",
        58.0,
        ge=1,
        le=MOST_DAYS,
    )
    gain: float = number(
        "position per unit of signal", "-", "tuned; plausible .4 to .8", 0.5, ge=0, le=10
    )
    signal_scale: float = number(
        "how fast the signal saturates, tanh(scale x z)", "-", "assumed", 0.8, ge=LEAST_SHARE, le=10
    )
    volatility_floor: float = number(
        "fast volatility is taken at least at this multiple of calm",
        "-",
        "assumed",
        0.7,
        ge=0,
        le=10,
    )
    leverage_cap: float = number(
        "largest position in one instrument", "times wealth", "assumed", 2.0, ge=0.01, le=100
    )
    speed_per_day: float = number(
        "share of the gap closed", "per day", "tuned; plausible .2 to .5", 0.36, ge=0, le=1
    )
    weights: Shares = choice(
        "share of the risk budget used in each instrument",
        "assumed",
        {},
        allowed="shares from 0 to 1, by instrument",
    )
    opening_signal: SignedShares = choice(
        "signal the filters open at, so that opening positions agree with it",
        "assumed",
        {},
        allowed="numbers from -1 to 1, by instrument",
    )
