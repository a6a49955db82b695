"""Interbank clearing: the greatest clearing vector of debts among banks, by fictitious defaults.

All banks start as paying in full; those that then cannot default and pay what they have, which
brings down others, until a round finds no further bank. The trading day clears by it, and so does
`abm.contagion`. Creditors of one rank are paid the same share of what they are owed: banks and
outside creditors together, or banks alone where outside creditors come first.
"""

from typing import NamedTuple

import numpy as np

from abm.kernels.banks.distress import Claims, received_by
from abm.kernels.compiler.jit import allocating_kernel, inlined, kernel
from abm.kernels.numerics.columns import chunk_sum


class Debtors(NamedTuple):
    """Assets and debts of banks, (n_banks,) each, in the money of the debts."""

    assets: np.ndarray  # e, outside the network
    recovered: np.ndarray  # of which a default leaves, less what is paid first: alpha e or less
    due: np.ndarray  # all debts
    owed: np.ndarray  # debts to those who share alike
    share_outside: np.ndarray  # of `owed` that is owed outside the network


class Search(NamedTuple):
    """Defaults and payments so far, and the banks still to be looked at."""

    waves: np.ndarray  # (n_banks,) int64, round of default, 0 if never
    payments: np.ndarray  # (n_banks,) on `owed`
    share_paid: np.ndarray  # (n_banks,) payments / owed
    suspects: np.ndarray  # (n_banks,) int64, solvent banks that receive less than before
    queue: np.ndarray  # (n_banks,) int64, a ring of defaulters that may pay less than before
    is_listed: np.ndarray  # (n_banks,) uint8, among the suspects or in the queue
    counts: np.ndarray  # (5,) int64, see below


# Positions in `counts`; a round is over when the queue is empty.
ROUND, N_SUSPECTS, HEAD, N_QUEUED, N_FAILED = 0, 1, 2, 3, 4
# A bank that falls short by less than this share of its debts is counted as able to pay.
SHORTFALL = 1e-12
_SETTLED = 2e-13  # error left in payments, as a share of what is owed
_BALANCED = 1e-13  # sums over many banks are no more exact
_ROUNDING = 4e-16
# Sweeps give up after the later of these: over a few banks many of them cost little.
_MAX_SWEEPS, _MAX_TERMS = 1000, 10_000_000
_FEW_VISITS = 4096  # of the queue in one round, besides one for each defaulter


@allocating_kernel
def clear_claims(liabilities, outside_assets, closing, recovery_external, recovery_interbank):
    """Payments of banks by a table of debts, and what each receives [USD bn].            (M45)

    p_b = owed_b                                       if e_b + received_b >= owed_b
    p_b = max(0, alpha e_b+ - e_b- + beta received_b)  otherwise
    received_b = sum_j p_j L_jb / owed_j

    e_b: assets outside the network net of deposits, which are senior. Those that are closing
    (flags) default whatever they have. Allocates; needed on bad days only. Source: Rogers and
    Veraart 2013; alpha = beta = 1 is Eisenberg and Noe 2001.
    """
    n = outside_assets.size
    due = np.zeros(n)
    owed, recovered, received = np.zeros(n), np.zeros(n), np.zeros(n)
    for b in range(n):
        owed[b] = chunk_sum(liabilities[b])
        due[b] = np.inf if closing[b] and owed[b] > 0.0 else owed[b]
        recovered[b] = min(outside_assets[b], recovery_external * max(outside_assets[b], 0.0))
    claims, lenders = list_claims(liabilities.T.copy()), list_claims(liabilities)
    debtors = Debtors(outside_assets, recovered, due, owed, np.zeros(n))
    search = open_search(owed)
    while not fail_in_rounds(claims, lenders, debtors, recovery_interbank, search):
        pass  # payments that have not settled stay as they are
    for b in range(n):
        received[b] = received_by(b, claims, search.share_paid)
    return search, received


