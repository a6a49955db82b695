"""Forced orders: the institutions that must act at these prices, and by how much."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.auto_liquidation import is_any_over_limit, is_over_limit, liquidate
from abm.kernels.constraints.deleverage import delever, sell_asset_share, sell_share
from abm.kernels.constraints.loss_cut import test_loss_cuts
from abm.kernels.constraints.margin import called_leverage, is_due, test_calls
from abm.kernels.constraints.verdicts import CLOSES, MEETS_CALL, NOT_FORCED, REPAYS
from abm.kernels.contracts.balances import leverage_of
from abm.kernels.contracts.loans import main_broker
from abm.kernels.contracts.repo import owed_to_brokers
from abm.kernels.events import RECALL, record_event
from abm.kernels.state import CHUNK, LIQUIDATED, NO_CALL, SHARE_A_DAY, STRETCH


@inlined
def test_margins(day, books, market, rules):
    """Test who is called, cut or closed out at these prices; return how many.         (M30)"""
    n = 0
    for stretch in rules.mandates.called_rows:
        for lo in range(stretch[0], stretch[1], STRETCH):
            n += test_calls(lo, min(lo + STRETCH, stretch[1]), books, rules)
    return n + test_loss_cuts(day, books, market, rules)


@kernel
def find_forced(day, round_, books, rules, scratch):
    """List who must trade in this round, and why.                                     (M31)

    ``scratch.rows`` and ``n_forced`` hold them. A share of the day is sold in the first round;
    what banks recall is due in it, or lapses. True if anybody is called, closing or liquidated,
    whether now or later: without one nobody can be forced before the next verdict.
    """
    n, is_pending = 0, False
    is_any_liquidated = is_any_over_limit(books, rules.mandates)
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        if is_any_liquidated or is_any_forced(
            books.closing[lo:hi], books.recalled[lo:hi], books.call_day[lo:hi]
        ):
            n = list_forced(lo, hi, n, day, round_, books, rules, scratch)
            is_pending = True
    scratch.n_forced[0] = n
    return is_pending


@inlined
def list_forced(lo, hi, n, day, round_, books, rules, scratch):
    """Add those of lo..hi who must trade to the list of `n`; return how long it is then."""
    for i in range(lo, hi):
        why = reason(i, day, books, rules)
        if why == CLOSES and round_ > 0 and rules.mandates.sale_rule[i] == SHARE_A_DAY:
            why = NOT_FORCED
        if why != REPAYS:
            books.recalled[i] = 0.0
        books.forced[i] = why
        if why != NOT_FORCED:
            scratch.rows[n] = i
            n += 1
    return n


@inlined
def reason(i, day, books, rules):
    """Reason why an institution must trade: it closes, a call is due, or credit is recalled."""
    if books.suspended_days[i] > 0 or rules.mandates.call_rule[i] == NO_CALL:
        return NOT_FORCED
    if books.closing[i] != 0:
        return CLOSES
    if is_due(i, day, books, rules) or is_over_limit(i, books, rules.mandates):
        return MEETS_CALL
    if books.recalled[i] > 0.0 and books.borrowing[i] > 0.0:
        return REPAYS
    return NOT_FORCED


@inlined
def is_any_forced(closing, recalled, call_day):
    """True if any of these institutions closes, has credit recalled or stands under a call."""
    count = 0
    for i in range(closing.size):
        count += (closing[i] != 0) | (recalled[i] != 0.0) | (call_day[i] >= 0)
    return count > 0


@kernel
def record_recalls(books, graph, record, scratch):
    """Write down the credit recalled from those who must repay."""
    for r in range(scratch.n_forced[0]):
        i = scratch.rows[r]
        if books.forced[i] == REPAYS:
            amount, broker = books.recalled[i] * owed_to_brokers(i, books), main_broker(i, graph)
            record.cause[i] = record_event(RECALL, i, broker, -1, amount, -1, record)


@kernel
def force_orders(books, market, rules, scratch):
    """Write the orders of all who must trade in this round.                           (M31)"""
    for r in range(scratch.n_forced[0]):
        i = scratch.rows[r]
        if books.forced[i] == CLOSES:
            if rules.mandates.sale_rule[i] == SHARE_A_DAY:
                sell_asset_share(i, rules.retail_equity.sale_share, books)
            else:
                sell_share(i, 1.0, books)
        elif rules.mandates.call_rule[i] == LIQUIDATED:
            liquidate(i, books, market, rules.mandates)
        elif books.forced[i] == MEETS_CALL:
            delever(i, called_leverage(i, books, rules), books, market, rules, scratch)
        else:
            repay(i, books, market, rules, scratch)


@kernel
def repay(i, books, market, rules, scratch):
    """Orders that repay the share of their loan that banks recall from an institution."""
    kept = 1.0 - books.recalled[i]
    if rules.repo.is_on:  # of what it owes its brokers alone
        kept = 1.0 - books.recalled[i] * (owed_to_brokers(i, books) / books.borrowing[i])
    target = 1.0 + (leverage_of(i, books) - 1.0) * kept
    books.recalled[i] = 0.0
    if math.isfinite(target):
        delever(i, target, books, market, rules, scratch)
    else:
        sell_share(i, 1.0, books)  # owes, and has no wealth to lever
