"""Banks, who owes whom, margins, the clearing of a round, and the price of dollars."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from abm.scenario.fields import (
    AS_TUPLE,
    LEAST_SHARE,
    LEAST_USD_BN,
    Factor,
    Part,
    Share,
    Shares,
    Whole,
    choice,
    number,
    part_of,
)

MOST_CLAIM_USD_BN = 1e5  # the product of the world in a year


class NoDesk(Part):
    """Core banks hold no position of their own."""

    kind: Literal["none"] = "none"


class CarryDesk(Part):
    """Each core bank runs a small proprietary carry book."""

    kind: Literal["carry"] = "carry"
    capital_share: float = number(
        "share of the bank's capital behind the book", "share", "assumed", ge=LEAST_SHARE, le=1
    )
    leverage: float = number(
        "calm leverage", "1 + borrowing / capital of the book", "assumed", 3.0, ge=1, le=100
    )
    yen_share: float = number(
        "share of borrowing in the funding currency", "share", "assumed", 1.0, ge=0, le=1
    )
    weights: Shares = choice(
        "assets per unit of leverage; what is left of 1 stays in dollar cash",
        "assumed",
        allowed="shares that sum to at most 1, by instrument",
    )


Desk = Annotated[NoDesk | CarryDesk, Field(discriminator="kind")]


class Banks(Part):
    """Prime brokers and dealers (core), and the banks of retail clients (periphery)."""

    n_core: Whole = number("number of core banks", "banks", "assumed", 4, ge=1, le=1000)
    n_periphery: Whole = number("number of periphery banks", "banks", "assumed", 8, ge=0, le=10_000)
    core_capital_usd_bn: float = number(
        "mean capital of a core bank's markets business",
        "USD bn",
        "assumed; plausible 20 to 60",
        60.0,
        ge=LEAST_USD_BN,
        le=1e6,
    )
    core_capital_factors: Annotated[tuple[Factor, ...], AS_TUPLE] = choice(
        "capital of each core bank over the mean; empty for all equal",
        "assumed",
        (),
        unit="times",
        allowed="a number from 0.001 to 1000 for each core bank",
    )
    periphery_capital_usd_bn: float = number(
        "capital of a periphery bank",
        "USD bn",
        "assumed; plausible 3 to 12",
        12.0,
        ge=LEAST_USD_BN,
        le=1e6,
    )
    leverage_limit: float = number(
        "largest assets over capital",
        "times",
        "assumed; plausible 20 to 45",
        20.0,
        ge=1.01,
        le=1000,
    )
    opening_utilisation: float = number(
        "opening leverage over its limit",
        "share",
        "assumed; plausible .8 to .95",
        0.8,
        ge=LEAST_SHARE,
        le=1,
    )
    utilisation_threshold: float = number(
        "utilisation beyond which a bank lends dearer and asks more margin",
        "share",
        "assumed; plausible .85 to .95",
        0.9,
        ge=0,
        le=1,
    )
    spread_per_year: float = number(
        "financing spread over the policy rate", "per year", "assumed", 0.003, ge=0, le=1
    )
    spread_slope: float = number(
        "relative rise of the spread per unit of utilisation above the threshold",
        "-",
        "assumed",
        2.0,
        ge=0,
        le=1000,
    )
    max_line_cut_per_day: float = number(
        "largest cut of credit lines", "per day", "assumed; plausible .2 to .4", 0.3, ge=0, le=1
    )
    recovery_external: float = number(
        "share of a failed bank's outside assets that is recovered",
        "share",
        "assumed; plausible .5 to 1",
        0.5,
        ge=0,
        le=1,
    )
    recovery_interbank: float = number(
        "share of a failed bank's interbank claims that is recovered",
        "share",
        "assumed; plausible .5 to 1",
        0.9,
        ge=0,
        le=1,
    )
    portable_share: float = number(
        "share of a failed bank's lending that moves to others",
        "share",
        "assumed; plausible .3 to .7",
        0.5,
        ge=0,
        le=1,
    )
    recapitalisation_per_year: float = number(
        "share of lost capital rebuilt", "per year", "assumed", 0.2, ge=0, le=250
    )
    payout_multiple: float = number(
        "gains are paid out this many times as fast as losses are rebuilt",
        "times",
        "assumed",
        4.0,
        ge=0,
        le=1000,
    )
    desk: Desk = part_of(NoDesk, "proprietary carry books of the core banks")


class DrawnBrokers(Part):
    """Prime brokers drawn at random from the core banks."""

    kind: Literal["drawn"] = "drawn"
    numbers: Annotated[tuple[Whole, ...], AS_TUPLE] = choice(
        "how many brokers a fund may have",
        "assumed",
        (2, 3, 4),
        unit="brokers",
        allowed="whole numbers from 1 to the number of core banks",
    )
    number_probabilities: Annotated[tuple[Share, ...], AS_TUPLE] = choice(
        "probability of each of these numbers; empty for equal",
        "assumed",
        (),
        allowed="as many shares as numbers, summing to 1",
    )
    bank_probabilities: Annotated[tuple[Share, ...], AS_TUPLE] = choice(
        "probability by which each core bank is drawn; empty for equal",
        "assumed",
        (),
        allowed="one share for each core bank, summing to 1",
    )
    share_concentration: float = number(
        "Dirichlet parameter of loan shares: large for equal shares",
        "-",
        "assumed",
        2.0,
        ge=LEAST_SHARE,
        le=1e6,
    )
    first_share_range: Annotated[tuple[Share, ...], AS_TUPLE] = choice(
        "share of the first broker, drawn uniformly; empty for whatever Dirichlet gives",
        "practice: 30 to 50%",
        (),
        unit="share",
        allowed="two shares, the smaller first",
    )
    concentration: float = number(
        "share of every fund's loans moved to one core bank",
        "share",
        "scenario; plausible 0 to .8",
        0.0,
        ge=0,
        le=1,
    )
    concentrated_on: Whole = number(
        "core bank they are moved to, counted from 1", "-", "scenario", 3, ge=1, le=1000
    )


class GraphFile(Part):
    """A user's own graph: GraphML, or CSV with columns lender, borrower, weight."""

    kind: Literal["file"] = "file"
    path: str = choice(
        "the file, relative to the scenario's own folder", allowed="a .graphml or .csv file"
    )


