"""Loss cut: retail accounts closed once their equity falls below a share of notional."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.constraints.close_out import LIQUIDATING, STOPPED, start_closing
from abm.kernels.contracts.balances import gross_assets
from abm.kernels.events import LOSS_CUT
from abm.kernels.state import RETAIL_EQUITY


@kernel
def test_cuts(lo, hi, day, round_, books, market, graph, rules, diary):
    """Retail accounts lo..hi whose equity has fallen below the cut."""
    first = rules.mandates.first_row
    for i in range(lo, hi):
        if books.days_out[i] > 0 or books.closing[i]:
            continue
        notional = -books.units[0, i] * market.usd_price[0]
        how = STOPPED
        if i >= first[RETAIL_EQUITY]:
            notional = gross_assets(i, books, market)
            how = LIQUIDATING
        if notional > 0.0 and books.wealth[i] < rules.mandates.loss_cut[i] * notional:
            start_closing(day, round_, i, how, LOSS_CUT, -1, books, market, graph, diary)
