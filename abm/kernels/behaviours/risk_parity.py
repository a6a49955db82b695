"""Risk parity: equal risk in every asset, levered to a volatility."""

from abm.kernels.behaviours.leverage_target import (
    FAST,
    VARIANCE,
    follow_target,
    is_same_mandate,
    local_variance,
)
from abm.kernels.compiler.jit import kernel
from abm.kernels.constraints.margin import set_margin_terms
from abm.kernels.numerics.columns import is_any
from abm.kernels.numerics.weights import equal_risk_contributions, inverse_volatility_weights


@kernel
def decide_risk_parity(lo, hi, books, market, graph, rules, swap_line, lanes):
    """Equal risk, leverage to the volatility target, cut fast and rebuilt slowly. (M23, M24)"""
    K, C, shares = market.quote.size, market.rates.size - 1, market.work[0]
    variance, fast = lanes[K + VARIANCE][: hi - lo], lanes[K + FAST][: hi - lo]
    for i in range(lo, hi):
        if i == lo or not is_same_mandate(i, i - 1, rules):
            weigh_by_risk(rules.mandates.weights[:, i], market, rules, shares)
            slow_variance = local_variance(shares, market.covariance, C)
            fast_variance = local_variance(shares, market.covariance_fast, C)
        variance[i - lo], fast[i - lo] = slow_variance, fast_variance
        for k in range(K):
            lanes[k, i - lo] = shares[k]
    if is_any(rules.mandates.margined[lo:hi]):
        set_margin_terms(lo, hi, fast, False, books, graph, rules, swap_line)
    follow_target(lo, hi, rules.followers.parity, books, market, rules, lanes)


@kernel
def weigh_by_risk(tilt, market, rules, shares):
    """Weights of risk parity, by the rule of the scenario.                             (M23)"""
    if rules.followers.equal_risk:
        equal_risk_contributions(market.covariance, tilt, shares, market.work[2])
    else:
        inverse_volatility_weights(tilt, market.covariance, shares)
