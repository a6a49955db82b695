"""Indices that differ from draw to draw: their spread, and intervals that include it.

A replicate is one draw of all shocks, the same at every point, so that each has indices of its own.
With few draws their mean says little about other draws, however many points there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from abm.sweep.intervals import CONFIDENCE
from abm.sweep.outcomes import Panel

if TYPE_CHECKING:
    import pandas as pd

MOST_GROUPS = 20  # of draws left out together, so that many draws take no longer


def without_draws(whole: Panel) -> Iterator[Panel]:
    """The panel with each draw left out in turn; of very many draws, each of twenty groups."""
    n_draws = whole.values.shape[1]
    if n_draws > 1:
        for group in np.array_split(np.arange(n_draws), min(n_draws, MOST_GROUPS)):
            yield replace(whole, values=np.delete(whole.values, group, axis=1))


def single_draws(whole: Panel) -> Iterator[Panel]:
    """Each draw alone, of the first twenty."""
    for number in range(min(whole.values.shape[1], MOST_GROUPS)):
        yield replace(whole, values=whole.values[:, [number]])


def widened(
    table: pd.DataFrame, names: Sequence[str], left_out: Sequence[pd.DataFrame]
) -> pd.DataFrame:
    """Intervals over points made wider by what other draws would change.

        V_draws = (G - 1)/G sum_g (t_-g - mean t_-g)^2          (jackknife over G groups of draws)
        (end - t)^2 becomes (end - t)^2 + z^2 V_draws

    `left_out` are the tables without a group, (G,); with fewer than two, nothing changes. Columns
    `NAME`, `NAME_low`, `NAME_high` for each name. Efron and Stein (1981): the jackknife's variance
    is not too small on average.
    """
    from scipy.special import ndtri

    n_groups = len(left_out)
    if n_groups < 2:
        return table
    z, wide = float(ndtri(0.5 + CONFIDENCE / 2.0)), table.copy()
    for name in names:
        each = np.array([one[name].to_numpy(dtype=np.float64) for one in left_out])
        of_draws = (n_groups - 1) / n_groups * ((each - each.mean(axis=0)) ** 2).sum(axis=0)
        index = table[name].to_numpy(dtype=np.float64)
        for end, sign in ((f"{name}_low", -1.0), (f"{name}_high", 1.0)):
            apart = table[end].to_numpy(dtype=np.float64) - index
            wide[end] = index + sign * np.sqrt(apart**2 + z**2 * of_draws)
    return wide


def with_range(
    table: pd.DataFrame, names: Sequence[str], alone: Sequence[pd.DataFrame]
) -> pd.DataFrame:
    """The lowest and the highest index of a draw by itself: `NAME_least`, `NAME_most`."""
    found = table.copy()
    for name in names:
        each = np.array([one[name].to_numpy(dtype=np.float64) for one in alone])
        nothing = np.full(len(table), np.nan)
        found[f"{name}_least"] = each.min(axis=0) if len(each) > 1 else nothing
        found[f"{name}_most"] = each.max(axis=0) if len(each) > 1 else nothing
    return found
