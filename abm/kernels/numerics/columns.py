"""Columns of a chunk: the loops that the processor runs several institutions at a time.

Arguments are whole slices, counted from zero, so that the compiler can use its vector units; every
operation is element by element, so the bits do not depend on how wide they are.
"""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.compiler.lanes import add_rows, lane_sizes, lane_sums


@kernel
def copy(column, destination):
    """destination <- column"""
    for j in range(column.size):
        destination[j] = column[j]


@kernel
def is_any(column):
    """True if any entry is not zero."""
    count = 0
    for j in range(column.size):  # to the end: a loop that may stop early takes them one by one
        count += column[j] != 0
    return count > 0


@kernel
def add_scaled(scale, column, total):
    """total <- total + scale column"""
    for j in range(column.size):
        total[j] += scale * column[j]


@kernel
def add_scaled_rows(first, lo, scales, rows, total):
    """total <- total + scales[k] rows[k][lo:], row after row from `first` on."""
    add_rows(first, scales, rows, lo, total)


@inlined
def write_product(left, right, product):
    """product <- left right"""
    for j in range(product.size):
        product[j] = left[j] * right[j]


@inlined
def add_debt(price, units, total):
    """total <- total + (-price units)+"""
    for j in range(units.size):
        total[j] += max(-price * units[j], 0.0)


@inlined
def add_debts(price, other_price, units, other, total):
    """total <- total + (-price units)+ + (-other_price other)+"""
    for j in range(total.size):
        total[j] = total[j] + max(-price * units[j], 0.0) + max(-other_price * other[j], 0.0)


@inlined
def write_debts(price, other_price, units, other, total):
    """total <- (-price units)+ + (-other_price other)+"""
    for j in range(total.size):
        total[j] = max(-price * units[j], 0.0) + max(-other_price * other[j], 0.0)


@kernel
def chunk_sum(column):
    """Sum of a column in a fixed tree of eight lanes: the same bits on every machine."""
    return lane_sums((column,), column.size)[0]


@inlined
def add_row_sums(rows, lo, hi, totals):
    """totals[k] <- totals[k] + sum of rows[k][lo:hi], three rows at a time."""
    threes = rows.shape[0] // 3 * 3
    for k in range(0, threes, 3):
        three = (rows[k][lo:hi], rows[k + 1][lo:hi], rows[k + 2][lo:hi])
        a, b, c = lane_sums(three, hi - lo)
        totals[k] += a
        totals[k + 1] += b
        totals[k + 2] += c
    for k in range(threes, rows.shape[0]):
        totals[k] += chunk_sum(rows[k][lo:hi])


@kernel
def chunk_size(column):
    """Sum of the sizes of what is in a column, whatever its sign."""
    return lane_sizes((column,), column.size)[0]


@inlined
def add_row_sizes(rows, lo, hi, totals):
    """totals[k] <- totals[k] + sum of the sizes in rows[k][lo:hi], three rows at a time."""
    threes = rows.shape[0] // 3 * 3
    for k in range(0, threes, 3):
        three = (rows[k][lo:hi], rows[k + 1][lo:hi], rows[k + 2][lo:hi])
        a, b, c = lane_sizes(three, hi - lo)
        totals[k] += a
        totals[k + 1] += b
        totals[k + 2] += c
    for k in range(threes, rows.shape[0]):
        totals[k] += chunk_size(rows[k][lo:hi])
