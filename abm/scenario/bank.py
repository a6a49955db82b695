"""Banks and their own carry books: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.errors import NOT_GIVEN
from abm.scenario.checks import (
    Faults,
    fault_at,
    must_sum_to_one,
    needs,
    same_length,
    unknown_instruments,
)
from abm.scenario.fields import (
    AS_TUPLE,
    LEAST_SHARE,
    LEAST_USD_BN,
    Factor,
    Part,
    Shares,
    Whole,
    choice,
    number,
    part_of,
)


class NoDesk(Part):
    """Core banks hold no position of their own."""

    kind: Literal["none"] = "none"


class CarryDesk(Part):
    """Each core bank runs a small proprietary carry book."""

    kind: Literal["carry"] = "carry"
    capital_share: float = number(
        "share of the bank's capital behind the book",
        "share",
        "assumed",
        label="share of bank capital behind them",
        ge=LEAST_SHARE,
        le=1,
    )
    leverage: float = number(
        "calm leverage",
        "1 + borrowing / capital of the book",
        "assumed",
        4.0,
        label="calm leverage",
        ge=1,
        le=100,
    )
    yen_share: float = number(
        "share of borrowing in the funding currency",
        "share",
        "assumed",
        1.0,
        label="yen share of borrowing",
        ge=0,
        le=1,
    )
    weights: Shares = choice(
        "assets per unit of leverage; what is left of 1 stays in dollar cash",
        "assumed",
        label="portfolio weight",
        allowed="shares that sum to at most 1, by instrument",
    )


Desk = Annotated[NoDesk | CarryDesk, Field(discriminator="kind")]


class LeverageRequirement(Part):
    """A bank needs its assets over `leverage_limit`, whatever they are."""

    kind: Literal["leverage"] = "leverage"


class RiskRequirement(Part):
    """A bank needs that and a share of its loans, more of loans to borrowers whose risk is high.

    Value-at-risk constraints of dealers: Adrian and Shin (2014).
    """

    kind: Literal["risk-weighted"] = "risk-weighted"
    loan_weight: float = number(
        "capital per dollar lent, at a risk weight of 1",
        "share",
        "assumed; plausible .02 to .08",
        0.04,
        label="capital required per loan",
        ge=0,
        le=1,
    )
    volatility_multiple: float = number(
        "risk weight per ratio of a borrower's risk, as margins see it, to that through the cycle",
        "times",
        "assumed",
        1.3,
        label="risk weight over relative volatility",
        ge=0,
        le=100,
    )
    least_weight: float = number(
        "least risk weight of a loan", "times", "assumed", 0.5, label="least risk weight", ge=0,
        le=100,
    )  # fmt: skip
    most_weight: float = number(
        "largest risk weight of a loan", "times", "assumed", 6.0, label="largest risk weight", ge=0,
        le=100,
    )  # fmt: skip


Requirement = Annotated[LeverageRequirement | RiskRequirement, Field(discriminator="kind")]


class NoTradingBook(Part):
    """Core banks hold no assets but loans, claims and what is outside the model."""

    kind: Literal["none"] = "none"


class TradingBook(Part):
    """Each core bank holds assets of the model, marked every evening; it never trades them."""

    kind: Literal["held"] = "held"
    asset_share: float = number(
        "opening book over the assets that a bank opens with",
        "share",
        "assumed; plausible .05 to .2",
        0.1,
        label="trading book over bank assets",
        ge=0,
        le=1,
    )
    factors: Annotated[tuple[Factor, ...], AS_TUPLE] = choice(
        "book of each core bank over that; empty for all equal",
        "assumed",
        (),
        label="relative trading books",
        unit="times",
        allowed="a number from 0.001 to 1000 for each core bank",
    )
    weights: Shares = choice(
        "assets in dollars that a book holds",
        "assumed",
        label="trading book weight",
        allowed="shares that sum to 1, by asset quoted in dollars",
    )


Book = Annotated[NoTradingBook | TradingBook, Field(discriminator="kind")]


class NoFundingRun(Part):
    """Funding stays with a bank as long as it has capital."""

    kind: Literal["none"] = "none"


class FundingRun(Part):
    """Wholesale funding leaves a bank whose capital is short of its assets; it sells to pay.

    Runs on repo and on prime brokers: Gorton and Metrick (2012), Duffie (2010).
    """

    kind: Literal["withdrawals"] = "withdrawals"
    capital_ratio: float = number(
        "capital over assets below which funding leaves",
        "share",
        "assumed; plausible .02 to .04",
        0.03,
        label="capital ratio at which funding leaves",
        ge=LEAST_SHARE,
        le=1,
    )
    speed_per_day: float = number(
        "share of what can leave that does, of a bank without capital",
        "per day",
        "assumed",
        0.25,
        label="speed of a run",
        ge=0,
        le=1,
    )
    runnable_share: float = number(
        "funding that can leave over assets",
        "share",
        "assumed; plausible .2 to .5",
        0.3,
        label="runnable funding",
        ge=0,
        le=1,
    )
    reserve_share: float = number(
        "part of other assets that is liquid at the opening",
        "share",
        "assumed",
        0.1,
        label="liquid share of other assets",
        ge=0,
        le=1,
    )
    sale_share_per_day: float = number(
        "largest part of other assets sold in a fire sale",
        "per day",
        "assumed",
        0.3,
        label="largest daily fire sale",
        ge=0,
        le=1,
    )
    sale_discount: float = number(
        "loss on what is sold in a fire sale",
        "share",
        "assumed; plausible .01 to .1",
        0.03,
        label="discount of a fire sale",
        ge=0,
        le=0.9,
    )


Run = Annotated[NoFundingRun | FundingRun, Field(discriminator="kind")]


class ParMarks(Part):
    """Claims on a bank stand at par until it fails."""

    kind: Literal["par"] = "par"


class CapitalMarks(Part):
    """Claims on a bank lose the share of its opening capital that it has lost."""

    kind: Literal["capital"] = "capital"


Marks = Annotated[ParMarks | CapitalMarks, Field(discriminator="kind")]


class Banks(Part):
    """Prime brokers and dealers (core), and the banks of retail clients (periphery)."""

    n_core: Whole = number(
        "number of core banks", "banks", "assumed", 4, label="number of core banks", ge=1, le=1000
    )
    n_periphery: Whole = number(
        "number of periphery banks",
        "banks",
        "assumed",
        8,
        label="number of periphery banks",
        ge=0,
        le=10_000,
    )
    core_capital_usd_bn: float = number(
        "mean capital of a core bank's markets business",
        "USD bn",
        "assumed; plausible 20 to 60",
        60.0,
        label="mean core-bank capital",
        ge=LEAST_USD_BN,
        le=1e6,
    )
    core_capital_factors: Annotated[tuple[Factor, ...], AS_TUPLE] = choice(
        "capital of each core bank over the mean; empty for all equal",
        "assumed",
        (),
        label="relative capital of core banks",
        unit="times",
        allowed="a number from 0.001 to 1000 for each core bank",
    )
    periphery_capital_usd_bn: float = number(
        "capital of a periphery bank",
        "USD bn",
        "assumed; plausible 3 to 12",
        12.0,
        label="periphery-bank capital",
        ge=LEAST_USD_BN,
        le=1e6,
    )
    leverage_limit: float = number(
        "largest assets over capital",
        "times",
        "assumed; plausible 20 to 45",
        20.0,
        label="bank leverage limit",
        ge=1.01,
        le=1000,
    )
    opening_utilisation: float = number(
        "opening leverage over its limit",
        "share",
        "assumed; plausible .8 to .95",
        0.8,
        label="opening use of bank balance sheets",
        ge=LEAST_SHARE,
        le=1,
    )
    utilisation_threshold: float = number(
        "utilisation beyond which a bank charges wider spreads and higher margins",
        "share",
        "assumed; plausible .85 to .95",
        0.9,
        label="balance-sheet use at which spreads widen",
        ge=0,
        le=1,
    )
    spread_per_year: float = number(
        "financing spread over the policy rate",
        "per year",
        "assumed",
        0.003,
        label="prime brokers' financing spread",
        ge=0,
        le=1,
    )
    spread_slope: float = number(
        "relative rise of the spread per unit of utilisation above the threshold",
        "-",
        "assumed",
        2.0,
        label="slope of the financing spread",
        ge=0,
        le=1000,
    )
    max_line_cut_per_day: float = number(
        "largest cut of credit lines",
        "per day",
        "assumed; plausible .2 to .4",
        0.3,
        label="largest daily cut of credit lines",
        ge=0,
        le=1,
    )
    recovery_external: float = number(
        "share of a failed bank's outside assets that is recovered",
        "share",
        "assumed; plausible .5 to 1",
        0.5,
        label="recovery rate of outside assets",
        ge=0,
        le=1,
    )
    recovery_interbank: float = number(
        "share of a failed bank's interbank claims that is recovered",
        "share",
        "assumed; plausible .5 to 1",
        0.9,
        label="recovery rate of interbank claims",
        ge=0,
        le=1,
    )
    portable_share: float = number(
        "share of a failed bank's lending that moves to others",
        "share",
        "assumed; plausible .3 to .7",
        0.5,
        label="portable share of a failed bank's loans",
        ge=0,
        le=1,
    )
    recapitalisation_per_year: float = number(
        "share of lost capital rebuilt",
        "per year",
        "assumed",
        0.2,
        label="bank recapitalisation speed",
        ge=0,
        le=250,
    )
    payout_multiple: float = number(
        "gains are paid out this many times as fast as losses are rebuilt",
        "times",
        "assumed",
        4.0,
        label="bank payout speed over recapitalisation",
        ge=0,
        le=1000,
    )
    desk: Desk = part_of(NoDesk, "proprietary carry books of the core banks", label="bank desks")
    requirement: Requirement = part_of(
        LeverageRequirement, "capital that a bank's assets require", label="bank requirement"
    )
    trading_book: Book = part_of(
        NoTradingBook, "assets that core banks hold and mark", label="bank trading books"
    )
    funding_run: Run = part_of(
        NoFundingRun, "withdrawals from banks short of capital", label="funding run"
    )
    interbank_marks: Marks = part_of(
        ParMarks, "worth of claims on other banks", label="interbank marks"
    )


@needs("banks")
def _capital_is_given_for_every_core_bank(banks: Any) -> Faults:
    key = "banks.core_capital_factors"
    yield from same_length(key, banks.core_capital_factors, banks.n_core, "core bank")


@needs("instruments", "banks")
def _desks_hold_known_instruments(instruments: Mapping[str, Any], banks: Any) -> Faults:
    if banks.desk.kind == "carry":
        weights = banks.desk.weights
        yield from unknown_instruments("banks.desk.weights", weights, instruments)
        yield from must_sum_to_one("banks.desk.weights", weights.values(), at_most=True)


@needs("instruments", "banks")
def _trading_books_hold_assets_in_dollars(instruments: Mapping[str, Any], banks: Any) -> Faults:
    if banks.trading_book.kind == "none":
        return
    book, key = banks.trading_book, "banks.trading_book.weights"
    yield from unknown_instruments(key, book.weights, instruments)
    yield from must_sum_to_one(key, book.weights.values())
    yield from same_length("banks.trading_book.factors", book.factors, banks.n_core, "core bank")
    for name in book.weights:
        part = instruments.get(name)
        if part is not None and (part.kind == "currency" or part.quote != "USD"):
            yield fault_at(f"{key}.{name}", NOT_GIVEN, "must be an asset quoted in USD")


@needs("banks")
def _risk_weights_are_in_order(banks: Any) -> Faults:
    rule = banks.requirement
    if rule.kind == "risk-weighted" and rule.least_weight > rule.most_weight:
        key = "banks.requirement.least_weight"
        allowed = f"must be at most most_weight, {rule.most_weight:g}"
        yield fault_at(key, rule.least_weight, allowed)
