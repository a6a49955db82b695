"""Currency swaps: far legs by maturity, the basis that they accrue, margin, and their roll.

A swap lends dollars against a currency today, its near leg, and takes both back at maturity, its
far leg. Who is short of yen through swaps lends dollars in them; who hedges dollar assets borrows
dollars. Principals are the balances that the books hold in yen and in dollars, and earn both policy
rates there. What a swap adds is its far leg, at a forward price that holds the basis of the day on
which it was dealt: this ledger has far legs, what the basis accrues, and margin.

All swaps are dealt for n trading days, so that those of one maturity were dealt on one day and at
one basis: maturity is the day on which a row of the ladder comes round, and a change of the basis
reaches a book as its rows mature. Gains are paid daily in dollars. Each institution, and those
outside who borrow dollars, deal with the dealers, whose book is the opposite of all others.

What a day needs of a ladder are four sums over its rows, carried from day to day, and the row that
matures. A book that shrinks closes the same share of every row: the ladder holds legs over the
share that has been kept since, so that a day writes one row. The audit adds up all rows.
"""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import accrued
from abm.kernels.numerics.columns import add_scaled, add_scaled_rows, chunk_sum
from abm.kernels.state import (
    BASIS,
    BASIS_YEARS,
    CHUNK,
    KEPT,
    LEGS,
    MARGIN,
    SQUEEZE,
    SWAP_USERS,
    TRADING_DAYS,
    YEARS,
)

LEAST_KEPT = 1e-90  # a ladder is written anew before the share kept since has no digits left


@inlined
def swap_mark(spot, basis, legs_by_years, basis_by_years):
    """Gain of far legs against what would be dealt today [USD bn].                        (M117)

    V = sum_m N_m X (b - c_m) T_m = X (b sum_m N_m T_m - sum_m N_m c_m T_m)
    """
    return spot * (basis * legs_by_years - basis_by_years)


@kernel
def accrue_swaps(days, books, market, rules):
    """Basis of the days since the last close, in the currency, against dealers.           (M116)

    paid to a holder: - sum_m N_m c_m days / D
    """
    for s in range(market.swapped.size):
        c = market.swapped[s]
        years = accrued(1.0, days, rules.market.day_count[c])
        add_scaled(-years, books.swap_sums[s, BASIS], books.units[c])
        market.outside[SWAP_USERS, c] -= years * market.user_sums[s, BASIS, 0]
        market.dealer_cash[c] -= years * market.dealer_sums[s, BASIS, 0]


@kernel
def pay_swap_margin(books, market):
    """Change of the value of every swap, paid in dollars by dealers or to them.           (M117)"""
    dollar = market.rates.size - 1
    for s in range(market.swapped.size):
        market.swap_spot[s] = market.usd_price[market.swapped[s]]
        spot, basis = market.swap_spot[s], market.basis[s]
        revalue(spot, basis, books.swap_sums[s], books.cash)
        revalue(spot, basis, market.user_sums[s], market.outside[SWAP_USERS, dollar : dollar + 1])
        revalue(spot, basis, market.dealer_sums[s], market.dealer_cash[dollar : dollar + 1])


@kernel
def revalue(spot, basis, sums, cash):
    """A day less to all maturities, and the margin that is due for the new value.         (M117)"""
    legs, by_basis, margin = sums[LEGS], sums[BASIS], sums[MARGIN]
    by_years, by_basis_years = sums[YEARS], sums[BASIS_YEARS]
    for j in range(cash.size):
        by_years[j] -= legs[j] / TRADING_DAYS
        by_basis_years[j] -= by_basis[j] / TRADING_DAYS
        value = swap_mark(spot, basis, by_years[j], by_basis_years[j])
        cash[j] += value - margin[j]
        margin[j] = value


