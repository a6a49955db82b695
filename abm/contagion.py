"""Contagion on networks of claims: clearing vectors, DebtRank, threshold cascades.

>>> clear_interbank([[0, 10], [0, 0]], external_assets=[6, 1], external_liabilities=[0, 8]).payments
array([6., 7.])

A network may be a dense array, a SciPy sparse array, or a NetworkX DiGraph whose edges run from
lender to borrower with the amount as `weight`; arrays by bank are then in the order of its nodes.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple, TypeAlias

import networkx as nx
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from abm.errors import InvalidInput
from abm.kernels.contagion import (
    Claims,
    fail_past_threshold,
    fail_who_cannot_pay,
    pay_what_is_there,
    spread_increments,
    spread_once,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Network: TypeAlias = Any  # dense, sparse or DiGraph: checked by `_network`

MODES = ("original", "differential")
TIES = ("fails", "survives")

_WEIGHTS_SUM_TO_ONE = 1e-9
_LARGEST_WHOLE_NUMBER = 10**9  # so that no product of the threshold overflows


class Clearing(NamedTuple):
    """Who pays what once everybody has paid what they can."""

    payments: FloatArray  # (n_banks,) to banks and outside together, in the money of the debts
    equity: FloatArray  # (n_banks,) what is left after full payment; 0 for who defaults
    defaulted: BoolArray  # (n_banks,)
    waves: IntArray  # (n_banks,) round of default: 1 if all others pay; 0 if never
    iterations: int  # rounds, the last of which finds no new default


class DebtRank(NamedTuple):
    """How much of the system's economic value a distress destroys beyond itself."""

    value: float  # share of economic value, without the initial distress
    distress: FloatArray  # (n_banks,) share of equity lost in the end, 0 to 1


class ThresholdCascade(NamedTuple):
    """Who fails, and when."""

    failed: BoolArray  # (n_banks,)
    waves: IntArray  # (n_banks,) 0 if never, 1 for the seeds, 2 for their victims, …


def clear_interbank(
    liabilities: Network,
    external_assets: npt.ArrayLike,
    external_liabilities: npt.ArrayLike | None = None,
    recovery_external: float = 1.0,
    recovery_interbank: float = 1.0,
) -> Clearing:
    """Greatest clearing vector of interbank debts, by fictitious defaults.

        p_i = pbar_i                                  if e_i + sum_j Pi_ji p_j >= pbar_i
        p_i = alpha e_i + beta sum_j Pi_ji p_j        otherwise

    with pbar_i = sum_j L_ij + b_i and Pi_ij = L_ij / pbar_i. All start as paying in full; those who
    then cannot are in default and pay what they have, which brings down others, until a round
    finds nobody new.

    Parameters
    ----------
    liabilities : (n_banks, n_banks)
        L: what i owes j, money; a DiGraph runs from lender to borrower and is transposed here.
    external_assets : (n_banks,)
        e: assets outside the network, money.
    external_liabilities : (n_banks,), optional
        b: debts to outside, money, of the same seniority as debts to banks; none if not given.
    recovery_external, recovery_interbank : float
        alpha and beta: share of external and of interbank assets that is left in a default. At
        1 and 1 nothing is lost.

    Raises
    ------
    InvalidInput
        If an entry is negative or not finite, a shape or the diagonal is wrong, or a recovery is
        outside 0 to 1; the message names every fault.

    Notes
    -----
    Conventions: a bank that can just pay does not default, where "just" allows for rounding
    (1e-12 of its debts); what a defaulter has is shared in proportion to all claims, external ones
    included, none of which is senior.

    Sources: Eisenberg and Noe 2001, Management Science 47 (fictitious default algorithm, sec. 3.1);
    recoveries below 1: Rogers and Veraart 2013, Management Science 59, sec. 3.
    """
    faults: list[str] = []
    debts = _network("liabilities", liabilities, faults)
    n = debts.shape[0]
    assets = _column("external_assets", external_assets, n, faults)
    outside = np.zeros(n) if external_liabilities is None else external_liabilities
    owed_outside = _column("external_liabilities", outside, n, faults)
    recoveries: tuple[tuple[str, Any], ...] = (
        ("recovery_external", recovery_external),
        ("recovery_interbank", recovery_interbank),
    )
    for name, share in recoveries:
        if not isinstance(share, Real) or not 0.0 <= float(share) <= 1.0:
            faults.append(f"{name} = {share!r}: must be a number from 0 to 1")
    _refuse("not an interbank network", faults)
    if isinstance(liabilities, nx.Graph):
        debts = debts.T.tocsr()
    with np.errstate(over="ignore"):
        owed = debts.sum(axis=1) + owed_outside
    if not np.isfinite(owed).all():
        _refuse("not an interbank network", ["the debts of a bank must have a finite sum"])
    per_debt = 1.0 / np.where(owed > 0.0, owed, 1.0)
    network = _Relative(sp.diags_array(per_debt) @ debts, owed_outside * per_debt, owed)
    return _clear(network, assets, float(recovery_external), float(recovery_interbank))