Brokers = Annotated[DrawnBrokers | GraphFile, Field(discriminator="kind")]


class _Interbank(Part):
    debt_multiple: float = number(
        "multiple of what the bank network.brokers.concentrated_on owes",
        "times",
        "assumed",
        1.0,
        ge=0,
        le=100,
    )


class CorePeriphery(_Interbank):
    """Core banks lend to one another; periphery banks lend to and borrow from some of them."""

    kind: Literal["core-periphery"] = "core-periphery"
    core_core_usd_bn: float = number(
        "claim of every core bank on every other",
        "USD bn",
        "assumed",
        8.0,
        ge=0,
        le=MOST_CLAIM_USD_BN,
    )
    core_periphery_usd_bn: float = number(
        "claim between a core and a periphery bank",
        "USD bn",
        "assumed",
        2.0,
        ge=0,
        le=MOST_CLAIM_USD_BN,
    )
    every: Whole = number(
        "one in so many core-periphery pairs has a claim", "pairs", "assumed", 2, ge=1, le=1000
    )


class ErdosRenyi(_Interbank):
    """Every ordered pair of banks has a claim with one probability."""

    kind: Literal["erdos-renyi"] = "erdos-renyi"
    probability: float = number("probability of a claim", "share", "scenario", 0.2, ge=0, le=1)
    claim_usd_bn: float = number(
        "size of a claim", "USD bn", "assumed", 4.0, ge=0, le=MOST_CLAIM_USD_BN
    )


class ScaleFree(_Interbank):
    """Preferential attachment (Barabási and Albert 1999): few banks with many claims."""

    kind: Literal["scale-free"] = "scale-free"
    links: Whole = number("claims each new bank brings", "claims", "scenario", 2, ge=1, le=1000)
    claim_usd_bn: float = number(
        "size of a claim", "USD bn", "assumed", 4.0, ge=0, le=MOST_CLAIM_USD_BN
    )


class NoInterbank(Part):
    """Banks owe one another nothing."""

    kind: Literal["none"] = "none"


Interbank = Annotated[
    CorePeriphery | ErdosRenyi | ScaleFree | GraphFile | NoInterbank, Field(discriminator="kind")
]


class Network(Part):
    """Who lends to whom."""

    brokers: Brokers = part_of(DrawnBrokers, "prime-broker loans")
    interbank: Interbank = part_of(CorePeriphery, "claims between banks")
