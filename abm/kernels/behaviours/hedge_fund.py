"""Hedge funds and bank desks: mean-variance leverage on a mandate's weights."""

import math

from abm.kernels.behaviours.idle import is_idle
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.margin import set_margin_terms
from abm.kernels.constraints.stop_loss import is_stopped, stopped_leverage
from abm.kernels.constraints.value_at_risk import is_var_breached, limit_by_var, loss_bound
from abm.kernels.contracts.balances import hold_multiples, mandate_multiple
from abm.kernels.contracts.repo import ask_both_lenders
from abm.kernels.numerics.columns import add_scaled, add_scaled_rows, copy, is_any, write_product
from abm.kernels.risk import anchored
from abm.kernels.state import LEAST_VARIANCE, RISK_PARITY

MEAN, VARIANCE, LIMIT, HELD, ASKED = 0, 1, 2, 3, 4  # rows of the scratch lanes
AIM = MEAN  # the mean has been used by the time leverage is aimed at


@kernel
def portfolio_mean(
    lo, hi, yen_share, expected, usd_rate, spread, weights, gross, loan_share, mean
):  # fmt: skip
    """Expected returns per unit of leverage of a chunk of portfolios, carry included.   (M15)

    mu = sum w g + what is not invested at the dollar rate - the dollar loan;  ``yen_share``: that
    of the usual yen loan which is in yen;  gross: sum of the weights but the yen's. Loans in other
    currencies: `charge_other_loans`.
    """
    mean[:] = 0.0
    add_scaled(yen_share * expected[0], weights[0][lo:hi], mean)
    add_scaled_rows(1, lo, expected, weights, mean)
    add_funding(usd_rate, usd_rate + spread, loan_share, gross, mean)


@kernel
def charge_other_loans(lo, hi, share, owed, expected, spread, loans, mean):
    """Per unit of leverage: loans in other currencies cost sum phi_c (g_c + spread).       (M15)"""
    for o in range(owed.size):
        cost = share[1 + o] * (expected[owed[o]] + spread)
        add_scaled(-cost, loans[o][lo:hi], mean)


@kernel
def portfolio_variance(lo, hi, market, rules, scratch, variance):
    """Fast variance per unit of leverage of a chunk of portfolios, e'Se.                (M15)"""
    weights, held = rules.mandates.weights, scratch.held
    n_held = 0
    variance[:] = 0.0
    for k in range(weights.shape[0]):
        left = weights[k][lo:hi]
        if not is_any(left):
            continue
        held[n_held] = k
        reach = market.funding_share[0] if k == 0 else 1.0
        for first in range(0, n_held + 1, 4):
            a, b = held[first], held[min(first + 1, n_held)]
            c, d = held[min(first + 2, n_held)], held[min(first + 3, n_held)]
            # The yen, where it is held, is the first of the first four.
            reach_a = reach * (market.funding_share[0] if a == 0 else 1.0)
            add_products(
                first, n_held, reach_a, market.risk_fast[k], a, b, c, d, left, weights[a][lo:hi],
                weights[b][lo:hi], weights[c][lo:hi], weights[d][lo:hi], variance,
            )  # fmt: skip
        n_held += 1
    for o in range(rules.funds.owed.size):
        add_other_loan(o, lo, hi, market, rules, variance)


@inlined
def add_other_loan(o, lo, hi, market, rules, variance):
    """Add what a loan in another currency, which none of them holds, adds to variances.  (M15)"""
    mandates, owed, share = rules.mandates, rules.funds.owed, market.funding_share
    c, loan = owed[o], rules.mandates.other_loans[o]
    for k in range(mandates.weights.shape[0]):
        if k != c:
            reach = -share[1 + o] * (share[0] if k == 0 else 1.0)
            doubled = reach * market.risk_fast[max(k, c), min(k, c)]
            for j in range(hi - lo):
                variance[j] += doubled * loan[lo + j] * mandates.weights[k, lo + j]
    for p in range(o + 1):
        both = share[1 + o] * share[1 + p] * market.risk_fast[c, owed[p]]
        for j in range(hi - lo):
            variance[j] += both * loan[lo + j] * mandates.other_loans[p, lo + j]


@kernel
def choose_loans(books, market, rules):
    """Loans of funds and desks at today's shares of their usual ones.                   (M78)"""
    mandates, n = rules.mandates, rules.mandates.first_row[RISK_PARITY]
    set_loans(
        market.funding_share, mandates.weights[0][:n], mandates.loan_covariance[:n],
        mandates.loan_variance[:n], mandates.other_loans, mandates.other_covariance,
        mandates.other_variance, books.loan_share, books.loan_covariance, books.loan_variance,
    )  # fmt: skip


