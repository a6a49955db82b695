"""Shapley shares: what each player of a game contributes to its worth, and how sure that is.

A game of n players is a row of 2^n worths: that of coalition S stands at the number whose bit i is
set where player i is in S, so the first is the worth of none and the last that of all.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PLAYERS = 16  # 65,536 coalitions


class Estimated(NamedTuple):
    """A mean over draws and its standard error; NaN of fewer than two."""

    mean: float
    se: float


def n_players(worths: NDArray[np.float64]) -> int:
    """Number of players of games, (…, 2^n). Raises InvalidInput for another number of worths."""
    n = max(int(worths.shape[-1]).bit_length() - 1, 0)
    if worths.shape[-1] != 2**n:
        raise InvalidInput(f"{worths.shape[-1]} worths, must be 2^n, one of each coalition")
    return n


def shapley_values(worths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley value of every player of every game, (…, n).                               (M96)

        phi_i = sum_{S without i} |S|! (n - 1 - |S|)! / n! (v(S + i) - v(S))

    The mean of what a player adds over all orders in which players may come. Shapley (1953).
    """
    n = n_players(worths)
    coalition = np.arange(2**n)
    size = sum((coalition >> i) & 1 for i in range(n)) + np.zeros(2**n, np.int64)
    values = np.zeros((*worths.shape[:-1], n))
    for i in range(n):
        without = coalition[(coalition >> i) & 1 == 0]
        weight = np.array([1.0 / (n * comb(n - 1, k)) for k in range(n)])[size[without]]
        values[..., i] = (weight * (worths[..., without | (1 << i)] - worths[..., without])).sum(-1)
    return values


def first_in(worths: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each player adds to none, v({i}) - v({}), (…, n)."""
    alone = 1 << np.arange(n_players(worths))
    return worths[..., alone] - worths[..., [0]]


def last_out(worths: NDArray[np.float64]) -> NDArray[np.float64]:
    """What all lose without each player, v(N) - v(N - i), (…, n)."""
    n = n_players(worths)
    return worths[..., [-1]] - worths[..., (2**n - 1) ^ (1 << np.arange(n))]


def over_draws(values: NDArray[np.float64]) -> Estimated:
    """Mean over draws, and its standard error sd / sqrt(n).                               (M97)

    Shares of every draw add up to what all add to none, v(N) - v({}), and so do the means.
    """
    n = len(values)
    if n == 0:
        return Estimated(np.nan, np.nan)
    se = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    return Estimated(float(values.mean()), se)
