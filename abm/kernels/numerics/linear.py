"""Small linear algebra on the leading block of preallocated matrices.

Own code: at ten instruments a LAPACK call costs more than the arithmetic, and its bits depend on
its build.
"""

import math

from abm.kernels.compiler.jit import inlined, kernel

TILE = 64  # columns of a tile: the books of this many institutions stay in the nearest cache
_MAX_SWEEPS = 60  # QR sweeps for one eigenvalue; two or three are usual
_NEGLIGIBLE = 2.3e-16


@inlined
def _exchange_rows(a, b, i, j, n):
    """Exchange rows i and j of the system a x = b."""
    for k in range(n):
        a[i, k], a[j, k] = a[j, k], a[i, k]
    b[i], b[j] = b[j], b[i]


@kernel
def solve_in_place(a, b, n):
    """Solve a x = b by elimination with row exchanges; x replaces b, a is destroyed.

    Returns whether every pivot was usable.
    """
    for j in range(n):
        pivot, largest = j, abs(a[j, j])
        for i in range(j + 1, n):
            if abs(a[i, j]) > largest:
                pivot, largest = i, abs(a[i, j])
        if not largest > 0.0:
            return False
        if pivot != j:
            _exchange_rows(a, b, j, pivot, n)
        inverse = 1.0 / a[j, j]
        for i in range(j + 1, n):
            factor = a[i, j] * inverse
            for k in range(j + 1, n):
                a[i, k] -= factor * a[j, k]
            b[i] -= factor * b[j]
    for j in range(n - 1, -1, -1):
        b[j] /= a[j, j]
        for i in range(j):
            b[i] -= a[i, j] * b[j]
    return True


@inlined
def falls_by_row_dominance(a, n):
    """True if each diagonal entry is negative and outweighs its row: then so is the spectrum."""
    for i in range(n):
        others = 0.0
        for j in range(n):
            if j != i:
                others += abs(a[i, j])
        if not a[i, i] + others < 0.0:
            return False
    return True


@inlined
def _reduce_to_hessenberg(h, n):
    """Similar matrix with zeros below the first subdiagonal, by elimination with exchanges."""
    for m in range(1, n - 1):
        pivot = m
        for i in range(m + 1, n):
            if abs(h[i, m - 1]) > abs(h[pivot, m - 1]):
                pivot = i
        if abs(h[pivot, m - 1]) == 0.0:
            continue
        for k in range(n):
            h[m, k], h[pivot, k] = h[pivot, k], h[m, k]
        for k in range(n):
            h[k, m], h[k, pivot] = h[k, pivot], h[k, m]
        inverse = 1.0 / h[m, m - 1]
        for i in range(m + 1, n):
            factor = h[i, m - 1] * inverse
            for k in range(n):
                h[i, k] -= factor * h[m, k]
            for k in range(n):
                h[k, m] += factor * h[k, i]
            h[i, m - 1] = 0.0


@inlined
def _reflect(h, k, size, x, y, z, first, last, low):
    """Similar matrix after the reflection that turns (x, y, z) onto its first axis.

    Acts on rows and columns k..k+size (two or three); columns from `first` to the block's end at
    `last` and rows from `low` on are all that the eigenvalues of the block need.
    """
    norm = math.sqrt(x * x + y * y + z * z)
    if norm == 0.0:
        return
    x += math.copysign(norm, x)
    scale = 2.0 / (x * x + y * y + z * z)
    for j in range(first, last + 1):
        below = z * h[k + 2, j] if size == 3 else 0.0
        total = scale * (x * h[k, j] + y * h[k + 1, j] + below)
        h[k, j] -= total * x
        h[k + 1, j] -= total * y
        if size == 3:
            h[k + 2, j] -= total * z
    for i in range(low, min(k + 3, last) + 1):
        beside = z * h[i, k + 2] if size == 3 else 0.0
        total = scale * (x * h[i, k] + y * h[i, k + 1] + beside)
        h[i, k] -= total * x
        h[i, k + 1] -= total * y
        if size == 3:
            h[i, k + 2] -= total * z


@inlined
def _francis_step(h, low, high, sweep):
    """One QR step with two shifts at once, so that complex pairs need no complex numbers.

    The shifts are the eigenvalues of the last 2 x 2 block, now and then arbitrary ones.
    """
    total = h[high - 1, high - 1] + h[high, high]
    product = h[high - 1, high - 1] * h[high, high] - h[high - 1, high] * h[high, high - 1]
    if sweep % 10 == 9:
        size = abs(h[high, high - 1]) + abs(h[high - 1, high - 2])
        total, product = 1.5 * size, size * size
    x = h[low, low] * (h[low, low] - total) + h[low, low + 1] * h[low + 1, low] + product
    y = h[low + 1, low] * (h[low, low] + h[low + 1, low + 1] - total)
    z = h[low + 1, low] * h[low + 2, low + 1]
    for k in range(low, high - 1):
        _reflect(h, k, 3, x, y, z, max(low, k - 1), high, low)
        x, y = h[k + 1, k], h[k + 2, k]
        z = h[k + 3, k] if k < high - 2 else 0.0
    _reflect(h, high - 1, 2, x, y, 0.0, high - 2, high, low)


@inlined
def _block_start(h, high):
    """First row of the unreduced block that ends at `high`; what is negligible is set to zero."""
    low = high
    while low > 0:
        scale = abs(h[low, low]) + abs(h[low - 1, low - 1])
        if not abs(h[low, low - 1]) > _NEGLIGIBLE * scale:
            h[low, low - 1] = 0.0
            return low
        low -= 1
    return low


@inlined
def _pair_real_part(h, i):
    """Largest real part of the two eigenvalues of rows and columns i and i + 1."""
    mean = 0.5 * (h[i, i] + h[i + 1, i + 1])
    half = 0.5 * (h[i, i] - h[i + 1, i + 1])
    return mean + math.sqrt(max(half * half + h[i, i + 1] * h[i + 1, i], 0.0))


@inlined
def largest_real_part(h, n):
    """Largest real part of the eigenvalues of the n x n block of h, which is destroyed.

    Francis' QR iteration on the Hessenberg form (Golub and Van Loan 2013, ch. 7.5). nan if it does
    not settle.
    """
    _reduce_to_hessenberg(h, n)
    largest = -math.inf
    high, sweep = n - 1, 0
    while high >= 0:
        low = _block_start(h, high)
        if low == high:
            largest = max(largest, h[high, high])
        elif low == high - 1:
            largest = max(largest, _pair_real_part(h, low))
        elif sweep == _MAX_SWEEPS:
            return math.nan
        else:
            _francis_step(h, low, high, sweep)
            sweep += 1
            continue
        high, sweep = low - 1, 0
    return largest
