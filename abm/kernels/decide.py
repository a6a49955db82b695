"""The morning: every institution decides on the same prices; targets are written, nothing trades.

Institutions are handled in chunks of columns; each kind is a range of rows. What an institution
wants is ``intent``: target shares of wealth where ``speed`` > 0, units to trade where it is
IN_UNITS, nothing where it is 0.
"""

import math

from abm.kernels.columns import add_scaled, fill_zero, is_any
from abm.kernels.followers import (
    decide_risk_parity,
    decide_trend,
    decide_volatility_target,
    is_idle,
)
from abm.kernels.households import (
    decide_insurer,
    decide_retail_equity,
    decide_retail_fx,
)
from abm.kernels.jit import inlined, kernel
from abm.kernels.margin import set_fund_intents, set_margin_terms
from abm.kernels.orders import IN_UNITS
from abm.kernels.rules import fund_order, trend_size, var_leverage, wanted_leverage
from abm.kernels.state import (
    CHUNK,
    CUSTOM,
    INSURER,
    RETAIL_EQUITY,
    RETAIL_FX,
    RISK_PARITY,
    TRADING_DAYS,
    TREND,
    VOLATILITY_TARGET,
)

MEAN, SLOW, FAST, GROSS, LIMIT = 0, 1, 2, 3, 4  # rows of the scratch lanes
AIM = MEAN  # the mean has been used by the time leverage is aimed at


@kernel
def decide(day, books, market, graph, rules, draws, diary):
    """All institutions decide on the same prices."""
    set_market_view(market, rules)
    for lo in range(0, books.cash.size, CHUNK):
        hi = min(lo + CHUNK, books.cash.size)
        decide_rows(lo, hi, day, books, market, graph, rules, draws, diary)


@kernel
def decide_rows(lo, hi, day, books, market, graph, rules, draws, diary):
    """Margin terms, intents and speeds of institutions lo..hi (at most one chunk)."""
    first = rules.mandates.first_row
    swap_line = draws.swap_line[day] > 0
    funds = max(lo, min(hi, first[RISK_PARITY]))
    clear_orders_of(lo, hi, books)
    clear_intents(funds, hi, books)
    if day >= draws.silent_from:
        return
    if lo < funds:
        portfolio_views(lo, funds, market, rules, diary.lanes)
        fast = diary.lanes[FAST]
        set_margin_terms(lo, funds, fast, True, books, graph, rules, swap_line)
        decide_funds(lo, funds, books, market, rules, diary.lanes)
    a, b = max(lo, first[RISK_PARITY]), min(hi, first[VOLATILITY_TARGET])
    if a < b:
        decide_risk_parity(a, b, books, market, graph, rules, swap_line, diary.lanes)
    a, b = max(lo, first[VOLATILITY_TARGET]), min(hi, first[TREND])
    if a < b:
        decide_volatility_target(a, b, books, market, rules, diary.lanes)
    a, b = max(lo, first[TREND]), min(hi, first[RETAIL_FX])
    if a < b:
        decide_trend(a, b, books, market, rules, diary.lanes)
    a, b = max(lo, first[RETAIL_FX]), min(hi, first[RETAIL_EQUITY])
    if a < b:
        decide_retail_fx(a, b, books, market, rules, diary.lanes)
    for i in range(max(lo, first[RETAIL_EQUITY]), min(hi, first[INSURER])):
        decide_retail_equity(i, books, market, rules)
    for i in range(max(lo, first[INSURER]), min(hi, first[CUSTOM])):
        decide_insurer(i, books, market, rules)
    for i in range(max(lo, first[CUSTOM]), hi):
        decide_custom(i, books, market, graph, rules, draws, swap_line)


@kernel
def decide_custom(i, books, market, graph, rules, draws, swap_line):
    """A user's own institution: its orders as they were given, and its brokers' margin."""
    fast = market.work[3]
    fast[0] = held_variance(i, books, market)
    set_margin_terms(i, i + 1, fast, True, books, graph, rules, swap_line)
    if books.days_out[i] > 0 or books.closing[i]:
        return
    column = i - rules.mandates.first_row[CUSTOM]
    books.speed[i] = IN_UNITS
    for k in range(books.units.shape[0]):
        books.intent[k, i] = draws.orders_usd_bn[k, column] / market.usd_price[k]


