"""Automatic liquidation of a loan against collateral: at once, in part, in every round.

The lender reads prices of the last round. There is no call, no day of grace and no credit line.
"""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.close_out import costliest_instrument
from abm.kernels.constraints.verdicts import MEETS_CALL
from abm.kernels.contracts.balances import add_cash
from abm.kernels.events import LIQUIDATION, NO_INSTITUTION, clearing_of, record_event
from abm.kernels.markets.orders import IN_UNITS
from abm.kernels.markets.settlement import filled
from abm.kernels.state import AUTO_LENDER, LIQUIDATED


@inlined
def leverage_at(loan_to_value):
    """Leverage of who owes this share of the collateral: 1 / (1 - v).                    (M67)"""
    return 1.0 / (1.0 - loan_to_value)


@inlined
def excess_debt(wealth, borrowing, loan_to_value):
    """Debt above a loan-to-value of the collateral, B - v (W + B) [USD bn].              (M65)"""
    return borrowing - loan_to_value * (wealth + borrowing)


@inlined
def is_over_limit(i, books, mandates):
    """True for a loan that its lender liquidates at these prices.                       (M65)"""
    is_liquidated = mandates.call_rule[i] == LIQUIDATED
    limit = mandates.loan_to_value_limit[i]
    return is_liquidated and excess_debt(books.wealth[i], books.borrowing[i], limit) > 0.0


@kernel
def is_any_over_limit(books, mandates):
    """True if any loan is to be liquidated at these prices."""
    start, end = mandates.liquidated_rows
    for i in range(start, end):
        if is_over_limit(i, books, mandates):
            return True
    return False


@inlined
def repaid_share(i, books, mandates):
    """Share of the debt that a liquidation repays: all of it where it is dust or wealth is gone."""
    is_dust = books.borrowing[i] <= mandates.dust_share[i] * mandates.opening_wealth[i]
    return 1.0 if is_dust or books.wealth[i] <= 0.0 else mandates.close_factor[i]


@kernel
def record_liquidations(rows, books, market, mandates, record):
    """Write down what lenders liquidate; a borrower without wealth sells all that it has."""
    for r in range(rows.size):
        i = rows[r]
        if books.closing[i] != 0 or not is_over_limit(i, books, mandates):
            continue
        worst = costliest_instrument(i, books, market, record)
        cause = clearing_of(worst, record)
        debt = repaid_share(i, books, mandates) * books.borrowing[i]
        record.cause[i] = record_event(LIQUIDATION, i, NO_INSTITUTION, worst, debt, cause, record)
        books.closing[i] = books.wealth[i] <= 0.0


@inlined
def liquidate(i, books, market, mandates):
    """Orders that repay a part of every debt out of as much collateral and the penalty.    (M66)

    All that is held is sold by one share, and a sale never exceeds it.
    """
    repaid, collateral = repaid_share(i, books, mandates), 0.0
    for k in range(books.units.shape[0]):
        collateral += max(books.units[k, i], 0.0) * market.usd_price[k]
    wanted = (1.0 + mandates.liquidation_penalty[i]) * repaid * books.borrowing[i]
    sold = min(wanted / collateral, 1.0) if collateral > 0.0 else 0.0
    books.speed[i] = IN_UNITS
    for k in range(books.units.shape[0]):
        held = books.units[k, i]
        books.intent[k, i] = -held * (sold if held > 0.0 else repaid)


@inlined
def charge_penalties(books, market, mandates, scratch):
    """Penalties of the round, on what was sold, from borrowers to their lender.         (M66)"""
    for r in range(scratch.n_forced[0]):
        i = scratch.rows[r]
        if mandates.call_rule[i] != LIQUIDATED or books.forced[i] != MEETS_CALL:
            continue
        sold = 0.0
        for k in range(books.units.shape[0]):
            sold -= min(filled(books.intent[k, i], k, scratch), 0.0) * market.usd_price[k]
        penalty = mandates.liquidation_penalty[i]
        charged = min(sold * penalty / (1.0 + penalty), max(books.wealth[i], 0.0))
        add_cash(i, -charged, books)
        market.outside[AUTO_LENDER, market.rates.size - 1] += charged
