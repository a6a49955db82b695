"""Stop-loss: a drawdown from the high-water mark at which a fund cuts. (Retail: loss_cut.)"""

from abm.kernels.behaviours.idle import may_decide
from abm.kernels.compiler.jit import inlined
from abm.kernels.state import HEDGE_FUND, RISK_PARITY


@inlined
def is_stopped(drawdown, rule):
    """True where the loss since the high-water mark [share] is beyond the stop.         (M22)"""
    return drawdown > rule.stop_drawdown


@inlined
def stopped_leverage(target, rule):
    """Leverage that is left once stopped: 1 + k (target - 1)+                           (M22)"""
    return 1.0 + rule.stop_share * max(target - 1.0, 0.0)


@inlined
def reset_stops(books, rules):
    """Count losses anew after a time beyond the stop: H <- W.                          (M75)"""
    if rules.funds.stop_reset_days == 0:
        return
    first = rules.mandates.first_row
    lo, hi = first[HEDGE_FUND], first[RISK_PARITY]
    count_stopped_days(
        books.wealth[lo:hi], books.suspended_days[lo:hi], books.closing[lo:hi], rules.funds,
        books.high_water[lo:hi], books.stopped_days[lo:hi],
    )  # fmt: skip


@inlined
def count_stopped_days(wealth, suspended_days, closing, rule, high_water, stopped_days):
    """Count days beyond the stop; after enough of them the mark is today's wealth.     (M75)"""
    for j in range(wealth.size):
        is_trading = may_decide(suspended_days[j], closing[j], wealth[j])
        is_beyond = is_trading & is_stopped(1.0 - wealth[j] / high_water[j], rule)
        days = stopped_days[j] + 1 if is_beyond else 0
        is_reset = days > rule.stop_reset_days
        high_water[j] = wealth[j] if is_reset else high_water[j]
        stopped_days[j] = 0 if is_reset else days
