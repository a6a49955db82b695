"""Value at risk: the leverage at which a 99% ten-day loss meets its limit."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.margin import TEN_DAYS
from abm.kernels.state import LEAST_VARIANCE, Z_99


@inlined
def var_leverage(var_limit, variance):
    """Leverage at which the 99% ten-day loss equals the limit [share of NAV].             (M21)"""
    return var_limit / (Z_99 * math.sqrt(TEN_DAYS * max(variance, LEAST_VARIANCE)))


@inlined
def loss_bound(var_limit):
    """Variance per year at which the 99% ten-day loss equals the limit [share of NAV].    (M73)"""
    return var_limit * var_limit / (Z_99 * Z_99 * TEN_DAYS)


@inlined
def is_var_breached(leverage, limit, rule):
    """True where leverage is above the limit by more than is tolerated.                 (M22)"""
    return leverage > rule.var_tolerance * limit


@kernel
def limit_by_var(var_limit, variance, limit):
    """Leverage at which value at risk meets its limit, for a chunk.                   (M21)"""
    for j in range(limit.size):
        limit[j] = var_leverage(var_limit, variance[j])
