"""Money into or out of one book, outside of trading."""

from abm.kernels.jit import inlined


@inlined
def add_cash(i, amount_usd_bn, books):
    """Dollars paid to institution i (negative: taken from it); its marks follow.

    A redemption may have to be borrowed, and a payment in repays a dollar loan first.
    """
    books.borrowing[i] -= max(-books.cash[i], 0.0)
    books.cash[i] += amount_usd_bn
    books.borrowing[i] += max(-books.cash[i], 0.0)
    books.wealth[i] += amount_usd_bn
