"""Loans of funds at the opening: the yen's, and those in other currencies that a style owes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.kernels.behaviours.hedge_fund import set_loans
from abm.population.instruments import opening_terms
from abm.population.products import product

if TYPE_CHECKING:
    from abm.kernels.state import Mandates
    from abm.population.groups import Array
    from abm.population.instruments import Terms
    from abm.scenario import Scenario


class FundLoans(NamedTuple):
    """What each of some institutions owes but dollars."""

    share: Array  # (n,) of its loan that is not in dollars
    covariance: Array  # (n,) of the assets and that loan
    variance: Array  # (n,) of that loan


@lru_cache(maxsize=32)
def owed_currencies(scenario: Scenario) -> Array:
    """Currencies beside the funding currency that some style owes, by row of instruments. (O,)"""
    owed = {
        name
        for style in scenario.funds.styles.values()
        for name, share in style.loan_shares.items()
        if share > 0.0
    }
    rows = [k for k, name in enumerate(scenario.instrument_names) if name in owed]
    return np.array(rows, np.int64)


def chosen_shares(scenario: Scenario) -> Array:
    """Shares of their usual loans that funds choose at the opening, yen first. (1 + O,)   (M78)"""
    terms, owed = opening_terms(scenario), owed_currencies(scenario)
    return np.array([terms.carry_share(scenario.funds.funding, c) for c in (0, *owed)])


def opening_loans(mandates: Mandates, scenario: Scenario) -> FundLoans:
    """Loans of all institutions at the shares that funds choose at the opening."""
    loans = FundLoans(*np.empty((3, len(mandates.kind))))
    set_loans(
        chosen_shares(scenario), mandates.weights[0], mandates.loan_covariance,
        mandates.loan_variance, mandates.other_loans, mandates.other_covariance,
        mandates.other_variance, *loans,
    )  # fmt: skip
    return loans


def other_loan_risk(
    weights: Array, others: Array, owed: Array, terms: Terms
) -> tuple[Array, Array]:
    """Calm covariance of loans in other currencies with the assets, and with all loans.   (M68)

    Per unit of leverage and borrowed: (O, n) and (O, 1 + O, n).
    """
    n_owed, n = others.shape
    covariance, variance = np.zeros((n_owed, n)), np.zeros((n_owed, 1 + n_owed, n))
    if not n_owed:
        return covariance, variance
    assets = weights.copy()
    assets[0] = 0.0
    for o, c in enumerate(owed):
        covariance[o] = others[o] * product(terms.usd_covariance[c], assets)
        variance[o, 0] = -weights[0] * others[o] * terms.usd_covariance[c, 0]
        for p, d in enumerate(owed):
            variance[o, 1 + p] = others[o] * others[p] * terms.usd_covariance[c, d]
    return covariance, variance


def other_loan_columns(weights: Array, of_funds: Array, scenario: Scenario) -> dict[str, Array]:
    """Terms of loans in other currencies of all institutions, the first of which are the funds."""
    owed = owed_currencies(scenario)
    others = np.zeros((len(owed), weights.shape[1]))
    others[:, : of_funds.shape[1]] = of_funds
    covariance, variance = other_loan_risk(weights, others, owed, opening_terms(scenario))
    return {"other_loans": others, "other_covariance": covariance, "other_variance": variance}
