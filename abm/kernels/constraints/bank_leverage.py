"""Leverage limit of banks: use of the balance sheet, and the credit recalled above it."""

from abm.kernels.compiler.jit import kernel

MOST_UTILISATION = 1e6  # of a bank whose capital is all but gone: a number, whatever is divided


@kernel
def bank_assets(b, graph):
    """Loans, interbank claims, other assets and the desk's book of a bank [USD bn].   (M5)"""
    claims = 0.0
    for debtor in range(graph.equity.size):
        claims += graph.liabilities[debtor, b]
    return graph.loans[b] + graph.other_assets[b] + claims + graph.desk_assets[b]


@kernel
def set_lines(graph, rules):
    """Balance sheet use, and the share of its lending a bank above its limit recalls.  (M48)

    cut = min(excess / loans, largest cut per day)
    """
    for b in range(graph.equity.size):
        graph.cut[b] = 0.0
        graph.utilisation[b] = 0.0
        if graph.failed[b] or graph.equity[b] <= 0.0:
            continue
        assets, most = bank_assets(b, graph), graph.leverage_max[b] * graph.equity[b]
        use = max(assets / most - rules.margin.utilisation_threshold, 0.0)
        graph.utilisation[b] = min(use, MOST_UTILISATION)
        if assets > most and graph.loans[b] > 0.0:
            graph.cut[b] = min((assets - most) / graph.loans[b], rules.banks.max_line_cut)


@kernel
def recall_credit(books, graph):
    """Borrowers learn what their banks recall tomorrow.                                   (M48)"""
    total = 0.0
    for b in range(graph.cut.size):
        total += graph.cut[b]
    if total == 0.0:
        return
    for i in range(books.cash.size):
        for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
            books.recalled[i] += graph.broker_share[edge] * graph.cut[graph.broker[edge]]
        books.recalled[i] = min(books.recalled[i], 1.0)
