"""Orders of sale: how a deleveraging sale is spread over a book, and its effect on the price.

Positions are signed; every trade is towards zero, so that a short is bought back. A position a_k
[USD bn] binds margin h_k |a_k|; closing q_k of it relieves h_k |q_k| at once, to first order in
the price (the impact on the rest of the book is the market's business, not the rule's).
"""

import math
from typing import NamedTuple

from abm.kernels.compiler.jit import kernel

PRO_RATA, LEAST_IMPACT, WATERFALL = 0, 1, 2
REACHED, RUINED, NO_FIXED_POINT = 0, 1, 2
# A thin market turns any excess over the target into ruin: an excess by rounding is none.
ROUNDING = 1e-12


class Delevering(NamedTuple):
    """Outcome of one seller's return to a target leverage under its own price impact."""

    units_sold: float
    price: float
    wealth: float
    status: int


@kernel
def margin_required(positions, haircuts):
    """Maintenance margin of a book [USD bn]: sum of h_k |a_k|."""
    required = 0.0
    for k in range(positions.size):
        required += haircuts[k] * abs(positions[k])
    return required


@kernel
def impact_cost(sales, depth):
    """Cost of selling into a linear price impact [USD bn]: sum of q_k^2 / (2 D_k)."""
    cost = 0.0
    for k in range(sales.size):
        if sales[k] != 0.0:
            cost += sales[k] * sales[k] / (2.0 * depth[k])
    return cost


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


@kernel
def delever_fixed_point(units, cash, target_leverage, depth, opening_price):
    """Units one seller must sell to reach its target leverage at the price its sale makes.

        p = p0 (1 - n / D),   W = a p + m,   (a - n) p = lambda W

    With b = a (1 - lambda) this is n^2 - (D + b) n + D (b - lambda m / p0) = 0, and the smaller
    root is the first point at rest on the way from n = 0. Units a > 0, cash m < 0 is the loan,
    depth D [units that would take the price to zero]. Statuses: REACHED (n = 0 where leverage is
    no higher than the target); RUINED where wealth is gone before the point of rest;
    NO_FIXED_POINT beyond the fold, where there is none. In the last two all is sold.
    """
    wealth = units * opening_price + cash
    if wealth > 0.0 and units * opening_price <= target_leverage * wealth * (1.0 + ROUNDING):
        return Delevering(0.0, opening_price, wealth, REACHED)
    b = units * (1.0 - target_leverage)
    total = depth + b
    product = depth * (b - target_leverage * cash / opening_price)
    discriminant = total * total - 4.0 * product
    status = RUINED
    if wealth > 0.0 and discriminant < 0.0:
        status = NO_FIXED_POINT
    elif wealth > 0.0:
        root = math.sqrt(discriminant)
        sold = 0.5 * (total - root)
        if total > 0.0:  # the same root without cancellation
            sold = 2.0 * product / (total + root)
        if 0.0 <= sold <= min(units, depth):
            price = opening_price * (1.0 - sold / depth)
            return Delevering(sold, price, units * price + cash, REACHED)
    price = opening_price * max(0.0, 1.0 - units / depth)
    return Delevering(units, price, units * price + cash, status)
