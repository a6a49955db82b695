"""The opening: books marked, banks at their opening leverage, totals to audit against."""

from abm.kernels.audit import count_units, gross_balance
from abm.kernels.compiler.jit import kernel
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.bank_leverage import bank_assets, set_lines
from abm.kernels.contracts.balances import mark_all
from abm.kernels.contracts.loans import mark_loans
from abm.kernels.markets.basis import bank_room
from abm.kernels.numerics.columns import chunk_sum, copy


def open_accounts(books, market, graph, rules, utilisation):
    """Mark all books, fill up banks' balance sheets, and count what must stay constant.

    A bank's other assets bring it to ``utilisation`` of its leverage limit; deposits pay for what
    its capital and other banks do not.
    """
    open_accounts_compiled(utilisation, *by_reference(books, market, graph, rules))


@kernel
def open_accounts_compiled(utilisation, books, market, graph, rules):
    """`open_accounts` on columns by reference."""
    mark_all(books, market)
    copy(books.wealth, books.high_water)
    copy(books.wealth, books.entry_wealth)
    mark_loans(books, graph, rules)
    graph.other_assets[:] = 0.0
    for b in range(graph.equity.size):
        wanted = utilisation * graph.leverage_max[b] * graph.equity[b]
        graph.other_assets[b] = max(wanted - bank_assets(b, graph), 0.0)
        assets, owed = bank_assets(b, graph), chunk_sum(graph.liabilities[b])
        graph.deposits[b] = assets - owed - graph.equity[b]
        graph.gross[b] = max(gross_balance(b, assets, owed, graph), 1.0)
    market.opening_room[0] = bank_room(graph)
    set_lines(graph, rules)
    count_units(books, market, graph, market.totals)
