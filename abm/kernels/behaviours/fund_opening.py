"""Hedge funds and bank desks at the opening: their own books, and what each holds of them."""

from typing import NamedTuple

import numpy as np

from abm.kernels.behaviours.hedge_fund import (
    borrow_others,
    charge_other_loans,
    lower_to,
    lower_to_lenders,
    portfolio_mean,
    set_fund_shares,
    set_loans,
    want_leverage,
)
from abm.kernels.compiler.jit import allocating_kernel, door, kernel
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.margin import ask_at_opening
from abm.kernels.constraints.value_at_risk import limit_by_var, loss_bound
from abm.kernels.contracts.balances import hold_multiples
from abm.kernels.numerics.products import add_up_forms, combine
from abm.kernels.rules import MarginRule
from abm.kernels.state import LEAST_VARIANCE

SHARE, COVARIANCE, VARIANCE = 0, 1, 2  # rows of loans, as in `Books`


class OpeningFunds(NamedTuple):
    """Funds as they are drawn, and what follows from it; columns as in `Mandates`."""

    weights: np.ndarray
    gross_weight: np.ndarray
    concentration: np.ndarray
    leverage_cap: np.ndarray
    has_margin_account: np.ndarray
    other_loans: np.ndarray
    other_covariance: np.ndarray
    other_variance: np.ndarray
    calm_leverage: np.ndarray  # (n,) as lenders see it
    # Written by `open_funds`.
    asset_variance: np.ndarray
    loan_covariance: np.ndarray
    loan_variance: np.ndarray
    long_run_variance: np.ndarray
    risk_aversion: np.ndarray
    shares: np.ndarray  # (K, n) of wealth in each instrument


class FundTerms(NamedTuple):
    """Markets, lenders and limits as funds find them at the opening."""

    covariance: np.ndarray  # (K, K) per year, calm, of USD returns
    owed: np.ndarray  # (O,) int64 currencies beside the yen that funds owe
    chosen: np.ndarray  # (1 + O,) share of their usual loans by rates, yen first
    expected: np.ndarray  # (K,) income per year
    usd_rate: float
    reference: np.ndarray  # (K,) the same at the rates of which preferences are
    reference_usd_rate: float
    spread: float  # of brokers
    carry_floor: float  # per year
    opening_risk: float  # variance at the opening, over the calm one
    sizing_risk: float  # the same by which funds size, b0 of (M74)
    long_run: float  # variance through the cycle, over the calm one
    var_limit: float
    margin: MarginRule


def open_funds(funds, terms):
    """Risk aversion that makes the calm leverage optimal, and the holdings that follow.

    A fund whose carry is below the floor opens below its calm leverage.
    """
    door(open_funds_compiled)(*by_reference(funds, terms))


@allocating_kernel
def open_funds_compiled(funds, terms):
    """`open_funds` on columns by reference."""
    n = funds.calm_leverage.size
    usual, loans = np.empty((3, n)), np.empty((3, n))
    set_book_variances(funds, terms)
    owe(np.ones(terms.chosen.size), funds, usual)
    owe(terms.chosen, funds, loans)
    set_risk_aversion(funds, terms, usual)
    leverage, limit = np.empty(n), np.empty(n)
    size_at_opening(funds, terms, loans, leverage, limit)
    lower_to_margin(funds, terms, loans, leverage)
    set_fund_shares(0, n, terms.chosen[0], leverage, funds.weights, funds.shares)
    borrow_others(0, n, terms.chosen, terms.owed, leverage, funds.other_loans, funds.shares)


@allocating_kernel
def set_book_variances(funds, terms):
    """Calm variance of the assets, of the usual yen loan, and their covariance.          (M68)"""
    assets, loaded = funds.weights.copy(), np.empty(funds.calm_leverage.size)
    assets[0] = 0.0
    add_up_forms(terms.covariance, assets, loaded, funds.asset_variance)
    combine(terms.covariance[0], assets, loaded)
    for i in range(loaded.size):
        loan = funds.weights[0, i]
        funds.loan_covariance[i] = -loan * loaded[i]
        funds.loan_variance[i] = loan * loan * terms.covariance[0, 0]


