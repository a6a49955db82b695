"""Credit lines of a failed bank's clients."""

from abm.kernels.compiler.jit import inlined

LEAST_SHARE = 1e-12  # of a loan: who is left with less at other brokers has none


@inlined
def move_clients(b, books, graph, rules):
    """Clients of a failed bank lose part of their line; the rest moves to other brokers.  (M46)"""
    heir = largest_bank(graph)
    for i in range(books.cash.size):
        first, last = graph.broker_start[i], graph.broker_start[i + 1]
        lost, kept = 0.0, 0.0
        for edge in range(first, last):
            if graph.broker[edge] == b:
                lost += graph.broker_share[edge]
            else:
                kept += graph.broker_share[edge]
        if lost == 0.0:
            continue
        books.recalled[i] += lost * (1.0 - rules.banks.ported_share)
        for edge in range(first, last):
            # By what is kept, not by 1 - lost: of small shares the difference has no digits left.
            if graph.broker[edge] != b and kept > LEAST_SHARE:
                graph.broker_share[edge] /= kept
            elif kept > LEAST_SHARE:
                graph.broker_share[edge] = 0.0
            elif heir >= 0:
                graph.broker[edge] = heir
    for i in range(books.cash.size):
        if rules.mandates.owner[i] == b:
            books.closing[i] = 1


@inlined
def largest_bank(graph):
    """The standing bank with most capital; -1 if none stands."""
    best, most = -1, 0.0
    for b in range(graph.equity.size):
        if not graph.failed[b] and graph.equity[b] > most:
            best, most = b, graph.equity[b]
    return best
