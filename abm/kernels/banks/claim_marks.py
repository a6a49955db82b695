"""Claims on other banks: at par, or marked down as the debtor's capital falls."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.loans import write_off
from abm.kernels.state import INTERBANK

BOOKED, FOUND = 0, 1  # rows of graph.written_down


@inlined
def lost_share(equity, opening_equity):
    """Share that claims on a bank have lost, (1 - E / E_0)+, at most 1.                  (M111)

    None where all of its capital stands behind its desk: E_0 is 0, and there is no ratio.
    """
    if opening_equity <= 0.0:
        return 0.0
    return min(max(1.0 - equity / opening_equity, 0.0), 1.0)


@kernel
def mark_claims(market, graph, rules):
    """Mark all claims at L (1 - (1 - E / E_0)+), by their debtors' capital before this.  (M111)"""
    if not rules.banks.marks_claims:
        return
    for b in range(graph.equity.size):
        share = lost_share(graph.equity[b], graph.opening_equity[b])
        graph.written_down[FOUND, b] = 0.0 if graph.failed[b] else share
    write_down_claims(market, graph)


@kernel
def write_up_claims(market, graph):
    """Claims back at par, in which debts are settled."""
    graph.written_down[FOUND] = 0.0
    write_down_claims(market, graph)


@kernel
def write_down_claims(market, graph):
    """Book the shares that were found lost; the creditors' capital bears the change."""
    for debtor in range(graph.equity.size):
        change = graph.written_down[FOUND, debtor] - graph.written_down[BOOKED, debtor]
        graph.written_down[BOOKED, debtor] = graph.written_down[FOUND, debtor]
        for b in range(graph.equity.size):
            write_off(b, graph.liabilities[debtor, b] * change, INTERBANK, market, graph)
