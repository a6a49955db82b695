"""Products of small matrices with columns: every sum in the order of its inner index.

A library of linear algebra sums in another order on another processor, and the last digits of a run
would depend on the machine.
"""

from abm.kernels.compiler.jit import kernel
from abm.kernels.numerics.columns import add_scaled_rows


@kernel
def combine(scales, rows, total):
    """total <- sum over k of scales[k] rows[k]"""
    for j in range(total.size):
        total[j] = scales[0] * rows[0, j]
    add_scaled_rows(1, 0, scales, rows, total)


@kernel
def multiply(a, b, product):
    """product <- a b, for a (n, K) and b (K, m)"""
    for i in range(a.shape[0]):
        combine(a[i], b, product[i])


@kernel
def add_up_forms(matrix, columns, loaded, total):
    """total <- w' A w of every column w; ``loaded`` is scratch."""
    for k in range(matrix.shape[0]):
        combine(matrix[k], columns, loaded)
        for j in range(total.size):
            term = loaded[j] * columns[k, j]
            total[j] = term if k == 0 else total[j] + term
