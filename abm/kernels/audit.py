"""Conservation: units of everything, money against outside accounts, banks' balance sheets."""

from abm.kernels.banks.trading_book import book_worth
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.bank_leverage import bank_assets
from abm.kernels.contracts.repo import lent_per_bond
from abm.kernels.contracts.swaps import add_up_ladder, swap_mark
from abm.kernels.numerics.columns import add_row_sizes, add_row_sums, chunk_size, chunk_sum, copy
from abm.kernels.state import (
    BASIS,
    BASIS_YEARS,
    CHUNK,
    ESTATE_ASSETS,
    ESTATE_BOOK,
    ESTATE_DESKS,
    ESTATE_FUNDING,
    ESTATE_LOANS,
    FUNDERS,
    KEPT,
    LEGS,
    MARGIN,
    OUTSIDE_BORROWERS,
    STRETCH,
    TRADING_DAYS,
    YEARS,
)

ROUNDING = 1e-12  # sums of all that has moved since the opening are no more exact
# Of what is held, to scale errors by where it is more than the opening's: an error of 1e-9 of that
# is ROUNDING of what is held.
HELD_SHARE = 1e-3
SHARES_EVERY = 8  # days in which the shares of all loans are added up once


@kernel
def scale_errors(books, market, scratch):
    """Scale errors by a share of the most that has been held, where that exceeds the opening.

    Sums over books that have grown a million times are rounded by more than the opening's.    (M55)
    What dealers owe or are owed in a currency is held, too: all that swaps pay passes through it.
    """
    K, n = books.units.shape
    held, n_currencies = scratch.counts, market.rates.size - 1
    for k in range(K):
        held[k] = abs(market.value_held[k]) + abs(market.dealer_held[k])
        if k < n_currencies:
            held[k] += abs(market.dealer_cash[k])
    held[K] = abs(market.dealer_cash[n_currencies])
    for lo in range(0, n, CHUNK):
        hi = min(lo + CHUNK, n)
        add_row_sizes(books.units, lo, hi, held)
        held[K] += chunk_size(books.cash[lo:hi])
    for k in range(K + 1):
        market.gross_totals[k] = max(market.gross_totals[k], HELD_SHARE * held[k])


@kernel
def count_units(books, market, graph, totals):
    """Units of every instrument, then dollars, over all accounts: they never change.  (M55)"""
    count_books(books, totals)
    count_accounts(market, graph, totals)


@kernel
def count_books(books, totals):
    """Units of every instrument, then dollars, of all institutions."""
    K, n = books.units.shape
    totals[: K + 1] = 0.0
    for lo in range(0, n, STRETCH):
        hi = min(lo + STRETCH, n)
        add_row_sums(books.units, lo, hi, totals)
        totals[K] += chunk_sum(books.cash[lo:hi])


@kernel
def count_accounts(market, graph, totals):
    """Add what all others hold."""
    K, C = market.quote.size, market.rates.size - 1
    for k in range(K):
        totals[k] += market.value_held[k] + market.dealer_held[k] + market.official_units[k]
        totals[k] += market.hedger_held[k] + market.anticipator_held[k] + market.estate_units[k]
        if k < C:
            totals[k] += market.value_cash[k] + market.dealer_cash[k] + market.official_cash[k]
            totals[k] += market.hedger_cash[k] + outside_total(k, market)
            totals[k] += market.anticipator_cash[k]
    totals[K] += market.value_cash[C] + market.dealer_cash[C] + market.official_cash[C]
    totals[K] += market.hedger_cash[C] + outside_total(C, market) + chunk_sum(graph.equity)
    totals[K] += market.anticipator_cash[C]
    for k in range(graph.book.shape[0]):  # what banks hold is capital, and no dollars
        totals[k] += chunk_sum(graph.book[k])
    totals[K] -= chunk_sum(graph.book_value)


@inlined
def outside_total(c, market):
    """Balance of all accounts outside the model in one currency."""
    total = 0.0
    for account in range(market.outside.shape[0]):
        total += market.outside[account, c]
    return total


@inlined
def larger(a, b):
    """The larger of two errors; not a number where either is none, so that no error is lost."""
    return a if a >= b or a != a else b


@inlined
def beyond_rounding(error):
    """An error of sums that grow with the run; 0 for what rounding leaves of them."""
    return 0.0 if error <= ROUNDING else error


@kernel
def conservation_error(has_traded, books, market, graph, scratch):
    """Largest change of a total since the opening, relative to gross positions.            (M55)

    Institutions that have not traded since they were counted are not counted again.
    """
    K = market.quote.size
    now = scratch.counts
    if has_traded:
        count_books(books, scratch.booked)
    copy(scratch.booked, now)
    count_accounts(market, graph, now)
    worst = 0.0
    for k in range(K + 1):
        worst = larger(worst, abs(now[k] - market.totals[k]) / market.gross_totals[k])
    return worst