@allocating_kernel
def list_claims(amounts):
    """Compressed rows of a table of claims."""
    n, end = amounts.shape[0], 0
    starts = np.zeros(n + 1, np.int64)
    borrower, weight = np.zeros(n * n, np.int64), np.zeros(n * n)
    for i in range(n):
        for j in range(n):
            if amounts[i, j] > 0.0:
                borrower[end], weight[end] = j, amounts[i, j]
                end += 1
        starts[i + 1] = end
    return Claims(starts, borrower, weight)


@allocating_kernel
def open_search(owed):
    """Before the first round: all pay in full, and all are suspects."""
    n = owed.size
    search = Search(
        waves=np.zeros(n, np.int64),
        payments=np.zeros(n),
        share_paid=np.zeros(n),
        suspects=np.zeros(n, np.int64),
        queue=np.zeros(n, np.int64),
        is_listed=np.zeros(n, np.uint8),
        counts=np.zeros(5, np.int64),
    )
    search.counts[ROUND] = 1
    for bank in range(n):
        search.payments[bank], search.share_paid[bank] = owed[bank], 1.0
    suspect_all(search)
    return search


@kernel
def fail_in_rounds(claims, lenders, debtors, recovery_interbank, search):
    """Rounds of default until one finds no new one; whether the last round's payments settled.

    Only a bank that one of its debtors now pays less can fail next, so a round mostly costs what it
    changes. `lenders` is `claims` transposed: whom each bank pays. After False the payments of the
    defaulters are the caller's to find, or to leave as they are; the next call goes on.
    """
    is_settled = True
    while is_settled and fail_suspects(claims, debtors, search) > 0:
        if not pay_along_queue(claims, lenders, debtors, recovery_interbank, search):
            is_settled = pay_what_is_there(claims, debtors, recovery_interbank, search)
            suspect_all(search)
        search.counts[ROUND] += 1
    return is_settled


@inlined
def fail_suspects(claims, debtors, search):
    """Mark the suspects that default now, given what others pay; how many did.

    e_i + sum_j L_ji p_j / owed_j < due_i, and not in default yet: waves_i <- round
    """
    n_suspects, n_new = search.counts[N_SUSPECTS], 0
    search.counts[N_SUSPECTS] = 0
    for s in range(n_suspects):
        bank = search.suspects[s]
        search.is_listed[bank] = 0
        able = debtors.assets[bank] + received_by(bank, claims, search.share_paid)
        if able < debtors.due[bank] * (1.0 - SHORTFALL):
            search.waves[bank] = search.counts[ROUND]
            _list(bank, search)
            n_new += 1
    search.counts[N_FAILED] += n_new
    return n_new


@inlined
def _list(bank, search):
    """Look at a bank again: a defaulter in this round, a solvent bank in the next."""
    if search.is_listed[bank] == 0:
        search.is_listed[bank] = 1
        if search.waves[bank] > 0:
            end = (search.counts[HEAD] + search.counts[N_QUEUED]) % search.queue.size
            search.queue[end] = bank
            search.counts[N_QUEUED] += 1
        else:
            search.suspects[search.counts[N_SUSPECTS]] = bank
            search.counts[N_SUSPECTS] += 1


@kernel
def suspect_all(search):
    """Empty the queue; look at all solvent banks in the next round."""
    search.counts[N_SUSPECTS] = search.counts[N_QUEUED] = 0
    for bank in range(search.waves.size):
        search.is_listed[bank] = 0
        if search.waves[bank] == 0:
            _list(bank, search)


@inlined
def what_is_left(bank, claims, debtors, recovery_interbank, search):
    """A defaulter's means for those who share alike: max(0, recovered + beta received)."""
    received = received_by(bank, claims, search.share_paid)
    return max(0.0, debtors.recovered[bank] + recovery_interbank * received)


@inlined
def _pay(bank, amount, debtors, search):
    """Payment of a bank, at most what it owes."""
    search.payments[bank] = min(amount, debtors.owed[bank])
    search.share_paid[bank] = search.payments[bank] / debtors.owed[bank]


