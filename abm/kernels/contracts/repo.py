"""Repo: bonds that a fund pledges overnight for dollars, and the lender who may end up with them.

Balances of the books are net: of what a fund owes in dollars, the repo lender has lent a part and
its brokers the rest. This ledger holds that part, the bonds that stand for it, and what the lender
has on its own books; who owes whom changes in it, what is owed does not. The lender, a money fund,
is an outside account that is paid a spread and bears what pledged bonds do not bring.

Every morning all loans end: the lender marks the bonds, sets the haircut, and lends anew. What it
lends no more is owed to brokers from then on, whose margin then counts the bonds; whoever exceeds
it is called by them and sells as after every other call. There is one bond, or none.
"""

from abm.kernels.book_risk import next_margin_risk, surprise
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.margin import limit_leverage, worst_loss_margin
from abm.kernels.contracts.balances import accrued
from abm.kernels.events import LOSS, MONEY_FUND, record_event
from abm.kernels.numerics.columns import add_scaled
from abm.kernels.state import MONEY_FUNDS


@inlined
def owed_in_repo(i, books):
    """Dollars that an institution owes to the repo lender [USD bn]."""
    owed = 0.0
    for s in range(books.repo_debt.shape[0]):
        owed += books.repo_debt[s, i]
    return owed


@inlined
def owed_to_brokers(i, books):
    """Broker debt: borrowing less repo, (B - R)+ [USD bn].                               (M150)"""
    return max(books.borrowing[i] - owed_in_repo(i, books), 0.0)


@inlined
def lent_per_bond(s, market):
    """Dollars lent on a unit of a bond: (1 - h) X, as of this morning's mark.            (M150)"""
    return (1.0 - market.repo_haircut[s]) * market.repo_price[s]


@inlined
def haircut_of(risk, variance, rule):
    """Haircut that covers the worst recent loss of a bond [share of its price].          (M151)

    h = clip(k sigma sqrt(10/250) sqrt(m), h_min, h_max): the margin (M71) of a book that holds the
    bond alone. Where the haircut is fixed both ends are it.
    """
    return worst_loss_margin(1.0, risk, variance, 0.0, 0.0, rule)


@inlined
def set_haircuts(market, rules):
    """Learn from yesterday's return of each bond, mark it, and set its haircut.          (M151)"""
    for s in range(market.repo_bond.size):
        k = market.repo_bond[s]
        variance = rules.market.calm_volatility[k] * rules.market.calm_volatility[k]
        own = market.close[0, k] - market.close[1, k]
        size = surprise(own, variance)
        market.repo_risk[s] = next_margin_risk(market.repo_risk[s], own, size, rules.repo.loss)
        market.repo_price[s] = market.usd_price[k]
        if rules.channels.repo_haircuts_follow_risk:
            market.repo_haircut[s] = haircut_of(market.repo_risk[s], variance, rules.repo)


@inlined
def wanted_in_repo(s, i, books, market, rules):
    """Dollars that an institution wants to owe in repo [USD bn].                         (M150)

    R* = min((1 - h) s X a+, (-m)+): it pledges a share of its bonds, and borrows no dollars to keep
    them.
    """
    bonds = rules.mandates.repo_share[i] * max(books.units[market.repo_bond[s], i], 0.0)
    return min(lent_per_bond(s, market) * bonds, max(-books.cash[i], 0.0))


@inlined
def capacity(s, market, rule):
    """Lending capacity at today's haircut: C0 (1 - kappa (h - h0)+)+ [USD bn].            (M153)"""
    risen = max(market.repo_haircut[s] - rule.opening_haircut, 0.0)
    return market.repo_capacity[s] * max(1.0 - rule.capacity_slope * risen, 0.0)


@inlined
def roll_repo(books, market, rules):
    """Lend anew on all bonds; what is not lent any more is owed to brokers.      (M150, M152, M153)

    The loan of a fund that closes out has ended: its bonds are sold for it.
    """
    for s in range(market.repo_bond.size):
        start, end = rules.mandates.repo_rows
        wanted, called = 0.0, 0.0
        for i in range(start, end):
            if books.closing[i] == 0:
                wanted += wanted_in_repo(s, i, books, market, rules)
        most = capacity(s, market, rules.repo)
        filled = most / wanted if wanted > most else 1.0
        for i in range(start, end):
            if books.closing[i] == 0:
                called += called_in_repo(s, i, books, market)
                lent = filled * wanted_in_repo(s, i, books, market, rules)
                lend(s, i, bonds_for(s, lent, market), lent, books, market)
        market.repo_called[s] = called


