"""Loans of prime brokers: the financing spread, and the lenders' books."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.repo import owed_to_brokers
from abm.kernels.events import FIRST_BANK, NO_INSTITUTION
from abm.kernels.numerics.columns import is_any
from abm.kernels.state import (
    CREDIT_LOSSES,
    DEPOSIT_INSURANCE,
    ESTATE_DESKS,
    ESTATE_FUNDING,
    ESTATE_LOANS,
    FUNDERS,
    OUTSIDE_BORROWERS,
    SPREAD,
)

MOST_SPREAD = 1.0  # per year: credit at a higher rate is none, whatever the lender's balance sheet


@inlined
def financing_spread(utilisation, rule):
    """Spread a broker asks over the policy rate, per year: min(s0 (1 + s1 u), 1).          (M10)"""
    return min(rule.spread * (1.0 + rule.spread_slope * utilisation), MOST_SPREAD)


@kernel
def pay_spread(days, books, market, graph, rules):
    """Financing spread s0 (1 + s1 u) from margined borrowers to their brokers.         (M10)

    Where all banks ask the same, they book their loans times the spread, else the sum of what each
    of their borrowers pays. What is owed in repo pays its own (M154).
    """
    period = days / rules.market.day_count[market.rates.size - 1]
    if not is_any(graph.utilisation):
        rate = rules.banks.spread * period
        pay_alike(rate, graph.broker_start, books.borrowing, books.cash)
        for debt in books.repo_debt:
            pay_alike(-rate, graph.broker_start, debt, books.cash)
        for bank in range(graph.equity.size):
            credit_bank(bank, rate * graph.loans[bank], SPREAD, market, graph)
        owed_to_estate = rate * graph.estate[ESTATE_LOANS]
        market.outside[DEPOSIT_INSURANCE, market.rates.size - 1] += owed_to_estate
        return
    for i in range(books.cash.size):
        first, last = graph.broker_start[i], graph.broker_start[i + 1]
        owed = owed_to_brokers(i, books)
        if first == last or owed == 0.0:
            continue
        for edge in range(first, last):
            bank = graph.broker[edge]
            spread = financing_spread(graph.utilisation[bank], rules.banks)
            payment = owed * graph.broker_share[edge] * spread * period
            books.cash[i] -= payment
            credit_bank(bank, payment, SPREAD, market, graph)


@kernel
def pay_alike(rate, broker_start, borrowing, cash):
    """The same rate from all institutions that borrow from brokers."""
    for i in range(cash.size):
        cash[i] -= rate * borrowing[i] if broker_start[i + 1] > broker_start[i] else 0.0


@kernel
def mark_loans(books, graph, rules):
    """Loan book of every bank, its own desks apart [USD bn].                            (M4)

    What is lent beyond the last mark is paid into deposits. What a failed bank has lent its
    estate owns.
    """
    for b in range(graph.equity.size):
        add_deposits(b, -(graph.loans[b] + graph.desk_assets[b]), graph)
    lend_by_estate(-graph.estate[ESTATE_LOANS], -graph.estate[ESTATE_DESKS], graph)
    graph.loans[:] = 0.0
    graph.desk_assets[:] = 0.0
    for edge in range(graph.broker.size):
        debt = owed_to_brokers(graph.borrower[edge], books)
        graph.loans[graph.broker[edge]] += graph.broker_share[edge] * debt
    for i in range(rules.mandates.desk_rows[0], rules.mandates.desk_rows[1]):
        if rules.mandates.owner[i] >= 0:
            graph.desk_assets[rules.mandates.owner[i]] += books.borrowing[i]
    for b in range(graph.equity.size):
        if graph.failed[b]:
            lend_by_estate(graph.loans[b], graph.desk_assets[b], graph)
            graph.loans[b] = graph.desk_assets[b] = 0.0
        else:
            add_deposits(b, graph.loans[b] + graph.desk_assets[b], graph)


@inlined
def lend_by_estate(loans, desks, graph):
    """Loans to clients and to desks that the estate of failed banks takes over, and funds."""
    graph.estate[ESTATE_LOANS] += loans
    graph.estate[ESTATE_DESKS] += desks
    graph.estate[ESTATE_FUNDING] += loans + desks
    graph.counter[FUNDERS] += loans + desks


@inlined
def add_deposits(b, amount_usd_bn, graph):
    """Funding that comes to a bank (negative: leaves it), with its other side.         (M113)"""
    graph.deposits[b] += amount_usd_bn
    graph.counter[FUNDERS] += amount_usd_bn


@inlined
def add_other_assets(b, amount_usd_bn, graph):
    """Other assets that a bank gets or gives away, with their other side.              (M113)"""
    graph.other_assets[b] += amount_usd_bn
    graph.counter[OUTSIDE_BORROWERS] += amount_usd_bn


@inlined
def add_capital(b, amount_usd_bn, way, graph):
    """Move a bank's capital, by one of the ways by which it can move.                  (M112)"""
    graph.equity[b] += amount_usd_bn
    graph.flows[way, b] += amount_usd_bn


@inlined
def pay_bank(b, amount_usd_bn, way, graph):
    """Dollars paid to a bank (negative: by it) out of deposits: they become its capital."""
    add_capital(b, amount_usd_bn, way, graph)
    add_deposits(b, -amount_usd_bn, graph)
    graph.gross[b] = max(graph.gross[b], abs(amount_usd_bn))


@inlined
def credit_bank(b, amount_usd_bn, way, market, graph):
    """Credit a bank; what a failed one would earn or lose is the deposit insurer's."""
    if graph.failed[b]:
        market.outside[DEPOSIT_INSURANCE, market.rates.size - 1] += amount_usd_bn
    else:
        pay_bank(b, amount_usd_bn, way, graph)


@inlined
def write_off(b, amount_usd_bn, way, market, graph):
    """Worth that an asset of a bank has lost: its capital's, against "credit losses".  (M113)"""
    add_capital(b, -amount_usd_bn, way, graph)
    market.outside[CREDIT_LOSSES, market.rates.size - 1] += amount_usd_bn


@kernel
def main_broker(i, graph):
    """Code of the broker with the largest share of the loan."""
    best, best_share = NO_INSTITUTION, 0.0
    for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
        if graph.broker_share[edge] > best_share:
            best, best_share = FIRST_BANK - graph.broker[edge], graph.broker_share[edge]
    return best