@kernel
def wealth_error(books, market, graph):
    """Wealth of all marked books and accounts against the value of all units.         (M56)

    Marks were struck while trading, units counted now: a trade that did not pay for itself shows.
    """
    K, C = market.quote.size, market.rates.size - 1
    marked, value, gross = 0.0, market.totals[K], market.gross_totals[K]
    for lo in range(0, books.cash.size, STRETCH):
        marked += chunk_sum(books.wealth[lo : lo + STRETCH])
    marked += chunk_sum(graph.equity)
    for c in range(C + 1):
        price = market.usd_price[c] if c < C else 1.0
        marked += price * (market.value_cash[c] + market.dealer_cash[c] + market.official_cash[c])
        marked += price * (market.hedger_cash[c] + outside_total(c, market))
        marked += price * market.anticipator_cash[c]
    for k in range(K):
        price = market.usd_price[k]
        held = market.value_held[k] + market.dealer_held[k] + market.official_units[k]
        held += market.hedger_held[k] + market.anticipator_held[k] + market.estate_units[k]
        marked += price * held
        value += price * market.totals[k]
        gross += price * market.gross_totals[k]
    if graph.book.shape[0] > 0:  # banks mark theirs in the evening
        for b in range(graph.equity.size):
            marked += book_worth(b, graph, market) - graph.book_value[b]
    return abs(marked - value) / gross


@kernel
def worst_error(has_traded, books, market, graph, scratch):
    """The larger of both errors at this moment."""
    error = conservation_error(has_traded, books, market, graph, scratch)
    return larger(error, wealth_error(books, market, graph))


@kernel
def loans_error(day, books, market, graph, mandates):
    """Loans of banks against the debts of their borrowers, as both stood last night.     (M55)

    Of every borrower's loan all is lent, and once: by banks, or in repo. So all shares add up to
    the number of borrowers; borrower by borrower an eighth of the institutions is looked at each
    day, in turn: what is wrong stays.
    """
    lent, owed, n_borrowers = chunk_sum(graph.loans) + chunk_sum(graph.desk_assets), 0.0, 0.0
    lent += chunk_sum(market.repo_lent)
    lent += graph.estate[ESTATE_LOANS] + graph.estate[ESTATE_DESKS]
    for stretch in graph.lent_rows:
        owed += chunk_sum(books.borrowing[stretch[0] : stretch[1]])
        n_borrowers += stretch[1] - stretch[0]
    start, end = mandates.desk_rows
    owed += chunk_sum(books.borrowing[start:end])
    n, part = books.cash.size, day % SHARES_EVERY
    lo, hi = n * part // SHARES_EVERY, n * (part + 1) // SHARES_EVERY
    off = shares_error(graph.broker_start[lo : hi + 1], graph.broker_share)
    all_off = abs(chunk_sum(graph.broker_share) - n_borrowers) / max(n_borrowers, 1.0)
    off = larger(off, all_off)
    return larger(abs(lent - owed) / max(lent, 1.0), beyond_rounding(off))


@inlined
def shares_error(broker_start, broker_share):
    """Largest gap between 1 and the sum of a borrower's shares of its loan."""
    worst = 0.0
    for i in range(broker_start.size - 1):
        first, last = broker_start[i], broker_start[i + 1]
        if first < last:
            lent = 0.0
            for edge in range(first, last):
                lent += broker_share[edge]
            worst = larger(worst, abs(lent - 1.0))
    return worst


@kernel
def swaps_error(day, books, market, scratch):
    """Sums and margins of all holders against dealers', and ladders against their sums.   (M124)

    Of institutions' ladders those of one chunk a day, in turn: what is wrong in a ladder stays,
    until all of it has been closed. Margins are those of last night's marks: a leg, a contract or a
    payment that was altered since shows. Relative to the gross of all legs.
    """
    worst = 0.0
    n_chunks = (books.cash.size + CHUNK - 1) // CHUNK
    first = day % n_chunks * CHUNK
    last = min(first + CHUNK, books.cash.size)
    for s in range(market.swapped.size):
        gross = gross_legs(s, books, market)
        for column in range(LEGS, MARGIN + 1):
            net = chunk_sum(books.swap_sums[s, column]) + market.user_sums[s, column, 0]
            worst = larger(worst, abs(net + market.dealer_sums[s, column, 0]) / gross)
        for sums in (books.swap_sums[s], market.user_sums[s], market.dealer_sums[s]):
            worst = larger(worst, margin_error(s, market, sums) / gross)
        per_unit = scratch.of_rows[: market.contract_basis.shape[1]]
        weigh_rows(s, day, market, per_unit)
        total = scratch.lanes[0][: last - first]
        off = ladder_error(first, per_unit, books.swap_legs[s], books.swap_sums[s], total)
        worst = larger(worst, off / gross)
        total = scratch.lanes[0][:1]
        off = ladder_error(0, per_unit, market.user_legs[s], market.user_sums[s], total)
        worst = larger(worst, off / gross)
    return worst


@kernel
def gross_legs(s, books, market):
    """Far legs of all holders, whatever their signs, and one."""
    gross, legs = 1.0 + abs(market.user_sums[s, LEGS, 0]), books.swap_sums[s, LEGS]
    for lo in range(0, legs.size, CHUNK):
        gross += chunk_size(legs[lo : lo + CHUNK])
    return gross


