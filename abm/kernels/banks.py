"""The lenders: loan books, losses, credit lines, failures."""

from abm.kernels.cash import add_cash
from abm.kernels.columns import fill_zero
from abm.kernels.interbank import DEFAULTED, OWED, PAYMENTS, RECEIVED, clear_claims
from abm.kernels.jit import inlined, kernel
from abm.kernels.record import count_failure, record_event
from abm.kernels.state import (
    BANK_DESK,
    BANK_FAILURE,
    CUSTOM,
    DAY_BANK_FAILURES,
    DAY_BROKER_LOSS,
    DEADWEIGHT,
    DEFAULT,
    DEPOSIT_INSURANCE,
    FIRST_BANK,
    LOSS,
    NOBODY,
    RECAPITALISATION,
    RETAIL_EQUITY,
    RETAIL_FX,
    RISK_PARITY,
    TRADING_DAYS,
)

STANDING, JUST_FAILED, GONE = 0, 1, 2  # of graph.failed
MOST_UTILISATION = 1e6  # of a bank whose capital is all but gone: a number, whatever is divided
OUTSIDE = 4  # row of graph.clearing, above those of `clear_claims`


@kernel
def mark_loans(books, graph, rules):
    """Loan book of every bank, its own desks apart [USD bn].                            (M4)"""
    fill_zero(graph.loans)
    fill_zero(graph.desk_assets)
    for i in range(books.cash.size):
        borrowing = books.borrowing[i]
        if borrowing == 0.0:
            continue
        if rules.mandates.owner[i] >= 0:
            graph.desk_assets[rules.mandates.owner[i]] += borrowing
        for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
            graph.loans[graph.broker[edge]] += graph.broker_share[edge] * borrowing


@kernel
def bank_assets(b, graph):
    """Loans, interbank claims, other assets and the desk's book of a bank [USD bn].   (M5)"""
    claims = 0.0
    for debtor in range(graph.equity.size):
        claims += graph.liabilities[debtor, b]
    return graph.loans[b] + graph.other_assets[b] + claims + graph.desk_assets[b]


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


@inlined
def credit_bank(b, amount_usd_bn, market, graph):
    """What a failed bank would earn or lose is the deposit insurer's."""
    if graph.failed[b]:
        market.outside[DEPOSIT_INSURANCE, market.rates.size - 1] += amount_usd_bn
    else:
        graph.equity[b] += amount_usd_bn


@kernel
def is_empty(i, books, market, mandates):
    """Whether everything an institution is closing has been sold."""
    gross = 0.0
    for k in range(market.usd_price.size):
        if k > 0 or not mandates.resident[i]:
            gross += abs(books.units[k, i]) * market.usd_price[k]
    return gross <= 0.02 * mandates.size_usd_bn[i] if mandates.resident[i] else gross <= 1e-9


@kernel
def share_dealer_profit(market, graph):
    """What dealers earned since yesterday goes to the core banks by capital.          (M43)"""
    dollar = market.rates.size - 1
    profit = market.dealer_cash[dollar]
    for c in range(dollar):
        profit += market.dealer_cash[c] * market.usd_price[c]
    for k in range(market.usd_price.size):
        profit += market.dealer_held[k] * market.usd_price[k]
    capital = core_capital(graph)
    if capital <= 0.0:
        return
    for b in range(graph.equity.size):
        if graph.is_core[b] and graph.equity[b] > 0.0 and not graph.failed[b]:
            part = profit * graph.equity[b] / capital
            graph.equity[b] += part
            market.dealer_cash[dollar] -= part


@kernel
def core_capital(graph):
    """Capital of the core banks that still stand [USD bn]."""
    capital = 0.0
    for b in range(graph.equity.size):
        if graph.is_core[b] and not graph.failed[b]:
            capital += max(graph.equity[b], 0.0)
    return capital


@kernel
def sweep_desks(books, graph, rules):
    """A desk's profit is its bank's; the desk keeps a fixed share of the bank's capital. (M44)"""
    share = rules.banks.desk_capital_share
    for i in range(rules.mandates.first_row[BANK_DESK], rules.mandates.first_row[RISK_PARITY]):
        bank, wealth = rules.mandates.owner[i], books.wealth[i]
        if graph.failed[bank] or books.days_out[i] > 0 or books.closing[i] or wealth <= 0.0:
            continue
        sweep = wealth - share * max(graph.equity[bank] + wealth, 0.0)
        add_cash(i, -sweep, books)
        books.high_water[i] *= 1.0 - sweep / wealth
        books.entry_wealth[i] = books.wealth[i]
        graph.equity[bank] += sweep


