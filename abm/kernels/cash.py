"""Money into or out of one book, outside of trading."""

from abm.kernels.jit import inlined


@inlined
def pay_in(i, amount_usd_bn, cash, wealth, borrowing):
    """Dollars paid to entry i of some books (negative: taken from it); its marks follow.

    A redemption may have to be borrowed, and a payment in repays a dollar loan first.
    """
    borrowing[i] -= max(-cash[i], 0.0)
    cash[i] += amount_usd_bn
    borrowing[i] += max(-cash[i], 0.0)
    wealth[i] += amount_usd_bn


@inlined
def add_cash(i, amount_usd_bn, books):
    """Dollars paid to institution i."""
    pay_in(i, amount_usd_bn, books.cash, books.wealth, books.borrowing)
