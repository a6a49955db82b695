"""Loss cut: the stop-out of retail accounts whose equity falls below a share of notional."""

from abm.kernels.behaviours.idle import is_out
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.verdicts import LOSS_CUT_HIT
from abm.kernels.contracts.balances import gross_assets
from abm.kernels.state import CUT, SHARE_A_DAY


@inlined
def notional(i, books, market, mandates):
    """Notional of a retail account [USD bn]: its assets, or the yen a currency trader owes."""
    if mandates.sale_rule[i] == SHARE_A_DAY:
        return gross_assets(i, books, market)
    return -books.units[0, i] * market.usd_price[0]


@kernel
def test_loss_cuts(day, books, market, rules):
    """Test all retail accounts at these prices; return how many are cut.         (M30, M89)

    A breach that is cured before the account must have paid is forgotten.
    """
    n = 0
    start, end = rules.mandates.retail_rows
    for i in range(start, end):
        if rules.mandates.call_rule[i] != CUT or is_out(i, books):
            continue
        size = notional(i, books, market, rules.mandates)
        if size <= 0.0 or books.wealth[i] >= rules.mandates.loss_cut[i] * size:
            books.call_day[i] = -1
            continue
        if books.call_day[i] < 0:
            books.call_day[i] = day
        if day >= books.call_day[i] + rules.mandates.grace_days[i]:
            books.call_day[i] = -1
            books.verdict[i] = LOSS_CUT_HIT
            n += 1
    return n
