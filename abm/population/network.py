"""The lending network at the opening: brokers of every borrower, and claims between banks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import Fault, ScenarioFaults
from abm.population.groups import CLIENT_BANK, PRIME_BROKERS
from abm.population.streams import generator

if TYPE_CHECKING:
    from abm.population.groups import Group
    from abm.scenario import Scenario
    from abm.scenario.network import (
        CorePeriphery,
        DrawnBrokers,
        ErdosRenyi,
        NoInterbank,
        ScaleFree,
    )

    DrawnClaims = CorePeriphery | ErdosRenyi | ScaleFree | NoInterbank

Array = np.ndarray

_NO_WEIGHT = 1e-290  # sums below it have lost digits to gradual underflow


class Lending(NamedTuple):
    """Broker edges by institution, and what banks owe one another."""

    broker_start: Array  # (N + 1,) int64
    broker: Array  # (E,) int64 bank
    broker_share: Array  # (E,) sums to 1 for every institution that has brokers
    liabilities: Array  # (B, B) USD bn, [i, j]: i owes j


def bank_names(scenario: Scenario) -> list[str]:
    """Banks in the order of their rows: core, then periphery."""
    return [f"bank-{b + 1}" for b in range(scenario.banks.n_core + scenario.banks.n_periphery)]


def institution_names(groups: list[Group]) -> list[str]:
    """A name for every institution, from its kind and style: hedge-fund-fxm-3, trend-1."""
    return list(_numbered(tuple((group.kind, *group.style) for group in groups)))


@lru_cache(maxsize=8)
def _numbered(groups: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The same of groups as (kind, style of each); a sweep asks it again in every run."""
    names = []
    for name, *styles in groups:
        kind = name.replace("_", "-")
        numbers: dict[str, int] = {}
        for style in styles:
            number = numbers[style] = numbers.get(style, 0) + 1
            stem = f"{kind}-{style.lower()}" if style else kind
            names.append(f"{stem}-{number}")
    return tuple(names)


def draw_lending(scenario: Scenario, groups: list[Group], seed: int, replicate: int) -> Lending:
    """Brokers of funds, yen-funded risk parity and retail; claims between banks."""
    brokers, interbank = scenario.network.brokers, scenario.network.interbank
    faults: list[Fault] = []  # of both files, to be said at once
    if brokers.kind == "file":
        from abm.population.graphs import read_broker_edges

        with gathered(faults):
            edges = read_broker_edges(brokers.path, institution_names(groups), bank_names(scenario))
    else:
        edges = draw_brokers(scenario, brokers, groups, generator("brokers", seed, replicate))
    if interbank.kind == "file":
        from abm.population.graphs import read_interbank_claims

        with gathered(faults):
            liabilities = read_interbank_claims(interbank.path, bank_names(scenario))
    else:
        liabilities = draw_claims(scenario, interbank, seed, replicate)
    if faults:
        raise ScenarioFaults(faults)
    return Lending(*edges, liabilities)


@contextmanager
def gathered(faults: list[Fault]) -> Iterator[None]:
    """Keep what is wrong with one file until the others have been read."""
    try:
        yield
    except ScenarioFaults as refused:
        faults.extend(refused.faults)


