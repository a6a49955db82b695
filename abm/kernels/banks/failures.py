"""Failure of banks: interbank clearing, the insurer, and the clients' lines."""

from abm.kernels.banks.claim_marks import write_up_claims
from abm.kernels.banks.credit_lines import move_clients
from abm.kernels.banks.estate import hand_over
from abm.kernels.banks.interbank import clear_claims
from abm.kernels.compiler.jit import allocating_kernel, inlined
from abm.kernels.contracts.loans import add_capital, add_deposits, add_other_assets, pay_bank
from abm.kernels.events import BANK_FAILURE, FIRST_BANK, NO_INSTITUTION, record_event
from abm.kernels.state import DEADWEIGHT, DEPOSIT_INSURANCE, ESTATE, FAILURE, INTERBANK

# Of graph.failed. Those that are closing do not pay in full, whatever their capital.
STANDING, JUST_FAILED, GONE, CLOSING = 0, 1, 2, 3


@allocating_kernel
def fail_banks(market, graph, rules, record):
    """Interbank clearing when a bank cannot go on; return how many banks fail.      (M45, M46)

    Its capital is gone, or it could not pay those who withdrew.
    """
    is_due, n = False, 0
    for b in range(graph.equity.size):
        if graph.equity[b] < 0.0 and not graph.failed[b]:
            graph.failed[b] = CLOSING
        is_due = is_due or graph.failed[b] == CLOSING
    if not is_due:
        return n
    write_up_claims(market, graph)
    payments, received = settle_claims(graph, rules)
    for b in range(graph.equity.size):
        if graph.failed[b] == JUST_FAILED:
            shortfall = book_failure(b, payments[b], received[b], market, graph, rules)
            record.days[record.now[0]].n_bank_failures += 1.0
            record_event(BANK_FAILURE, FIRST_BANK - b, NO_INSTITUTION, -1, shortfall, -1, record)
            n += 1
    return n


@inlined
def leave_clients(books, graph, rules):
    """Lending of the banks that have just failed is recalled, or moves to other banks.    (M46)"""
    for b in range(graph.equity.size):
        if graph.failed[b] == JUST_FAILED:
            move_clients(b, books, graph, rules)
    for b in range(graph.equity.size):
        if graph.failed[b] == JUST_FAILED:
            graph.failed[b] = GONE


@allocating_kernel
def settle_claims(graph, rules):
    """Pay interbank debts by the greatest clearing vector; payments and receipts [USD bn].

    Banks that cannot pay are marked; their creditors lose what is not paid. What is paid goes from
    the deposits of those who fail and the other assets of those who stand to the creditor's.
    """
    n = graph.equity.size
    debts = graph.liabilities.copy()
    if not rules.channels.interbank_losses:  # each is worth its par: what a bank has is its capital
        debts[:] = 0.0
    outside = graph.equity.copy()  # E = outside assets net of deposits + claims - debts
    for b in range(n):
        for j in range(n):
            outside[b] += debts[b, j] - debts[j, b]
    search, received = clear_claims(
        debts, outside, graph.failed == CLOSING, rules.banks.recovery_external,
        rules.banks.recovery_interbank,
    )  # fmt: skip
    for b in range(n):
        has_failed = search.waves[b] > 0 or graph.failed[b] == CLOSING
        if not has_failed or graph.failed[b] == GONE:
            continue
        graph.failed[b] = JUST_FAILED
        paid = search.share_paid[b]
        for j in range(n):
            claim = graph.liabilities[b, j]
            add_capital(j, -(claim * (1.0 - paid)), INTERBANK, graph)
            add_capital(b, claim * (1.0 - paid), INTERBANK, graph)
            add_other_assets(j, claim * paid, graph)
            add_deposits(b, claim * paid, graph)
            graph.liabilities[b, j] = 0.0
            if search.waves[j] == 0:  # a debtor that fails too pays its share in its turn
                add_other_assets(j, -graph.liabilities[j, b], graph)
                add_deposits(b, -graph.liabilities[j, b], graph)
                graph.liabilities[j, b] = 0.0
    return search.payments, received


@inlined
def book_failure(b, paid, received, market, graph, rules):
    """Deadweight cost leaves, the insurer pays what depositors lack, the bank's capital is nil.

    deadweight = (1 - alpha) outside assets + (1 - beta) received
    E' - deadweight + insurer - left = 0

    What a bank that had to close still has left is its estate's, which gets its books.    (M46)
    """
    dollar = market.rates.size - 1
    outside = graph.equity[b] - received + paid
    deadweight = (1.0 - rules.banks.recovery_external) * max(outside, 0.0)
    deadweight += (1.0 - rules.banks.recovery_interbank) * received
    insurer = max(deadweight - graph.equity[b], 0.0)
    left = max(graph.equity[b] - deadweight, 0.0)
    market.outside[DEADWEIGHT, dollar] += deadweight
    market.outside[DEPOSIT_INSURANCE, dollar] -= insurer
    market.outside[ESTATE, dollar] += left
    pay_bank(b, insurer - deadweight - left, FAILURE, graph)
    graph.equity[b] = 0.0  # to the last digit
    hand_over(b, market, graph)
    return insurer
