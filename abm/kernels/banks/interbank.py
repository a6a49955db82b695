"""Interbank clearing: the greatest clearing vector of debts among banks."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.numerics.columns import chunk_sum

# Rows of the scratch and the answer: what is paid, what is received, what is owed, who defaults.
PAYMENTS, RECEIVED, OWED, DEFAULTED = 0, 1, 2, 3
_MAX_ROUNDS = 10_000
_TOLERANCE = 1e-13  # relative to the largest debt


@kernel
def clear_claims(liabilities, outside_assets, recovery_external, recovery_interbank, work):
    """Greatest clearing vector: rows PAYMENTS and RECEIVED [USD bn], DEFAULTED of `work`. (M45)

    p_b = owed_b                                       if e_b + received_b >= owed_b
    p_b = max(0, alpha e_b+ - e_b- + beta received_b)  otherwise
    received_b = sum_j p_j L_jb / owed_j

    e_b: assets outside the network net of deposits, which are senior. Iterating downwards from
    full payment ends at the greatest vector. Source: Rogers and Veraart 2013; alpha = beta = 1 is
    Eisenberg and Noe 2001.
    """
    n = outside_assets.size
    payments, received, owed, defaulted = work[0], work[1], work[2], work[3]
    scale = 1e-300
    for b in range(n):
        owed[b] = chunk_sum(liabilities[b])
        payments[b] = owed[b]
        defaulted[b] = 0.0
        scale = max(scale, owed[b])
    for _ in range(_MAX_ROUNDS):
        receive(liabilities, owed, payments, received)
        largest_move = 0.0
        for b in range(n):
            if outside_assets[b] + received[b] >= owed[b] and defaulted[b] == 0.0:
                continue
            defaulted[b] = 1.0
            recovered = min(outside_assets[b], recovery_external * max(outside_assets[b], 0.0))
            paid = min(owed[b], max(0.0, recovered + recovery_interbank * received[b]))
            largest_move = max(largest_move, abs(payments[b] - paid))
            payments[b] = paid
        if largest_move <= _TOLERANCE * scale:
            break
    receive(liabilities, owed, payments, received)


@kernel
def receive(liabilities, owed, payments, received):
    """What each bank is paid: every debtor pays its creditors in proportion."""
    for b in range(owed.size):
        received[b] = 0.0
    for debtor in range(owed.size):
        if owed[debtor] > 0.0:
            share = payments[debtor] / owed[debtor]
            for b in range(owed.size):
                received[b] += share * liabilities[debtor, b]
