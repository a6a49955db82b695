"""Losses: emptied books leave, and their debts are their lenders' loss."""

from abm.kernels.behaviours.idle import is_orphaned
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.verdicts import IN_DEBT, NO_VERDICT
from abm.kernels.contracts.balances import add_cash
from abm.kernels.contracts.loans import credit_bank
from abm.kernels.contracts.repo import write_off_repo
from abm.kernels.events import DEFAULT, FIRST_BANK, LOSS, NO_INSTITUTION, record_event
from abm.kernels.numerics.columns import is_any
from abm.kernels.record import count_failure
from abm.kernels.state import CALLED, CLIENTS, DESKS

RESIDENTS_LEFT = 0.02  # share of its size at which a resident's book counts as empty
LEFT_USD_BN = 1e-9  # gross value at which any other book does


@kernel
def suspend_emptied(books, market, graph, mandates, record):
    """Suspend those whose closing has emptied their books; a debt left is a failure.    (M42)"""
    for i in range(books.cash.size):
        if books.closing[i] == 0 or not is_empty(i, books, market, mandates):
            continue
        books.closing[i] = 0
        books.call_day[i] = -1
        books.suspended_days[i] = mandates.suspended_days_after_failure[i]
        if is_orphaned(i, graph, mandates):
            books.suspended_days[i] = max(books.suspended_days[i], 1)  # and no day of it passes
        if books.wealth[i] < 0.0:
            books.verdict[i] = IN_DEBT
            if mandates.call_rule[i] != CALLED:
                count_failure(i, record)  # the called were counted when they began to close


@inlined
def is_empty(i, books, market, mandates):
    """True once everything that an institution is closing has been sold."""
    gross = 0.0
    for k in range(market.usd_price.size):
        if k > 0 or not mandates.resident[i]:
            gross += abs(books.units[k, i]) * market.usd_price[k]
    if mandates.resident[i]:
        return gross <= RESIDENTS_LEFT * mandates.size_usd_bn[i]
    return gross <= LEFT_USD_BN


@kernel
def pass_on_losses(books, market, graph, mandates, record):
    """Debts of emptied books are their brokers' loss, by share; a desk's are its bank's.   (M42)

    First the repo lender's, for what pledged bonds did not bring                         (M156)
    """
    dollar = market.rates.size - 1
    if not is_any(books.verdict):
        return
    for i in range(books.cash.size):
        if books.verdict[i] != IN_DEBT:
            continue
        books.verdict[i] = NO_VERDICT
        loss = -books.wealth[i]
        record.days[record.now[0]].broker_loss_usd_bn += loss
        cause = record_event(DEFAULT, i, NO_INSTITUTION, -1, loss, record.cause[i], record)
        add_cash(i, loss, books)
        paid = write_off_repo(i, cause, books, market, record)
        brokers = loss - paid
        for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
            bank, part = graph.broker[edge], graph.broker_share[edge] * brokers
            credit_bank(bank, -part, CLIENTS, market, graph)
            paid += part
            record_event(LOSS, i, FIRST_BANK - bank, -1, part, cause, record)
        if mandates.owner[i] >= 0:
            credit_bank(mandates.owner[i], -loss, DESKS, market, graph)
            record_event(LOSS, i, FIRST_BANK - mandates.owner[i], -1, loss, cause, record)
        else:  # what no broker has lent an account outside the model bears
            market.outside[mandates.loss_account[i], dollar] -= loss - paid
