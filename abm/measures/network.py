"""Indicators of crowding and common risk, read off positions, covariances and prices.

What is no number, not finite, of the wrong shape or out of range is InvalidInput.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from abm.errors import InvalidInput
from abm.numbers import is_real, is_whole, real_array

if TYPE_CHECKING:
    from abm.contagion.networks import ArrayLike, FloatArray

DAYS_PER_YEAR = 250
"""Trading days in a year, as for all risk of the model."""


def portfolio_overlap(positions: ArrayLike, depth: ArrayLike) -> FloatArray:
    """How far one institution's sales hurt another, against its own [share], (n, n).

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


def absorption_ratio(covariance: ArrayLike, share: float = 0.2) -> float:
    """Share of total variance in the first fifth of the eigenvectors of a covariance (K, K).

        AR = sum_{i <= m} lambda_i / sum_i lambda_i,   m = max(1, round(share K))

    Near 1: one force moves everything. Kritzman, Li, Page and Rigobon (2011).
    """
    s = _finite(covariance, "covariance", 2)
    if s.shape[0] != s.shape[1] or not np.allclose(s, s.T, rtol=1e-9, atol=0.0):
        raise InvalidInput(f"covariance: shape {s.shape}, must be square and symmetric")
    if not is_real(share) or not 0.0 < share <= 1.0:
        raise InvalidInput(f"share = {share}, must be in (0, 1]")
    eigenvalues = np.linalg.eigvalsh(s)[::-1]
    n_first = max(1, int(np.floor(share * s.shape[0] + 0.5)))
    total = float(eigenvalues.sum())
    return float(eigenvalues[:n_first].sum()) / total if total > 0.0 else float("nan")


def risk_reversal_proxy(log_yen: ArrayLike, window_days: int = 60) -> FloatArray:
    """What yen calls would cost over yen puts, from past days [volatility per year], (n,).

        RR_t = sqrt(250) (sqrt(mean min(r, 0)^2) - sqrt(mean max(r, 0)^2))   over 60 days

    with r the daily log change of the yen in dollars. Negative: yen-up days were the larger,
    yen calls would be dear. NaN until `window_days` changes are known.
    """
    x = _finite(log_yen, "log_yen", 1)
    if not is_whole(window_days) or window_days < 1:
        raise InvalidInput(f"window_days = {window_days}, must be a whole number, at least 1")
    r = np.diff(x)
    proxy = np.full(x.size, np.nan)
    if r.size >= window_days:
        windows = np.lib.stride_tricks.sliding_window_view(r, window_days)
        down = np.sqrt(np.mean(np.minimum(windows, 0.0) ** 2, axis=1))
        up = np.sqrt(np.mean(np.maximum(windows, 0.0) ** 2, axis=1))
        proxy[window_days:] = np.sqrt(DAYS_PER_YEAR) * (down - up)
    return proxy


def carry_to_risk(
    differential_per_year: ArrayLike, fast_volatility_per_year: ArrayLike
) -> FloatArray:
    """Rate differential over fast volatility, both per year; the trade's promised Sharpe ratio.

    NaN where the volatility is zero.
    """
    gain = _numbers(differential_per_year, "differential")
    risk = _numbers(fast_volatility_per_year, "fast volatility")
    if np.any(risk < 0.0):
        raise InvalidInput(f"fast volatility: {float(risk.min())} given, must not be negative")
    gain, risk = np.broadcast_arrays(gain, risk)
    ratio = np.full(gain.shape, np.nan)
    np.divide(gain, risk, out=ratio, where=risk > 0.0)
    return ratio


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
