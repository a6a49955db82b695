"""Orders of sale: how a deleveraging sale is spread over a book, and its effect on the price.

Positions are signed; every trade is towards zero, so that a short is bought back. A position a_k
[USD bn] binds margin h_k |a_k|; closing q_k of it relieves h_k |q_k| at once, to first order in
the price (the impact on the rest of the book is the market's business, not the rule's).
"""

import math

from abm.kernels.compiler.jit import kernel

PRO_RATA, LEAST_IMPACT, WATERFALL = 0, 1, 2


@kernel
def margin_required(positions, haircuts):
    """Maintenance margin of a book [USD bn]: sum of h_k |a_k|."""
    required = 0.0
    for k in range(positions.size):
        required += haircuts[k] * abs(positions[k])
    return required


@kernel
def pro_rata(positions, haircuts, deficit, sales):
    """Sell the same share of every position; writes `sales`, returns the margin relieved.

    q_k = a_k min(1, deficit / sum h |a|)
    """
    required = margin_required(positions, haircuts)
    share = 1.0
    if deficit < required:
        share = max(0.0, deficit) / required
    for k in range(positions.size):
        sales[k] = share * positions[k]
    return margin_required(sales, haircuts)


@kernel
def least_impact(positions, depth, haircuts, deficit, sales):
    """Sell where margin is freed at the least cost; writes `sales`, returns the margin relieved.

        min sum q^2 / (2D)   s.t.  sum h q = deficit,  0 <= q <= |a|:   q_k = min(|a_k|, mu h_k D_k)

    The multiplier mu only rises as positions run out, so each pass caps at least one of them or
    is the last: at most one pass per instrument. Instruments without depth are not sold.

    (M32)
    """
    n = positions.size
    for k in range(n):
        sales[k] = 0.0
    multiplier = 0.0
    for _ in range(n + 1):
        missing, relief_per_multiplier = deficit, 0.0
        for k in range(n):
            if multiplier * haircuts[k] * depth[k] >= abs(positions[k]):
                missing -= haircuts[k] * abs(positions[k])
            else:
                relief_per_multiplier += haircuts[k] * haircuts[k] * depth[k]
        if missing <= 0.0 or relief_per_multiplier == 0.0:
            break
        raised = missing / relief_per_multiplier
        if raised <= multiplier:
            break
        multiplier = raised
    for k in range(n):
        size = min(abs(positions[k]), multiplier * haircuts[k] * depth[k])
        sales[k] = math.copysign(size, positions[k])
    return margin_required(sales, haircuts)


@kernel
def next_most_liquid(depth, after):
    """Instrument that follows `after` from the deepest to the thinnest (-1: the first, or none).

    Equal depths go by number, so that the order never depends on chance.
    """
    best = -1
    for k in range(depth.size):
        is_later = after < 0 or depth[k] < depth[after] or (depth[k] == depth[after] and k > after)
        if is_later and (best < 0 or depth[k] > depth[best]):
            best = k
    return best


@kernel
def waterfall(positions, depth, haircuts, deficit, sales):
    """Empty the deepest market first; writes `sales`, returns the margin relieved.        (M32)

    What margin ignores (h = 0) frees nothing and is kept.
    """
    for k in range(positions.size):
        sales[k] = 0.0
    relief = 0.0
    k = next_most_liquid(depth, -1)
    while k >= 0 and relief < deficit:
        if haircuts[k] > 0.0:
            size = min(abs(positions[k]), (deficit - relief) / haircuts[k])
            sales[k] = math.copysign(size, positions[k])
            relief += haircuts[k] * size
        k = next_most_liquid(depth, k)
    return relief


@kernel
def spread_sale(rule, positions, depth, haircuts, deficit, sales):
    """Spread a sale that frees `deficit` [USD bn] of margin by the rule the scenario chose.

    Writes `sales` (K,), signed like `positions`; returns the margin relieved, which is less than
    the deficit only where the whole book does not hold that much.
    """
    if rule == LEAST_IMPACT:
        return least_impact(positions, depth, haircuts, deficit, sales)
    if rule == WATERFALL:
        return waterfall(positions, depth, haircuts, deficit, sales)
    return pro_rata(positions, haircuts, deficit, sales)
