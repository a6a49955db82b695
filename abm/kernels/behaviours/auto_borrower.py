"""Borrowers whose lender liquidates automatically: levered long, and levered again after gains."""

from abm.kernels.behaviours.hedge_fund import set_fund_shares
from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import kernel
from abm.kernels.constraints.auto_liquidation import excess_debt, leverage_at


@kernel
def decide_auto_borrowers(lo, hi, books, rules, scratch):
    """Lever up where gains have left the loan small; above the target wait.            (M67)"""
    mandates, aim = rules.mandates, scratch.lanes[0][: hi - lo]
    for i in range(lo, hi):
        target, j = mandates.loan_to_value[i], i - lo
        books.target_leverage[i] = leverage_at(target)
        books.maintenance_leverage[i] = leverage_at(mandates.loan_to_value_limit[i])
        aim[j] = 0.0
        least = target - mandates.relever_band[i]
        if not is_idle(i, books) and excess_debt(books.wealth[i], books.borrowing[i], least) < 0.0:
            aim[j] = books.target_leverage[i]
            books.speed[i] = mandates.relever_speed[i]
    set_fund_shares(lo, hi, 1.0, aim, mandates.weights, books.intent)
