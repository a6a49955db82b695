"""Closing out: an institution that sells everything it has."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.contracts.balances import gross_assets
from abm.kernels.contracts.loans import main_broker
from abm.kernels.events import LOSS_CUT, clearing_of, record_event
from abm.kernels.markets.orders import IN_UNITS
from abm.kernels.record import DAY_LOSS_CUTS, count_failure

STOPPED, LIQUIDATING = 1, 2  # how an institution closes: at once, or a share a day


@kernel
def costliest_instrument(i, books, market, diary):
    """Instrument whose move since the last mark cost this institution most; -1 if none did."""
    worst, worst_loss = -1, 0.0
    for k in range(market.usd_price.size):
        loss = books.units[k, i] * (diary.mark[k] - market.usd_price[k])
        if loss > worst_loss:
            worst, worst_loss = k, loss
    return worst


@kernel
def start_closing(day, round_, i, how, kind, unmet, books, market, graph, diary):
    """From the next round on this institution sells everything it has.

    Its cause is the call that stayed ``unmet``; without one (-1) the clearing that cost most.
    """
    books.closing[i] = how
    if kind == LOSS_CUT:
        diary.days[day, DAY_LOSS_CUTS] += 1.0
    else:
        count_failure(day, i, diary)
    worst = costliest_instrument(i, books, market, diary)
    cause = unmet if unmet >= 0 else clearing_of(worst, diary)
    gross = gross_assets(i, books, market)
    diary.cause[i] = record_event(
        day, round_, kind, i, main_broker(i, graph), worst, gross, cause, diary
    )


@kernel
def sell_share(i, share, books):
    """Close a share of every position at any price: s = share, c = 0.                     (M31)"""
    books.speed[i] = share
    for k in range(books.units.shape[0]):
        books.intent[k, i] = 0.0


@kernel
def sell_asset_share(i, share, books):
    """Sell a share of the assets of a resident; the yen balance is what is left over.     (M31)"""
    books.speed[i] = IN_UNITS
    books.intent[0, i] = 0.0
    for k in range(1, books.units.shape[0]):
        books.intent[k, i] = -share * books.units[k, i]
