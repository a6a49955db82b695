"""The morning: every institution decides on the same prices; targets are written, nothing trades.

Institutions are handled in chunks of columns; each kind is a range of rows. The decision is
``intent``: target shares of wealth where ``speed`` > 0, units to trade where it is IN_UNITS,
nothing where it is 0.
"""

from abm.kernels.behaviours.hedge_fund import FAST, decide_funds, portfolio_views, view_of
from abm.kernels.behaviours.idle import clear_orders_of
from abm.kernels.behaviours.life_insurer import decide_insurer
from abm.kernels.behaviours.python_agent import decide_custom
from abm.kernels.behaviours.retail_equity import decide_retail_equity
from abm.kernels.behaviours.retail_fx import decide_retail_fx
from abm.kernels.behaviours.risk_parity import decide_risk_parity
from abm.kernels.behaviours.trend_follower import decide_trend, size_trends
from abm.kernels.behaviours.volatility_target import decide_volatility_target
from abm.kernels.compiler.jit import kernel
from abm.kernels.constraints.margin import set_margin_terms
from abm.kernels.numerics.columns import fill_zero
from abm.kernels.risk import usd_covariance
from abm.kernels.state import (
    CHUNK,
    CUSTOM,
    INSURER,
    RETAIL_EQUITY,
    RETAIL_FX,
    RISK_PARITY,
    TREND,
    VOLATILITY_TARGET,
)


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
