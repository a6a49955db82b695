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
from abm.kernels.numerics.columns import (
    add_scaled,
    add_scaled_rows,
    add_seven_scaled,
    chunk_sum,
    write_product,
)
from abm.kernels.scratch import EACH, UNIT
from abm.kernels.state import CHUNK, SQUEEZE, SWAP_USERS, TRADING_DAYS

SPOT, RATE, USD_RATE = 0, 1, 2  # of `market.swap_quote`


@inlined
def forward_over_spot(rate, usd_rate, basis, years):
    """Forward over spot, yen per dollar: (1 + (r + b) T) / (1 + r_U T).                   (M117)"""
    return (1.0 + (rate + basis) * years) / (1.0 + usd_rate * years)


@inlined
def years_left(row, today, n_rows):
    """Time to the maturity of a row of the ladder on the day that `today` matures [years]."""
    days = row - today
    return (days + n_rows if days < 0 else days) / TRADING_DAYS


@inlined
def unit_mark(quote, basis, dealt_at, years):
    """Gain per unit of a far leg against one dealt today, as of the last quote [USD].     (M117)

    v = X (F(b, T) - F(c, T)) / S
    """
    spot, rate, usd_rate = quote
    now = forward_over_spot(rate, usd_rate, basis, years)
    then = forward_over_spot(rate, usd_rate, dealt_at, years)
    return spot * (now - then)


@kernel
def accrue_swaps(days, books, market, rules, scratch):
    """Basis of the days since the last close, in the currency, against dealers.           (M116)

    paid to a holder: - sum_m N_m c_m days / D
    """
    for s in range(market.swapped.size):
        c = market.swapped[s]
        paid, received = scratch.of_rows[UNIT, : market.contract_basis.shape[1]], 0.0
        for row in range(paid.size):
            paid[row] = -accrued(market.contract_basis[s, row], days, rules.market.day_count[c])
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            flow = scratch.lanes[0][: hi - lo]
            add_up_rows(lo, hi, paid, books.swap_legs[s], flow)
            add_scaled(1.0, flow, books.units[c][lo:hi])
            received += chunk_sum(flow)
        to_users = add_up_account(paid, market.user_legs[s])
        market.outside[SWAP_USERS, c] += to_users
        market.dealer_cash[c] -= received + to_users


@kernel
def add_up_rows(lo, hi, per_unit, legs, total):
    """Sum of the far legs of holders lo..hi over maturities, each at so much per unit."""
    total[:] = 0.0
    sevens = per_unit.size // 7 * 7
    for row in range(0, sevens, 7):
        add_seven_scaled(row, lo, hi, per_unit, legs, total)
    add_scaled_rows(sevens, lo, hi, per_unit, legs, total)


@kernel
def add_up_account(per_unit, legs):
    """The same sum of one account."""
    total = 0.0
    for row in range(per_unit.size):
        total += per_unit[row] * legs[row, 0]
    return total


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
        marks, received = scratch.of_rows[UNIT, : market.contract_basis.shape[1]], 0.0
        mark_rows(s, day, market, marks)
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            gain = scratch.lanes[0][: hi - lo]
            add_up_rows(lo, hi, marks, books.swap_legs[s], gain)
            add_scaled(-1.0, books.swap_margin[s][lo:hi], gain)
            add_scaled(1.0, gain, books.swap_margin[s][lo:hi])
            add_scaled(1.0, gain, books.cash[lo:hi])
            received += chunk_sum(gain)
        to_users = add_up_account(marks, market.user_legs[s]) - market.user_margin[s, 0]
        market.user_margin[s, 0] += to_users
        market.outside[SWAP_USERS, dollar] += to_users
        received += to_users
        market.dealer_margin[s, 0] -= received
        market.dealer_cash[dollar] -= received


@kernel
def mark_rows(s, day, market, marks):
    """Marks of all maturities, by which far legs add up to the value of a book.           (M117)"""
    struck, basis, dealt_at = market.swap_quote[s], market.basis[s], market.contract_basis[s]
    quote, today = (struck[SPOT], struck[RATE], struck[USD_RATE]), day % marks.size
    for row in range(marks.size):
        marks[row] = unit_mark(quote, basis, dealt_at[row], years_left(row, today, marks.size))


@kernel
def roll_swaps(day, books, market, rules, scratch):
    """Deal what matured and what has been added, close what has gone; dealers take the rest.

    A book by swaps is a share of the balance.                                       (M115, M118)
    """
    for s in range(market.swapped.size):
        c, n_rows = market.swapped[s], market.contract_basis.shape[1]
        market.contract_basis[s, day % n_rows] = market.basis[s]
        marks = scratch.of_rows[UNIT, :n_rows]
        mark_rows(s, day, market, marks)
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            wanted = scratch.lanes[0][: hi - lo]
            for j in range(hi - lo):
                wanted[j] = -swapped_units(s, lo + j, books, market, rules.mandates)
            deal_legs(day % n_rows, lo, hi, wanted, books.swap_legs[s], scratch)
            add_up_rows(lo, hi, marks, books.swap_legs[s], books.swap_margin[s][lo:hi])
        wanted = scratch.lanes[0][:1]
        wanted[0] = -user_demand(s, market, rules.basis) / market.usd_price[c]
        deal_legs(day % n_rows, 0, 1, wanted, market.user_legs[s], scratch)
        market.user_margin[s, 0] = add_up_account(marks, market.user_legs[s])
        for row in range(n_rows):
            others = chunk_sum(books.swap_legs[s, row]) + market.user_legs[s, row, 0]
            market.dealer_legs[s, row, 0] = -others
        market.dealer_margin[s, 0] = add_up_account(marks, market.dealer_legs[s])


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
def deal_legs(today, lo, hi, wanted, legs, scratch):
    """Bring holders lo..hi to what they want: new swaps in today's row, or a share of every row
    closed at its mark, which has been paid.                                               (M118)
    """
    left, kept, new = scratch.lanes[1][: hi - lo], scratch.lanes[2][: hi - lo], legs[today][lo:hi]
    new[:] = 0.0
    add_up_rows(lo, hi, scratch.of_rows[EACH, : legs.shape[0]], legs, left)
    least = 1.0
    for j in range(hi - lo):
        kept[j] = share_kept(left[j], wanted[j])
        least = min(least, kept[j])
    if least < 1.0:
        for row in range(legs.shape[0]):
            write_product(kept, legs[row][lo:hi], legs[row][lo:hi])
    for j in range(hi - lo):
        new[j] = wanted[j] - kept[j] * left[j]


@inlined
def share_kept(left, wanted):
    """Share of what has not matured that is kept: clip(wanted / left, 0, 1).              (M118)"""
    return min(max(wanted / left, 0.0), 1.0) if left != 0.0 else 1.0
