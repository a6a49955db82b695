"""The lending network: prime brokers, and claims between banks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from abm.files import MOST_OF_GRAPH, exists, refuse_irregular
from abm.scenario.checks import Faults, fault_at, must_sum_to_one, needs, same_length
from abm.scenario.fields import AS_TUPLE, LEAST_SHARE, Part, Share, Whole, choice, number, part_of

MOST_CLAIM_USD_BN = 1e5  # the product of the world in a year


class DrawnBrokers(Part):
    """Prime brokers drawn at random from the core banks."""

    kind: Literal["drawn"] = "drawn"
    numbers: Annotated[tuple[Whole, ...], AS_TUPLE] = choice(
        "numbers of brokers a fund may have",
        "assumed",
        (2, 3, 4),
        label="numbers of brokers of a fund",
        unit="brokers",
        allowed="whole numbers from 1 to the number of core banks",
    )
    number_probabilities: Annotated[tuple[Share, ...], AS_TUPLE] = choice(
        "probability of each of these numbers; empty for equal",
        "assumed",
        (),
        label="probabilities of numbers of brokers",
        allowed="as many shares as numbers, summing to 1",
    )
    bank_probabilities: Annotated[tuple[Share, ...], AS_TUPLE] = choice(
        "probability by which each core bank is drawn; empty for equal",
        "assumed",
        (),
        label="probabilities of brokers",
        allowed="one share for each core bank, summing to 1",
    )
    share_concentration: float = number(
        "Dirichlet parameter of loan shares: large for equal shares",
        "-",
        "assumed",
        2.0,
        label="Dirichlet parameter of loan shares",
        ge=LEAST_SHARE,
        le=1e6,
    )
    first_share_range: Annotated[tuple[Share, ...], AS_TUPLE] = choice(
        "share of the first broker, drawn uniformly; empty for whatever Dirichlet gives",
        "practice: 30 to 50%",
        (),
        label="share of the first broker",
        unit="share",
        allowed="two shares, the smaller first",
    )
    concentration: float = number(
        "share of every fund's loans moved to one core bank",
        "share",
        "scenario; plausible 0 to .8",
        0.0,
        label="loans concentrated on one bank",
        ge=0,
        le=1,
    )
    concentrated_on: Whole = number(
        "core bank they are moved to, counted from 1",
        "-",
        "scenario",
        3,
        label="bank that loans are concentrated on",
        ge=1,
        le=1000,
    )


class GraphFile(Part):
    """A user's own graph: GraphML, or CSV with columns lender, borrower, weight."""

    kind: Literal["file"] = "file"
    path: str = choice(
        "the file, relative to the scenario's own folder",
        label="graph file",
        allowed="a .graphml or .csv file",
    )


Brokers = Annotated[DrawnBrokers | GraphFile, Field(discriminator="kind")]


class _Interbank(Part):
    debt_multiple: float = number(
        "multiple of what the bank network.brokers.concentrated_on owes",
        "times",
        "assumed",
        1.0,
        label="debt of the concentrated bank",
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
        label="claims between core banks",
        ge=0,
        le=MOST_CLAIM_USD_BN,
    )
    core_periphery_usd_bn: float = number(
        "claim between a core and a periphery bank",
        "USD bn",
        "assumed",
        2.0,
        label="claims between core and periphery",
        ge=0,
        le=MOST_CLAIM_USD_BN,
    )
    every: Whole = number(
        "one in so many core-periphery pairs has a claim",
        "pairs",
        "assumed",
        2,
        label="spacing of core-periphery claims",
        ge=1,
        le=1000,
    )


def claim_size() -> Any:
    """A field with the size that all claims of a drawn network have."""
    return number(
        "size of a claim",
        "USD bn",
        "assumed",
        4.0,
        label="size of an interbank claim",
        ge=0,
        le=MOST_CLAIM_USD_BN,
    )


class ErdosRenyi(_Interbank):
    """Every ordered pair of banks has a claim with one probability."""

    kind: Literal["erdos-renyi"] = "erdos-renyi"
    probability: float = number(
        "probability of a claim",
        "share",
        "scenario",
        0.2,
        label="probability of an interbank claim",
        ge=0,
        le=1,
    )
    claim_usd_bn: float = claim_size()


class ScaleFree(_Interbank):
    """Preferential attachment (Barabási and Albert 1999): few banks with many claims."""

    kind: Literal["scale-free"] = "scale-free"
    links: Whole = number(
        "claims each new bank brings",
        "claims",
        "scenario",
        2,
        label="claims of each new bank",
        ge=1,
        le=1000,
    )
    claim_usd_bn: float = claim_size()


class NoInterbank(Part):
    """Banks owe one another nothing."""

    kind: Literal["none"] = "none"


Interbank = Annotated[
    CorePeriphery | ErdosRenyi | ScaleFree | GraphFile | NoInterbank, Field(discriminator="kind")
]


class Network(Part):
    """Loans of prime brokers, and claims between banks."""

    brokers: Brokers = part_of(DrawnBrokers, "prime-broker loans")
    interbank: Interbank = part_of(CorePeriphery, "claims between banks")


@needs("banks", "network")
def _brokers_exist(banks: Any, network: Any) -> Faults:
    brokers, key = network.brokers, "network.brokers"
    if brokers.kind != "drawn":
        return
    if not brokers.numbers or not all(1 <= n <= banks.n_core for n in brokers.numbers):
        wanted = f"must be numbers from 1 to banks.n_core ({banks.n_core})"
        yield fault_at(f"{key}.numbers", list(brokers.numbers), wanted)
    if brokers.concentrated_on > banks.n_core:
        wanted = f"must be from 1 to banks.n_core ({banks.n_core})"
        yield fault_at(f"{key}.concentrated_on", brokers.concentrated_on, wanted)
    chances = {"number_probabilities": ("number of brokers", len(brokers.numbers))}
    chances["bank_probabilities"] = ("core bank", banks.n_core)
    for name, (of, wanted_length) in chances.items():
        given = getattr(brokers, name)
        yield from same_length(f"{key}.{name}", given, wanted_length, of)
        if given:
            yield from must_sum_to_one(f"{key}.{name}", given)
    span = brokers.first_share_range
    if span and (len(span) != 2 or span[0] > span[1]):
        yield fault_at(f"{key}.first_share_range", list(span), "must be two shares, smaller first")


@needs("network")
def _graph_files_exist(network: Any) -> Faults:
    for name, end in network:
        if end.kind != "file":
            continue
        key = f"network.{name}.path"
        if not exists(end.path):
            yield fault_at(key, end.path, "there is no such file")
            continue
        try:
            refuse_irregular(end.path, MOST_OF_GRAPH)
        except OSError as bad:
            yield fault_at(key, end.path, str(bad.strerror).removeprefix("it "))
