"""Life insurers: dollar assets, partly hedged."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.markets.orders import IN_UNITS


@kernel
def decide_insurer(i, books, market, rules):
    """Life insurers raise their hedge after the yen has risen.                         (M29)"""
    mandates = rules.mandates
    opening_hedge = mandates.weights[0, i] * mandates.size_usd_bn[i]
    built = (books.units[0, i] - opening_hedge) * market.usd_price[0]
    rise = market.close[0, 0] - market.close[rules.insurers.rise_days, 0]
    order = hedge_order_usd_bn(rise, mandates.size_usd_bn[i], built, rules.insurers)
    books.speed[i] = IN_UNITS
    books.intent[0, i] = order / market.usd_price[0]


@inlined
def hedge_order_usd_bn(yen_rise, assets_usd_bn, built_usd_bn, rule):
    """Yen a life insurer buys to raise its hedge [USD bn].                               (M29)

    q = s (c (yen rise)+ A - hedge built so far)
    """
    wanted = rule.hedge_per_rise * max(yen_rise, 0.0) * assets_usd_bn
    return rule.speed * (wanted - built_usd_bn)
