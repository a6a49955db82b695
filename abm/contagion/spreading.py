"""Distress and failure that travel from borrowers to lenders: DebtRank, threshold cascades."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp

from abm.contagion.networks import (
    as_claims,
    as_column,
    as_network,
    as_whole,
    fault_at,
    positions,
    refuse,
)
from abm.errors import InvalidInput
from abm.kernels.banks.distress import fail_past_threshold, spread_increments, spread_once

if TYPE_CHECKING:
    from abm.contagion.networks import ArrayLike, BoolArray, FloatArray, IntArray, Network

MODES = ("original", "differential")
"""Rules of passing on distress: once, or every further loss of it too."""

TIES = ("fails", "survives")
"""Outcomes for a bank that loses exactly its capital."""

_WEIGHTS_SUM_TO_ONE = 1e-9


class DebtRank(NamedTuple):
    """The share of the system's economic value that a distress destroys beyond itself."""

    value: float
    """Share of economic value, without the initial distress."""
    distress: FloatArray
    """(n_banks,) h: share of equity lost in the end, 0 to 1."""


class ThresholdCascade(NamedTuple):
    """The banks that fail, and in which wave."""

    failed: BoolArray
    """(n_banks,) whether it fails, the seeds included."""
    waves: IntArray
    """(n_banks,) 0 if never, 1 for the seeds, 2 for their victims, …"""


def debtrank(
    exposures: Network,
    equity: ArrayLike,
    distress: ArrayLike,
    weights: ArrayLike | None = None,
    mode: str = "original",
) -> DebtRank:
    """Economic value lost to distress that travels from borrowers to lenders.

        W_ij = min(1, A_ij / E_i)          impact on lender i of the default of borrower j
        value = sum_i v_i (h_i(end) - h_i(0))

    "original": a bank passes its distress on once, one round after it came into distress;
    "differential": every further loss is passed on too, h(t+1) = min(1, h(t) + W (h(t) - h(t-1))).

    Parameters
    ----------
    exposures : array (n_banks, n_banks) or DiGraph
        A: what i lent to j, money; a DiGraph runs from lender to borrower, as this does.
    equity : array (n_banks,)
        E, money, above 0.
    distress : array (n_banks,)
        h(0): share of its equity that each bank has lost at first, 0 to 1.
    weights : array (n_banks,), optional
        v: relative economic value, sums to one; share of all that was lent if not given.
    mode : {"original", "differential"}
        How often distress is passed on.

    Raises
    ------
    InvalidInput
        If an entry is negative or not finite, a shape or the diagonal is wrong, equity is not
        positive, distress outside 0 to 1, weights do not sum to one or are left out where nothing
        was lent, the mode is unknown, or (in "differential") the rounds do not end.

    Notes
    -----
    Conventions: the impact is capped at 1 in both modes (Bardoscia et al. leave A_ij / E_i as it
    is; the two differ only where one exposure exceeds the lender's equity). A bank with any initial
    distress has had its turn after the first round. In "differential" the rounds end when less than
    1e-15 of one bank's equity is added.

    Sources: Battiston, Puliga, Kaushik, Tasca and Caldarelli 2012, Scientific Reports 2, 541
    (Methods); Bardoscia, Battiston, Caccioli and Caldarelli 2015, PLoS ONE 10, e0130406.
    """
    faults: list[str] = []
    lent = as_network("exposures", exposures, faults)
    n = lent.shape[0]
    capital = as_column("equity", equity, n, faults)
    if not (capital > 0.0).all():
        faults.append(fault_at("equity", capital, capital > 0.0, "must be above 0"))
    start = as_column("distress", distress, n, faults)
    if not (start <= 1.0).all():
        faults.append(fault_at("distress", start, start <= 1.0, "must be from 0 to 1"))
    value = _economic_value(weights, lent, faults)
    if mode not in MODES:
        faults.append(f"mode = {mode!r}: must be {' or '.join(map(repr, MODES))}")
    refuse("not a network in distress", faults)
    impact = _impacts(lent, capital)
    final, scratch = start.copy(), np.empty((2, n))
    if mode == "original":
        spread_once(as_claims(impact), final, scratch[0], scratch[1])
    elif not spread_increments(as_claims(impact), final, scratch[0], scratch[1]):
        raise InvalidInput("distress goes round undiminished and too small to end; raise distress")
    return DebtRank(float(value @ (final - start)), final)


