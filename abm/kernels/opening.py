"""The opening: books marked, banks at their opening leverage, totals to audit against."""

from abm.kernels.audit import count_units, gross_balance
from abm.kernels.banks.trading_book import book_worth
from abm.kernels.behaviours.hedge_fund import set_loans
from abm.kernels.compiler.jit import door, inlined, kernel
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.bank_leverage import bank_assets, set_lines
from abm.kernels.constraints.bank_requirement import assess_capital, head_room
from abm.kernels.contracts.balances import mark_all
from abm.kernels.contracts.loans import mark_loans
from abm.kernels.numerics.columns import chunk_sum, copy
from abm.kernels.risk import set_fast_risk
from abm.kernels.state import FUNDERS, OUTSIDE_BORROWERS


def open_accounts(books, market, graph, rules):
    """Mark all books, fill up banks' balance sheets, and count what must stay constant.

    A bank's other assets bring it to the opening utilisation of its leverage limit, or of its
    capital by what its assets require; deposits pay for what its capital and other banks do not.
    """
    door(open_accounts_compiled)(*by_reference(books, market, graph, rules))


@kernel
def open_accounts_compiled(books, market, graph, rules):
    """`open_accounts` on columns by reference."""
    utilisation = rules.banks.opening_utilisation
    mark_all(books, market)
    copy(books.wealth, books.high_water)
    copy(books.wealth, books.entry_wealth)
    owe_usual_loans(books, market, rules)
    mark_loans(books, graph, rules)
    graph.other_assets[:] = graph.counter[:] = 0.0
    value_books(market, graph)
    set_fast_risk(market)
    assess_capital(books, market, graph, rules)
    for b in range(graph.equity.size):
        most = utilisation * graph.leverage_max[b] * graph.equity[b]
        wanted = most - bank_assets(b, graph)
        if rules.banks.requirement.is_on:
            spare = utilisation * graph.equity[b] - graph.requirement[b]
            wanted = graph.leverage_max[b] * spare
        graph.other_assets[b] = max(wanted, 0.0)
        graph.reserves[b] = rules.banks.run.reserve_share * graph.other_assets[b]
        graph.other_assets[b] -= graph.reserves[b]
        graph.counter[OUTSIDE_BORROWERS] += graph.other_assets[b] + graph.reserves[b]
        assets, owed = bank_assets(b, graph), chunk_sum(graph.liabilities[b])
        graph.deposits[b] = assets - owed - graph.equity[b]
        graph.counter[FUNDERS] += graph.deposits[b]
        graph.gross[b] = max(gross_balance(b, assets, owed, graph), 1.0)
    assess_capital(books, market, graph, rules)
    graph.opening_room[0] = head_room(graph)
    set_lines(graph, rules)
    count_units(books, market, graph, market.totals)


@kernel
def owe_usual_loans(books, market, rules):
    """Loans of all institutions as usual: until they decide, no rate has told funds otherwise."""
    mandates = rules.mandates
    set_loans(
        market.funding_share, mandates.weights[0], mandates.loan_covariance, mandates.loan_variance,
        mandates.other_loans, mandates.other_covariance, mandates.other_variance, books.loan_share,
        books.loan_covariance, books.loan_variance,
    )  # fmt: skip


@inlined
def value_books(market, graph):
    """Value trading books at the opening: bought before, they are no gain."""
    for b in range(graph.equity.size):
        graph.book_value[b] = book_worth(b, graph, market)
