"""Days that a rule remembers: of triggers, of purchases, of cuts."""

from abm.kernels.compiler.jit import inlined

NO_DAY = -1
# Entries of `market.last_act`.
PURCHASE, CUT = range(2)


@inlined
def is_within(day, earlier, n_days):
    """True if at most n days have passed since an earlier day, and there was one."""
    return earlier != NO_DAY and day - earlier <= n_days
