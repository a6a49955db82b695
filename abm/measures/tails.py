"""Tail measures of one series of returns: loss quantiles, shape, drawdown, tail index.

Returns are log returns per period, gains positive. Losses are reported as positive numbers.
Order statistics x_(1) <= ... <= x_(n) are those of the sample itself: nothing is interpolated,
so that a number can be checked by hand from the sorted series. Returns that are none, not finite
or no single series are InvalidInput.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.numbers import is_real, is_whole, real_array

if TYPE_CHECKING:
    from abm.contagion.networks import ArrayLike, FloatArray

# 0.05 * 60 is 3.0000000000000027 in binary: counts are taken after this much slack.
_COUNT_SLACK = 1e-9


class HillEstimate(NamedTuple):
    """Tail index of the largest losses."""

    tail_index: float
    """alpha; smaller is heavier."""
    standard_error: float
    """Of alpha, asymptotic."""
    n_tail: int
    """k: how many of the largest losses were used."""


def value_at_risk(returns: ArrayLike, confidence: float = 0.95) -> float:
    """Loss exceeded in about a share 1 - c of periods [log return, loss positive].

        VaR_c = -x_(ceil(a n)),   a = 1 - c

    The lower order statistic: no interpolation. McNeil, Frey and Embrechts (2015), section 2.3.

    Raises
    ------
    InvalidInput
        Fewer than one return, a return that is not finite, or c outside (0, 1).
    """
    x = np.sort(_series(returns, 1))
    rank = int(np.ceil(_tail_share(confidence) * x.size - _COUNT_SLACK))
    return float(-x[max(rank, 1) - 1])


def expected_shortfall(returns: ArrayLike, confidence: float = 0.95) -> float:
    """Mean loss in the worst share 1 - c of periods [log return, loss positive].

        ES_c = -(sum_{i <= m} x_(i) + (a n - m) x_(m+1)) / (a n),   m = floor(a n), a = 1 - c

    The order statistic on the edge of the tail enters with the fraction of it that lies inside,
    which makes ES coherent at every sample size. Acerbi and Tasche (2002), definition 3.2.
    """
    x = np.sort(_series(returns, 1))
    n_in_tail = _tail_share(confidence) * x.size
    m = int(np.floor(n_in_tail + _COUNT_SLACK))
    edge = (n_in_tail - m) * x[min(m, x.size - 1)]
    return float(-(x[:m].sum() + edge) / n_in_tail)


def skewness(returns: ArrayLike) -> float:
    """Population skewness m_3 / m_2^(3/2), no small-sample correction; NaN for a constant."""
    return _standardised_moment(returns, 3)


def excess_kurtosis(returns: ArrayLike) -> float:
    """Population kurtosis m_4 / m_2^2 less the 3 of a Gaussian; NaN for a constant."""
    return _standardised_moment(returns, 4) - 3.0


def hill(returns: ArrayLike, n_tail: int | None = None, tail_share: float = 0.04) -> HillEstimate:
    """Hill's tail index of the losses (the left tail); smaller is heavier.

        alpha = 1 / mean_{i <= k} log(n_i / n_{k+1}),   s.e. = alpha / sqrt(k)

    with n_1 >= n_2 >= ... the sizes of the negative returns. Hill (1975).

    Parameters
    ----------
    returns
        Log returns; gains are dropped.
    n_tail
        k, the number of losses used. By default `tail_share` of the losses, at least two.
    tail_share
        Share of the losses used when `n_tail` is not given.

    Raises
    ------
    InvalidInput
        Fewer than k + 1 losses: the (k+1)-th is the threshold.
    """
    x = _series(returns, 1)
    losses = np.sort(-x[x < 0.0])[::-1]
    k = max(2, round(_share(tail_share, "tail_share") * losses.size)) if n_tail is None else n_tail
    if not is_whole(k) or not 1 <= k < losses.size:
        raise InvalidInput(
            f"hill: n_tail = {k}, must be at least 1 and below the number of losses, {losses.size}"
        )
    mean_excess = float(np.mean(np.log(losses[:k] / losses[k])))
    index = 1.0 / mean_excess if mean_excess > 0.0 else float("inf")
    return HillEstimate(index, index / np.sqrt(k), k)


def max_drawdown(returns: ArrayLike) -> float:
    """Largest fall from a running peak of the value path [share of the peak, positive].

        max_t (1 - V_t / max_{s <= t} V_s),   V_0 = 1, V_t = exp(r_1 + ... + r_t)

    The starting value counts as a peak.
    """
    x = _series(returns, 1)
    log_value = np.concatenate(([0.0], np.cumsum(x)))
    return float(np.max(-np.expm1(log_value - np.maximum.accumulate(log_value))))


def _standardised_moment(returns: ArrayLike, order: int) -> float:
    x = _series(returns, 2)
    deviation = x - x.mean()
    variance = float(np.mean(deviation**2))
    # Below rounding of the mean the series is a constant and has no shape.
    if variance <= (4.0 * np.finfo(float).eps * float(np.max(np.abs(x)))) ** 2:
        return float("nan")
    return float(np.mean(deviation**order) / variance ** (order / 2))


def _series(returns: ArrayLike, n_least: int) -> FloatArray:
    """The returns as one finite float vector, or a refusal that says what was given."""
    try:
        x = real_array(returns)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput("returns: must be numbers") from None
    if x.ndim != 1:
        raise InvalidInput(f"returns: shape {x.shape} given, must be one series (n,)")
    if x.size < n_least:
        raise InvalidInput(f"returns: {x.size} given, must be at least {n_least}")
    n_bad = int(np.count_nonzero(~np.isfinite(x)))
    if n_bad:
        first = int(np.flatnonzero(~np.isfinite(x))[0])
        raise InvalidInput(f"returns: {n_bad} not finite, the first at position {first}")
    return x


def _tail_share(confidence: float) -> float:
    return 1.0 - _share(confidence, "confidence")


def _share(value: float, name: str) -> float:
    if not is_real(value) or not 0.0 < value < 1.0:
        raise InvalidInput(f"{name} = {value}, must be between 0 and 1, both excluded")
    return float(value)
