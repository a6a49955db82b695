"""Matrix products and factors of the opening, in an order of their own: the kernels' own.

NumPy hands these to a BLAS library, whose order is that of the processor.
"""

from __future__ import annotations

import numpy as np

from abm.kernels.numerics.products import multiply

Array = np.ndarray


def product(a: Array, b: Array) -> Array:
    """a @ b for a (K,) or (n, K) and b (K, m)."""
    rows = np.ascontiguousarray(np.atleast_2d(a))
    out = np.empty((len(rows), b.shape[1]))
    multiply(rows, np.ascontiguousarray(b), out)
    return out if a.ndim > 1 else out[0]


def quadratic_form(matrix: Array, columns: Array) -> Array:
    """w' A w of every column w, (n,), for A (K, K) and columns (K, n)."""
    loaded = product(matrix, columns) * columns
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
