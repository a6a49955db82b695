"""Decisions of the morning: all on the same prices; targets are written, nothing trades.

Institutions are handled in chunks of columns; each kind is a range of rows. The decision is
``intent``: target shares of wealth where ``speed`` > 0, units to trade where it is IN_UNITS,
nothing where it is 0.
"""

from abm.kernels.behaviours.auto_borrower import decide_auto_borrowers
from abm.kernels.behaviours.company import decide_company
from abm.kernels.behaviours.hedge_fund import decide_funds
from abm.kernels.behaviours.idle import clear_intents
from abm.kernels.behaviours.life_insurer import decide_insurer
from abm.kernels.behaviours.retail_equity import decide_retail_equity
from abm.kernels.behaviours.retail_fx import decide_retail_fx
from abm.kernels.behaviours.risk_parity import decide_risk_parity
from abm.kernels.behaviours.trader import decide_trader
from abm.kernels.behaviours.trend_follower import decide_trend
from abm.kernels.behaviours.volatility_target import decide_volatility_target
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.margin import set_margin_terms
from abm.kernels.risk import held_variance
from abm.kernels.state import (
    AUTO_BORROWER,
    COMPANY,
    CUSTOM,
    HEDGE_FUND,
    INSURER,
    RETAIL_EQUITY,
    RETAIL_FX,
    RISK_PARITY,
    TRADER,
    TREND,
    VOLATILITY_TARGET,
)


@kernel
def decide_rows(lo, hi, day, books, market, rules, scratch):
    """Margin terms, intents and speeds of institutions lo..hi (at most one chunk).

    What institutions written in Python order is not decided here.
    """
    first = rules.mandates.first_row
    a, b = overlap(lo, hi, first[HEDGE_FUND], first[RISK_PARITY])  # banks' desks decide as funds
    if a < b:
        decide_funds(a, b, books, market, rules, scratch)
    clear_intents(max(lo, min(hi, first[RISK_PARITY])), hi, books)
    a, b = overlap(lo, hi, first[RISK_PARITY], first[VOLATILITY_TARGET])
    if a < b:
        decide_risk_parity(a, b, books, market, rules, scratch)
    a, b = overlap(lo, hi, first[VOLATILITY_TARGET], first[TREND])
    if a < b:
        decide_volatility_target(a, b, books, market, rules, scratch)
    a, b = overlap(lo, hi, first[TREND], first[RETAIL_FX])
    if a < b:
        decide_trend(a, b, books, market, rules, scratch)
    a, b = overlap(lo, hi, first[RETAIL_FX], first[RETAIL_EQUITY])
    if a < b:
        decide_retail_fx(a, b, books, market, rules, scratch)
    a, b = overlap(lo, hi, first[RETAIL_EQUITY], first[INSURER])
    if a < b:
        decide_retail_equity(a, b, books, market, rules, scratch)
    for i in range(max(lo, first[INSURER]), min(hi, first[AUTO_BORROWER])):
        decide_insurer(i, books, market, rules)
    a, b = overlap(lo, hi, first[AUTO_BORROWER], first[COMPANY])
    if a < b:
        decide_auto_borrowers(a, b, books, rules, scratch)
    for i in range(max(lo, first[COMPANY]), min(hi, first[TRADER])):
        decide_company(i, books, market, rules)
    for i in range(max(lo, first[TRADER]), min(hi, first[CUSTOM])):
        decide_trader(i, day, books, market, rules)
    for i in range(max(lo, first[CUSTOM]), hi):
        variance = scratch.work[3]
        risk = rules.market.calm_risk if rules.margin.loss.is_on else market.risk_fast
        variance[0] = held_variance(i, risk, books, market, scratch.work[1])
        set_margin_terms(i, i + 1, variance, scratch.broker_use, books, market, rules)


@inlined
def overlap(lo, hi, first, last):
    """Rows of lo..hi that lie in first..last, from start to end; none unless start < end."""
    return max(lo, first), min(hi, last)
