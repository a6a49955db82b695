"""Value at risk: the leverage at which a 99% ten-day loss meets its limit."""

from abm.kernels.book_risk import largest_leverage
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.margin import TEN_DAYS
from abm.kernels.state import LEAST_VARIANCE, Z_99


@inlined
def loss_bound(var_limit):
    """Variance per year at which the 99% ten-day loss equals the limit [share of NAV].    (M21)"""
    return var_limit * var_limit / (Z_99 * Z_99 * TEN_DAYS)


@inlined
def is_var_breached(leverage, limit, rule):
    """True where leverage is above the limit by more than is tolerated.                 (M22)"""
    return leverage > rule.var_tolerance * limit


@kernel
def limit_by_var(bound, risk, assets, covariance, loan, limit):
    """Leverage at which value at risk meets its limit, for a chunk of books.          (M21)"""
    for j in range(limit.size):
        limit[j] = largest_leverage(
            bound / max(risk[j], LEAST_VARIANCE), assets[j], covariance[j], loan[j]
        )
