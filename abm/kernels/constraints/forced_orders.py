"""Who must act at these prices, and the orders that this forces."""

import math

from abm.kernels.compiler.jit import kernel
from abm.kernels.constraints.close_out import LIQUIDATING, STOPPED, sell_asset_share, sell_share
from abm.kernels.constraints.deleverage import delever
from abm.kernels.constraints.loss_cut import test_cuts
from abm.kernels.constraints.margin import called_leverage, test_calls
from abm.kernels.contracts.balances import leverage_of
from abm.kernels.contracts.loans import main_broker
from abm.kernels.events import RECALL, record_event
from abm.kernels.state import CUSTOM, HEDGE_FUND, INSURER, RETAIL_FX


@kernel
def test_margins(day, round_, books, market, graph, rules, diary):
    """Who is called, who is cut and who is closed out at these prices.                 (M30)"""
    first = rules.mandates.first_row
    test_calls(first[HEDGE_FUND], first[RETAIL_FX], day, round_, books, market, graph, rules, diary)
    test_calls(first[CUSTOM], first[CUSTOM + 1], day, round_, books, market, graph, rules, diary)
    test_cuts(first[RETAIL_FX], first[INSURER], day, round_, books, market, graph, rules, diary)


@kernel
def force_orders(day, round_, books, market, graph, rules, diary):
    """Write the orders that calls, cuts and recalls force; return how many rows.     (M31)

    ``diary.rows`` lists the institutions that must trade in this round.
    """
    first = rules.mandates.first_row
    n_rows = 0
    if not is_any_forced(books.closing, books.line_cut, books.call_day):
        return n_rows
    for i in range(first[HEDGE_FUND], first[CUSTOM + 1]):
        recalled = books.line_cut[i] if round_ == 0 else 0.0
        books.line_cut[i] = 0.0
        if first[INSURER] <= i < first[CUSTOM] or books.days_out[i] > 0:
            continue
        due = books.call_day[i] >= 0 and (not rules.mandates.is_slow[i] or day > books.call_day[i])
        if books.closing[i] == STOPPED:
            sell_share(i, 1.0, books)
        elif books.closing[i] == LIQUIDATING:
            if round_ > 0:
                continue
            sell_asset_share(i, rules.households.margin_sale_share, books)
        elif due and leverage_of(i, books) > books.leverage_limit[i]:
            delever(i, called_leverage(i, books, rules), books, market, rules)
        elif recalled > 0.0 and books.borrowing[i] > 0.0:
            target = 1.0 + (leverage_of(i, books) - 1.0) * (1.0 - recalled)
            diary.cause[i] = record_event(
                day, 0, RECALL, i, main_broker(i, graph), -1,
                recalled * books.borrowing[i], -1, diary,
            )  # fmt: skip
            if math.isfinite(target):
                delever(i, target, books, market, rules)
            else:
                sell_share(i, 1.0, books)  # owes, and has no wealth to lever
        else:
            continue
        books.forced[i] = 1
        diary.rows[n_rows] = i
        n_rows += 1
    return n_rows


@kernel
def is_any_forced(closing, line_cut, call_day):
    """Whether anybody closes, repays a line or stands under a call."""
    count = 0
    for i in range(closing.size):
        count += (closing[i] != 0) | (line_cut[i] != 0.0) | (call_day[i] >= 0)
    return count > 0
