"""Many instruments, one round each, where no order depends on a price: cleared one by one."""

import math

from abm.kernels.clear import CLEARED, TOLERANCE, ClearingReport, solve_clearing
from abm.kernels.impact import Liquidity
from abm.kernels.jit import inlined, kernel
from abm.kernels.orders import clear_orders


@inlined
def _of_instrument(k, liquidity):
    """The liquidity of one instrument, as views."""
    return Liquidity(
        liquidity.value_held_open[k : k + 1],
        liquidity.value_held[k : k + 1],
        liquidity.value_depth[k : k + 1],
        liquidity.value_capacity[k : k + 1],
        liquidity.value_speed[k : k + 1],
        liquidity.fundamental[k : k + 1],
        liquidity.dealer_depth[k : k + 1],
        liquidity.dealer_reference[k : k + 1],
        liquidity.dealer_held[k : k + 1],
        liquidity.external[k : k + 1],
        liquidity.law[k : k + 1],
    )


@kernel
def clear_one_by_one(
    ordered, liquidity, quote, lower, upper, start, orders, work, x_out, excess_out
):
    """Clear each instrument alone; `ordered` (K,) are the units ordered whatever the price.

    `quote` (1,), `orders` and `work` are those of a market of one instrument. The report has the
    worst status and residual of all, their steps together, and the largest gain.
    """
    status, iterations, residual, gain = CLEARED, 0, 0.0, math.nan
    clear_orders(orders)
    orders.radius[0] = math.inf
    for k in range(start.size):
        orders.frozen[0] = ordered[k]
        report = solve_clearing(
            orders,
            work.no_crossers,
            _of_instrument(k, liquidity),
            quote,
            lower[k : k + 1],
            upper[k : k + 1],
            start[k : k + 1],
            TOLERANCE,
            True,
            x_out[k : k + 1],
            excess_out[k : k + 1],
            work,
        )
        status = max(status, report.status)
        iterations += report.iterations
        residual = max(residual, report.residual)
        if report.gain > gain or math.isnan(gain):
            gain = report.gain
    return ClearingReport(status, iterations, residual, gain)
