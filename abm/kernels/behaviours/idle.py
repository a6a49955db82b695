"""Institutions without a decision to take."""

from abm.kernels.compiler.jit import inlined, kernel


@inlined
def is_out(i, books):
    """True for an institution that is suspended or closing."""
    return books.suspended_days[i] > 0 or books.closing[i] != 0


@inlined
def is_idle(i, books):
    """True for an institution without a decision to take: out, or without wealth."""
    return not may_decide(books.suspended_days[i], books.closing[i], books.wealth[i])


@inlined
def may_decide(suspended_days, closing, wealth):
    """True with wealth and neither suspended nor closing."""
    return (suspended_days <= 0) & (closing == 0) & (wealth > 0.0)


@inlined
def is_orphaned(i, graph, mandates):
    """True for the desk of a failed bank: a desk lives as long as its bank."""
    return mandates.owner[i] >= 0 and graph.failed[mandates.owner[i]] != 0


@kernel
def cancel_orders(lo, hi, books):
    """Cancel the orders of institutions lo..hi: intents without a speed are none."""
    books.speed[lo:hi] = 0.0
    books.forced[lo:hi] = 0


@inlined
def clear_intents(lo, hi, books):
    """Clear the targets of institutions lo..hi, before they decide."""
    books.intent[:, lo:hi] = 0.0