@kernel
def set_loans(
    share, yen_weight, yen_covariance, yen_variance, other, other_covariance, other_variance,
    loan_share, loan_covariance, loan_variance,
):  # fmt: skip
    """Non-dollar loan of each, its covariance with the assets, and its variance. (M68, M78)

    phi = sum phi^_f phi_f      X = sum phi^_f X_f      D = sum phi^_f phi^_g D_fg
    """
    for i in range(yen_weight.size):
        loan_share[i] = -share[0] * yen_weight[i]
        loan_covariance[i] = share[0] * yen_covariance[i]
        loan_variance[i] = share[0] * share[0] * yen_variance[i]
    for o in range(other.shape[0]):
        for i in range(yen_weight.size):
            loan_share[i] += share[1 + o] * other[o, i]
            loan_covariance[i] += share[1 + o] * other_covariance[o, i]
            both = 2.0 * share[0] * other_variance[o, 0, i]
            for p in range(other.shape[0]):
                both += share[1 + p] * other_variance[o, 1 + p, i]
            loan_variance[i] += share[1 + o] * both


@inlined
def add_products(first, last, reach_a, risk, a, b, c, d, left, w_a, w_b, w_c, w_d, total):
    """Four terms of a quadratic form, for a chunk of columns; those past `last` count nothing.

    Four at a time, because what takes time is to fetch and store the sum. Of the first, a share.
    """
    s_a = reach_a * risk[a]
    s_b = risk[b] if first + 1 <= last else 0.0
    s_c = risk[c] if first + 2 <= last else 0.0
    s_d = risk[d] if first + 3 <= last else 0.0
    for j in range(left.size):
        total[j] += left[j] * ((s_a * w_a[j] + s_b * w_b[j]) + (s_c * w_c[j] + s_d * w_d[j]))


@kernel
def decide_funds(lo, hi, books, market, rules, scratch):
    """Hedge funds and banks' desks: mean-variance leverage inside their limits.   (M19 to M22)"""
    funds, mandates, n, lanes = rules.funds, rules.mandates, hi - lo, scratch.lanes
    mean, variance, limit_var = lanes[MEAN][:n], lanes[VARIANCE][:n], lanes[LIMIT][:n]
    portfolio_mean(
        lo, hi, market.funding_share[0], market.expected, market.rates[market.rates.size - 1],
        rules.banks.spread, mandates.weights, mandates.gross_weight[lo:hi],
        books.loan_share[lo:hi], mean,
    )  # fmt: skip
    charge_other_loans(
        lo, hi, market.funding_share, funds.owed, market.expected, rules.banks.spread,
        mandates.other_loans, mean,
    )  # fmt: skip
    if rules.margin.loss.is_on:
        copy(mandates.asset_variance[lo:hi], variance)
    else:
        portfolio_variance(lo, hi, market, rules, scratch, variance)
    set_margin_terms(lo, hi, variance, scratch.broker_use, books, market, rules)
    asked = books.margin_rate[lo:hi]
    if rules.repo.is_on:
        asked = lanes[ASKED][:n]
        ask_both_lenders(lo, hi, asked, books, market, rules)
    size_on_books(lo, hi, limit_var, mean, books, rules)
    lower_to(limit_var, books.target_leverage[lo:hi])
    loan, gross = books.loan_share[lo:hi], mandates.gross_weight[lo:hi]
    lower_to_lenders(
        rules.margin.buffer, asked, mandates.leverage_cap[lo:hi], loan, gross,
        books.target_leverage[lo:hi],
    )  # fmt: skip
    aim, speed, held = lanes[AIM][:n], books.speed[lo:hi], lanes[HELD][:n]
    hold_multiples(books.wealth[lo:hi], books.borrowing[lo:hi], loan, gross, held)
    pace_funds(
        held, books.wealth[lo:hi], books.high_water[lo:hi], books.target_leverage[lo:hi],
        limit_var, funds, aim, speed,
    )  # fmt: skip
    for j in range(n):
        if is_idle(lo + j, books):
            aim[j], speed[j] = 0.0, 0.0
    set_fund_shares(lo, hi, market.funding_share[0], aim, mandates.weights, books.intent)
    borrow_others(lo, hi, market.funding_share, funds.owed, aim, mandates.other_loans, books.intent)


@inlined
def pace_funds(held, wealth, high_water, wanted, limit_var, rule, aim, speed):
    """Leverage that a chunk of funds aims at today, and the share of the gap closed.  (M22)"""
    for j in range(aim.size):
        drawdown = 1.0 - wealth[j] / high_water[j]
        target, pace = fund_order(held[j], wanted[j], limit_var[j], drawdown, rule)
        aim[j] = target if pace > 0.0 else 0.0
        speed[j] = pace


