"""Leverage limit of banks: use of the balance sheet, and the credit recalled above it."""

from abm.kernels.compiler.jit import inlined, kernel

MOST_UTILISATION = 1e6  # of a bank whose capital is all but gone: a number, whatever is divided


@inlined
def bank_assets(b, graph):
    """Loans, interbank claims, other assets, reserves and books of a bank [USD bn].  (M5, M111)"""
    claims = 0.0
    for debtor in range(graph.equity.size):
        claims += graph.liabilities[debtor, b] * (1.0 - graph.written_down[0, debtor])
    owned = graph.loans[b] + graph.other_assets[b] + claims + graph.desk_assets[b]
    return owned + graph.reserves[b] + graph.book_value[b]


@kernel
def write_assets(assets, graph):
    """assets <- those of every bank [USD bn]."""
    for b in range(graph.equity.size):
        assets[b] = bank_assets(b, graph)


@kernel
def set_lines(graph, rules):
    """Balance sheet use, and the share of its lending a bank above its limit recalls.  (M48)

    cut = min(excess / loans, largest cut per day)

    By the capital that its assets require, where that depends on their risk (M106).
    """
    for b in range(graph.equity.size):
        graph.cut[b] = 0.0
        graph.utilisation[b] = 0.0
        if graph.failed[b] or graph.equity[b] <= 0.0:
            continue
        if rules.banks.requirement.is_on:
            lend_within_requirement(b, graph, rules)
            continue
        assets, most = bank_assets(b, graph), graph.leverage_max[b] * graph.equity[b]
        use = max(assets / most - rules.margin.utilisation_threshold, 0.0)
        graph.utilisation[b] = min(use, MOST_UTILISATION)
        if assets > most and graph.loans[b] > 0.0:
            graph.cut[b] = min((assets - most) / graph.loans[b], rules.banks.max_line_cut)


@inlined
def lend_within_requirement(b, graph, rules):
    """Use of a bank's capital, and the share of its loans that frees what it lacks.      (M106)

    u = (Req / E - threshold)+;  cut = min((Req - E)+ / (1 / lambda_max + w0) / loans, most)
    """
    use = graph.requirement[b] / graph.equity[b] - rules.margin.utilisation_threshold
    graph.utilisation[b] = min(max(use, 0.0), MOST_UTILISATION)
    lacking = graph.requirement[b] - graph.equity[b]
    per_loan = 1.0 / graph.leverage_max[b] + rules.banks.requirement.weight
    if lacking > 0.0 and graph.loans[b] > 0.0:
        graph.cut[b] = min(lacking / per_loan / graph.loans[b], rules.banks.max_line_cut)


@inlined
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
