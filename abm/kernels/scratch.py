"""Scratch memory of a day: nothing in it outlives the phase that writes it."""

from typing import NamedTuple

import numpy as np

from abm.kernels.markets.impact import ClearingWork, allocate_work
from abm.kernels.markets.orders import Orders, allocate_orders
from abm.kernels.state import CHUNK, LONGEST_SWAP

ORDERED, LEGS, GROSS, SELLING, BUYING = 0, 1, 2, 3, 4  # rows of flows


class Scratch(NamedTuple):
    """Memory that a day works in; it is no part of the state."""

    broker_use: np.ndarray  # (N,) use of the brokers' balance sheets (M16)
    is_used: np.ndarray  # (1,) uint8: whether any of it is not zero
    rows: np.ndarray  # (N,) int64 institutions forced to trade in the round, ascending
    n_forced: np.ndarray  # (1,) int64 how many
    lanes: np.ndarray  # (K + 4, CHUNK) columns of a chunk
    has_residents: np.ndarray  # (1,) uint8: whether the chunk has any
    is_traded: np.ndarray  # (K,) uint8: whether any institution of the chunk trades it
    held: np.ndarray  # (K,) int64: instruments that some institution of the chunk holds
    of_rows: np.ndarray  # (longest,) per unit of a far leg, by row of the ladder of swaps
    flows: np.ndarray  # (5, K) units of the round: ordered, currency legs, gross, sold, bought
    before: np.ndarray  # (K,) log prices before the round
    fill: np.ndarray  # (K,) share of the long side filled
    side: np.ndarray  # (K,) the long side at a limit: -1 sellers, 1 buyers, 0 no limit
    work: np.ndarray  # (6, K)
    counts: np.ndarray  # (K + 1,) units of everything as the audit counts them
    booked: np.ndarray  # (K + 1,) those of institutions, when they were counted last
    orders: Orders
    solver: ClearingWork


def allocate_scratch(n_instruments: int, n_institutions: int) -> Scratch:
    """Scratch for a world of K instruments and N institutions."""
    k = n_instruments
    return Scratch(
        broker_use=np.zeros(n_institutions),
        is_used=np.zeros(1, np.uint8),
        rows=np.zeros(n_institutions, np.int64),
        n_forced=np.zeros(1, np.int64),
        lanes=np.zeros((k + 4, CHUNK)),
        has_residents=np.zeros(1, np.uint8),
        is_traded=np.zeros(k, np.uint8),
        held=np.zeros(k, np.int64),
        of_rows=np.zeros(LONGEST_SWAP),
        flows=np.zeros((5, k)),
        before=np.zeros(k),
        fill=np.ones(k),
        side=np.zeros(k),
        work=np.zeros((6, k)),
        counts=np.zeros(k + 1),
        booked=np.zeros(k + 1),
        orders=allocate_orders(k),
        solver=allocate_work(k),
    )
