"""Currency swaps: far legs by maturity, the basis that they accrue, margin, and their roll.

A swap lends dollars against a currency today, its near leg, and takes both back at maturity, its
far leg. Who is short of yen through swaps lends dollars in them; who hedges dollar assets borrows
dollars. Principals are the balances that the books hold in yen and in dollars, and earn both policy
rates there. What a swap adds is its far leg, at a forward price that holds the basis of the day on
which it was dealt: this ledger has far legs, what the basis accrues, and margin.

All swaps are dealt for n trading days, so that those of one maturity were dealt on one day and have
one forward price: maturity is the day on which a row of the ladder comes round, and a change of the
basis reaches a book as its rows mature. Gains are paid daily in dollars. Each institution, and
those outside who borrow dollars, deal with the dealers; of every maturity the legs of all sum to
zero, and so do accruals and margins.
"""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import accrued
from abm.kernels.numerics.columns import add_scaled, chunk_sum
from abm.kernels.state import CHUNK, SQUEEZE, SWAP_USERS, TRADING_DAYS

SPOT, RATE, USD_RATE = 0, 1, 2  # of `market.swap_quote`


@inlined
def forward_over_spot(rate, usd_rate, basis, years):
    """Forward over spot, yen per dollar: (1 + (r + b) T) / (1 + r_U T).                   (M117)"""
    return (1.0 + (rate + basis) * years) / (1.0 + usd_rate * years)


@inlined
def years_left(row, day, n_days):
    """Time to the maturity of a row of the ladder, on the morning of a day [years]."""
    return ((row - day) % n_days) / TRADING_DAYS


@inlined
def unit_mark(s, row, day, market):
    """Gain per unit of a far leg against one dealt today, as of the last quote [USD].     (M117)

    v = X (F(b, T) - F(c, T)) / S
    """
    spot, rate, usd_rate = market.swap_quote[s]
    years = years_left(row, day, market.contract_basis.shape[1])
    now = forward_over_spot(rate, usd_rate, market.basis[s], years)
    then = forward_over_spot(rate, usd_rate, market.contract_basis[s, row], years)
    return spot * (now - then)


@kernel
def accrue_swaps(days, books, market, rules, scratch):
    """Basis of the days since the last close, in the currency, against dealers.           (M116)

    paid to a holder: - sum_m N_m c_m days / D
    """
    for s in range(market.swapped.size):
        c = market.swapped[s]
        day_count, received = rules.market.day_count[c], 0.0
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            flow = scratch.lanes[0][: hi - lo]
            add_up_basis(s, lo, hi, days, day_count, books.swap_legs[s], market, flow)
            add_scaled(1.0, flow, books.units[c][lo:hi])
            received += chunk_sum(flow)
        flow = scratch.lanes[0][:1]
        add_up_basis(s, 0, 1, days, day_count, market.user_legs[s], market, flow)
        market.outside[SWAP_USERS, c] += flow[0]
        market.dealer_cash[c] -= received + flow[0]


@kernel
def add_up_basis(s, lo, hi, days, day_count, legs, market, flow):
    """Basis that holders lo..hi of far legs are paid [units of the currency].             (M116)"""
    flow[:] = 0.0
    for row in range(legs.shape[0]):
        paid = -accrued(market.contract_basis[s, row], days, day_count)
        add_scaled(paid, legs[row][lo:hi], flow)


@kernel
def quote_swaps(market):
    """Spot and both rates at which swaps are marked and dealt today."""
    for s in range(market.swapped.size):
        market.swap_quote[s, SPOT] = market.usd_price[market.swapped[s]]
        market.swap_quote[s, RATE] = market.rates[market.swapped[s]]
        market.swap_quote[s, USD_RATE] = market.rates[market.rates.size - 1]


