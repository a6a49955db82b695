"""Inputs of a run from outside: chance, the script, a user's orders, and options of the run."""

from typing import NamedTuple

import numpy as np

# Meetings of a central bank, as of a day.
NONE_LEFT, TO_COME, TODAY = range(3)


class Chance(NamedTuple):
    """Drawn before the run; kernels draw nothing."""

    news: np.ndarray  # (T, K) change of log fundamentals
    policy: np.ndarray  # (T, 2) uniform draws of interventions: whether, and how much


class Script(NamedTuple):
    """Scripted by the scenario, day by day, burn-in first."""

    news: np.ndarray  # (T, K) change of log fundamentals, drift before day 0 included
    moves: np.ndarray  # (n, 4) its parts, without that drift: day, who, instrument, log
    rates: np.ndarray  # (T, C + 1) policy rates per year, dollar last
    official_usd_bn: np.ndarray  # (T, K) inelastic purchases by central banks
    swap_line: np.ndarray  # (T,) uint8
    meeting: np.ndarray  # (T,) uint8 of a queue of hikes: NONE_LEFT, TO_COME or TODAY
    accrual_days: np.ndarray  # (T,) calendar days since the last trading day
    squeeze: np.ndarray  # (T, S) dollars hoarded, over calm demand
    crosses_year: np.ndarray  # (T, S) uint8: a swap dealt today matures in another year


class UserOrders(NamedTuple):
    """Orders of institutions written in Python for the coming day."""

    usd_bn: np.ndarray  # (K, n_custom)


class Options(NamedTuple):
    """Options of a run, no part of the world."""

    no_trade_from: int  # from this day on institutions send no order (no-trade counterfactual)
    gain_every: int  # days between exact feedback gains, 0 never
    audit: bool
