"""Events of a run: their kinds, their table, and what caused what."""

import math

import numpy as np

from abm.kernels.authorities.boj import IS_POSTPONED
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.scratch import GROSS

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
    "liquidation",
    "bank_run",
    "asset_sale",
    "swap_line",
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
    LIQUIDATION,
    BANK_RUN,
    ASSET_SALE,
    SWAP_LINE,
) = range(len(EVENT_KINDS))
# These force an institution to trade.
CALLS = (MARGIN_CALL, CLOSE_OUT, LOSS_CUT, RECALL, LIQUIDATION)
# Who: a row of an institution, or one of these; bank b is FIRST_BANK - b.
NO_INSTITUTION, MARKET, CENTRAL_BANK, SCRIPT, MONEY_FUND = -1, -2, -3, -4, -5
FIRST_BANK = -10
NO_INSTRUMENT = -1  # the dollar is none
EVENT = np.dtype(
    [
        ("day", np.int64),
        ("round", np.int64),
        ("kind", np.int64),  # of EVENT_KINDS
        ("institution", np.int64),  # who
        ("counterparty", np.int64),
        ("instrument", np.int64),  # -1 none
        ("amount_usd_bn", np.float64),
        ("cause", np.int64),  # event, -1 none
        ("share_of_flow", np.float64),  # of forced sales
        ("clearing", np.int64),  # event that a forced sale fed, -1 none
    ]
)
_NO_SHARE = math.nan


@kernel
def record_event(kind, who, whom, instrument, amount_usd_bn, cause, record):
    """Append an event of now; return its number. Beyond the table's end it is only counted."""
    return record_event_of(
        record.now[0], record.now[1], kind, who, whom, instrument, amount_usd_bn, cause, record
    )


@kernel
def record_event_of(day, round_, kind, who, whom, instrument, amount_usd_bn, cause, record):
    """Append an event of some day and round; return its number."""
    number = record.n_events[0]
    record.n_events[0] = number + 1
    if number < record.events.shape[0]:
        row = record.events[number]
        row.day = day
        row.round = round_
        row.kind = kind
        row.institution = who
        row.counterparty = whom
        row.instrument = instrument
        row.amount_usd_bn = amount_usd_bn
        row.cause = cause
        row.share_of_flow = _NO_SHARE
        row.clearing = -1
    return number


@inlined
def open_clearing(market, record, scratch):
    """A new round has cleared: its events are written when something first refers to them."""
    record.when[0], record.when[1] = record.now[0], record.now[1]
    for k in range(market.quote.size):
        record.clearing_event[k] = -1
        record.gross[k] = scratch.flows[GROSS, k] * market.usd_price[k]


@kernel
def clearing_of(k, record):
    """Event of the last clearing of instrument k (-1 for none): the parent of what it caused."""
    if k < 0 or record.when[0] < 0:
        return -1
    if record.clearing_event[k] < 0:
        record.clearing_event[k] = record_event_of(
            record.when[0],
            record.when[1],
            CLEARING,
            MARKET,
            NO_INSTITUTION,
            k,
            record.gross[k],
            -1,
            record,
        )
    return record.clearing_event[k]


@kernel
def share_flows(first_event, market, record, scratch):
    """Forced orders of the round get their share of gross flow and the clearing they fed."""
    open_clearing(market, record, scratch)
    last = min(record.n_events[0], record.events.shape[0])
    for number in range(first_event, last):
        row = record.events[number]
        k = row.instrument
        if record.gross[k] > 0.0:
            row.share_of_flow = abs(row.amount_usd_bn) / record.gross[k]
        row.clearing = clearing_of(k, record)


@kernel
def record_limits(record, scratch):
    """Write one event per instrument at its limit, and count them."""
    for k in range(scratch.side.size):
        if scratch.side[k] != 0.0:
            record.days[record.now[0]].n_at_limit += 1.0
            parent = clearing_of(k, record)
            record_event(LIMIT_HIT, MARKET, NO_INSTITUTION, k, record.gross[k], parent, record)


@kernel
def record_policy(day, market, script, record):
    """Write rate changes [per year], official orders [USD bn] and scripted news [log] of a day.

    A hike that waits is a change of nothing; what the rules of authorities tell comes last.
    """
    dollar = market.rates.size - 1
    for c in range(dollar):
        change = script.rates[day, c] - script.rates[max(day - 1, 0), c] + market.rate_moves[c]
        if change != 0.0 or (c == 0 and market.boj[IS_POSTPONED] > 0):
            record_event(POLICY, CENTRAL_BANK, NO_INSTITUTION, c, change, -1, record)
    if market.rate_moves[dollar] != 0.0:
        change = market.rate_moves[dollar]
        record_event(POLICY, CENTRAL_BANK, NO_INSTITUTION, NO_INSTRUMENT, change, -1, record)
    for k in range(market.policy_orders.size):
        order = market.policy_orders[k]
        if order != 0.0:
            record_event(POLICY, CENTRAL_BANK, MARKET, k, order, -1, record)
    for m in range(script.moves.shape[0]):
        move = script.moves[m]
        if move[0] == day:
            record_event(NEWS, int(move[1]), MARKET, int(move[2]), move[3], -1, record)
    for k in range(market.policy_news.size):
        if market.policy_news[k] != 0.0:
            record_event(NEWS, CENTRAL_BANK, MARKET, k, market.policy_news[k], -1, record)
