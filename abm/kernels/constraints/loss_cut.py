"""Loss cut: the stop-out of retail accounts whose equity falls below a share of notional."""

from abm.kernels.behaviours.idle import is_out
from abm.kernels.compiler.jit import inlined
from abm.kernels.constraints.verdicts import LOSS_CUT_HIT
from abm.kernels.contracts.balances import gross_assets
from abm.kernels.state import CHUNK, CUT, SHARE_A_DAY


@inlined
def notional(i, books, market, mandates):
    """Notional of a retail account [USD bn]: its assets, or the yen a currency trader owes."""
    if mandates.sale_rule[i] == SHARE_A_DAY:
        return gross_assets(i, books, market)
    return -books.units[0, i] * market.usd_price[0]


@inlined
def is_called(wealth, position, rule):
    """True where an account is below the call level of its required margin.              (M139)

    W < l m N
    """
    return position > 0.0 and wealth < rule.call_level * rule.required_margin * position


@inlined
def is_uncut(wealth, borrowing, loss_cut, call_day):
    """True if none of these accounts can be cut, or freed from a call: W >= c (W + B).

    An account's notional is at most its assets, and these are W + B.
    """
    count = 0
    for i in range(wealth.size):
        is_well = wealth[i] >= loss_cut[i] * (wealth[i] + borrowing[i])
        count += (not is_well) | (call_day[i] >= 0)
    return count == 0


@inlined
def test_loss_cuts(day, books, market, rules):
    """Test all retail accounts at these prices; return how many are cut.              (M30)"""
    n = 0
    if not rules.channels.retail_stop_outs:
        return n
    start, end = rules.mandates.retail_rows
    for lo in range(start, end, CHUNK):
        hi = min(lo + CHUNK, end)
        if not is_uncut(
            books.wealth[lo:hi], books.borrowing[lo:hi], rules.mandates.loss_cut[lo:hi],
            books.call_day[lo:hi],
        ):  # fmt: skip
            n += cut_losses(lo, hi, day, books, market, rules.mandates)
    return n


@inlined
def cut_losses(lo, hi, day, books, market, mandates):
    """Test accounts lo..hi one by one; return how many are cut.                  (M30, M89)

    A breach that is cured before the account must have paid is forgotten.
    """
    n = 0
    for i in range(lo, hi):
        if mandates.call_rule[i] != CUT or is_out(i, books):
            continue
        size = notional(i, books, market, mandates)
        if size <= 0.0 or books.wealth[i] >= mandates.loss_cut[i] * size:
            books.call_day[i] = -1
            continue
        if books.call_day[i] < 0:
            books.call_day[i] = day
        if day >= books.call_day[i] + mandates.grace_days[i]:
            books.call_day[i] = -1
            books.verdict[i] = LOSS_CUT_HIT
            n += 1
    return n
