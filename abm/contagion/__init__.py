"""Contagion on networks of claims: clearing vectors, DebtRank, threshold cascades.

>>> owed = [[0, 10], [0, 0]]  # bank 0 owes 10 to bank 1
>>> clear_interbank(owed, external_assets=[6, 1], external_liabilities=[0, 8]).payments
array([6., 7.])

A network may be a dense array, a SciPy sparse array, or a NetworkX DiGraph whose edges run from
lender to borrower with the amount as `weight`; arrays by bank are then in the order of its nodes.
Banks of a simulated day clear by the same kernel as `clear_interbank`; it runs no DebtRank and no
threshold cascade.
"""

from abm.contagion.clearing import SENIORITIES, Clearing, clear_interbank
from abm.contagion.spreading import (
    MODES,
    TIES,
    DebtRank,
    ThresholdCascade,
    debtrank,
    debtrank_of_each,
    threshold_cascade,
)

__all__ = [
    "MODES",
    "SENIORITIES",
    "TIES",
    "Clearing",
    "DebtRank",
    "ThresholdCascade",
    "clear_interbank",
    "debtrank",
    "debtrank_of_each",
    "threshold_cascade",
]