@inlined
def add_funding(rate, loan_rate, loan_share, gross, mean):
    """Per unit of leverage: interest on what is not invested, less that on dollar loans.  (M15)"""
    for j in range(mean.size):
        owed = 1.0 - loan_share[j]
        mean[j] += max(0.0, 1.0 - gross[j]) * rate - owed * (loan_rate if owed > 0.0 else rate)


@kernel
def size_on_books(lo, hi, limit_var, mean, books, rules):
    """Leverage wanted and the limit of value at risk on the funds' own books.       (M20, M21)"""
    mandates, funds = rules.mandates, rules.funds
    assets, covariance = mandates.asset_variance[lo:hi], books.loan_covariance[lo:hi]
    loan, risk = books.loan_variance[lo:hi], books.sizing_risk[lo:hi]
    wanted = books.target_leverage[lo:hi]
    limit_by_var(loss_bound(funds.var_limit), risk, assets, covariance, loan, limit_var)
    for j in range(wanted.size):
        wanted[j] = anchored(risk[j], funds.risk.long_run, funds.anchor_share)
    want_leverage(assets, covariance, loan, mandates.risk_aversion[lo:hi], mean, wanted)


@kernel
def want_leverage(assets, covariance, loan, aversion, mean, wanted):
    """Mean-variance leverage of a chunk on the book that each fund owns, in place of the variance
    over the calm one.                                                                 (M20)
    """
    for j in range(wanted.size):
        wanted[j] = book_leverage(
            mean[j], aversion[j] * wanted[j], assets[j], covariance[j], loan[j]
        )


@kernel
def lower_to_lenders(buffer, margin_rate, cap, loan_share, gross, wanted):
    """A buffer below what margin allows, and the cap, at most.                        (M20)"""
    for j in range(wanted.size):
        margin = buffer / margin_rate[j] if margin_rate[j] > 0.0 else math.inf
        most = mandate_multiple(min(margin, cap[j]), loan_share[j], gross[j])
        wanted[j] = min(wanted[j], most)


@kernel
def lower_to(limit, column):
    """column <- min(column, limit)"""
    for j in range(column.size):
        column[j] = min(column[j], limit[j])


@inlined
def book_leverage(expected_return, risk_aversion, assets, covariance, loan):
    """Mean-variance leverage of a book, max(0, mu / (gamma Q) + c / Q)                    (M20)

    Q = A - 2 X + D, c = D - X: without an expected return it is that of least variance.
    """
    curvature = max(assets - 2.0 * covariance + loan, LEAST_VARIANCE)
    aversion = max(risk_aversion, LEAST_VARIANCE)
    slope = loan - covariance
    return max(0.0, (expected_return + aversion * slope) / (aversion * curvature))


@inlined
def fund_order(leverage, target, limit_var, drawdown, rule):
    """Leverage a hedge fund trades towards today and the share of the gap it closes.    (M22)

    Inside the no-trade band nothing. Above the target down at ``speed_down``, below it up at
    ``speed_up``; at ``speed_var`` if that is faster when value at risk is breached, at
    ``speed_stop`` when the stop-loss is hit.
    """
    pace = rule.speed_down if leverage > target else rule.speed_up
    pace = 0.0 if abs(leverage - target) <= rule.band * target else pace
    pace = max(pace, rule.speed_var) if is_var_breached(leverage, limit_var, rule) else pace
    if is_stopped(drawdown, rule):
        stopped = stopped_leverage(target, rule)
        return min(leverage, stopped), rule.speed_stop if leverage > stopped else 0.0
    return target, pace


@kernel
def set_fund_shares(lo, hi, yen_share, leverage, weights, shares):
    """Target shares of funds at a leverage: c_k = lambda w_k, c_JPY = -phi (lambda-1)+  (M19)

    ``yen_share``: that of their usual yen loan which is in yen.
    """
    borrow_yen(yen_share, leverage, weights[0][lo:hi], shares[0][lo:hi])
    for k in range(1, weights.shape[0]):
        write_product(leverage, weights[k][lo:hi], shares[k][lo:hi])


@kernel
def borrow_others(lo, hi, share, owed, leverage, loans, shares):
    """The loans in other currencies that funds owe: c_c = -phi^_c phi_c (lambda-1)+       (M19)"""
    for o in range(owed.size):
        for j in range(hi - lo):
            loan = share[1 + o] * loans[o, lo + j] * max(leverage[j] - 1.0, 0.0)
            shares[owed[o], lo + j] -= loan


@inlined
def borrow_yen(share, leverage, yen_weight, intent):
    """The yen loan of a chunk of funds, a negative share of wealth.                   (M19)"""
    for j in range(intent.size):
        intent[j] = share * yen_weight[j] * max(leverage[j] - 1.0, 0.0)
