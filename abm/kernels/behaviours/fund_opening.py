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
from abm.kernels.compiler.jit import door, kernel
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.margin import ask_at_opening
from abm.kernels.constraints.value_at_risk import limit_by_var, loss_bound
from abm.kernels.contracts.balances import leverage_ratio, mandate_multiple
from abm.kernels.numerics.columns import copy
from abm.kernels.numerics.products import add_up_forms, combine
from abm.kernels.rules import MarginRule
from abm.kernels.state import LEAST_VARIANCE

N_LANES = 7
SHARE, COVARIANCE, VARIANCE, CARRY, LEVERAGE, LIMIT, SCRATCH = range(N_LANES)


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
    lanes: np.ndarray  # (N_LANES, n) the loan of each as in `Books`, and what follows for it


class FundTerms(NamedTuple):
    """Markets, lenders and limits as funds find them at the opening."""

    covariance: np.ndarray  # (K, K) per year, calm, of USD returns
    owed: np.ndarray  # (O,) int64 currencies beside the yen that funds owe
    usual: np.ndarray  # (1 + O,) ones: all of their usual loans, yen first
    chosen: np.ndarray  # (1 + O,) the share of them that they choose by rates
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


@kernel
def open_funds_compiled(funds, terms):
    """`open_funds` on columns by reference."""
    n, leverage = funds.calm_leverage.size, funds.lanes[LEVERAGE]
    set_book_variances(funds, terms)
    owe(terms.usual, funds)
    write_carry(terms.usual, terms.reference, terms.reference_usd_rate, funds, terms)
    set_risk_aversion(funds, terms)
    owe(terms.chosen, funds)
    write_carry(terms.chosen, terms.expected, terms.usd_rate, funds, terms)
    size_at_opening(funds, terms)
    lower_to_margin(funds, terms)
    set_fund_shares(0, n, terms.chosen[0], leverage, funds.weights, funds.shares)
    borrow_others(0, n, terms.chosen, terms.owed, leverage, funds.other_loans, funds.shares)


@kernel
def set_book_variances(funds, terms):
    """Calm variance of the assets, of the usual yen loan, and their covariance.          (M68)"""
    assets, loaded, yen = funds.shares, funds.lanes[SCRATCH], funds.weights[0]
    assets[0] = 0.0
    for k in range(1, assets.shape[0]):
        copy(funds.weights[k], assets[k])
    add_up_forms(terms.covariance, assets, loaded, funds.asset_variance)
    combine(terms.covariance[0], assets, loaded)
    for i in range(loaded.size):
        funds.loan_covariance[i] = -yen[i] * loaded[i]
        funds.loan_variance[i] = yen[i] * yen[i] * terms.covariance[0, 0]


@kernel
def owe(chosen, funds):
    """Loans in all currencies but the dollar at shares chosen of the usual ones.         (M78)"""
    set_loans(
        chosen, funds.weights[0], funds.loan_covariance, funds.loan_variance, funds.other_loans,
        funds.other_covariance, funds.other_variance, funds.lanes[SHARE], funds.lanes[COVARIANCE],
        funds.lanes[VARIANCE],
    )  # fmt: skip


@kernel
def write_carry(chosen, expected, usd_rate, funds, terms):
    """Carry per unit of leverage and year, with shares chosen of the usual loans.        (M15)"""
    carry = funds.lanes[CARRY]
    portfolio_mean(
        0, carry.size, chosen[0], expected, usd_rate, terms.spread, funds.weights,
        funds.gross_weight, funds.lanes[SHARE], carry,
    )  # fmt: skip
    charge_other_loans(
        0, carry.size, chosen, terms.owed, expected, terms.spread, funds.other_loans, carry
    )


@kernel
def set_risk_aversion(funds, terms):
    """Risk aversion at which calm leverage l0, as lenders see it, is optimal for a carry. (M74)

    gamma = max(carry, floor) / (b0 (Q lambda(l0) - c)); where l0 is below the leverage of least
    variance, a fund opens with the latter. The carry is that of the usual loans at the rates of
    reference, and Q the calm variance with them.
    """
    whole, calm = funds.shares, funds.long_run_variance
    share, covariance, variance = funds.lanes[SHARE], funds.lanes[COVARIANCE], funds.lanes[VARIANCE]
    for k in range(whole.shape[0]):
        copy(funds.weights[k], whole[k])
    for o in range(terms.owed.size):
        for i in range(calm.size):
            whole[terms.owed[o], i] -= funds.other_loans[o, i]
    add_up_forms(terms.covariance, whole, funds.lanes[SCRATCH], calm)
    for i in range(calm.size):
        leverage = leverage_ratio(1.0, funds.calm_leverage[i] - 1.0)
        multiple = mandate_multiple(leverage, share[i], funds.gross_weight[i])
        excess = max(calm[i] * multiple - (variance[i] - covariance[i]), LEAST_VARIANCE)
        optimal_at = max(funds.lanes[CARRY, i], terms.carry_floor)
        funds.risk_aversion[i] = optimal_at / (terms.sizing_risk * excess)
        calm[i] *= terms.long_run


@kernel
def size_at_opening(funds, terms):
    """Leverage wanted on the funds' own books, within value at risk.                (M20, M21)"""
    leverage, seen, limit = funds.lanes[LEVERAGE], funds.lanes[SCRATCH], funds.lanes[LIMIT]
    assets, covariance, loan = funds.asset_variance, funds.lanes[COVARIANCE], funds.lanes[VARIANCE]
    leverage[:] = terms.sizing_risk
    want_leverage(assets, covariance, loan, funds.risk_aversion, funds.lanes[CARRY], leverage)
    seen[:] = terms.opening_risk
    limit_by_var(loss_bound(terms.var_limit), seen, assets, covariance, loan, limit)
    lower_to(limit, leverage)


@kernel
def lower_to_margin(funds, terms):
    """A buffer below what lenders allow, at most.                                         (M20)"""
    rates = funds.lanes[LIMIT]
    ask_at_opening(
        terms.opening_risk / terms.long_run, funds.long_run_variance, funds.asset_variance,
        funds.lanes[COVARIANCE], funds.lanes[VARIANCE], funds.concentration,
        funds.has_margin_account, terms.margin, funds.lanes[SCRATCH], rates,
    )  # fmt: skip
    lower_to_lenders(
        terms.margin.buffer, rates, funds.leverage_cap, funds.lanes[SHARE], funds.gross_weight,
        funds.lanes[LEVERAGE],
    )  # fmt: skip
