"""Calls and closings: what a verdict means, written down with its cause."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.constraints.verdicts import CALL, LOSS_CUT_HIT, NO_VERDICT, UNMET
from abm.kernels.contracts.balances import debt_above, gross_assets
from abm.kernels.contracts.loans import main_broker
from abm.kernels.events import CLOSE_OUT, LOSS_CUT, MARGIN_CALL, clearing_of, record_event
from abm.kernels.record import count_failure


@kernel
def book_calls(books, market, graph, record):
    """Book all verdicts but loss cuts, row by row; loss cuts are left."""
    for i in range(books.verdict.size):
        verdict = books.verdict[i]
        if verdict == NO_VERDICT or verdict == LOSS_CUT_HIT:
            continue
        books.verdict[i] = NO_VERDICT
        if verdict == CALL:
            call_margin(i, books, market, graph, record)
        else:
            count_failure(i, record)
            unmet = record.cause[i] if verdict == UNMET else -1
            start_closing(i, CLOSE_OUT, unmet, books, market, graph, record)


@kernel
def book_loss_cuts(books, market, graph, record):
    """Book the loss cuts, row by row."""
    for i in range(books.verdict.size):
        if books.verdict[i] == LOSS_CUT_HIT:
            books.verdict[i] = NO_VERDICT
            record.days[record.now[0]].n_loss_cuts += 1.0
            start_closing(i, LOSS_CUT, -1, books, market, graph, record)


@kernel
def call_margin(i, books, market, graph, record):
    """Open a margin call; its cause is the clearing of the instrument that cost most."""
    today = record.now[0]
    books.call_day[i] = today
    record.n_calls[i] += 1
    record.days[today].n_margin_calls += 1.0
    worst = costliest_instrument(i, books, market, record)
    cause = clearing_of(worst, record)
    excess = debt_above(books.maintenance_leverage[i], books.wealth[i], books.borrowing[i])
    broker = main_broker(i, graph)
    record.cause[i] = record_event(MARGIN_CALL, i, broker, worst, excess, cause, record)


@kernel
def start_closing(i, kind, unmet, books, market, graph, record):
    """From the next round on this institution sells everything it has.

    Its cause is the call that stayed ``unmet``; without one (-1) the clearing that cost most.
    """
    books.closing[i] = 1
    worst = costliest_instrument(i, books, market, record)
    cause = unmet if unmet >= 0 else clearing_of(worst, record)
    gross = gross_assets(i, books, market)
    record.cause[i] = record_event(kind, i, main_broker(i, graph), worst, gross, cause, record)


@kernel
def costliest_instrument(i, books, market, record):
    """Instrument whose move since the last mark cost this institution most; -1 if none did."""
    worst, worst_loss = -1, 0.0
    for k in range(market.usd_price.size):
        loss = books.units[k, i] * (record.mark[k] - market.usd_price[k])
        if loss > worst_loss:
            worst, worst_loss = k, loss
    return worst