class _Relative(NamedTuple):
    """Debts as shares of all that a bank owes."""

    to_banks: Any  # Pi, (n_banks, n_banks) sparse
    to_outside: FloatArray  # b / pbar, (n_banks,)
    owed: FloatArray  # pbar, (n_banks,)


def _clear(debts: _Relative, assets: FloatArray, alpha: float, beta: float) -> Clearing:
    """The rounds of the fictitious default algorithm."""
    owed, incoming = debts.owed, debts.to_banks.T.tocsr()
    claims, recovered = _claims(incoming), alpha * assets
    payments, waves = owed.copy(), np.zeros(owed.size, dtype=np.int64)
    rounds = 1
    while fail_who_cannot_pay(claims, assets, owed, payments, rounds, waves):
        terms = (claims, recovered, beta, owed, debts.to_outside, waves, payments)
        if not pay_what_is_there(*terms):
            _solve(beta * incoming, recovered, waves > 0, payments)
        rounds += 1
    np.clip(payments, 0.0, owed, out=payments)
    defaulted = waves > 0
    left = np.maximum(assets + incoming @ payments - owed, 0.0)
    return Clearing(payments, np.where(defaulted, 0.0, left), defaulted, waves, rounds)


def _solve(incoming: Any, recovered: FloatArray, failed: BoolArray, payments: FloatArray) -> None:
    """Payments of the defaulters by elimination, where sweeps are slow: long closed chains."""
    into_failed = incoming[failed]
    from_solvent = into_failed @ np.where(failed, 0.0, payments)
    system = sp.eye_array(int(failed.sum())) - into_failed[:, failed]
    payments[failed] = spsolve(system.tocsc(), recovered[failed] + from_solvent)


