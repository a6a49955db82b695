"""The estate of failed banks: what they owned, and the funding that paid for it."""

from abm.kernels.compiler.jit import inlined
from abm.kernels.contracts.loans import lend_by_estate
from abm.kernels.state import ESTATE, ESTATE_ASSETS, ESTATE_BOOK, ESTATE_FUNDING, FUNDERS


@inlined
def hand_over(b, market, graph):
    """Move all that a failed bank owns to the estate, and the funding that pays for it.  (M114)

    Its capital is nil and its debts to banks are settled, so that the two are equal. What its
    trading book is worth later is the estate's.
    """
    for k in range(graph.book.shape[0]):
        market.estate_units[k] += graph.book[k, b]
        graph.book[k, b] = 0.0
    market.outside[ESTATE, market.rates.size - 1] -= graph.book_value[b]
    lent, desks = graph.loans[b], graph.desk_assets[b]
    graph.estate[ESTATE_ASSETS] += graph.other_assets[b] + graph.reserves[b]
    graph.estate[ESTATE_BOOK] += graph.book_value[b]
    graph.estate[ESTATE_FUNDING] += graph.deposits[b] - lent - desks
    graph.counter[FUNDERS] -= lent + desks
    lend_by_estate(lent, desks, graph)
    graph.loans[b] = graph.desk_assets[b] = 0.0
    graph.other_assets[b] = graph.reserves[b] = graph.book_value[b] = graph.deposits[b] = 0.0