@kernel
def pay_swap_margin(day, books, market, scratch):
    """Change of the value of every swap, paid in dollars by dealers or to them.           (M117)"""
    dollar = market.rates.size - 1
    quote_swaps(market)
    for s in range(market.swapped.size):
        received = 0.0
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            gain = scratch.lanes[0][: hi - lo]
            add_up_marks(s, day, lo, hi, books.swap_legs[s], market, gain)
            add_scaled(-1.0, books.swap_margin[s][lo:hi], gain)
            add_scaled(1.0, gain, books.swap_margin[s][lo:hi])
            add_scaled(1.0, gain, books.cash[lo:hi])
            received += chunk_sum(gain)
        gain = scratch.lanes[0][:1]
        add_up_marks(s, day, 0, 1, market.user_legs[s], market, gain)
        gain[0] -= market.user_margin[s, 0]
        market.user_margin[s, 0] += gain[0]
        market.outside[SWAP_USERS, dollar] += gain[0]
        received += gain[0]
        market.dealer_margin[s, 0] -= received
        market.dealer_cash[dollar] -= received


@kernel
def add_up_marks(s, day, lo, hi, legs, market, value):
    """Value of the swaps of holders lo..hi [USD bn].                                      (M117)"""
    value[:] = 0.0
    for row in range(legs.shape[0]):
        add_scaled(unit_mark(s, row, day, market), legs[row][lo:hi], value)


@kernel
def roll_swaps(day, books, market, rules, scratch):
    """Deal what matured and what has been added, close what has gone; dealers take the rest.

    A book by swaps is a share of the balance.                                       (M115, M118)
    """
    for s in range(market.swapped.size):
        c, n_rows = market.swapped[s], market.contract_basis.shape[1]
        market.contract_basis[s, day % n_rows] = market.basis[s]
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            wanted = scratch.lanes[0][: hi - lo]
            for j in range(hi - lo):
                wanted[j] = -swapped_units(s, lo + j, books, market, rules.mandates)
            deal_legs(day % n_rows, lo, hi, wanted, books.swap_legs[s])
            value = books.swap_margin[s][lo:hi]
            add_up_marks(s, day, lo, hi, books.swap_legs[s], market, value)
        wanted = scratch.lanes[0][:1]
        wanted[0] = -user_demand(s, market, rules.basis) / market.usd_price[c]
        deal_legs(day % n_rows, 0, 1, wanted, market.user_legs[s])
        add_up_marks(s, day, 0, 1, market.user_legs[s], market, market.user_margin[s])
        for row in range(n_rows):
            others = chunk_sum(books.swap_legs[s, row]) + market.user_legs[s, row, 0]
            market.dealer_legs[s, row, 0] = -others
        add_up_marks(s, day, 0, 1, market.dealer_legs[s], market, market.dealer_margin[s])


@inlined
def swapped_units(s, i, books, market, mandates):
    """Balance that an institution holds by swaps, s (a + L); L: borrowed outright.       (M115)

    Who has borrowed yen outright has no share in swaps of other currencies.
    """
    held = books.units[market.swapped[s], i] + mandates.loan_units[i]
    return mandates.swap_share[s, i] * held


@inlined
def user_demand(s, market, rule):
    """Dollars that others borrow by swaps: Q0 (1 + Z) less what they bought in spot [USD bn].

    (M115)
    """
    hoarded = 1.0 + market.swap_terms[s, SQUEEZE]
    return max(rule.volume[s] * hoarded - market.user_dollars[s], 0.0)


@kernel
def deal_legs(today, lo, hi, wanted, legs):
    """Bring holders lo..hi to what they want: new swaps in today's row, or a share of every row
    closed at its mark, which has been paid.                                               (M118)
    """
    for j in range(hi - lo):
        legs[today, lo + j] = 0.0
        left = 0.0
        for row in range(legs.shape[0]):
            left += legs[row, lo + j]
        kept = share_kept(left, wanted[j])
        if kept < 1.0:
            for row in range(legs.shape[0]):
                legs[row, lo + j] *= kept
        legs[today, lo + j] = wanted[j] - kept * left


@inlined
def share_kept(left, wanted):
    """Share of what has not matured that is kept: clip(wanted / left, 0, 1).              (M118)"""
    return min(max(wanted / left, 0.0), 1.0) if left != 0.0 else 1.0
