"""Many instruments, one round each, where no order depends on a price: cleared one by one."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.clearing import ClearingReport, SolverOptions, solve_clearing
from abm.kernels.markets.flow import CLEARED
from abm.kernels.markets.impact import Liquidity
from abm.kernels.markets.orders import PriceLimits, clear_orders


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
        liquidity.hedger_gamma[k : k + 1],
        liquidity.hedger_order[k : k + 1],
        liquidity.external[k : k + 1],
        liquidity.law[k : k + 1],
    )


@inlined
def _of_limits(k, limits):
    """The limits and the start of one instrument, as views."""
    return PriceLimits(
        limits.quote[k : k + 1],
        limits.lower[k : k + 1],
        limits.upper[k : k + 1],
        limits.start[k : k + 1],
    )


@kernel
def clear_one_by_one(ordered, liquidity, limits, options, orders, work):
    """Clear each instrument alone; `ordered` (K,) are the units ordered whatever the price.

    `orders` and `work` are those of a market of one instrument. The report has the worst status
    and residual of all, their steps together, and the largest gain.
    """
    status, iterations, residual, gain = CLEARED, 0, 0.0, math.nan
    clear_orders(orders)
    orders.radius[0] = math.inf
    for k in range(limits.start.size):
        orders.frozen[0] = ordered[k]
        own = SolverOptions(
            options.tolerance,
            options.want_gain,
            options.log_price[k : k + 1],
            options.excess[k : k + 1],
        )
        report = solve_clearing(
            orders,
            work.no_candidates,
            _of_instrument(k, liquidity),
            _of_limits(k, limits),
            own,
            work,
        )
        status = max(status, report.status)
        iterations += report.iterations
        residual = max(residual, report.residual)
        if report.gain > gain or math.isnan(gain):
            gain = report.gain
    return ClearingReport(status, iterations, residual, gain)