@kernel
def held_variance(i, books, market):
    """Fast variance of what is held, per unit of leverage: a'Sa over (W + borrowing)^2.   (M15)"""
    assets = books.wealth[i] + books.borrowing[i]
    if assets <= 0.0:
        return 0.0
    variance = 0.0
    for k in range(market.quote.size):
        held = books.units[k, i] * market.usd_price[k] / assets
        for j in range(k + 1):
            other = books.units[j, i] * market.usd_price[j] / assets
            variance += market.risk_fast[k, j] * held * other
    return variance


@kernel
def clear_orders_of(lo, hi, books):
    """Nobody trades: intents without a speed are none."""
    fill_zero(books.speed[lo:hi])
    fill_zero(books.forced[lo:hi])


@kernel
def clear_intents(lo, hi, books):
    """Nobody wants anything until he has decided."""
    for k in range(books.intent.shape[0]):
        fill_zero(books.intent[k][lo:hi])


@kernel
def set_market_view(market, rules):
    """What all funds know this morning: expected returns and the covariance of USD returns. (M13)

    The USD return of an asset quoted in yen is its local return plus the yen's, so that e'Se of
    the net exposures e equals w'Cw of the weights w with C the covariance of USD returns.
    """
    K, C = market.quote.size, market.rates.size - 1
    funds = rules.funds
    for k in range(K):
        income = market.rates[k] if k < C else rules.market.income[k]
        market.expected[k] = income + view_of(k, market, funds)
        if market.quote[k] >= 0:
            market.expected[k] += view_of(market.quote[k], market, funds)
        for j in range(k + 1):
            double = 1.0 if j == k else 2.0
            market.risk_slow[k, j] = double * usd_covariance(k, j, market.covariance, market.quote)
            market.risk_fast[k, j] = double * usd_covariance(
                k, j, market.covariance_fast, market.quote
            )
    market.expected[0] += 0.5 * rules.banks.basis + rules.banks.spread
    size_trends(market, rules)


@kernel
def size_trends(market, rules):
    """What a trend follower of each filter holds per unit of weight and target volatility. (M27)

    The signal is the moving average over its standard deviation on calm days without a trend.
    """
    for filter_ in range(1, 3):
        span = rules.estimate.trend_days[filter_]
        for k in range(market.quote.size):
            calm = rules.market.calm_volatility[k]
            scale = calm / math.sqrt(TRADING_DAYS * (2.0 * span - 1.0))
            volatility = math.sqrt(market.covariance_fast[k, k])
            market.trend_size[filter_, k] = trend_size(
                market.trend[filter_, k] / scale, volatility, calm, rules.followers
            )


@inlined
def view_of(k, market, funds):
    """Expected change of a log quote per year: trend EMA60 + k_v (f - x).             (M13)"""
    gap = market.fundamental[k] + market.link_level[k] - market.log_price[k]
    return funds.trend_weight * TRADING_DAYS * market.trend[0, k] + funds.value_weight * gap


@inlined
def usd_covariance(k, j, covariance, quote):
    """Covariance of the USD returns of two instruments, from that of local returns.       (M14)"""
    total = covariance[k, j]
    if quote[k] >= 0:
        total += covariance[quote[k], j]
    if quote[j] >= 0:
        total += covariance[k, quote[j]]
    if quote[k] >= 0 and quote[j] >= 0:
        total += covariance[quote[k], quote[j]]
    return total


@kernel
def portfolio_views(lo, hi, market, rules, lanes):
    """Mean and variances of the funds' portfolios, per unit of leverage.               (M15)

    mu = sum w g;  v = e'Se, slow and fast;  gross = sum of the weights but the yen's
    """
    weights, held = rules.mandates.weights, market.held
    n, n_held = hi - lo, 0
    for row in range(4):
        fill_zero(lanes[row][:n])
    mean, slow, fast, gross = lanes[MEAN][:n], lanes[SLOW][:n], lanes[FAST][:n], lanes[GROSS][:n]
    for k in range(weights.shape[0]):
        left = weights[k][lo:hi]
        if not is_any(left):
            continue
        held[n_held] = k
        add_scaled(market.expected[k], left, mean)
        if k > 0:
            add_scaled(1.0, left, gross)
        for first in range(0, n_held + 1, 4):
            a, b = held[first], held[min(first + 1, n_held)]
            c, d = held[min(first + 2, n_held)], held[min(first + 3, n_held)]
            for risk, total in ((market.risk_slow, slow), (market.risk_fast, fast)):
                add_products(
                    first, n_held, risk[k], a, b, c, d, left, weights[a][lo:hi],
                    weights[b][lo:hi], weights[c][lo:hi], weights[d][lo:hi], total,
                )  # fmt: skip
        n_held += 1


