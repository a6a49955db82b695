"""Crowding, read off positions and the depth of their markets.

Values that are not numbers, not finite, of the wrong shape or out of range are InvalidInput.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.errors import InvalidInput
from abm.numbers import real_array

if TYPE_CHECKING:
    from abm.contagion.networks import ArrayLike, FloatArray


def portfolio_overlap(positions: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Loss that one institution's sales cause another, over its own [share], (n, n).

        Omega_ij = W_ij / sqrt(W_ii W_jj),   W_ij = sum_k pos_ik pos_jk / D_k

    1 on the diagonal; -1 for the mirror image; NaN where an institution holds nothing.
    After Cont and Schaanning (2019), who call W the liquidity-weighted overlap.

    Parameters
    ----------
    positions : array (n_institutions, n_instruments)
        USD bn, short negative.
    depth : array (n_instruments,)
        D [USD bn per log price], above 0.
    """
    pos, d = _finite(positions, "positions", 2), _finite(depth, "depth", 1)
    if pos.shape[1] != d.size:
        raise InvalidInput(f"positions has {pos.shape[1]} instruments, depth has {d.size}")
    if np.any(d <= 0.0):
        raise InvalidInput(f"depth: {float(d.min())} given, must be positive")
    shared = (pos / d) @ pos.T
    own = np.sqrt(np.diag(shared))
    with np.errstate(invalid="ignore", divide="ignore"):
        overlap: FloatArray = shared / np.outer(own, own)
    overlap[:, own == 0.0] = np.nan
    overlap[own == 0.0, :] = np.nan
    return overlap


def _numbers(values: ArrayLike, name: str) -> FloatArray:
    try:
        return real_array(values)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name}: must be numbers") from None


def _finite(values: ArrayLike, name: str, n_dimensions: int) -> FloatArray:
    array = _numbers(values, name)
    if array.ndim != n_dimensions or array.size == 0:
        raise InvalidInput(f"{name}: shape {array.shape} given, must have {n_dimensions} axes")
    if not np.all(np.isfinite(array)):
        raise InvalidInput(f"{name}: holds a value that is not finite")
    return array