def debtrank_of_each(exposures: Network, equity: ArrayLike) -> FloatArray:
    """`debtrank` of the failure of each bank alone, in its original form, (n_banks,) [share].

    Value that others lose, over all that was lent; 0 for all where nothing was. Parameters and
    errors of `exposures` and `equity` as there.
    """
    faults: list[str] = []
    lent = as_network("exposures", exposures, faults)
    n = lent.shape[0]
    capital = as_column("equity", equity, n, faults)
    if not (capital > 0.0).all():
        faults.append(fault_at("equity", capital, capital > 0.0, "must be above 0"))
    value = _economic_value(None, lent, faults) if lent.nnz else np.zeros(n)
    refuse("not a network in distress", faults)
    claims, scratch, ranks = as_claims(_impacts(lent, capital)), np.empty((2, n)), np.empty(n)
    for failing in range(n):
        final = np.zeros(n)
        final[failing] = 1.0
        spread_once(claims, final, scratch[0], scratch[1])
        final[failing] = 0.0  # its own distress is not counted
        ranks[failing] = min(float(value @ final), 1.0)  # rounding may lift a sum of shares
    return ranks


def _impacts(lent: sp.csr_array, capital: FloatArray) -> sp.csr_array:
    """Impact on lender i of the default of borrower j, at most 1."""
    impact = sp.csr_array(lent)
    lender = np.repeat(np.arange(lent.shape[0]), np.diff(impact.indptr))
    impact.data = np.minimum(1.0, impact.data / capital[lender])
    return impact


def _economic_value(weights: ArrayLike | None, lent: sp.csr_array, faults: list[str]) -> FloatArray:
    """Relative economic value of each bank, summing to one."""
    if weights is not None:
        given = as_column("weights", weights, lent.shape[0], faults)
        if not abs(given.sum() - 1.0) <= _WEIGHTS_SUM_TO_ONE:
            faults.append(f"weights sum to {given.sum()}: must sum to 1")
        return given
    by_bank: FloatArray = lent.sum(axis=1)
    total = by_bank.sum()
    if not 0.0 < total < np.inf:
        faults.append("weights = None: must be given where nothing (or no finite sum) was lent")
    return by_bank / total if total > 0.0 else by_bank


def threshold_cascade(
    exposures: Network,
    capital: ArrayLike,
    interbank_assets: ArrayLike,
    seeds: ArrayLike,
    tie: str = "fails",
) -> ThresholdCascade:
    """Failures that spread when too many borrowers of a bank have failed.

        i fails when  A_i (failed borrowers of i) / (borrowers of i)  >  K_i

    Nothing is recovered, and what a bank lent is spread evenly over its borrowers. Both sides are
    compared in whole numbers, times the number of borrowers: with K = 4 and A = 20 per cent of
    assets, one failure among five is a tie, which floating point would decide by chance.

    Parameters
    ----------
    exposures : array (n_banks, n_banks) or DiGraph
        Who lent to whom: i to j where the entry is not zero; a DiGraph runs from lender to
        borrower. How much is not read.
    capital, interbank_assets : int, or whole numbers (n_banks,)
        K and A in one unit, from 0 to 1e9.
    seeds : whole numbers (n_seeds,)
        Positions of the banks that fail first, from 0.
    tie : {"fails", "survives"}
        Who loses exactly its capital. "fails" is the paper's solvency condition (1), capital must
        be positive; "survives" is its definition of a vulnerable bank (3), K/A < 1/j.

    Raises
    ------
    InvalidInput
        If an entry is negative or not finite, a shape or the diagonal is wrong, a number is not
        whole or out of range, or the tie is unknown; the message names every fault.

    Notes
    -----
    Source: Gai and Kapadia 2010, Proceedings of the Royal Society A 466, sec. 2, with no fire
    sales (q = 1).
    """
    faults: list[str] = []
    lent = as_network("exposures", exposures, faults, may_be_flags=True)
    n = lent.shape[0]
    buffers = as_whole("capital", capital, n, faults)
    lendings = as_whole("interbank_assets", interbank_assets, n, faults)
    first = np.atleast_1d(positions(seeds))
    if first.ndim != 1 or first.dtype == object or (first.size and first.dtype.kind not in "iu"):
        faults.append(f"seeds = {seeds!r}: must be positions of banks, whole numbers")
    elif first.size and (first.min() < 0 or first.max() >= n):
        faults.append(f"seeds = {seeds!r}: must be from 0 to {n - 1}")
    if tie not in TIES:
        faults.append(f"tie = {tie!r}: must be {' or '.join(map(repr, TIES))}")
    refuse("not a threshold cascade", faults)
    waves = np.zeros(n, dtype=np.int64)
    waves[first.astype(np.int64)] = 1
    fail_past_threshold(as_claims(lent), buffers, lendings, tie == "fails", waves)
    return ThresholdCascade(waves > 0, waves)
