"""Life insurers: dollar assets, partly hedged."""

from abm.kernels.compiler.jit import inlined
from abm.kernels.markets.orders import IN_UNITS


@inlined
def decide_insurer(i, books, market, rules):
    """Raise the hedge after the yen has risen, and lower it where the basis is dear.      (M29)"""
    mandates = rules.mandates
    opening_hedge = mandates.weights[0, i] * mandates.size_usd_bn[i]
    built = (books.units[0, i] - opening_hedge) * market.usd_price[0]
    rise = market.close[0, 0] - market.close[rules.insurers.rise_days, 0]
    basis = market.basis[0] if market.basis.size > 0 else rules.insurers.calm_basis
    order = hedge_order_usd_bn(
        rise, basis, mandates.weights[0, i], mandates.size_usd_bn[i], built, rules.insurers
    )
    books.speed[i] = IN_UNITS
    books.intent[0, i] = order / market.usd_price[0]


@inlined
def hedge_order_usd_bn(yen_rise, basis, opening_share, assets_usd_bn, built_usd_bn, rule):
    """Yen a life insurer buys to raise its hedge [USD bn].                               (M29)

    q = s (max(c2 (yen rise)+ - c1 (b0 - b)+, - opening share) A - hedge built so far)
    """
    share = rule.hedge_per_rise * max(yen_rise, 0.0)
    share -= rule.hedge_per_basis * max(rule.calm_basis - basis, 0.0)
    wanted = max(share, -opening_share) * assets_usd_bn
    return rule.speed * (wanted - built_usd_bn)
