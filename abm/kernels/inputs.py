"""What comes from outside on each day."""

from typing import NamedTuple

import numpy as np


class Draws(NamedTuple):
    """Everything that comes from outside on each day: chance and the script."""

    news: np.ndarray  # (T, K) change of log fundamentals
    scripted_moves: np.ndarray  # (n, 4) the part of it that was scripted: day, who, instrument, log
    rates: np.ndarray  # (T, C + 1) policy rates per year, dollar last
    official_usd_bn: np.ndarray  # (T, K) inelastic purchases by central banks
    swap_line: np.ndarray  # (T,) uint8
    accrual_days: np.ndarray  # (T,) calendar days since the last trading day
    orders_usd_bn: np.ndarray  # (K, n_custom) orders of user-written agents for the coming day
    burn_in: int  # days before day 0
    silent_from: int  # from this day on institutions send no order (frozen twin)
    gain_every: int  # days between exact feedback gains, 0 never
    audit: bool
