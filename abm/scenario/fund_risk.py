"""Risk by which hedge funds size, their preferences, their investors, their funding currency."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from abm.scenario.fields import LEAST_SHARE, Part, number


class FundRisk(Part):
    """Variance learnt from a fund's own losses, on the book that it owns."""

    multiple: float = number(
        "variance taken over that of the returns seen; 1.38 is unbiased at a decay of .942",
        "-",
        "tuned",
        1.38,
        label="sizing variance over that of own returns",
        ge=0,
        le=10,
    )
    decay: float = number(
        "decay of the variance of own returns per day",
        "-",
        "tuned; RiskMetrics .94",
        0.89,
        label="decay of the variance of own returns",
        ge=0.01,
        lt=1,
    )


class Preferences(Part):
    """Risk aversion that makes calm leverage optimal at named rates, kept at any others."""

    funding_per_year: float = number(
        "policy rate of the funding currency at which calm leverage is optimal",
        "per year",
        "July 2024",
        0.001,
        label="reference rate of the funding currency",
        ge=-0.1,
        le=1,
    )
    usd_per_year: float = number(
        "dollar policy rate at which calm leverage is optimal",
        "per year",
        "July 2024",
        0.053,
        label="reference rate of the dollar",
        ge=-0.1,
        le=1,
    )


class Flows(Part):
    """Investors who redeem after losses, with notice, and add only after gains."""

    sensitivity: float = number(
        "share of wealth redeemed per unit of recent loss; 0: no redemptions",
        "-",
        "assumed; flows follow performance, Fung, Hsieh, Naik and Ramadorai (2008)",
        0.5,
        label="redemptions over recent losses",
        ge=0,
        le=10,
    )
    performance_days: float = number(
        "days of the return that investors look at, and over which they redeem",
        "days",
        "assumed; a quarter",
        60.0,
        label="days of performance that investors see",
        ge=1,
        le=1000,
    )
    notice_days: float = number(
        "average notice of a redemption",
        "days",
        "assumed; 30 to 90 are usual",
        30.0,
        label="notice of redemptions",
        ge=1,
        le=1000,
    )
    gate_per_day: float = number(
        "largest share of wealth redeemed in a day",
        "per day",
        "assumed",
        0.03,
        label="gate on redemptions",
        ge=0,
        le=1,
    )


class AnyDifferential(Part):
    """Positions that do not depend on interest rates."""

    kind: Literal["none"] = "none"


class RateDifferential(Part):
    """Positions by the dollar's rate over the funding currency's, from none to full."""

    kind: Literal["differential"] = "differential"
    full_per_year: float = number(
        "rate differential from which positions are full; none are left at zero",
        "per year",
        "July 2024",
        0.052,
        label="rate differential of full positions",
        ge=LEAST_SHARE,
        le=1,
    )


Carry = Annotated[AnyDifferential | RateDifferential, Field(discriminator="kind")]
