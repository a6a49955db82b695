"""Stop-loss: a drawdown from the high-water mark at which a fund cuts. (Retail: loss_cut.)"""

from abm.kernels.compiler.jit import inlined


@inlined
def is_stopped(drawdown, rule):
    """True where the loss since the high-water mark [share] is beyond the stop.         (M22)"""
    return drawdown > rule.stop_drawdown


@inlined
def stopped_leverage(target, rule):
    """Leverage that is left once stopped: 1 + k (target - 1)+                           (M22)"""
    return 1.0 + rule.stop_share * max(target - 1.0, 0.0)