@kernel
def owe(chosen, funds, loans):
    """Loans in all currencies but the dollar at shares chosen of the usual ones.         (M78)"""
    set_loans(
        chosen, funds.weights[0], funds.loan_covariance, funds.loan_variance, funds.other_loans,
        funds.other_covariance, funds.other_variance, loans[SHARE], loans[COVARIANCE],
        loans[VARIANCE],
    )  # fmt: skip


@kernel
def write_carry(chosen, expected, usd_rate, funds, terms, loan_share, carry):
    """Carry per unit of leverage and year, with shares chosen of the usual loans.        (M15)"""
    portfolio_mean(
        0, carry.size, chosen[0], expected, usd_rate, terms.spread, funds.weights,
        funds.gross_weight, loan_share, carry,
    )  # fmt: skip
    charge_other_loans(
        0, carry.size, chosen, terms.owed, expected, terms.spread, funds.other_loans, carry
    )


@allocating_kernel
def set_risk_aversion(funds, terms, usual):
    """Risk aversion at which calm leverage l0, as lenders see it, is optimal for a carry. (M74)

    gamma = max(carry, floor) / (b0 (Q lambda(l0) - c)); where l0 is below the leverage of least
    variance, a fund opens with the latter. The carry is that of the usual loans at the rates of
    reference, and Q the calm variance with them.
    """
    n = funds.calm_leverage.size
    whole, loaded, calm = funds.weights.copy(), np.empty(n), np.empty(n)
    for o in range(terms.owed.size):
        for i in range(n):
            whole[terms.owed[o], i] -= funds.other_loans[o, i]
    add_up_forms(terms.covariance, whole, loaded, calm)
    carry, multiple = np.empty(n), np.empty(n)
    write_carry(
        np.ones(terms.chosen.size), terms.reference, terms.reference_usd_rate, funds, terms,
        usual[SHARE], carry,
    )  # fmt: skip
    hold_multiples(
        np.ones(n), funds.calm_leverage - 1.0, usual[SHARE], funds.gross_weight, multiple
    )
    for i in range(n):
        slope = usual[VARIANCE, i] - usual[COVARIANCE, i]
        excess = max(calm[i] * multiple[i] - slope, LEAST_VARIANCE)
        optimal_at = max(carry[i], terms.carry_floor)
        funds.risk_aversion[i] = optimal_at / (terms.sizing_risk * excess)
        funds.long_run_variance[i] = terms.long_run * calm[i]


@allocating_kernel
def size_at_opening(funds, terms, loans, leverage, limit):
    """Leverage wanted on the funds' own books, within value at risk.                (M20, M21)"""
    n, carry = leverage.size, np.empty(leverage.size)
    book = funds.asset_variance, loans[COVARIANCE], loans[VARIANCE]
    write_carry(terms.chosen, terms.expected, terms.usd_rate, funds, terms, loans[SHARE], carry)
    leverage[:] = terms.sizing_risk
    want_leverage(book[0], book[1], book[2], funds.risk_aversion, carry, leverage)
    seen = np.full(n, terms.opening_risk)
    limit_by_var(loss_bound(terms.var_limit), seen, book[0], book[1], book[2], limit)
    lower_to(limit, leverage)


@allocating_kernel
def lower_to_margin(funds, terms, loans, leverage):
    """A buffer below what lenders allow, at most.                                         (M20)"""
    rates = np.empty(leverage.size)
    ask_at_opening(
        terms.opening_risk / terms.long_run, funds.long_run_variance, funds.asset_variance,
        loans[COVARIANCE], loans[VARIANCE], funds.concentration, funds.has_margin_account,
        terms.margin, rates,
    )  # fmt: skip
    lower_to_lenders(
        terms.margin.buffer, rates, funds.leverage_cap, loans[SHARE], funds.gross_weight, leverage
    )
