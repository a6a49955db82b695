"""Contagion on a network of claims: clearing, distress and thresholds, one walk over the claims.

A network is a `Claims`: row i lists whom bank i has lent to, and how much. The clearing vector of
the trading day, on its own small table of debts with senior deposits, is in `interbank`.
"""

from typing import NamedTuple

import numpy as np

from abm.kernels.columns import copy
from abm.kernels.jit import inlined, kernel


class Claims(NamedTuple):
    """Compressed rows: what bank i lent is at positions `starts[i]` to `starts[i + 1]`."""

    starts: np.ndarray  # (n_banks + 1,) int64
    borrower: np.ndarray  # (n_claims,) int64
    weight: np.ndarray  # (n_claims,) what a unit of the borrower's number is to the lender


# A bank that falls short by less than this share of its debts is counted as able to pay.
SHORTFALL = 1e-12

_SETTLED = 2e-13  # error left in payments, as a share of what is owed
_BALANCED = 1e-13  # sums over many banks are no more exact
_ROUNDING = 4e-16
_MAX_SWEEPS = 1000
_SPENT = 1e-15  # distress still to be passed on, in banks
_MAX_ROUNDS = 1_000_000


@inlined
def received_by(lender, claims, amount):
    """What all borrowers of one lender send it: sum_j w_ij amount_j."""
    total = 0.0
    for c in range(claims.starts[lender], claims.starts[lender + 1]):
        total += claims.weight[c] * amount[claims.borrower[c]]
    return total


@kernel
def fail_who_cannot_pay(claims, assets, owed, payments, wave, waves):
    """Mark who defaults now, given what others pay; how many did.

    e_i + sum_j Pi_ji p_j < pbar_i, and not in default yet: waves_i <- wave
    """
    n_new = 0
    for bank in range(owed.size):
        if waves[bank] == 0 and owed[bank] > 0.0:
            able = assets[bank] + received_by(bank, claims, payments)
            if able < owed[bank] * (1.0 - SHORTFALL):
                waves[bank] = wave
                n_new += 1
    return n_new


@kernel
def pay_what_is_there(claims, recovered, recovery_interbank, owed, share_outside, waves, payments):
    """Payments of the defaulters, the others paying in full; whether they settled.

    p_i = alpha e_i + beta sum_j Pi_ji p_j     for i in default     (Gauss-Seidel)

    `recovered` is alpha e, `share_outside` b / pbar. Sweeps alone are slow where defaulters owe
    nearly all to one another: the common factor of their payments is set from their total.
    """
    last_move, next_balance = 0.0, 8
    for sweep in range(_MAX_SWEEPS):
        if sweep == next_balance:  # ever rarer: along a chain of debts balancing only disturbs
            balance_defaulters(
                claims, recovered, recovery_interbank, share_outside, waves, payments
            )
            next_balance *= 2
        move = 0.0
        for bank in range(owed.size):
            if waves[bank] > 0:
                paid = recovered[bank] + recovery_interbank * received_by(bank, claims, payments)
                move = max(move, abs(paid - payments[bank]) / owed[bank])
                payments[bank] = paid
        # moves shrink geometrically: what is left is the last one x q / (1 - q)
        is_small = move <= _SETTLED and move * move <= _SETTLED * (last_move - move)
        if is_small or move <= _ROUNDING:
            return True
        last_move = move
    return False


@kernel
def balance_defaulters(claims, recovered, recovery_interbank, share_outside, waves, payments):
    """Scale what defaulters pay until, taken together, they pay what they have.

    s sum_D p_j (1 - beta share owed to D) = sum_D (alpha e_i + beta received from solvent banks)

    The left side is summed as what leaves D or is lost, so that a small leak keeps its digits.
    """
    leaving, entering = 0.0, 0.0
    for bank in range(waves.size):
        if waves[bank] > 0:
            lost = 1.0 - recovery_interbank
            leaving += payments[bank] * (lost + recovery_interbank * share_outside[bank])
            entering += recovered[bank]
        for c in range(claims.starts[bank], claims.starts[bank + 1]):
            borrower = claims.borrower[c]
            received = recovery_interbank * claims.weight[c] * payments[borrower]
            if waves[bank] > 0 and waves[borrower] == 0:
                entering += received
            elif waves[bank] == 0 and waves[borrower] > 0:
                leaving += received
    if leaving == 0.0 or abs(entering - leaving) <= _BALANCED * leaving:
        return
    for bank in range(waves.size):
        if waves[bank] > 0:
            payments[bank] *= entering / leaving


@kernel
def spread_once(claims, distress, sent, added):
    """DebtRank, Battiston et al. 2012: each bank passes its distress on once, `distress` in place.

    h_i <- min(1, h_i + sum_j W_ij h_j)    over the j that came into distress one round earlier

    `sent` (what the newly distressed pass on) and `added` are scratch, (n_banks,).
    """
    n = distress.size
    copy(distress, sent)
    is_spreading = True
    while is_spreading:
        for bank in range(n):
            added[bank] = received_by(bank, claims, sent)
        is_spreading = False
        for bank in range(n):
            was_well = distress[bank] == 0.0
            distress[bank] = min(1.0, distress[bank] + added[bank])
            sent[bank] = distress[bank] if was_well else 0.0
            is_spreading = is_spreading or sent[bank] > 0.0


@kernel
def spread_increments(claims, distress, sent, added):
    """DebtRank, Bardoscia et al. 2015: each increment is passed on; whether they died out.

    h_i(t+1) = min(1, h_i(t) + sum_j W_ij (h_j(t) - h_j(t-1))),    `distress` in place

    Increments are carried themselves, not as differences of h, which would end in rounding.
    """
    n = distress.size
    copy(distress, sent)
    for _ in range(_MAX_ROUNDS):
        for bank in range(n):
            added[bank] = min(received_by(bank, claims, sent), 1.0 - distress[bank])
        total = 0.0
        for bank in range(n):
            distress[bank] += added[bank]
            sent[bank] = added[bank]
            total += added[bank]
        if total <= _SPENT:
            return True
    return False


@kernel
def fail_past_threshold(claims, capital, interbank_assets, fails_at_tie, waves):
    """Threshold cascade in whole numbers; `waves` is 1 at the seeds, w + 1 after w rounds.

    i fails when  interbank_assets_i x (failed borrowers of i)  >  capital_i x (borrowers of i),
    or, with `fails_at_tie`, when both sides are equal.
    """
    wave, n_new = 1, 1
    while n_new > 0:
        n_new = 0
        for bank in range(waves.size):
            n_links = claims.starts[bank + 1] - claims.starts[bank]
            if waves[bank] > 0 or n_links == 0:
                continue
            n_failed = 0
            for c in range(claims.starts[bank], claims.starts[bank + 1]):
                failed_in = waves[claims.borrower[c]]
                n_failed += 0 < failed_in <= wave
            loss, buffer = interbank_assets[bank] * n_failed, capital[bank] * n_links
            if n_failed > 0 and (loss > buffer or (fails_at_tie and loss == buffer)):
                waves[bank] = wave + 1
                n_new += 1
        wave += 1
