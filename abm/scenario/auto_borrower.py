"""Borrowers whose lender liquidates automatically: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm.scenario.checks import Faults, fault_at, must_sum_to_one, needs, unknown_instruments
from abm.scenario.fields import Part, Shares, Whole, choice, number, presence
from abm.scenario.groups import ROUNDING, whole_or_absent

HIGHEST_TARGET = 0.95  # loan-to-value: 20-fold leverage


class AutoBorrowers(Part):
    """Levered holders whose lender liquidates by rule, as on-chain lending protocols do."""

    present: bool = presence()
    n: Whole = number(
        "number of borrowers; 0 for none",
        "borrowers",
        "assumed",
        0,
        label="number of borrowers",
        ge=0,
        le=10_000_000,
    )
    equity_usd_bn: float = number(
        "equity, all together", "USD bn", "assumed", 0.0, label="equity", ge=0, le=1e6
    )
    yen_share: float = number(
        "share of the loan that is in the funding currency; the rest is in dollars",
        "share",
        "assumed",
        0.0,
        label="share of the loan in the funding currency",
        ge=0,
        le=1,
    )
    weights: Shares = choice(
        "collateral that is held",
        "assumed",
        {},
        label="portfolio weight",
        allowed="shares that sum to 1, by instrument",
    )
    loan_to_value: float = number(
        "debt over collateral that borrowers aim at, in the middle of the group",
        "share",
        "assumed; protocols lend at most .75 to .8 of liquid collateral",
        0.6,
        label="target loan-to-value",
        ge=0,
        le=HIGHEST_TARGET,
    )
    loan_to_value_spread: float = number(
        "half width of the even spread of targets among borrowers",
        "share",
        "assumed",
        0.05,
        label="spread of target loan-to-value",
        ge=0,
        le=0.5,
    )
    loan_to_value_limit: float = number(
        "debt over collateral above which the lender liquidates",
        "share",
        "liquidation thresholds of Aave v3, about .78 to .85; from memory, assumed",
        0.8,
        label="loan-to-value limit",
        ge=0.01,
        le=0.99,
    )
    close_factor: float = number(
        "share of the debt that one liquidation repays",
        "share",
        "Aave and Compound: .5",
        0.5,
        label="close factor",
        ge=0.01,
        le=1,
    )
    liquidation_penalty: float = number(
        "collateral sold for the lender beyond what is repaid",
        "share of what is repaid",
        "Aave v3: about .05 to .1 by collateral; from memory, assumed",
        0.08,
        label="liquidation penalty",
        ge=0,
        le=1,
    )
    dust_share: float = number(
        "a debt of at most this share of opening wealth is repaid whole",
        "share",
        "assumed",
        0.01,
        label="debt repaid whole",
        ge=0,
        le=1,
    )
    relever_band: float = number(
        "no borrowing while loan-to-value is at most this far below its target",
        "share",
        "assumed",
        0.03,
        label="no-trade band",
        ge=0,
        le=1,
    )
    relever_speed_per_day: float = number(
        "share of the gap closed when borrowing more",
        "per day",
        "assumed",
        0.1,
        label="speed of borrowing more",
        ge=0,
        le=1,
    )
    days_out: Whole = number(
        "days inactive after losing everything",
        "days",
        "assumed",
        60,
        label="inactivity after losing everything",
        ge=0,
        le=1_000_000,
    )


@needs("auto_borrowers")
def _group_is_whole_or_absent(group: AutoBorrowers) -> Faults:
    yield from whole_or_absent("auto_borrowers", group, "equity_usd_bn")


@needs("auto_borrowers")
def _liquidations_lower_what_they_are_to_lower(group: AutoBorrowers) -> Faults:
    """Targets lie below the limit; a sale with its penalty lowers the loan-to-value there."""
    limit, highest = group.loan_to_value_limit, group.loan_to_value + group.loan_to_value_spread
    if highest >= limit:
        most = f"with loan_to_value_spread must stay below loan_to_value_limit ({limit:g})"
        yield fault_at("auto_borrowers.loan_to_value", group.loan_to_value, most)
    elif highest > HIGHEST_TARGET + ROUNDING:
        most = f"with loan_to_value_spread must be at most {HIGHEST_TARGET:g}"
        yield fault_at("auto_borrowers.loan_to_value", group.loan_to_value, most)
    if (1.0 + group.liquidation_penalty) * limit >= 1.0:
        most = f"must be below {1.0 / limit - 1.0:.6g} (1 / loan_to_value_limit - 1)"
        reason = "or each liquidation raises the loan-to-value that it is to lower"
        yield fault_at(
            "auto_borrowers.liquidation_penalty", group.liquidation_penalty, most, reason
        )


@needs("instruments", "auto_borrowers")
def _collateral_is_known(instruments: Mapping[str, Any], group: AutoBorrowers) -> Faults:
    known = list(instruments)[1:]  # the first is the currency that is owed
    yield from unknown_instruments("auto_borrowers.weights", group.weights, known)
    if group.n > 0 or group.weights:
        yield from must_sum_to_one("auto_borrowers.weights", group.weights.values())
