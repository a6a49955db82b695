"""Retail cohorts on margin, and life insurers."""

from __future__ import annotations

from abm.scenario.fields import (
    LEAST_SHARE,
    Name,
    Part,
    Shares,
    Whole,
    choice,
    number,
    presence,
)


class RetailFx(Part):
    """Cohorts long of foreign currency against the funding currency, at high leverage."""

    present: bool = presence()
    n: Whole = number("number of cohorts; 0 for none", "cohorts", "assumed", 0, ge=0, le=10_000_000)
    notional_usd_bn: float = number(
        "open interest, all together",
        "USD bn",
        "tuned; 23.6 in April 2014; plausible 20 to 45",
        0.0,
        ge=0,
        le=1e6,
    )
    leverage: float = number(
        "median leverage", "notional / equity", "tuned; plausible 5 to 8", 7.0, ge=1, le=100
    )
    leverage_dispersion: float = number(
        "standard deviation of log leverage among cohorts", "log", "assumed", 0.5, ge=0, le=2
    )
    opening_leverage_cap: float = number(
        "largest leverage at the opening", "notional / equity", "assumed", 22.0, ge=1, le=100
    )
    leverage_cap: float = number(
        "legal cap", "notional / equity", "Japan since 2011", 25.0, ge=1, le=1000
    )
    cap_use: float = number(
        "positions are kept within this share of the cap", "share", "assumed", 0.9, ge=0.01, le=1
    )
    weights: Shares = choice(
        'what is held, "USD" included', "assumed", {}, allowed="shares that sum to 1, by currency"
    )
    loss_cut: float = number(
        "median equity over notional below which everything is closed",
        "share",
        "50 to 100% of the required 4%; plausible .02 to .04",
        0.03,
        ge=LEAST_SHARE,
        le=1,
    )
    loss_cut_spread: float = number(
        "half width of the uniform spread of loss_cut among cohorts",
        "share of it",
        "assumed",
        0.33,
        ge=0,
        lt=1,
    )
    contrarian_weight: float = number(
        "largest share added when the funding currency has risen",
        "share",
        "BoJ Review 2016-E-5, size assumed; plausible .1 to .5",
        0.25,
        ge=0,
        le=1,
    )
    contrarian_scale_log: float = number(
        "move over contrarian_days at which the response saturates",
        "log",
        "assumed",
        0.03,
        ge=1e-4,
        le=1,
    )
    contrarian_days: Whole = number("days of that move", "days", "assumed", 5, ge=1, le=250)
    speed_per_day: float = number("share of the gap closed", "per day", "assumed", 0.1, ge=0, le=1)
    days_out: Whole = number("days out after a stop-out", "days", "assumed", 40, ge=0, le=1_000_000)


class RetailEquity(Part):
    """Cohorts long of a home share index on margin, resident in the funding currency."""

    present: bool = presence()
    n: Whole = number("number of cohorts; 0 for none", "cohorts", "assumed", 0, ge=0, le=10_000_000)
    asset: Name = choice("what they hold", default="NKY", allowed="an asset of the scenario")
    notional_usd_bn: float = number(
        "margin longs, all together", "USD bn", "30.8 in June 2024", 0.0, ge=0, le=1e6
    )
    leverage: float = number(
        "median leverage",
        "notional / equity",
        "legal 30% margin; plausible 2.3 to 3.2",
        2.8,
        ge=1,
        le=100,
    )
    leverage_dispersion: float = number(
        "standard deviation of log leverage among cohorts", "log", "assumed", 0.18, ge=0, le=2
    )
    loss_cut: float = number(
        "median equity over notional below which they must sell",
        "share",
        "tuned; 20 to 25% maintenance; plausible .18 to .27",
        0.23,
        ge=LEAST_SHARE,
        le=1,
    )
    loss_cut_spread: float = number(
        "half width of the uniform spread of loss_cut among cohorts",
        "share of it",
        "assumed",
        0.2,
        ge=0,
        lt=1,
    )
    speed_per_day: float = number(
        "share sold per day on a breach (payment term)",
        "per day",
        "tuned; 1 folds the Nikkei; plausible .3 to .7",
        0.43,
        ge=0,
        le=1,
    )
    days_out: Whole = number("days out after a stop-out", "days", "assumed", 40, ge=0, le=1_000_000)


class Insurers(Part):
    """Life insurers with dollar assets, partly hedged: they buy yen after it has risen."""

    present: bool = presence()
    n: Whole = number(
        "number of insurers; 0 for none", "insurers", "assumed", 0, ge=0, le=10_000_000
    )
    assets_usd_bn: float = number(
        "dollar assets, all together", "USD bn", "assumed; plausible 200 to 600", 0.0, ge=0, le=1e6
    )
    weights: Shares = choice(
        "what is held", "assumed", {}, allowed="shares that sum to 1, by instrument"
    )
    hedge_share: float = number(
        "share of assets hedged at the opening",
        "share",
        "45% in 2024; plausible .44 to .63",
        0.45,
        ge=0,
        le=1,
    )
    hedge_per_yen_rise: float = number(
        "rise of the hedge share per log the yen has risen",
        "share per log",
        "tuned; plausible .3 to .8",
        0.46,
        ge=0,
        le=10,
    )
    hedge_per_basis: float = number(
        "rise of the hedge share per unit the basis narrows (unused: constant basis)",
        "share per (per year)",
        "assumed",
        2.0,
        ge=0,
        le=100,
    )
    rise_days: Whole = number("days of the yen's rise", "days", "assumed", 20, ge=1, le=250)
    speed_per_day: float = number("share of the gap closed", "per day", "assumed", 0.05, ge=0, le=1)