@kernel
def roll_swaps(day, books, market, rules, scratch):
    """Deal what matured and what has been added, close what has gone; dealers take the rest.

    A book by swaps is a share of the balance.                                       (M115, M118)
    """
    for s in range(market.swapped.size):
        for lo in range(0, books.cash.size, CHUNK):
            hi = min(lo + CHUNK, books.cash.size)
            wanted = scratch.lanes[0][: hi - lo]
            write_balances(s, lo, hi, books, market, rules.mandates, wanted)
            deal(s, day, lo, market, books.swap_legs[s], books.swap_sums[s], wanted)
        wanted = scratch.lanes[0][:1]
        wanted[0] = user_demand(s, market, rules.basis) / market.usd_price[market.swapped[s]]
        deal(s, day, 0, market, market.user_legs[s], market.user_sums[s], wanted)
        for column in range(LEGS, MARGIN + 1):
            others = chunk_sum(books.swap_sums[s, column]) + market.user_sums[s, column, 0]
            market.dealer_sums[s, column, 0] = -others
        market.contract_basis[s, day % market.contract_basis.shape[1]] = market.basis[s]


@kernel
def write_balances(s, lo, hi, books, market, mandates, balances):
    """Balances that institutions hold by swaps, s (a + L); L: borrowed outright.          (M115)

    Who has borrowed yen outright has no share in swaps of other currencies.
    """
    share, held = mandates.swap_share[s, lo:hi], books.units[market.swapped[s]][lo:hi]
    loan = mandates.loan_units[lo:hi]
    for j in range(balances.size):
        balances[j] = share[j] * (held[j] + loan[j])


@inlined
def user_demand(s, market, rule):
    """Dollars that others borrow by swaps: Q0 (1 + Z) less what they bought in spot [USD bn].

    (M115)
    """
    hoarded = 1.0 + market.swap_terms[s, SQUEEZE]
    return max(rule.volume[s] * hoarded - market.user_dollars[s], 0.0)


@kernel
def deal(s, day, lo, market, ladder, sums, balances):
    """Bring holders from row lo on to far legs that are the opposite of their balances: new swaps
    in today's row, or a share of every row closed at its mark, which has been paid.       (M118)
    """
    today, term, hi = day % ladder.shape[0], ladder.shape[0] / TRADING_DAYS, lo + balances.size
    spot, basis, dealt_at = market.swap_spot[s], market.basis[s], market.contract_basis[s, today]
    legs, by_basis, by_years = sums[LEGS][lo:hi], sums[BASIS][lo:hi], sums[YEARS][lo:hi]
    by_basis_years, margin = sums[BASIS_YEARS][lo:hi], sums[MARGIN][lo:hi]
    kept, row, least = sums[KEPT][lo:hi], ladder[today][lo:hi], 1.0
    for j in range(balances.size):
        due, wanted = kept[j] * row[j], -balances[j]
        left = legs[j] - due
        share = share_kept(left, wanted)
        row[j] = wanted - share * left
        legs[j] = wanted
        by_basis[j] = share * (by_basis[j] - dealt_at * due) + basis * row[j]
        by_years[j] = share * by_years[j] + term * row[j]
        by_basis_years[j] = share * by_basis_years[j] + term * basis * row[j]
        margin[j] = swap_mark(spot, basis, by_years[j], by_basis_years[j])
        kept[j] *= share
        least = min(least, kept[j])
    if least < LEAST_KEPT:
        write_anew(today, lo, ladder, kept)
    for j in range(balances.size):
        row[j] /= kept[j]


@inlined
def share_kept(left, wanted):
    """Share of what has not matured that is kept: clip(wanted / left, 0, 1).              (M118)"""
    return min(max(wanted / left, 0.0), 1.0) if left != 0.0 else 1.0


@inlined
def write_anew(today, lo, ladder, kept):
    """Ladders of which next to nothing is kept hold their legs themselves; today's row does."""
    for j in range(kept.size):
        if kept[j] < LEAST_KEPT:
            new = ladder[today, lo + j]
            for row in range(ladder.shape[0]):
                ladder[row, lo + j] *= kept[j]
            ladder[today, lo + j], kept[j] = new, 1.0


@kernel
def add_up_ladder(lo, per_unit, ladder, kept, total):
    """Sum of the far legs of holders from row lo on over maturities, each at so much per unit."""
    total[:] = 0.0
    add_scaled_rows(0, lo, per_unit, ladder, total)
    for j in range(total.size):
        total[j] *= kept[j]
