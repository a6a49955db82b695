"""Expected returns and risk as funds see them in the morning: carry, a little trend and value."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import loan_basis
from abm.kernels.risk import set_fast_risk
from abm.kernels.state import TRADING_DAYS


@kernel
def set_market_view(market, rules):
    """Set the expected returns and the fast covariance of USD returns that all see.       (M13)

    The USD return of an asset quoted in yen is its local return plus the yen's, so that e'Se of
    the net exposures e equals w'Cw of the weights w with C the covariance of USD returns.
    """
    K, C = market.quote.size, market.rates.size - 1
    funds = rules.funds
    for k in range(K):
        income = market.rates[k] if k < C else yield_of(k, market, rules.market)
        market.expected[k] = income + view_of(k, market, funds)
        if market.quote[k] >= 0:
            market.expected[k] += view_of(market.quote[k], market, funds)
    set_fast_risk(market)
    banks = rules.banks
    market.expected[0] += loan_cost(banks.basis, banks.spread)
    for s in range(market.swapped.size):
        market.expected[market.swapped[s]] += rules.basis.swap_share * market.basis[s]
    usd_rate = market.rates[C]
    market.funding_share[0] = carry_share(funds.full_carry, market.rates[0], usd_rate)
    for o in range(funds.owed.size):
        rate = market.rates[funds.owed[o]]
        market.funding_share[1 + o] = carry_share(funds.full_carry, rate, usd_rate)


@inlined
def loan_cost(basis, spread):
    """Cost of a loan in yen beside the policy rate, per year.                           (M13)"""
    return loan_basis(basis) + spread


@inlined
def carry_share(full, rate, usd_rate):
    """Share of full size at the differential of the dollar's over a currency's policy rate. (M78)

    clip((r_U - r_c) / full, 0, 1); 1 at any differential where ``full`` is 0.
    """
    if full <= 0.0:
        return 1.0
    return min(max((usd_rate - rate) / full, 0.0), 1.0)


@inlined
def yield_of(k, market, rule):
    """Income per year over the price: of a fixed coupon y exp(-x).                  (M13, M88)"""
    if rule.fixed_coupon[k]:
        return rule.income[k] * math.exp(-market.log_price[k])
    return rule.income[k]


@inlined
def view_of(k, market, funds):
    """Expected change of a log quote per year: k_t EMA + k_v (f - x).                (M13)"""
    gap = market.fundamental[k] + market.link_level[k] - market.log_price[k]
    return funds.trend_weight * TRADING_DAYS * market.trend[0, k] + funds.value_weight * gap
