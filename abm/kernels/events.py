"""The events of a run: their kinds, their table, and what caused what."""

import math

from abm.kernels.compiler.jit import kernel
from abm.kernels.record import GROSS

# Kinds of event, and the columns of the events table that the kernels write.
EVENT_KINDS = (
    "margin_call",
    "forced_sale",
    "clearing",
    "limit_hit",
    "default",
    "close_out",
    "loss",
    "bank_failure",
    "recall",
    "policy",
    "loss_cut",
    "news",
)
(
    MARGIN_CALL,
    FORCED_SALE,
    CLEARING,
    LIMIT_HIT,
    DEFAULT,
    CLOSE_OUT,
    LOSS,
    BANK_FAILURE,
    RECALL,
    POLICY,
    LOSS_CUT,
    NEWS,
) = range(12)
EVENT_COLUMNS = (
    "day",
    "round",
    "kind",
    "institution",
    "counterparty",
    "instrument",
    "amount_usd_bn",
    "cause",
    "share_of_flow",
    "clearing",
)
N_EVENT_COLUMNS = 10
NOBODY, MARKET, CENTRAL_BANK, SCRIPT = -1, -2, -3, -4  # codes of who; banks are -10 - b
FIRST_BANK = -10


@kernel
def record_event(day, round_, kind, who, whom, instrument, amount_usd_bn, cause, diary):
    """Append an event; return its number. Events beyond the table's length are only counted."""
    number = diary.n_events[0]
    diary.n_events[0] = number + 1
    if number < diary.events.shape[0]:
        row = diary.events[number]
        row[0] = day
        row[1] = round_
        row[2] = kind
        row[3] = who
        row[4] = whom
        row[5] = instrument
        row[6] = amount_usd_bn
        row[7] = cause
        row[8] = math.nan
        row[9] = -1.0
    return number


@kernel
def open_clearing(day, round_, market, diary):
    """A new round has cleared: its events are written when something first refers to them."""
    diary.when[0], diary.when[1] = day, round_
    for k in range(market.quote.size):
        diary.clearing_event[k] = -1
        diary.gross[k] = diary.flows[GROSS, k] * market.usd_price[k]


@kernel
def clearing_of(k, diary):
    """Event of the last clearing of instrument k (-1 for none): the parent of what it caused."""
    if k < 0 or diary.when[0] < 0:
        return -1
    if diary.clearing_event[k] < 0:
        diary.clearing_event[k] = record_event(
            diary.when[0], diary.when[1], CLEARING, MARKET, NOBODY, k, diary.gross[k], -1, diary
        )
    return diary.clearing_event[k]


@kernel
def share_flows(day, round_, first_event, market, diary):
    """The round's forced orders learn their share of gross flow and the clearing they fed."""
    open_clearing(day, round_, market, diary)
    last = min(diary.n_events[0], diary.events.shape[0])
    for number in range(first_event, last):
        row = diary.events[number]
        k = int(row[5])
        if diary.gross[k] > 0.0:
            row[8] = abs(row[6]) / diary.gross[k]
        row[9] = clearing_of(k, diary)


@kernel
def record_limits(day, round_, market, diary):
    """One event per instrument at its limit; returns how many."""
    count = 0
    for k in range(market.quote.size):
        if diary.side[k] != 0.0:
            count += 1
            parent = clearing_of(k, diary)
            record_event(day, round_, LIMIT_HIT, MARKET, NOBODY, k, diary.gross[k], parent, diary)
    return count


@kernel
def record_script(day, market, draws, diary):
    """What was scripted: rate changes [fraction per year], official orders [USD bn], news [log]."""
    for c in range(market.rates.size - 1):
        before = draws.rates[max(day - 1, 0), c]
        if draws.rates[day, c] != before:
            change = draws.rates[day, c] - before
            record_event(day, 0, POLICY, CENTRAL_BANK, NOBODY, c, change, -1, diary)
    for k in range(market.quote.size):
        order = draws.official_usd_bn[day, k]
        if order != 0.0:
            record_event(day, 0, POLICY, CENTRAL_BANK, MARKET, k, order, -1, diary)
    for m in range(draws.scripted_moves.shape[0]):
        move = draws.scripted_moves[m]
        if move[0] == day:
            record_event(day, 0, NEWS, int(move[1]), MARKET, int(move[2]), move[3], -1, diary)
