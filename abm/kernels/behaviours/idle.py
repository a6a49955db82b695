"""Institutions without a decision to take."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import fill_zero


@inlined
def is_idle(i, books):
    """Whether an institution takes no decisions: it sits out, is being closed, or has nothing."""
    return books.days_out[i] > 0 or books.closing[i] != 0 or books.wealth[i] <= 0.0


@kernel
def clear_orders_of(lo, hi, books):
    """Nobody trades: intents without a speed are none."""
    fill_zero(books.speed[lo:hi])
    fill_zero(books.forced[lo:hi])