def debtrank(
    exposures: Network,
    equity: npt.ArrayLike,
    distress: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    mode: str = "original",
) -> DebtRank:
    """Economic value lost to distress that travels from borrowers to lenders.

        W_ij = min(1, A_ij / E_i)          impact on lender i of the default of borrower j
        value = sum_i v_i (h_i(end) - h_i(0))

    "original": a bank passes its distress on once, one round after it came into distress;
    "differential": every further loss is passed on too, h(t+1) = min(1, h(t) + W (h(t) - h(t-1))).

    Parameters
    ----------
    exposures : (n_banks, n_banks)
        A: what i lent to j, money; a DiGraph runs from lender to borrower, as this does.
    equity : (n_banks,)
        E, money, above 0.
    distress : (n_banks,)
        h(0): share of its equity that each bank has lost at first, 0 to 1.
    weights : (n_banks,), optional
        v: relative economic value, sums to one; share of all that was lent if not given.
    mode : {"original", "differential"}

    Raises
    ------
    InvalidInput
        If an entry is negative or not finite, a shape or the diagonal is wrong, equity is not
        positive, distress outside 0 to 1, weights do not sum to one, or the mode is unknown.

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
    lent = _network("exposures", exposures, faults)
    n = lent.shape[0]
    capital = _column("equity", equity, n, faults)
    if not (capital > 0.0).all():
        faults.append(_at("equity", capital, capital > 0.0, "must be above 0"))
    start = _column("distress", distress, n, faults)
    if not (start <= 1.0).all():
        faults.append(_at("distress", start, start <= 1.0, "must be from 0 to 1"))
    value = _economic_value(weights, lent, faults)
    if mode not in MODES:
        faults.append(f"mode = {mode!r}: must be {' or '.join(map(repr, MODES))}")
    _refuse("not a network in distress", faults)
    impact = sp.csr_array(lent)
    lender = np.repeat(np.arange(n), np.diff(impact.indptr))
    impact.data = np.minimum(1.0, impact.data / capital[lender])
    final, scratch = start.copy(), np.empty((2, n))
    if mode == "original":
        spread_once(_claims(impact), final, scratch[0], scratch[1])
    elif not spread_increments(_claims(impact), final, scratch[0], scratch[1]):
        raise InvalidInput("distress goes round undiminished and too small to end; raise distress")
    return DebtRank(float(value @ (final - start)), final)


def _economic_value(
    weights: npt.ArrayLike | None, lent: sp.csr_array, faults: list[str]
) -> FloatArray:
    """Relative economic value of each bank, summing to one."""
    if weights is not None:
        given = _column("weights", weights, lent.shape[0], faults)
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
    capital: npt.ArrayLike,
    interbank_assets: npt.ArrayLike,
    seeds: npt.ArrayLike,
    tie: str = "fails",
) -> ThresholdCascade:
    """Failures that spread when too many borrowers of a bank have failed.

        i fails when  A_i (failed borrowers of i) / (borrowers of i)  >  K_i

    Nothing is recovered, and what a bank lent is spread evenly over its borrowers. Both sides are
    compared in whole numbers, times the number of borrowers: with K = 4 and A = 20 per cent of
    assets, one failure among five is a tie, which floating point would decide by chance.

    Parameters
    ----------
    exposures : (n_banks, n_banks)
        Who lent to whom: i to j where the entry is not zero; a DiGraph runs from lender to
        borrower. How much is not read.
    capital, interbank_assets : int, or (n_banks,) of whole numbers
        K and A in one unit, up to 1e9.
    seeds : (n_seeds,) of int
        Positions of the banks that fail first.
    tie : {"fails", "survives"}
        Who loses exactly its capital. "fails" is the paper's solvency condition (1), capital must
        be positive; "survives" is its definition of a vulnerable bank (3), K/A < 1/j.

    Raises
    ------
    InvalidInput
        If the network is not one, a number is not whole or out of range, or the tie is unknown.

    Notes
    -----
    Source: Gai and Kapadia 2010, Proceedings of the Royal Society A 466, sec. 2, with no fire
    sales (q = 1).
    """
    faults: list[str] = []
    lent = _network("exposures", exposures, faults)
    n = lent.shape[0]
    buffers = _whole("capital", capital, n, faults)
    lendings = _whole("interbank_assets", interbank_assets, n, faults)
    first = np.atleast_1d(np.asarray(seeds))
    if first.ndim != 1 or (first.size and first.dtype.kind not in "iu"):
        faults.append(f"seeds = {seeds!r}: must be positions of banks, whole numbers")
    elif first.size and (first.min() < 0 or first.max() >= n):
        faults.append(f"seeds = {seeds!r}: must be from 0 to {n - 1}")
    if tie not in TIES:
        faults.append(f"tie = {tie!r}: must be {' or '.join(map(repr, TIES))}")
    _refuse("not a threshold cascade", faults)
    waves = np.zeros(n, dtype=np.int64)
    waves[first.astype(np.int64)] = 1
    fail_past_threshold(_claims(lent), buffers, lendings, tie == "fails", waves)
    return ThresholdCascade(waves > 0, waves)


def _claims(lent: sp.csr_array) -> Claims:
    """Compressed rows as the kernels take them."""
    return Claims(
        lent.indptr.astype(np.int64), lent.indices.astype(np.int64), lent.data.astype(np.float64)
    )


def _network(name: str, given: Any, faults: list[str]) -> sp.csr_array:
    """A network as compressed rows without zeros, as given (a graph: lender by borrower)."""
    try:
        if isinstance(given, nx.Graph):
            matrix = _matrix_of(name, given, faults)
        elif sp.issparse(given):
            matrix = sp.csr_array(given, dtype=np.float64, copy=True)
        else:
            matrix = sp.csr_array(np.array(given, dtype=np.float64, ndmin=1))
    except (TypeError, ValueError, OverflowError):
        faults.append(f"{name} must be a square array of numbers, sparse array or DiGraph")
        return sp.csr_array((1, 1))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        faults.append(f"{name} has shape {matrix.shape}, must be (n_banks, n_banks)")
        return sp.csr_array((max(matrix.shape[0], 1),) * 2)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    entries = matrix.tocoo()
    lender, borrower = entries.coords
    for allowed, good in (
        ("must be finite", np.isfinite(entries.data)),
        ("must not be negative", ~(entries.data < 0.0)),
        ("must be 0, nobody owes itself", lender != borrower),
    ):
        if not good.all():
            at = int(np.flatnonzero(~good)[0])
            faults.append(f"{name}[{lender[at]}, {borrower[at]}] = {entries.data[at]}: {allowed}")
    return matrix


def _matrix_of(name: str, graph: nx.Graph, faults: list[str]) -> sp.csr_array:
    """Weights of a graph, lender by borrower."""
    if not graph.is_directed():
        faults.append(f"{name} is an undirected graph, must be a DiGraph from lender to borrower")
    unweighted = [(i, j) for i, j, weight in graph.edges(data="weight") if weight is None]
    if unweighted:
        faults.append(f"{name}: the edge {unweighted[0]} must have a weight")
    if graph.number_of_nodes() == 0:
        return sp.csr_array((0, 0))
    return sp.csr_array(nx.to_scipy_sparse_array(graph, dtype=np.float64, format="csr"))


def _column(name: str, given: Any, n: int, faults: list[str]) -> FloatArray:
    """Numbers by bank, finite and not negative; ones where they are not."""
    try:
        column = np.array(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        faults.append(f"{name} must be an array of numbers")
        return np.ones(n)
    if column.shape != (n,):
        faults.append(f"{name} has shape {column.shape}, must be {(n,)}")
        return np.ones(n)
    if not np.isfinite(column).all():
        faults.append(_at(name, column, np.isfinite(column), "must be finite"))
        return np.ones(n)
    if not (column >= 0.0).all():
        faults.append(_at(name, column, column >= 0.0, "must not be negative"))
        return np.ones(n)
    return column


def _whole(name: str, given: Any, n: int, faults: list[str]) -> IntArray:
    """Whole numbers by bank; one number stands for all banks."""
    column = np.asarray(given)
    if column.dtype.kind not in "iu" or column.shape not in ((), (n,)):
        faults.append(f"{name} must be a whole number, or {n} of them")
        return np.ones(n, dtype=np.int64)
    column = np.broadcast_to(column, (n,))
    good = (column >= 0) & (column <= _LARGEST_WHOLE_NUMBER)
    if not good.all():
        faults.append(_at(name, column, good, f"must be from 0 to {_LARGEST_WHOLE_NUMBER}"))
    return column.astype(np.int64)


def _at(name: str, column: npt.NDArray[Any], good: BoolArray, allowed: str) -> str:
    """A fault, where it is and what was given."""
    place = int(np.flatnonzero(~good)[0])
    return f"{name}[{place}] = {column[place]}: {allowed}"


def _refuse(what: str, faults: list[str]) -> None:
    """Say every fault at once, if there is any."""
    if faults:
        raise InvalidInput(f"{what}:\n  " + "\n  ".join(faults))
