"""Columns of a chunk: the loops that the processor runs several institutions at a time.

Arguments are whole slices, counted from zero, so that the compiler can use its vector units; every
operation is element by element, so the bits do not depend on how wide they are.
"""

from abm.kernels.compiler.jit import kernel


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
def add_scaled_rows(first, lo, hi, scales, rows, total):
    """total <- total + scales[k] rows[k][lo:hi], row after row from `first` on.

    Three rows at a time, added in their order: what takes time is to fetch and store the sum.
    """
    last = scales.size
    for k in range(first, last - 2, 3):
        add_three_scaled(
            scales[k], scales[k + 1], scales[k + 2], rows[k][lo:hi], rows[k + 1][lo:hi],
            rows[k + 2][lo:hi], total,
        )  # fmt: skip
    for k in range(last - (last - first) % 3, last):
        add_scaled(scales[k], rows[k][lo:hi], total)


@kernel
def add_three_scaled(a, b, c, x, y, z, total):
    """total <- total + a x + b y + c z"""
    for j in range(total.size):
        total[j] = total[j] + a * x[j] + b * y[j] + c * z[j]


@kernel
def add_seven_scaled(k, lo, hi, scales, rows, total):
    """total <- total + scales[k] rows[k][lo:hi] + … + scales[k + 6] rows[k + 6][lo:hi]"""
    a, b, c, d = scales[k], scales[k + 1], scales[k + 2], scales[k + 3]
    e, f, g = scales[k + 4], scales[k + 5], scales[k + 6]
    p, q, r, s = rows[k][lo:hi], rows[k + 1][lo:hi], rows[k + 2][lo:hi], rows[k + 3][lo:hi]
    t, u, v = rows[k + 4][lo:hi], rows[k + 5][lo:hi], rows[k + 6][lo:hi]
    for j in range(total.size):
        sum_of_four = total[j] + a * p[j] + b * q[j] + c * r[j] + d * s[j]
        total[j] = sum_of_four + e * t[j] + f * u[j] + g * v[j]


@kernel
def write_product(left, right, product):
    """product <- left right"""
    for j in range(product.size):
        product[j] = left[j] * right[j]


@kernel
def write_sizes(column, sizes):
    """sizes <- |column|"""
    for j in range(sizes.size):
        sizes[j] = abs(column[j])


@kernel
def add_debt(price, units, total):
    """total <- total + (-price units)+"""
    for j in range(units.size):
        total[j] += max(-price * units[j], 0.0)


@kernel
def add_debts(price, other_price, units, other, total):
    """total <- total + (-price units)+ + (-other_price other)+"""
    for j in range(total.size):
        total[j] = total[j] + max(-price * units[j], 0.0) + max(-other_price * other[j], 0.0)


@kernel
def write_debts(price, other_price, units, other, total):
    """total <- (-price units)+ + (-other_price other)+"""
    for j in range(total.size):
        total[j] = max(-price * units[j], 0.0) + max(-other_price * other[j], 0.0)


@kernel
def chunk_sum(column):
    """Sum of a column in a fixed tree of eight lanes: the same bits on every machine."""
    a = b = c = d = e = f = g = h = 0.0
    stop = column.size // 8 * 8
    for i in range(0, stop, 8):
        a += column[i]
        b += column[i + 1]
        c += column[i + 2]
        d += column[i + 3]
        e += column[i + 4]
        f += column[i + 5]
        g += column[i + 6]
        h += column[i + 7]
    rest = 0.0
    for i in range(stop, column.size):
        rest += column[i]
    return (((a + b) + (c + d)) + ((e + f) + (g + h))) + rest
