"""Contagion on a network of claims: distress and thresholds, one walk over the claims.

A network is a `Claims`: row i lists whom bank i has lent to, and how much. Clearing of debts is in
`interbank`.
"""

from typing import NamedTuple

import numpy as np

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.numerics.columns import copy


class Claims(NamedTuple):
    """Compressed rows: what bank i lent is at positions `starts[i]` to `starts[i + 1]`."""

    starts: np.ndarray  # (n_banks + 1,) int64
    borrower: np.ndarray  # (n_claims,) int64
    weight: np.ndarray  # (n_claims,) what a unit of the borrower's number is to the lender


_SPENT = 1e-15  # distress still to be passed on, in banks
_MAX_ROUNDS = 1_000_000


@inlined
def received_by(lender, claims, amount):
    """Sum of what the borrowers of one lender send it: sum_j w_ij amount_j."""
    total = 0.0
    for c in range(claims.starts[lender], claims.starts[lender + 1]):
        total += claims.weight[c] * amount[claims.borrower[c]]
    return total


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
