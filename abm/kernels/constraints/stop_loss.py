"""Stop-loss: a drawdown from the high-water mark at which a fund cuts. (Retail: loss_cut.)"""

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.state import HEDGE_FUND, RISK_PARITY


@inlined
def is_stopped(drawdown, rule):
    """True where the loss since the high-water mark [share] is beyond the stop.         (M22)"""
    return drawdown > rule.stop_drawdown


@inlined
def stopped_leverage(target, rule):
    """Leverage that is left once stopped: 1 + k (target - 1)+                           (M22)"""
    return 1.0 + rule.stop_share * max(target - 1.0, 0.0)


@kernel
def reset_stops(books, rules):
    """Count losses anew after a time beyond the stop: H <- W.                          (M75)"""
    if rules.funds.stop_reset_days == 0:
        return
    first = rules.mandates.first_row
    for i in range(first[HEDGE_FUND], first[RISK_PARITY]):
        is_trading = not is_idle(i, books)
        if is_trading and is_stopped(1.0 - books.wealth[i] / books.high_water[i], rules.funds):
            books.stopped_days[i] += 1
        else:
            books.stopped_days[i] = 0
        if books.stopped_days[i] > rules.funds.stop_reset_days:
            books.high_water[i] = books.wealth[i]
            books.stopped_days[i] = 0