@kernel
def add_products(first, last, risk, a, b, c, d, left, w_a, w_b, w_c, w_d, total):
    """Four terms of a quadratic form, for a chunk of columns; those past `last` count nothing.

    Four at a time, because what takes time is to fetch and store the sum.
    """
    s_a = risk[a]
    s_b = risk[b] if first + 1 <= last else 0.0
    s_c = risk[c] if first + 2 <= last else 0.0
    s_d = risk[d] if first + 3 <= last else 0.0
    for j in range(left.size):
        total[j] += left[j] * ((s_a * w_a[j] + s_b * w_b[j]) + (s_c * w_c[j] + s_d * w_d[j]))


@kernel
def decide_funds(lo, hi, books, market, rules, lanes):
    """Hedge funds and banks' desks: mean-variance leverage inside their limits.   (M19 to M22)"""
    funds, mandates, n = rules.funds, rules.mandates, hi - lo
    mean, slow, limit_var = lanes[MEAN][:n], lanes[SLOW][:n], lanes[LIMIT][:n]
    usd_rate = market.rates[market.rates.size - 1]
    add_funding(
        usd_rate, usd_rate + rules.banks.spread, lanes[GROSS][:n], mandates.weights[0][lo:hi], mean
    )
    limit_by_var(funds.var_limit, slow, limit_var)
    want_leverage(
        mean, slow, mandates.long_run_variance[lo:hi], mandates.risk_aversion[lo:hi],
        books.margin_rate[lo:hi], rules.margin.buffer, funds.anchor_share,
        books.wanted_leverage[lo:hi],
    )  # fmt: skip
    lower_to(limit_var, books.wanted_leverage[lo:hi])
    lower_to(mandates.leverage_cap[lo:hi], books.wanted_leverage[lo:hi])
    aim, speed = lanes[AIM][:n], books.speed[lo:hi]
    pace_funds(
        books.wealth[lo:hi], books.borrowing[lo:hi], books.high_water[lo:hi],
        books.wanted_leverage[lo:hi], limit_var, funds, aim, speed,
    )  # fmt: skip
    for j in range(n):
        if is_idle(lo + j, books):
            aim[j], speed[j] = 0.0, 0.0
    set_fund_intents(lo, hi, aim, books, rules)


@kernel
def pace_funds(wealth, borrowing, high_water, wanted, limit_var, rule, aim, speed):
    """Leverage that a chunk of funds aims at today, and the share of the gap closed.  (M22)"""
    for j in range(aim.size):
        leverage, drawdown = 1.0 + borrowing[j] / wealth[j], 1.0 - wealth[j] / high_water[j]
        target, pace = fund_order(leverage, wanted[j], limit_var[j], drawdown, rule)
        aim[j] = target if pace > 0.0 else 0.0
        speed[j] = pace


@kernel
def add_funding(rate, loan_rate, gross, yen_weight, mean):
    """Per unit of leverage: interest on what is not invested, less that on dollar loans.  (M19)"""
    for j in range(mean.size):
        mean[j] += max(0.0, 1.0 - gross[j]) * rate - (1.0 + yen_weight[j]) * loan_rate


@kernel
def limit_by_var(var_limit, variance, limit):
    """Leverage at which value at risk meets its limit, for a chunk.                   (M21)"""
    for j in range(limit.size):
        limit[j] = var_leverage(var_limit, variance[j])


@kernel
def want_leverage(mean, slow, long_run, aversion, margin_rate, buffer, anchor_share, wanted):
    """Mean-variance leverage of a chunk, a buffer below what margin allows.           (M20)"""
    for j in range(wanted.size):
        variance = (1.0 - anchor_share) * slow[j] + anchor_share * long_run[j]
        most = buffer / margin_rate[j] if margin_rate[j] > 0.0 else math.inf
        wanted[j] = min(wanted_leverage(mean[j], aversion[j], variance), most)


@kernel
def lower_to(limit, column):
    """column <- min(column, limit)"""
    for j in range(column.size):
        column[j] = min(column[j], limit[j])
