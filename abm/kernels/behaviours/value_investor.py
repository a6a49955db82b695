"""Value investors: they take the other side, slowly, up to a capacity.

Every law of their demand falls in the price and is zero at the fundamental; z = x - f is the log
distance from it, Lambda the depth [units per log], ub the capacity [log].
"""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.depth import depth_in_units
from abm.kernels.numerics.columns import copy

TANH = 0
LINEAR = 1
CONT_SCHAANNING = 2
SQUARE_ROOT = 3
NONE = 4
_SERIES_BELOW = 0.15  # the series below is exact to rounding there, and four times as fast
_LAST_LIQUIDITY = 1e-3  # share of Cont-Schaanning's room to the floor at which demand turns linear
_ROUNDING_SHARE = 0.1  # share of the capacity within which the square root law is rounded off


@kernel
def open_value_investors(market, rules):
    """Open value investors: their holdings, depth, and speed at this morning's gaps.

    (M35, M85)
    """
    copy(market.value_held, market.value_held_open)
    rule = rules.value_investors
    for k in range(market.quote.size):
        market.value_depth[k] = depth_in_units(rule.depth[k], market.usd_price[k])
        gap = market.log_price[k] - market.fundamental[k] - market.link_level[k]
        market.value_speed[k] = urgent_speed(
            gap, rule.speed[k], rule.speed_gain[k], rule.most_speed
        )


@inlined
def urgent_speed(gap, speed, gain, most):
    """Share of the gap traded in a day: min(most, sv (1 + a z^2)), never below sv.       (M85)"""
    return max(speed, min(most, speed * (1.0 + gain * gap * gap)))


@inlined
def saturation(y):
    """tanh(y), by its series near zero."""
    if abs(y) >= _SERIES_BELOW:
        return math.tanh(y)
    s = y * y
    near = -1.0 / 3.0 + s * (2.0 / 15.0)
    middle = -17.0 / 315.0 + s * (62.0 / 2835.0)
    far = -1382.0 / 155925.0 + s * (21844.0 / 6081075.0) - s * s * (929569.0 / 638512875.0)
    return y + y * s * (near + s * s * (middle + s * s * far))


@inlined
def _room_to_floor(z, capacity):
    """Share left of the way down to the floor, (e^z - b)/(1 - b) with b = e^-ub: 1 at z = 0."""
    floor = math.exp(-capacity)
    return (math.exp(z) - floor) / (1.0 - floor)


@inlined
def _cont_schaanning_position(z, depth, capacity):
    """u = -delta log(room), delta = Lambda (1 - b); its tangent in the room next to the floor.

    Inverse of the impact S'/S = b + (1 - b) exp(-u/delta) (Cont and Schaanning 2017, eq. 13).
    """
    room = _room_to_floor(z, capacity)
    scale = depth * -math.expm1(-capacity)
    if room >= _LAST_LIQUIDITY:
        return -scale * math.log(room)
    return -scale * (math.log(_LAST_LIQUIDITY) + room / _LAST_LIQUIDITY - 1.0)


@inlined
def _square_root_position(z, depth, capacity):
    """u = -Lambda (z/ub) sqrt(z^2 + eps^2): price moves as the root of what is sold."""
    rounding = _ROUNDING_SHARE * capacity
    return -depth * (z / capacity) * math.sqrt(z * z + rounding * rounding)


@inlined
def filled_share(law, z, capacity):
    """Share of their capacity that value investors hold where that follows a tanh; else 0."""
    return saturation(z / capacity) if law == TANH else 0.0


@inlined
def position_at(law, z, share, depth, capacity):
    """Position that value investors want at z, where `filled_share` is known [units].      (M35)

    tanh: u = -Lambda ub tanh((x - f)/ub); linear: u = -Lambda (x - f); the others above.
    """
    if law == TANH:
        return -depth * capacity * share
    if law == LINEAR:
        return -depth * z
    if law == CONT_SCHAANNING:
        return _cont_schaanning_position(z, depth, capacity)
    if law == SQUARE_ROOT:
        return _square_root_position(z, depth, capacity)
    return 0.0


@inlined
def value_position(law, x, fundamental, depth, capacity):
    """Position that value investors want at log price x [units]."""
    z = x - fundamental
    return position_at(law, z, filled_share(law, z, capacity), depth, capacity)


@inlined
def value_order(law, wanted, speed, opening, held):
    """Order of value investors [units]: h0 + sv (u - h0) - h, linear in what they want.    (M35)"""
    return opening + speed * (wanted - opening) - held if law != NONE else 0.0


@inlined
def slope_at(law, z, share, depth, capacity):
    """Slope du/dx of `position_at` [units per log], never positive."""
    if law == TANH:
        return -depth * (1.0 - share * share)
    if law == LINEAR:
        return -depth
    if law == CONT_SCHAANNING:
        room = max(_room_to_floor(z, capacity), _LAST_LIQUIDITY)
        return -depth * math.exp(z) / room
    if law == SQUARE_ROOT:
        rounding = _ROUNDING_SHARE * capacity
        root = math.sqrt(z * z + rounding * rounding)
        return -(depth / capacity) * (root + z * z / root)
    return 0.0


@inlined
def value_slope(law, x, fundamental, depth, capacity):
    """Slope du/dx of `value_position` [units per log]."""
    z = x - fundamental
    return slope_at(law, z, filled_share(law, z, capacity), depth, capacity)
