"""Banks and their own carry books: what a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from abm.scenario.checks import Faults, must_sum_to_one, needs, same_length, unknown_instruments
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
