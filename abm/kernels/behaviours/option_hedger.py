"""Option hedgers: short of options, they buy what rises and sell what falls."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.depth import depth_in_units
from abm.kernels.markets.impact import depth_of_day
from abm.kernels.numerics.columns import is_any
from abm.kernels.state import OWNERS


@inlined
def hedgers_gamma(largest, depth, share):
    """Units per log that hedgers trade with the price: min(Gamma0, c D), D = sv Lambda + M.  (M84)

    Beyond a share of the depth their own trades would move what they hedge without end.
    """
    return min(largest, share * depth)


@inlined
def hedge_options(market, rules):
    """Gamma of the day; of the hedge of yesterday what has expired is closed.             (M84)"""
    value = rules.value_investors
    for k in range(market.quote.size):
        depth = depth_of_day(
            value.law[k], market.value_speed[k], market.value_depth[k], market.dealer_depth[k]
        )
        largest = depth_in_units(rules.hedgers.gamma[k], market.usd_price[k])
        market.hedger_gamma[k] = hedgers_gamma(largest, depth, rules.hedgers.depth_share)
        market.hedger_open[k] = (1.0 - rules.hedgers.expiry) * market.hedger_held[k]


@inlined
def hedge_wanted(k, log_price, market):
    """Units hedgers want to hold at a log price: G + Gamma (x - x(t-1)).                  (M84)"""
    move = log_price - market.close[0, k]
    return market.hedger_open[k] + market.hedger_gamma[k] * move


@kernel
def pay_option_holders(market, rules):
    """Pay hedgers' gain or loss of the day to their owners.                               (M84)"""
    if not is_any(rules.hedgers.gamma):
        return
    n_currencies = market.rates.size - 1
    for k in range(market.quote.size):
        payer = market.quote[k] if market.quote[k] >= 0 else n_currencies
        market.outside[OWNERS, payer] += market.local_price[k] * market.hedger_held[k]
    for c in range(n_currencies + 1):
        market.outside[OWNERS, c] += market.hedger_cash[c]
        market.hedger_cash[c] = 0.0
    for k in range(market.quote.size):
        payer = market.quote[k] if market.quote[k] >= 0 else n_currencies
        market.hedger_cash[payer] -= market.local_price[k] * market.hedger_held[k]
