"""Losses: emptied books leave, and their debts are their lenders' loss."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.contracts.balances import add_cash
from abm.kernels.contracts.loans import credit_bank
from abm.kernels.events import DEFAULT, FIRST_BANK, LOSS, NOBODY, record_event
from abm.kernels.record import DAY_BROKER_LOSS, count_failure
from abm.kernels.state import CUSTOM, DEPOSIT_INSURANCE, RETAIL_EQUITY, RETAIL_FX


@kernel
def pass_on_losses(day, books, market, graph, rules, diary):
    """Books that have been emptied leave; what they owe is their brokers' loss.       (M42)"""
    dollar = market.rates.size - 1
    mandates, first = rules.mandates, rules.mandates.first_row
    for i in range(books.cash.size):
        if books.closing[i] == 0 or not is_empty(i, books, market, mandates):
            continue
        books.closing[i] = 0
        books.call_day[i] = -1
        books.days_out[i] = rules.funds.days_out
        if first[RETAIL_FX] <= i < first[RETAIL_EQUITY]:
            books.days_out[i] = rules.households.days_out_fx
        elif first[RETAIL_EQUITY] <= i < first[CUSTOM]:
            books.days_out[i] = rules.households.days_out_equity
        if books.wealth[i] >= 0.0:
            continue
        loss = -books.wealth[i]
        diary.days[day, DAY_BROKER_LOSS] += loss
        if first[RETAIL_FX] <= i < first[CUSTOM]:
            count_failure(day, i, diary)
        cause = record_event(day, 0, DEFAULT, i, NOBODY, -1, loss, diary.cause[i], diary)
        add_cash(i, loss, books)
        paid = 0.0
        for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
            bank, part = graph.broker[edge], graph.broker_share[edge] * loss
            credit_bank(bank, -part, market, graph)
            paid += part
            record_event(day, 0, LOSS, i, FIRST_BANK - bank, -1, part, cause, diary)
        # Without a broker the clearing account bears it.
        market.outside[DEPOSIT_INSURANCE, dollar] -= loss - paid


@kernel
def is_empty(i, books, market, mandates):
    """Whether everything an institution is closing has been sold."""
    gross = 0.0
    for k in range(market.usd_price.size):
        if k > 0 or not mandates.resident[i]:
            gross += abs(books.units[k, i]) * market.usd_price[k]
    return gross <= 0.02 * mandates.size_usd_bn[i] if mandates.resident[i] else gross <= 1e-9
