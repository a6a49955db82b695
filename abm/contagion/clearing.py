"""Interbank payments once every bank has paid what it can."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import MatrixRankWarning, spsolve

from abm.contagion.networks import as_claims, as_column, as_network, refuse
from abm.kernels.banks.interbank import ROUND, Debtors, Search, fail_in_rounds, open_search
from abm.numbers import is_real

if TYPE_CHECKING:
    from abm.contagion.networks import ArrayLike, BoolArray, FloatArray, IntArray, Network

SENIORITIES = ("pari-passu", "senior")
"""Ranks of a defaulter's outside creditors: beside the banks, or before them."""

_NOTHING = 1e-15  # of what is owed: too little to pay on
_ROUNDING = 1e-6  # of elimination, generously: no bank pays more than it owes


class Clearing(NamedTuple):
    """Payments, equity and defaults once every bank has paid what it can."""

    payments: FloatArray
    """(n_banks,) p: to banks and outside together, in the money of the debts."""
    equity: FloatArray
    """(n_banks,) what is left after full payment; 0 for who defaults."""
    defaulted: BoolArray
    """(n_banks,) whether it cannot pay in full."""
    waves: IntArray
    """(n_banks,) round of default: 1 if it fails even where all others pay; 0 if never."""
    iterations: int
    """Rounds, the last of which finds no new default."""
    payments_to_banks: FloatArray
    """(n_banks,) part of the payments that banks get; the rest goes outside."""


def clear_interbank(
    liabilities: Network,
    external_assets: ArrayLike,
    external_liabilities: ArrayLike | None = None,
    recovery_external: float = 1.0,
    recovery_interbank: float = 1.0,
    *,
    external_seniority: str = "pari-passu",
) -> Clearing:
    """Greatest clearing vector of interbank debts, by fictitious defaults.

        p_i = pbar_i                                  if e_i + sum_j x_ji >= pbar_i
        p_i = alpha e_i + beta sum_j x_ji             otherwise

    with pbar_i = sum_j L_ij + b_i, of which bank j gets x_ij, in proportion to L_ij,

        sum_j x_ij = p_i sum_j L_ij / pbar_i          "pari-passu": all creditors alike
        sum_j x_ij = max(0, p_i - b_i)                "senior": outside creditors first

    All start as paying in full; those who then cannot are in default and pay what they have, which
    brings down others, until a round finds no further bank.

    Parameters
    ----------
    liabilities : array (n_banks, n_banks) or DiGraph
        L: what i owes j, money; a DiGraph runs from lender to borrower and is transposed here.
    external_assets : array (n_banks,)
        e: assets outside the network, money.
    external_liabilities : array (n_banks,), optional
        b: debts to outside, money; none if not given.
    recovery_external, recovery_interbank : float
        alpha and beta: share of external and of interbank assets that is left in a default, from
        0 to 1. At 1 and 1 nothing is lost.
    external_seniority : {"pari-passu", "senior"}
        Whether a defaulter pays outside creditors with the banks, or before them.

    Returns
    -------
    Clearing
        Payments, equity and defaults by bank, in the order of the banks (of the graph's nodes).

    Raises
    ------
    InvalidInput
        If an entry is negative or not finite, a shape or the diagonal is wrong, a recovery is
        outside 0 to 1, or the seniority is unknown; the message names every fault.

    Notes
    -----
    Conventions: a bank that can just pay does not default, where "just" allows for rounding
    (1e-12 of its debts); equity is 0 in default.

    Sources: Eisenberg and Noe 2001, Management Science 47 (fictitious default algorithm, sec. 3.1);
    recoveries below 1: Rogers and Veraart 2013, Management Science 59, sec. 3; seniority: Elsinger
    2009, Oesterreichische Nationalbank Working Paper 156.
    """
    faults: list[str] = []
    debts = as_network("liabilities", liabilities, faults)
    n = debts.shape[0]
    assets = as_column("external_assets", external_assets, n, faults)
    outside = np.zeros(n) if external_liabilities is None else external_liabilities
    owed_outside = as_column("external_liabilities", outside, n, faults)
    _check_recovery("recovery_external", recovery_external, faults)
    _check_recovery("recovery_interbank", recovery_interbank, faults)
    if external_seniority not in SENIORITIES:
        allowed = " or ".join(map(repr, SENIORITIES))
        faults.append(f"external_seniority = {external_seniority!r}: must be {allowed}")
    refuse("not an interbank network", faults)
    if isinstance(liabilities, nx.Graph):
        debts = debts.T.tocsr()
    with np.errstate(over="ignore"):
        due = debts.sum(axis=1) + owed_outside
    if not np.isfinite(due).all():
        refuse("not an interbank network", ["the debts of a bank must have a finite sum"])
    terms = (float(recovery_external), float(recovery_interbank), external_seniority == "senior")
    return _clear(debts, assets, owed_outside, due, terms)


