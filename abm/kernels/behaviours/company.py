"""Companies that owe yen: the debt is left open while it pays, and hedged late."""

from abm.kernels.compiler.jit import inlined
from abm.kernels.markets.orders import IN_UNITS


@inlined
def decide_company(i, books, market, rules):
    """Buy yen after it has risen fast, for dollars, and let the hedge go in calm.        (M136)"""
    mandates, rule = rules.mandates, rules.companies
    rise = market.close[0, 0] - market.close[rule.rise_days, 0]
    is_late = rise >= mandates.hedge_trigger[i]
    books.speed[i] = IN_UNITS
    books.intent[0, i] = hedge_order(
        is_late, books.units[0, i], mandates.loan_units[i], mandates.weights[0, i], rule
    )


@inlined
def hedge_order(is_late, yen, loan, usual_share, rule):
    """Yen that a company buys towards its hedge [units].                                 (M136)

    q = s_up (h L - (a + L)) after a rise, at least 0;   s_down (h0 L - (a + L)) otherwise
    """
    hedged = yen + loan
    if is_late:
        return rule.speed_up * max(rule.hedge_share * loan - hedged, 0.0)
    return rule.speed_down * (usual_share * loan - hedged)