@kernel
def rebuild_capital(market, graph, rules):
    """Lost capital comes back slowly, gains are paid out four times as fast.          (M47)"""
    dollar = market.rates.size - 1
    for b in range(graph.equity.size):
        if graph.failed[b]:
            continue
        gap = graph.opening_equity[b] - graph.equity[b]
        rate = rules.banks.recapitalisation / TRADING_DAYS
        flow = rate * gap if gap > 0.0 else rules.banks.payout_multiple * rate * gap
        graph.equity[b] += flow
        market.outside[RECAPITALISATION, dollar] -= flow


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
def cut_lines(books, graph):
    """Borrowers learn what their banks recall tomorrow.                                   (M48)"""
    total = 0.0
    for b in range(graph.cut.size):
        total += graph.cut[b]
    if total == 0.0:
        return
    for i in range(books.cash.size):
        for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
            books.line_cut[i] += graph.broker_share[edge] * graph.cut[graph.broker[edge]]
        books.line_cut[i] = min(books.line_cut[i], 1.0)


@kernel
def fail_banks(day, books, market, graph, rules, diary):
    """Interbank clearing when a bank's capital is gone; its lending is recalled or moves.

    (M45, M46)
    """
    n = graph.equity.size
    is_due = False
    for b in range(n):
        is_due = is_due or (graph.equity[b] < 0.0 and not graph.failed[b])
    if not is_due:
        return
    settle_claims(graph, rules)
    for b in range(n):
        if graph.failed[b] != JUST_FAILED:
            continue
        shortfall = book_failure(b, market, graph, rules)
        diary.days[day, DAY_BANK_FAILURES] += 1.0
        record_event(day, 0, BANK_FAILURE, FIRST_BANK - b, NOBODY, -1, shortfall, -1, diary)
        move_clients(b, books, graph, rules)
    for b in range(n):
        if graph.failed[b] == JUST_FAILED:
            graph.failed[b] = GONE


@kernel
def settle_claims(graph, rules):
    """Pay interbank debts by the greatest clearing vector.

    Banks that cannot pay are marked; their creditors lose what is not paid and nothing else moves.
    """
    n = graph.equity.size
    work = graph.clearing
    outside = work[OUTSIDE]  # E = outside assets net of deposits + claims - debts
    for b in range(n):
        outside[b] = graph.equity[b]
        for j in range(n):
            outside[b] += graph.liabilities[b, j] - graph.liabilities[j, b]
    clear_claims(
        graph.liabilities, outside, rules.banks.recovery_external,
        rules.banks.recovery_interbank, work,
    )  # fmt: skip
    for b in range(n):
        if work[DEFAULTED, b] == 0.0 or graph.failed[b]:
            continue
        graph.failed[b] = JUST_FAILED
        paid = work[PAYMENTS, b] / work[OWED, b] if work[OWED, b] > 0.0 else 1.0
        for j in range(n):
            claim = graph.liabilities[b, j]
            graph.equity[j] -= claim * (1.0 - paid)
            graph.equity[b] += claim * (1.0 - paid)
            graph.other_assets[j] += claim * paid
            graph.other_assets[j] -= graph.liabilities[j, b]
            graph.liabilities[b, j] = 0.0
    for b in range(n):
        if graph.failed[b] == JUST_FAILED:
            for j in range(n):
                graph.liabilities[j, b] = 0.0


@kernel
def book_failure(b, market, graph, rules):
    """Deadweight cost leaves, the insurer pays what depositors lack, the bank's capital is nil.

    deadweight = (1 - alpha) outside assets + (1 - beta) received;  E' - deadweight + insurer = 0

    (M46)
    """
    dollar = market.rates.size - 1
    received = graph.clearing[RECEIVED, b]
    outside = graph.equity[b] - received + graph.clearing[PAYMENTS, b]
    deadweight = (1.0 - rules.banks.recovery_external) * max(outside, 0.0)
    deadweight += (1.0 - rules.banks.recovery_interbank) * received
    insurer = deadweight - graph.equity[b]
    market.outside[DEADWEIGHT, dollar] += deadweight
    market.outside[DEPOSIT_INSURANCE, dollar] -= insurer
    graph.equity[b] = 0.0
    return max(insurer, 0.0)


@kernel
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
        books.line_cut[i] += lost * (1.0 - rules.banks.ported_share)
        for edge in range(first, last):
            # By what is kept, not by 1 - lost: of small shares the difference has no digits left.
            if graph.broker[edge] != b and kept > 1e-12:
                graph.broker_share[edge] /= kept
            elif kept > 1e-12:
                graph.broker_share[edge] = 0.0
            elif heir >= 0:
                graph.broker[edge] = heir
    for i in range(books.cash.size):
        if rules.mandates.owner[i] == b:
            books.closing[i] = 1


@kernel
def largest_bank(graph):
    """The standing bank with most capital; -1 if none stands."""
    best, most = -1, 0.0
    for b in range(graph.equity.size):
        if not graph.failed[b] and graph.equity[b] > most:
            best, most = b, graph.equity[b]
    return best
