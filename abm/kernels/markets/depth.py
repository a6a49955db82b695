"""Depth: what it costs in price to trade a unit."""

from abm.kernels.compiler.jit import inlined


@inlined
def depth_in_units(depth_usd_bn, usd_price):
    """Units per log that a capital in dollars takes at a price: D / X(t-1).           (M35, M50)

    Depth is capital, and capital is counted in dollars: as a thing gets cheaper the same dollars
    take more units of it.
    """
    return depth_usd_bn / usd_price
