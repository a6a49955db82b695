"""Networks and columns of banks as users give them, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from abm.errors import InvalidInput
from abm.kernels.banks.distress import Claims
from abm.numbers import real_array

if TYPE_CHECKING:
    from typing_extensions import TypeAliasType

    # Unlike a plain alias such a type keeps its name in the API pages.
    ArrayLike = TypeAliasType("ArrayLike", npt.ArrayLike)
    FloatArray = TypeAliasType("FloatArray", npt.NDArray[np.float64])
    IntArray = TypeAliasType("IntArray", npt.NDArray[np.int64])
    BoolArray = TypeAliasType("BoolArray", npt.NDArray[np.bool_])
    Network = TypeAliasType("Network", Any)  # dense, sparse or DiGraph: checked by `as_network`

_LARGEST_WHOLE_NUMBER = 10**9  # so that no product of the threshold overflows


def as_claims(lent: sp.csr_array) -> Claims:
    """Compressed rows as the kernels take them."""
    return Claims(
        lent.indptr.astype(np.int64), lent.indices.astype(np.int64), lent.data.astype(np.float64)
    )


def as_network(
    name: str, given: Any, faults: list[str], *, may_be_flags: bool = False
) -> sp.csr_array:
    """A network as compressed rows without zeros, as given (a graph: lender by borrower)."""
    try:
        if isinstance(given, nx.Graph):
            matrix = _matrix_of(name, given, faults, may_be_flags)
        elif sp.issparse(given):
            real_array(given.tocoo().data, may_be_flags=may_be_flags)
            matrix = sp.csr_array(given, dtype=np.float64, copy=True)
        else:
            matrix = sp.csr_array(np.atleast_1d(real_array(given, may_be_flags=may_be_flags)))
    except (TypeError, ValueError, OverflowError):
        faults.append(f"{name} must be a square array of numbers, sparse array or DiGraph")
        return sp.csr_array((_n_rows(given),) * 2)
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
        ("must be 0: no bank owes itself", lender != borrower),
    ):
        if not good.all():
            at = int(np.flatnonzero(~good)[0])
            faults.append(f"{name}[{lender[at]}, {borrower[at]}] = {entries.data[at]}: {allowed}")
    return matrix


def _n_rows(given: Any) -> int:
    """Rows of what holds no numbers, so that columns are not refused on its account; at least 1."""
    try:
        return max(given.shape[0] if sp.issparse(given) else len(given), 1)
    except TypeError:  # of no length
        return 1


def _matrix_of(name: str, graph: nx.Graph, faults: list[str], may_be_flags: bool) -> sp.csr_array:
    """Weights of a graph, lender by borrower."""
    if not graph.is_directed():
        faults.append(f"{name} is an undirected graph, must be a DiGraph from lender to borrower")
    unweighted = [(i, j) for i, j, weight in graph.edges(data="weight") if weight is None]
    if unweighted:
        faults.append(f"{name}: the edge {unweighted[0]} must have a weight")
    else:
        weights = [weight for _, _, weight in graph.edges(data="weight")]
        real_array(weights, may_be_flags=may_be_flags)
    if graph.number_of_nodes() == 0:
        return sp.csr_array((0, 0))
    return sp.csr_array(nx.to_scipy_sparse_array(graph, dtype=np.float64, format="csr"))


def as_column(name: str, given: Any, n: int, faults: list[str]) -> FloatArray:
    """Numbers by bank, finite and not negative; ones where they are not."""
    try:
        column = real_array(given)
    except (TypeError, ValueError, OverflowError):
        faults.append(f"{name} must be an array of numbers")
        return np.ones(n)
    if column.shape != (n,):
        faults.append(f"{name} has shape {column.shape}, must be {(n,)}")
        return np.ones(n)
    if not np.isfinite(column).all():
        faults.append(fault_at(name, column, np.isfinite(column), "must be finite"))
        return np.ones(n)
    if not (column >= 0.0).all():
        faults.append(fault_at(name, column, column >= 0.0, "must not be negative"))
        return np.ones(n)
    return column


def as_whole(name: str, given: Any, n: int, faults: list[str]) -> IntArray:
    """Whole numbers by bank; one number stands for all banks."""
    column = positions(given)
    if column.dtype.kind not in "iu" or column.shape not in ((), (n,)):
        faults.append(f"{name} must be a whole number, or {n} of them")
        return np.ones(n, dtype=np.int64)
    column = np.broadcast_to(column, (n,))
    good = (column >= 0) & (column <= _LARGEST_WHOLE_NUMBER)
    if not good.all():
        faults.append(fault_at(name, column, good, f"must be from 0 to {_LARGEST_WHOLE_NUMBER}"))
    return column.astype(np.int64)


def positions(given: Any) -> npt.NDArray[Any]:
    """Possible whole numbers as an array; one of objects where it has no shape."""
    try:
        real_array(given)
        return np.asarray(given)
    except (TypeError, ValueError, OverflowError):
        return np.empty(0, dtype=object)


def fault_at(name: str, column: npt.NDArray[Any], good: BoolArray, allowed: str) -> str:
    """A fault, where it is and what was given."""
    place = int(np.flatnonzero(~good)[0])
    return f"{name}[{place}] = {column[place]}: {allowed}"


def refuse(what: str, faults: list[str]) -> None:
    """Say every fault at once, if there is any."""
    if faults:
        raise InvalidInput(f"{what}:", *(f"  {fault}" for fault in faults))