def draw_brokers(
    scenario: Scenario, rule: DrawnBrokers, groups: list[Group], rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Broker edges by row: (start, broker, share).

    A fund draws its number of brokers, then core banks without replacement (the largest keys
    log p + Gumbel), then Dirichlet shares. Retail cohorts take the periphery banks in turn.
    """
    n_core, n_periphery = scenario.banks.n_core, scenario.banks.n_periphery
    per_row, banks, shares = [np.zeros(1, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for group in groups:
        if group.lender == PRIME_BROKERS:
            chosen, share = draw_fund_brokers(rule, broker_odds(scenario), group.n, rng)
            used = share > 0.0
            per_row.append(used.sum(axis=1))
            banks.append(chosen[used])
            shares.append(share[used])
        elif group.lender == CLIENT_BANK:
            per_row.append(np.ones(group.n, np.int64))
            in_turn = np.arange(group.n) % (n_periphery or n_core)
            banks.append(in_turn + n_core if n_periphery else in_turn)
            shares.append(np.ones(group.n))
        else:
            per_row.append(np.zeros(group.n, np.int64))
    return np.cumsum(np.concatenate(per_row)), np.concatenate(banks), np.concatenate(shares)


class BrokerOdds(NamedTuple):
    """Before any draw: how likely each core bank is, and each number of brokers."""

    log_probability: Array  # (n_core,)
    numbers: Array  # (m,) of brokers; no more than banks that may be drawn
    cumulative: Array  # (m,) probability


@lru_cache(maxsize=32)
def broker_odds(scenario: Scenario) -> BrokerOdds:
    """The odds of a scenario that draws its brokers."""
    rule, n_core = scenario.network.brokers, scenario.banks.n_core
    assert rule.kind == "drawn"
    probabilities = np.array(rule.bank_probabilities or (1.0 / n_core,) * n_core)
    with np.errstate(divide="ignore"):
        log_probability = np.log(probabilities)
    numbers = np.minimum(np.array(rule.numbers), int((probabilities > 0.0).sum()))
    weights = rule.number_probabilities or (1.0 / len(numbers),) * len(numbers)
    return BrokerOdds(log_probability, numbers, np.cumsum(weights))


def draw_fund_brokers(
    rule: DrawnBrokers, odds: BrokerOdds, n: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Core banks in the order drawn and their loan shares, 0 beyond a fund's number. (n, n_core)"""
    n_core = len(odds.log_probability)
    keys = odds.log_probability + rng.gumbel(size=(n, n_core))
    chosen = np.argsort(-keys, axis=1, kind="stable")
    pick = np.minimum(odds.cumulative.searchsorted(rng.random(n)), len(odds.numbers) - 1)
    used = np.arange(n_core) < odds.numbers[pick][:, None]
    share = rng.standard_gamma(rule.share_concentration, (n, n_core)) * used
    share = shares_of_one(share)
    first = rng.random(n)
    if rule.first_share_range:
        low, high = rule.first_share_range
        several = used.sum(axis=1) > 1
        wanted = np.where(several, low + (high - low) * first, 1.0)
        rest = shares_of_one(share[:, 1:])
        share = np.column_stack([wanted, rest * (1.0 - wanted)[:, None]])
    if rule.concentration > 0.0:
        share *= 1.0 - rule.concentration
        target = chosen == rule.concentrated_on - 1
        share[target] += rule.concentration
    return chosen, share


def shares_of_one(weights: Array) -> Array:
    """Rows scaled to sum to one. (n, m)

    Where a small Dirichlet parameter leaves no weight that floats can tell from none, the first of
    a row has all, as in the limit: every loan has a lender.
    """
    if not weights.shape[1]:
        return weights
    total = weights.sum(axis=1, keepdims=True)
    lost = total[:, 0] <= _NO_WEIGHT
    shares: Array = weights / np.maximum(total, _NO_WEIGHT)
    if lost.any():
        shares[lost], shares[lost, 0] = 0.0, 1.0
    return shares


def draw_claims(scenario: Scenario, rule: DrawnClaims, seed: int, replicate: int) -> Array:
    """Debts between banks [USD bn], (B, B), [i, j]: i owes j."""
    claims = claims_in_tiers(scenario).copy()
    n = len(claims)
    if rule.kind == "none" or rule.kind == "core-periphery" or n == 1:
        return claims
    rng = generator("interbank", seed, replicate)
    if rule.kind == "erdos-renyi":
        claims[:] = rule.claim_usd_bn * (rng.random((n, n)) < rule.probability)
    else:
        import networkx as nx

        links = min(rule.links, n - 1)
        graph = nx.barabasi_albert_graph(n, links, seed=int(rng.integers(2**31)))
        for u, v in graph.edges:
            lender, borrower = (u, v) if rng.random() < 0.5 else (v, u)
            claims[borrower, lender] = rule.claim_usd_bn
    return of_others(claims, rule, scenario)


@lru_cache(maxsize=32)
def claims_in_tiers(scenario: Scenario) -> Array:
    """The same of core and periphery, without any chance; zeros where claims are drawn."""
    rule, n_core = scenario.network.interbank, scenario.banks.n_core
    n = n_core + scenario.banks.n_periphery
    claims = np.zeros((n, n))
    if rule.kind != "core-periphery" or n == 1:
        return claims
    claims[:n_core, :n_core] = rule.core_core_usd_bn
    linked = (np.arange(n_core)[:, None] + np.arange(n - n_core)) % rule.every == 0
    claims[:n_core, n_core:] = rule.core_periphery_usd_bn * linked
    claims[n_core:, :n_core] = claims[:n_core, n_core:].T
    return of_others(claims, rule, scenario)


def of_others(
    claims: Array, rule: CorePeriphery | ErdosRenyi | ScaleFree, scenario: Scenario
) -> Array:
    """Claims on other banks alone, one bank's debts times as large as the scenario says."""
    np.fill_diagonal(claims, 0.0)
    debtor = getattr(scenario.network.brokers, "concentrated_on", 1) - 1
    claims[debtor] *= rule.debt_multiple
    return claims
