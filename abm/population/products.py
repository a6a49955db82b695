"""Matrix products and factors of the opening, in an order of their own.

NumPy hands these to a BLAS library that sums in another order on another processor: the last
digits of every run would depend on the machine. The matrices here are small; sums run over the
inner index, one term after another, and give the same bits everywhere.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def product(a: Array, b: Array) -> Array:
    """a @ b for a (K,) or (n, K) and b (K, m)."""
    total = np.asarray(a[..., :1] * b[0])
    term = np.empty_like(total)
    for inner in range(1, len(b)):
        total += np.multiply(a[..., inner, None], b[inner], out=term)
    return total


def quadratic_form(matrix: Array, columns: Array) -> Array:
    """w' A w of every column w, (n,), for A (K, K) and columns (K, n)."""
    loaded = product(matrix, columns)
    loaded *= columns
    total: Array = loaded[0].copy()
    for row in loaded[1:]:
        total += row
    return total


def cholesky_factor(matrix: Array) -> Array:
    """Lower L with L L' = A for a positive definite A (K, K)."""
    factor = np.zeros_like(matrix, dtype=np.float64)
    for j in range(len(matrix)):
        column = matrix[j:, j].astype(np.float64)
        for done in range(j):
            column = column - factor[j:, done] * factor[j, done]
        factor[j:, j] = column / np.sqrt(column[0])
    return factor