def _check_recovery(name: str, share: Any, faults: list[str]) -> None:
    """A recovery must be a share."""
    if not is_real(share) or not 0.0 <= share <= 1.0:
        faults.append(f"{name} = {share!r}: must be a number from 0 to 1")


def _clear(
    debts: Any,
    assets: FloatArray,
    outside: FloatArray,
    due: FloatArray,
    terms: tuple[float, float, bool],
) -> Clearing:
    """The rounds of the fictitious default algorithm.

    Banks that rank behind outside creditors share what is left of a defaulter after b is paid; the
    same rounds do with alpha e - b for alpha e and with the debts to banks for all debts.
    """
    alpha, beta, is_senior = terms
    recovered = alpha * assets
    owed = debts.sum(axis=1) if is_senior else due
    divisor = np.where(owed > 0.0, owed, 1.0)
    share_outside = np.zeros(due.size) if is_senior else outside / divisor
    after_seniors = recovered - outside if is_senior else recovered
    debtors = Debtors(assets, after_seniors, due, owed, share_outside)
    search = _run_rounds(debts, debtors, beta)
    received = debts.T @ search.share_paid
    defaulted = search.waves > 0
    payments = search.payments
    to_banks = payments * (1.0 - share_outside)
    if is_senior:
        payments = np.where(defaulted, np.minimum(recovered + beta * received, due), due)
        to_banks = np.minimum(search.payments, payments)
    left = np.maximum(assets + received - due, 0.0)
    equity = np.where(defaulted, 0.0, left)
    rounds = int(search.counts[ROUND])
    return Clearing(payments, equity, defaulted, search.waves, rounds, to_banks)


def _run_rounds(debts: Any, debtors: Debtors, beta: float) -> Search:
    """All rounds; the kernel asks for elimination where its sweeps are slow: long closed chains."""
    claims, lenders = as_claims(debts.T.tocsr()), as_claims(debts)
    search: Search = open_search(debtors.owed)
    while not fail_in_rounds(claims, lenders, debtors, beta, search):
        _solve(debts, debtors, beta, search)
    return search


def _solve(debts: Any, debtors: Debtors, beta: float, search: Search) -> None:
    """Payments of the defaulters by elimination.

        y = max(0, q + B y)        q: own assets and what the solvent pay; B: shares among them

    Guess who pays anything, solve, take out who would pay less than nothing and take in who has
    something, until no bank moves. From the second guess on y rises, so the guesses end.
    """
    failed = search.waves > 0
    into_failed, owed = beta * debts.T.tocsr()[failed], debtors.owed[failed]
    own = debtors.recovered[failed] + into_failed @ np.where(failed, 0.0, 1.0)
    divisor = np.where(owed > 0.0, owed, 1.0)
    among, least = into_failed[:, failed] @ sp.diags_array(1.0 / divisor), _NOTHING * owed
    is_paying = (search.payments[failed] > 0.0) | (own > least)
    paid, stays = np.zeros(own.size), False
    while not stays:
        paid[:] = 0.0
        paid[is_paying] = _solve_linear(
            among[is_paying][:, is_paying], own[is_paying], owed[is_paying]
        )
        left = own + among @ np.maximum(paid, 0.0)
        has_something = np.where(is_paying, paid >= 0.0, left > least)
        stays = bool((has_something == is_paying).all())
        is_paying = has_something
    search.payments[failed] = np.minimum(paid, owed)
    search.share_paid[failed] = search.payments[failed] / divisor


def _solve_linear(among: Any, own: FloatArray, owed: FloatArray) -> FloatArray:
    """Solution of y = q + B y; -1 for all where they owe all to one another and there is none."""
    if own.size == 0:
        return own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MatrixRankWarning)
        solved = np.atleast_1d(spsolve((sp.eye_array(own.size) - among).tocsc(), own))
    is_possible = (solved <= owed * (1.0 + _ROUNDING)).all()  # not so for nan
    return np.where(is_possible, solved, -1.0)
