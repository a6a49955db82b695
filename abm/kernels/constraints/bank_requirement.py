"""Capital that a bank needs: for the size of its balance sheet, and for the risk of its loans."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.bank_leverage import bank_assets
from abm.kernels.contracts.repo import owed_to_brokers


@inlined
def risk_weight(seen, long_run, rule):
    """Weight of a loan, clip(c sigma / sigma_long, least, most).                         (M105)

    seen, long_run: variance of the borrower's book, now and through the cycle. A borrower who
    holds nothing has the least weight.
    """
    ratio = 0.0
    if long_run > 0.0:
        calm = seen == long_run  # most of them, on most days
        ratio = rule.multiple * (1.0 if calm else math.sqrt(max(seen, 0.0) / long_run))
    return min(max(ratio, rule.least), rule.most)


@inlined
def loan_weight(i, books, market, rules):
    """Weight of what an institution owes, by the risk at which its brokers set margins.  (M105)

    A gain never raises it where margins follow the worst recent loss.
    """
    rule = rules.banks.requirement
    if rules.margin.loss.is_on:
        return risk_weight(max(books.margin_risk[i], rule.long_run), rule.long_run, rule)
    fast, calm = held_variances(i, market.risk_fast, rules.market.calm_risk, books, market)
    return risk_weight(fast, rule.long_run * calm, rule)


@inlined
def held_variances(i, fast, calm, books, market):
    """Variances of what an institution holds [USD bn squared], a'Sa, by two covariances.   (M15)

    Lower triangles, off-diagonals doubled.
    """
    now, before = 0.0, 0.0
    for k in range(market.quote.size):
        held = books.units[k, i] * market.usd_price[k]
        if held == 0.0:
            continue
        now_k, before_k = 0.0, 0.0
        for j in range(k + 1):
            other = books.units[j, i] * market.usd_price[j]
            now_k += fast[k, j] * other
            before_k += calm[k, j] * other
        now += held * now_k
        before += held * before_k
    return now, before


@kernel
def require_capital(books, market, graph, rules):
    """What assets require tonight, where a rule reads it.                                (M105)"""
    is_read = rules.dealers.by_head_room or market.swapped.size > 0
    if rules.banks.requirement.is_on or is_read:
        assess_capital(books, market, graph, rules)


@kernel
def assess_capital(books, market, graph, rules):
    """Capital that the assets of every bank require [USD bn].                            (M105)

    Req_b = A_b / lambda_max + w0 sum_i theta_ib B_i rho_i
    """
    rule = rules.banks.requirement
    for b in range(graph.equity.size):
        graph.requirement[b] = bank_assets(b, graph) / graph.leverage_max[b]
    if not rule.is_on:
        return
    for i in range(books.cash.size):
        first, last = graph.broker_start[i], graph.broker_start[i + 1]
        owed = owed_to_brokers(i, books)
        if first == last or owed == 0.0:
            continue
        weighted = rule.weight * loan_weight(i, books, market, rules) * owed
        for edge in range(first, last):
            graph.requirement[graph.broker[edge]] += graph.broker_share[edge] * weighted


@kernel
def head_room(graph):
    """Capital of the core banks that still stand beyond what they need [USD bn].         (M107)

    H = sum_core (E_b - Req_b)+
    """
    room = 0.0
    for b in range(graph.equity.size):
        if graph.is_core[b] and not graph.failed[b]:
            room += max(graph.equity[b] - graph.requirement[b], 0.0)
    return room