@inlined
def weigh_rows(s, day, market, per_unit):
    """What a unit of each maturity adds to the sums of legs, basis and margin, last night.

    One for the leg, the basis at which it was dealt, and its mark: 1 + c + X (b - c) T.
    """
    n_rows = per_unit.size
    for row in range(n_rows):
        dealt_at, years = market.contract_basis[s, row], (row - day) % n_rows + 1
        mark = swap_mark(market.swap_spot[s], market.basis[s], 1.0, dealt_at) * years / TRADING_DAYS
        per_unit[row] = 1.0 + dealt_at + mark


@kernel
def ladder_error(lo, per_unit, ladder, sums, total):
    """Largest gap between the legs of a holder, row by row, and the sums carried for them."""
    hi, worst = lo + total.size, 0.0
    add_up_ladder(lo, per_unit, ladder, sums[KEPT][lo:hi], total)
    legs, by_basis, margin = sums[LEGS][lo:hi], sums[BASIS][lo:hi], sums[MARGIN][lo:hi]
    for j in range(total.size):
        worst = larger(worst, abs(total[j] - (legs[j] + by_basis[j] + margin[j])))
    return worst


@inlined
def margin_error(s, market, sums):
    """Largest gap between a holder's margin and the value of its sums at last night's quote."""
    spot, basis, worst = market.swap_spot[s], market.basis[s], 0.0
    margin, by_years, by_basis_years = sums[MARGIN], sums[YEARS], sums[BASIS_YEARS]
    for j in range(margin.size):
        value = swap_mark(spot, basis, by_years[j], by_basis_years[j])
        worst = larger(worst, abs(value - margin[j]))
    return worst


@kernel
def repo_error(books, market, mandates):
    """Loans and bonds of all borrowers against the repo lender's, as of last night.       (M157)

    Each loan is what is lent on its bonds, but for those whose bonds are being sold. Relative to
    the most that is lent.
    """
    worst = 0.0
    for s in range(market.repo_bond.size):
        gross = max(abs(market.repo_lent[s]), market.repo_capacity[s], 1.0)
        lent = chunk_sum(books.repo_debt[s]) - market.repo_lent[s]
        pledged = chunk_sum(books.repo_units[s]) - market.repo_pledged[s]
        worst = larger(worst, larger(abs(lent), abs(pledged)) / gross)
        for i in range(mandates.repo_rows[0], mandates.repo_rows[1]):
            if books.closing[i] == 0:
                lent = lent_per_bond(s, market) * books.repo_units[s, i]
                worst = larger(worst, abs(books.repo_debt[s, i] - lent) / gross)
    return worst


@inlined
def gross_balance(b, assets, owed, graph):
    """Both sides of a bank's balance sheet, whatever their signs [USD bn]."""
    owned = abs(assets) + abs(graph.other_assets[b])  # which may be negative: a part of assets
    return owned + owed + abs(graph.deposits[b]) + abs(graph.equity[b])


@kernel
def banks_error(graph):
    """The largest error of the accounts of banks this evening."""
    moved = larger(capital_error(graph), counter_error(graph))
    return larger(balance_error(graph), beyond_rounding(moved))


@kernel
def balance_error(graph):
    """Largest gap between the two sides of a bank's balance sheet, A = L + deposits + E.   (M55)

    A payment moves both sides, so that what moved one alone shows. Relative to the most that both
    sides have held: debts that are gone leave the rounding of their size behind.
    """
    worst = 0.0
    for b in range(graph.equity.size):
        assets, owed = bank_assets(b, graph), chunk_sum(graph.liabilities[b])
        gap = assets - owed - graph.deposits[b] - graph.equity[b]
        graph.gross[b] = max(graph.gross[b], gross_balance(b, assets, owed, graph))
        worst = larger(worst, abs(gap) / graph.gross[b])
    return worst


@inlined
def capital_error(graph):
    """Largest gap between a bank's capital and its opening plus all that has moved it.   (M112)"""
    worst = 0.0
    for b in range(graph.equity.size):
        moved = 0.0
        for way in range(graph.flows.shape[0]):
            moved += graph.flows[way, b]
        gap = graph.equity[b] - graph.opening_equity[b] - moved
        worst = larger(worst, abs(gap) / graph.gross[b])
    return worst


@kernel
def counter_error(graph):
    """Funding and other assets of banks, against who stands on the other side.    (M113, M114)

    The estate of failed banks owns what its funding has paid for.
    """
    estate = graph.estate
    gross = chunk_sum(graph.gross)
    funding = chunk_sum(graph.deposits) + estate[ESTATE_FUNDING]
    assets = chunk_sum(graph.other_assets) + chunk_sum(graph.reserves) + estate[ESTATE_ASSETS]
    owned = estate[ESTATE_ASSETS] + estate[ESTATE_BOOK]
    owned += estate[ESTATE_LOANS] + estate[ESTATE_DESKS]
    unfunded = abs(funding - graph.counter[FUNDERS])
    unowed = abs(assets - graph.counter[OUTSIDE_BORROWERS])
    return larger(larger(unfunded, unowed), abs(owned - estate[ESTATE_FUNDING])) / gross
