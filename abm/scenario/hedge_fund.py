"""Hedge funds in their styles: what a user may choose, and what it demands of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from abm.errors import NOT_GIVEN, Nearest
from abm.scenario.checks import (
    SUM_TOLERANCE,
    Faults,
    fault_at,
    funding_and_traded,
    must_sum_to_one,
    needs,
    unknown_instruments,
)
from abm.scenario.fields import (
    AT_MOST_MANY,
    FROZEN,
    LEAST_SHARE,
    Name,
    Part,
    Shares,
    Whole,
    choice,
    number,
    part_of,
)
from abm.scenario.fund_risk import (
    AnyDifferential,
    Carry,
    Flows,
    FundRisk,
    Preferences,
)
from abm.scenario.groups import ROUNDING


class Style(Part):
    """One way of running a carry trade."""

    share_of_number: float = number(
        "share of all hedge funds that run this style",
        "share",
        "assumed",
        label="share of hedge funds",
        ge=1e-7,
        le=1,
    )
    equity_usd_bn: float = number(
        "equity behind the style's carry trades, all funds together",
        "USD bn",
        "tuned to the carry stock of BIS Bulletin 90",
        label="equity",
        ge=0,
        le=1e6,
    )
    leverage: float = number(
        "calm leverage",
        "1 + borrowing / wealth",
        "tuned; plausible 2 to 4.5",
        label="calm leverage",
        ge=1,
        le=100,
    )
    yen_share: float = number(
        "share of borrowing in the funding currency",
        "share",
        "assumed",
        label="yen share of borrowing",
        ge=0,
        le=1,
    )
    repo_share: float = number(
        "share of its bonds of repo.asset that a fund finances in repo",
        "share",
        "scenario; hedge funds finance Treasuries in repo at little or no haircut",
        0.0,
        label="share of bonds in repo",
        ge=0,
        le=1,
    )
    weights: Shares = choice(
        "assets per unit of leverage; what is left of 1 stays in dollar cash",
        "assumed",
        label="portfolio weight",
        allowed="shares that sum to at most 1, by instrument",
    )
    loan_shares: Shares = choice(
        "share of borrowing in further currencies; the rest is in dollars",
        "assumed",
        {},
        label="share of borrowing in other currencies",
        allowed="shares by traded currency; with yen_share at most 1",
    )


class HedgeFunds(Part):
    """Leveraged carry traders with their own sizing, limits and stops."""

    n: Whole = number(
        "number of hedge funds",
        "funds",
        "assumed",
        0,
        label="number of hedge funds",
        ge=0,
        le=10_000_000,
    )
    leverage_cap: float = number(
        "largest leverage a fund may run",
        "1 + borrowing / wealth",
        "plausible 5 to 15",
        10.0,
        label="leverage cap",
        ge=1,
        le=100,
        usual=(1, 15, 0.5),
    )
    overlap: float = number(
        "how alike funds' portfolios are (0 unrelated, 1 identical within a style)",
        "share",
        "assumed",
        0.5,
        label="overlap of the funds' books",
        ge=0,
        le=1,
        usual=(0, 1, 0.05),
    )
    size_dispersion: float = number(
        "standard deviation of log equity within a style",
        "log",
        "assumed",
        0.5,
        label="dispersion of fund size",
        ge=0,
        le=3,
    )
    leverage_dispersion: float = number(
        "standard deviation of log calm leverage within a style",
        "log",
        "tuned; plausible .1 to .35",
        0.24,
        label="dispersion of fund leverage",
        ge=0,
        le=2,
    )
    opening_cap_share: float = number(
        "calm leverage is drawn at most at this share of the cap",
        "share",
        "assumed",
        0.95,
        label="opening leverage over the cap",
        ge=LEAST_SHARE,
        le=1,
    )
    trend_weight: float = number(
        "weight of the average return in expected return",
        "-",
        "tuned; plausible 0 to .06, above .08 spontaneous crashes",
        0.0015,
        label="weight of trend in expected return",
        ge=0,
        le=1,
    )
    value_weight_per_year: float = number(
        "expected return per log of gap to fundamental",
        "per year",
        "assumed; plausible .1 to .2",
        0.15,
        label="weight of value in expected return",
        ge=0,
        le=5,
    )
    carry_floor_per_year: float = number(
        "least carry from which risk aversion is set",
        "per year",
        "assumed",
        0.01,
        label="carry floor for risk aversion",
        ge=1e-6,
        le=1,
    )
    anchor_share: float = number(
        "weight of the long-run variance in sizing",
        "share",
        "tuned; plausible .3 to .7",
        0.63,
        label="weight of long-run variance in fund sizing",
        ge=0,
        le=1,
    )
    band: float = number(
        "no trade while leverage is within this share of its target",
        "share",
        "tuned; plausible .15 to .3",
        0.2,
        label="no-trade band of funds",
        ge=0,
        lt=1,
    )
    speed_up_per_day: float = number(
        "share of the gap closed when adding",
        "per day",
        "tuned; plausible .03 to .06",
        0.043,
        label="hedge funds: speed of adding",
        ge=0,
        le=1,
    )
    speed_down_per_day: float = number(
        "share of the gap closed when cutting",
        "per day",
        "tuned; plausible .08 to .2",
        0.19,
        label="hedge funds: speed of cutting",
        ge=0,
        le=1,
    )
    speed_var_per_day: float = number(
        "least share of the gap closed when the VaR limit is broken",
        "per day",
        "assumed",
        0.2,
        label="speed of cutting over the VaR limit",
        ge=0,
        le=1,
    )
    speed_stop_per_day: float = number(
        "share of the gap closed after a stop-loss",
        "per day",
        "tuned; plausible .3 to .6",
        0.5,
        label="speed of cutting after a stop-loss",
        ge=0,
        le=1,
    )
    stop_drawdown: float = number(
        "drawdown from the high-water mark that triggers a fund's stop-loss",
        "share of the high-water mark",
        "tuned; plausible .2 to .4",
        0.4,
        label="stop-loss drawdown of funds",
        ge=LEAST_SHARE,
        le=1,
    )
    stop_leverage_share: float = number(
        "share of leverage beyond 1 kept after a stop-loss",
        "share",
        "assumed",
        0.25,
        label="leverage kept after a stop-loss",
        ge=0,
        le=1,
    )
    stop_reset_days: Whole = number(
        "days beyond the stop after which losses are counted anew; 0 for never",
        "days",
        "assumed; 60 to 90 plausible",
        60,
        label="days until a stop is reset",
        ge=0,
        le=100_000,
    )
    var_limit: float = number(
        "limit on the 99% ten-day value at risk",
        "share of wealth",
        "not binding in 2024; plausible .25 to .5",
        0.34,
        label="99% ten-day VaR limit",
        ge=LEAST_SHARE,
        le=5,
    )
    var_tolerance: float = number(
        "leverage above this multiple of what the VaR limit allows is cut",
        "-",
        "assumed",
        1.1,
        label="tolerance of the VaR limit",
        ge=1,
        le=5,
    )
    payout_per_day: float = number(
        "share of wealth above opening wealth paid out",
        "per day",
        "assumed",
        0.01,
        label="payout of funds' gains",
        ge=0,
        le=1,
    )
    subscription_per_day: float = number(
        "share of the gap below opening wealth subscribed",
        "per day",
        "assumed",
        0.003,
        label="subscriptions after losses",
        ge=0,
        le=1,
    )
    days_out: Whole = number(
        "days until a failed institution comes back with fresh capital",
        "days",
        "assumed",
        120,
        label="absence after a failure",
        ge=0,
        le=1_000_000,
    )
    failure_share: float = number(
        "share of the wealth it last (re)entered with at which an institution closes out",
        "share",
        "assumed",
        0.05,
        label="wealth share at which a fund closes out",
        ge=0,
        lt=1,
    )
    grace_share: float = number(
        "share of funds that get one day to meet a margin call",
        "share",
        "tuned; plausible .4 to .8",
        0.55,
        label="share of funds with a day of grace",
        ge=0,
        le=1,
    )
    risk: FundRisk = part_of(FundRisk, "risk by which funds size", label="funds")
    preferences: Preferences = part_of(
        Preferences, "rates at which calm leverage is optimal", label="funds"
    )
    flows: Flows = part_of(Flows, "investors' response to performance", label="funds")
    funding: Carry = part_of(
        AnyDifferential, "yen share of the loan by the rate differential", label="funds"
    )
    styles: Annotated[dict[Name, Style], AT_MOST_MANY, FROZEN] = choice(
        "the styles by name",
        label="styles",
        default={},
        allowed="tables whose share_of_number sum to 1",
    )


@needs("funds")
def _styles_share_the_funds(funds: Any) -> Faults:
    styles = funds.styles
    if funds.n > 0 and not styles:
        yield fault_at("funds.styles", NOT_GIVEN, f"is empty, but funds.n = {funds.n}")
    if styles:
        parts = (style.share_of_number for style in styles.values())
        yield from (
            fault_at(f"{fault.key}.*.share_of_number", NOT_GIVEN, fault.allowed)
            for fault in must_sum_to_one("funds.styles", parts)
        )
    usd_bn = sum(style.equity_usd_bn for style in styles.values())
    if funds.n == 0 and usd_bn > 0:
        money = f"is an empty group with equity_usd_bn = {usd_bn:g}: at least 1"
        yield fault_at("funds.n", 0, money)
    for name, style in styles.items():
        key = f"funds.styles.{name}"
        yield from must_sum_to_one(f"{key}.weights", style.weights.values(), at_most=True)
        if style.leverage > 1 and not sum(style.weights.values()):
            yield fault_at(f"{key}.weights", dict(style.weights), "must hold something: it borrows")


@needs("funds", "population")
def _every_style_has_a_fund(funds: Any, population: Any) -> Faults:
    n = funds.n * population.scale
    for name, style in funds.styles.items():
        if funds.n > 0 and n * style.share_of_number < 0.5 - ROUNDING and style.equity_usd_bn > 0:
            reason = f"is an empty group: {style.share_of_number:g} of {n:g} funds is none"
            yield fault_at(f"funds.styles.{name}.share_of_number", style.share_of_number, reason)


@needs("instruments", "funds")
def _styles_hold_known_instruments(instruments: Mapping[str, Any], funds: Any) -> Faults:
    for name, style in funds.styles.items():
        yield from unknown_instruments(f"funds.styles.{name}.weights", style.weights, instruments)


@needs("instruments", "funds")
def _styles_owe_traded_currencies_that_they_do_not_hold(instruments: Any, funds: Any) -> Faults:
    first, traded = funding_and_traded(instruments)
    for name, style in funds.styles.items():
        key = f"funds.styles.{name}.loan_shares"
        for currency in style.loan_shares:
            if currency == first:
                words = "is the funding currency: its share is yen_share"
                yield fault_at(f"{key}.{currency}", NOT_GIVEN, words)
            elif currency not in traded:
                listed = ", ".join(traded) or "none"
                words = f"is not a traded currency of the scenario ({listed})"
                yield fault_at(f"{key}.{currency}", NOT_GIVEN, words, Nearest(currency, traded))
            elif style.weights.get(currency, 0.0) > 0.0 and style.loan_shares[currency] > 0.0:
                words = "is held by the style too (weights): it cannot be owed"
                yield fault_at(f"{key}.{currency}", NOT_GIVEN, words)
        owed = style.yen_share + sum(style.loan_shares.values())
        if style.loan_shares and owed > 1.0 + SUM_TOLERANCE:
            words = f"must sum to at most 1 with yen_share; they sum to {owed:.12g}"
            yield fault_at(key, NOT_GIVEN, words)