@inlined
def pay_along_queue(claims, lenders, debtors, recovery_interbank, search):
    """Payments of the defaulters, from the new ones to whom they reach; whether they settled.

    p_i = max(0, recovered_i + beta sum_j L_ji p_j / owed_j)     for i in default

    Gives up where a few more visits than there are defaulters do not do: sweeps are quicker.
    """
    allowed = search.counts[N_FAILED] + _FEW_VISITS
    while search.counts[N_QUEUED] > 0:
        bank = search.queue[search.counts[HEAD]]
        search.counts[HEAD] = (search.counts[HEAD] + 1) % search.queue.size
        search.counts[N_QUEUED] -= 1
        search.is_listed[bank] = 0
        if allowed == 0:
            return False
        allowed -= 1
        paid = what_is_left(bank, claims, debtors, recovery_interbank, search)
        if abs(paid - search.payments[bank]) > _ROUNDING * debtors.owed[bank]:
            _pay(bank, paid, debtors, search)
            for c in range(lenders.starts[bank], lenders.starts[bank + 1]):
                _list(lenders.borrower[c], search)
    return True


@inlined
def pay_what_is_there(claims, debtors, recovery_interbank, search):
    """Payments of all defaulters, the others paying in full; whether they settled.

    The equation of `pay_along_queue`, by Gauss and Seidel. Sweeps alone are slow where defaulters
    owe nearly all to one another: the common factor of their payments is set from their total.
    """
    waves, owed = search.waves, debtors.owed
    last_move, next_balance = 0.0, 8
    for sweep in range(max(_MAX_SWEEPS, _MAX_TERMS // max(claims.starts[-1], 1))):
        if sweep == next_balance:  # ever rarer: along a chain of debts balancing only disturbs
            balance_defaulters(claims, debtors, recovery_interbank, search)
            next_balance *= 2
        move = 0.0
        for bank in range(owed.size):
            if waves[bank] > 0 and owed[bank] > 0.0:
                paid = what_is_left(bank, claims, debtors, recovery_interbank, search)
                move = max(move, abs(paid - search.payments[bank]) / owed[bank])
                _pay(bank, paid, debtors, search)
        # moves shrink geometrically: what is left is the last one x q / (1 - q)
        is_small = move <= _SETTLED and move * move <= _SETTLED * (last_move - move)
        if is_small or move <= _ROUNDING:
            return True
        last_move = move
    return False


@inlined
def _is_paying(bank, search):
    """True for a bank in default that pays something to those who share alike."""
    return search.waves[bank] > 0 and search.payments[bank] > 0.0


@inlined
def balance_defaulters(claims, debtors, recovery_interbank, search):
    """Scale what defaulters pay until, taken together, they pay what they have.

    s sum_D p_j (1 - beta share owed to D) = sum_D (recovered_i + beta received from outside D)

    over those who pay anything. The left side is summed as what leaves D or is lost, so that a
    small leak keeps its digits. Whom outside creditors leave too little for is for the sweeps.
    """
    payments = search.payments
    leaving, entering = 0.0, 0.0
    for bank in range(payments.size):
        is_paying = _is_paying(bank, search)
        if is_paying:
            lost = 1.0 - recovery_interbank
            kept_out = lost + recovery_interbank * debtors.share_outside[bank]
            leaving += payments[bank] * kept_out
            entering += debtors.recovered[bank]
        for c in range(claims.starts[bank], claims.starts[bank + 1]):
            borrower = claims.borrower[c]
            received = recovery_interbank * claims.weight[c] * search.share_paid[borrower]
            if is_paying and not _is_paying(borrower, search):
                entering += received
            elif not is_paying and _is_paying(borrower, search):
                leaving += received
    if leaving == 0.0 or entering < 0.0 or abs(entering - leaving) <= _BALANCED * leaving:
        return
    for bank in range(payments.size):
        if _is_paying(bank, search):
            _pay(bank, payments[bank] * (entering / leaving), debtors, search)
