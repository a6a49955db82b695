"""Households: retail traders with margin accounts, and the life insurers who hold their savings."""

from abm.kernels.jit import kernel
from abm.kernels.orders import IN_UNITS
from abm.kernels.rules import contrarian_scale, hedge_order_usd_bn


@kernel
def contrarian_view(market, rules):
    """How much of their usual position retail traders want after the yen's last moves.  (M28)"""
    days = rules.households.contrarian_days
    return contrarian_scale(market.close[0, 0] - market.close[days, 0], rules.households)


@kernel
def decide_retail_fx(lo, hi, books, market, rules, lanes):
    """Constant units, mildly contrarian, within 90% of the legal leverage.             (M28)"""
    households, mandates = rules.households, rules.mandates
    scale = contrarian_view(market, rules)
    size = lanes[0]
    for i in range(lo, hi):
        if books.days_out[i] > 0 or books.closing[i]:
            continue
        most = households.most_leverage * max(books.wealth[i], 0.0) / market.usd_price[0]
        size[i - lo] = min(mandates.size_usd_bn[i] * scale, most)
        books.speed[i] = IN_UNITS
    for k in range(market.rates.size - 1):
        close_gap(
            households.speed, books.speed[lo:hi], size, mandates.weights[k][lo:hi],
            books.units[k][lo:hi], books.intent[k][lo:hi],
        )  # fmt: skip


@kernel
def close_gap(pace, speed, size, weight, units, intent):
    """Units that bring those who trade a share of the way to their size."""
    for j in range(intent.size):
        intent[j] = pace * (size[j] * weight[j] - units[j]) if speed[j] == IN_UNITS else 0.0


@kernel
def decide_retail_equity(i, books, market, rules):
    """Margin longs in shares are held; after a liquidation they are bought back slowly. (M28)"""
    if books.days_out[i] > 0 or books.closing[i] or books.wealth[i] <= 0.0:
        return
    for k in range(market.rates.size - 1, market.quote.size):
        wanted = rules.mandates.size_usd_bn[i] * rules.mandates.weights[k, i]
        if wanted > books.units[k, i]:
            books.speed[i] = IN_UNITS
            books.intent[k, i] = rules.households.speed * (wanted - books.units[k, i])


@kernel
def decide_insurer(i, books, market, rules):
    """Life insurers raise their hedge after the yen has risen.                         (M29)"""
    mandates = rules.mandates
    opening_hedge = mandates.weights[0, i] * mandates.size_usd_bn[i]
    built = (books.units[0, i] - opening_hedge) * market.usd_price[0]
    rise = market.close[0, 0] - market.close[rules.households.insurer_rise_days, 0]
    order = hedge_order_usd_bn(rise, 0.0, mandates.size_usd_bn[i], built, rules.households)
    books.speed[i] = IN_UNITS
    books.intent[0, i] = order / market.usd_price[0]