@inlined
def called_in_repo(s, i, books, market):
    """Cash that a fall in price or a higher haircut asks of a borrower: (R - (1 - h) X u)+  (M152)

    It pledges more bonds, where it has any, or owes its brokers more.
    """
    return max(books.repo_debt[s, i] - lent_per_bond(s, market) * books.repo_units[s, i], 0.0)


@inlined
def bonds_for(s, lent, market):
    """Bonds that stand for a loan, R / ((1 - h) X); none for none.                       (M150)"""
    return lent / lent_per_bond(s, market) if lent > 0.0 else 0.0


@inlined
def lend(s, i, bonds, dollars, books, market):
    """Bring a borrower to so many bonds and dollars; the lender's own books move with it."""
    market.repo_pledged[s] += bonds - books.repo_units[s, i]
    market.repo_lent[s] += dollars - books.repo_debt[s, i]
    books.repo_units[s, i] = bonds
    books.repo_debt[s, i] = dollars


@kernel
def pay_repo_spread(days, books, market, rules):
    """Spread over the policy rate from borrowers to the lender.                          (M154)

    The policy rate itself is paid on the dollars that they owe, as on every loan.
    """
    dollar = market.rates.size - 1
    rate = accrued(rules.repo.spread, days, rules.market.day_count[dollar])
    for s in range(market.repo_bond.size):
        add_scaled(-rate, books.repo_debt[s], books.cash)
        market.outside[MONEY_FUNDS, dollar] += rate * market.repo_lent[s]


@kernel
def ask_both_lenders(lo, hi, asked, books, market, rules):
    """Margin that brokers and the repo lender ask together of institutions lo..hi.       (M155)

    h = (1 - p) h_broker + p h_repo, p: pledged bonds over all assets. They count with the lender
    alone. Limits of leverage follow.
    """
    for i in range(lo, hi):
        asked[i - lo] = books.margin_rate[i]
        assets = books.wealth[i] + books.borrowing[i]
        for s in range(market.repo_bond.size):
            pledged = books.repo_units[s, i] * market.repo_price[s]
            if pledged > 0.0 and assets > 0.0 and books.margin_rate[i] > 0.0:
                part = min(pledged / assets, 1.0)
                asked[i - lo] += part * (market.repo_haircut[s] - books.margin_rate[i])
    mandates = rules.mandates
    limit_leverage(
        asked, mandates.has_margin_account[lo:hi], mandates.leverage_cap[lo:hi],
        mandates.has_maintenance_cap[lo:hi], rules.margin, books.maintenance_leverage[lo:hi],
    )  # fmt: skip


@inlined
def repay_repo(books, market, rules):
    """Repay in the evening what bonds that were sold stood for, and what is owed no more.

    Of who closes out the lender has taken the bonds: at the close they pay for the loan. (M156)
    """
    for s in range(market.repo_bond.size):
        k = market.repo_bond[s]
        for i in range(rules.mandates.repo_rows[0], rules.mandates.repo_rows[1]):
            bonds, debt = books.repo_units[s, i], books.repo_debt[s, i]
            if bonds == 0.0 and debt == 0.0:
                continue
            left, owed = max(books.units[k, i], 0.0), max(-books.cash[i], 0.0)
            kept = min(bonds, left)
            if books.closing[i] != 0:
                unpaid = max(debt - (bonds - kept) * market.usd_price[k], 0.0)
                lend(s, i, kept, min(unpaid, owed), books, market)
            else:
                lent = min(lent_per_bond(s, market) * kept, owed)
                lend(s, i, bonds_for(s, lent, market), lent, books, market)


@kernel
def write_off_repo(i, cause, books, market, record):
    """Write off what an emptied book still owes in repo; return it [USD bn].             (M156)

    It is what the bonds did not bring, at most the whole debt of the book.
    """
    unpaid = owed_in_repo(i, books)
    if unpaid > 0.0:
        market.outside[MONEY_FUNDS, market.rates.size - 1] -= unpaid
        record_event(LOSS, i, MONEY_FUND, -1, unpaid, cause, record)
        for s in range(market.repo_bond.size):
            lend(s, i, 0.0, 0.0, books, market)
    return unpaid
