"""Risk of a fund's own levered book: its calm variance, its return today, what its losses say.

A book holds its assets ``leverage`` times over and owes the yen that its style borrows for what is
beyond its wealth. Three constants give its variance at every leverage: that of the assets, the
covariance of assets and loan, and that of the loan.
"""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import hold_multiples
from abm.kernels.numerics.columns import add_scaled_rows
from abm.kernels.risk import book_return, held_variance
from abm.kernels.state import CHUNK, HEDGE_FUND, LEAST_VARIANCE, RISK_PARITY, TRADING_DAYS

MOST_LEVERAGE = 100.0  # no cap on leverage may be higher


@inlined
def book_variance(leverage, assets, covariance, loan):
    """Calm variance of a book per unit of wealth and year, A l^2 - 2 X l (l-1) + D (l-1)^2  (M68)

    The same as Q l^2 - 2 c l + D, with Q = A - 2 X + D and c = D - X.
    """
    owed = leverage - 1.0
    return assets * leverage * leverage - 2.0 * covariance * leverage * owed + loan * owed * owed


@inlined
def largest_leverage(bound, assets, covariance, loan):
    """Largest leverage at which the variance of a book is within a bound.                (M68)

    Below leverage 1 there is no loan, and the variance is l^2 A.
    """
    own = max(assets, LEAST_VARIANCE)
    curvature = max(assets - 2.0 * covariance + loan, LEAST_VARIANCE)
    slope = loan - covariance
    room = slope * slope + curvature * (bound - loan)
    # The root is at least 1 where leverage 1 is within the bound, or where the loan hedges.
    is_levered = (bound >= assets) | ((slope >= curvature) & (room >= 0.0))
    root = math.sqrt(max(room if is_levered else bound * own, 0.0))
    return (root + (slope if is_levered else 0.0)) / (curvature if is_levered else own)


@inlined
def own_return(leverage, asset_return, loan_share, yen_return):
    """Return of a book on its wealth: l sum w r - phi (l - 1) r_J                         (M69)"""
    return leverage * asset_return - loan_share * (leverage - 1.0) * yen_return


@inlined
def surprise(own, variance):
    """Squared return of a day over the calm variance of a day: 250 R^2 / v                (M69)"""
    return TRADING_DAYS * own * own / max(variance, LEAST_VARIANCE)


@inlined
def next_sizing_risk(risk, own, size, rule):
    """Variance for sizing over the calm one, which a gain never raises.                   (M70)"""
    seen = rule.multiple * size
    seen = seen if own < 0.0 else min(seen, risk)
    return rule.decay * risk + (1.0 - rule.decay) * seen


@inlined
def next_margin_risk(risk, own, size, rule):
    """Variance for margins over the calm one: the worst recent loss, slowly forgotten.   (M71)"""
    return max(rule.decay * risk, size / rule.threshold if own < 0.0 else 0.0)


@kernel
def note_leverage(books, market, rules):
    """Note the leverage with which funds and desks go into the day.                    (M69)"""
    mandates, n = rules.mandates, rules.mandates.first_row[RISK_PARITY]
    held = books.morning_leverage[:n]
    hold_multiples(
        books.wealth[:n], books.borrowing[:n], books.loan_share[:n], mandates.gross_weight[:n], held
    )
    for i in range(n):
        held[i] = min(held[i], MOST_LEVERAGE)


@kernel
def learn_from_losses(books, market, rules, scratch):
    """Update the risk of each book by the day's own returns, before closes move on.

    (M69 to M71)
    """
    first = rules.mandates.first_row
    returns = scratch.work[0]
    for k in range(market.quote.size):
        returns[k] = market.log_price[k] - market.close[0, k]
    for k in range(market.quote.size - 1, -1, -1):  # assets before the currencies they are in
        if market.quote[k] >= 0:
            returns[k] += returns[market.quote[k]]
    for lo in range(first[HEDGE_FUND], first[RISK_PARITY], CHUNK):
        hi = min(lo + CHUNK, first[RISK_PARITY])
        learn_by_mandate(lo, hi, returns, books, market, rules, scratch)
    for i in range(first[RISK_PARITY], books.cash.size):
        if rules.mandates.has_margin_account[i]:
            learn_by_holdings(i, returns, scratch.work[1], books, market, rules)


@kernel
def learn_by_mandate(lo, hi, returns, books, market, rules, scratch):
    """Learn from the book that each fund's mandate gives it at this morning's leverage."""
    mandates, share, owed = rules.mandates, market.funding_share, rules.funds.owed
    n = hi - lo
    total, size = scratch.lanes[0][:n], scratch.lanes[1][:n]
    total[:] = 0.0
    add_scaled_rows(1, lo, returns, mandates.weights, total)
    leverage = books.morning_leverage[lo:hi]
    owe_returns(share[0], returns[0], leverage, mandates.weights[0][lo:hi], total)
    for o in range(owed.size):
        owe_others(share[1 + o] * returns[owed[o]], leverage, mandates.other_loans[o][lo:hi], total)
    size_returns(
        leverage, mandates.asset_variance[lo:hi], books.loan_covariance[lo:hi],
        books.loan_variance[lo:hi], total, size,
    )  # fmt: skip
    learn(
        total, size, rules.funds.risk, rules.margin.loss, books.sizing_risk[lo:hi],
        books.margin_risk[lo:hi],
    )  # fmt: skip


@inlined
def owe_returns(share, yen_return, leverage, yen_weight, total):
    """Own returns of a chunk, in place of those of its assets.                         (M69)"""
    for j in range(total.size):
        total[j] = own_return(leverage[j], total[j], -share * yen_weight[j], yen_return)


@inlined
def owe_others(currency_return, leverage, loans, total):
    """Take off own returns what loans in another currency have cost: phi_c (l - 1) r_c (M69)"""
    for j in range(total.size):
        total[j] -= loans[j] * (leverage[j] - 1.0) * currency_return


@inlined
def size_returns(leverage, assets, covariance, loan, total, size):
    """Sizes of the own returns of a chunk.                                             (M69)"""
    for j in range(size.size):
        variance = book_variance(leverage[j], assets[j], covariance[j], loan[j])
        size[j] = surprise(total[j], variance)


@inlined
def learn(own, size, sizing, margin, sizing_risk, margin_risk):
    """Both estimates of risk of a chunk after its own returns of a day."""
    for j in range(own.size):
        sizing_risk[j] = next_sizing_risk(sizing_risk[j], own[j], size[j], sizing)
        margin_risk[j] = next_margin_risk(margin_risk[j], own[j], size[j], margin)


@kernel
def learn_by_holdings(i, returns, shares, books, market, rules):
    """Learn from what an institution without a mandate holds tonight, at the day's returns."""
    own = book_return(i, returns, books, market)
    size = 0.0
    if own < 0.0:  # the size of a gain is not looked at
        size = surprise(own, held_variance(i, rules.market.calm_risk, books, market, shares))
    books.margin_risk[i] = next_margin_risk(books.margin_risk[i], own, size, rules.margin.loss)
