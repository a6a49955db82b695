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
from abm.kernels.risk import held_variance


@kernel
def decide_risk_parity(lo, hi, books, market, rules, scratch):
    """Equal risk, leverage to the volatility target, cut fast and rebuilt slowly. (M23, M24)"""
    K, C, shares = market.quote.size, market.rates.size - 1, scratch.work[0]
    lanes = scratch.lanes
    variance, fast = lanes[K + VARIANCE][: hi - lo], lanes[K + FAST][: hi - lo]
    for i in range(lo, hi):
        if i == lo or not is_same_mandate(i, i - 1, rules):
            weigh_by_risk(rules.mandates.weights[:, i], market, rules, scratch)
            slow_variance = local_variance(shares, market.covariance, C)
            fast_variance = local_variance(shares, market.covariance_fast, C)
        variance[i - lo], fast[i - lo] = slow_variance, fast_variance
        for k in range(K):
            lanes[k, i - lo] = shares[k]
    if is_any(rules.mandates.has_margin_account[lo:hi]):
        if rules.margin.loss.is_on:
            for i in range(lo, hi):
                fast[i - lo] = held_variance(
                    i, rules.market.calm_risk, books, market, scratch.work[1]
                )
        set_margin_terms(lo, hi, fast, scratch.broker_use, books, market, rules)
    follow_target(lo, hi, rules.risk_parity.band, books, market, rules, scratch)


@kernel
def weigh_by_risk(tilt, market, rules, scratch):
    """Write the weights of risk parity, by the rule of the scenario, to work row 0.     (M23)"""
    shares = scratch.work[0]
    if rules.risk_parity.equal_risk:
        equal_risk_contributions(market.covariance, tilt, shares, scratch.work[2])
    else:
        inverse_volatility_weights(tilt, market.covariance, shares)
