"""State of a carry trade on one day, one function per published number.

What is kept of every day already, the yen short (M54), leverage, the feedback gain (M38) and the
basis (M119), is read off `days`; these numbers need the books of the day, or its past prices.
`RunResult.indicators` has all of them as a table.

Values that are not numbers, not finite where they must be, of the wrong shape or out of range are
InvalidInput.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from abm.contagion.spreading import debtrank_of_each
from abm.errors import InvalidInput
from abm.kernels.state import TRADING_DAYS
from abm.numbers import is_whole, real_array

if TYPE_CHECKING:
    from abm.contagion.networks import ArrayLike, FloatArray

WINDOW_DAYS = 60
"""Returns of a risk-reversal proxy. At a volatility of .10 chance alone gives it a standard
deviation of .022 over 60 days, .039 over 20: the risk reversal itself moved by .03 in 2024."""

ABSORPTION_DAYS = 250
"""Returns of an absorption ratio; Kritzman et al. have 500, and half of them as half-life."""
ABSORPTION_HALF_LIFE_DAYS = 125.0
ABSORBING_SHARE = 0.2  # eigenvectors counted, of all: a fifth (Kritzman et al. 2011)
SHIFT_DAYS = 15
"""Days whose mean absorption ratio is set against that of a year (Kritzman et al. 2011)."""
LEAST_ABSORBING = 5
"""Markets of an absorption ratio at least: a fifth of them is then one."""
CFTC_SHORT_JULY_2024 = 0.527
"""Net short of non-commercials over open interest, yen futures, 2 July 2024 (CFTC)."""
STOCK_JULY_2024_USD_BN = 250.0
"""Yen short of summer 2024: what the calibration aims at (M54)."""
_WINDOWS_AT_ONCE = 1000  # of absorption ratios, to spare memory


def mean_margin_slack(slack: ArrayLike, wealth: ArrayLike) -> float:
    """Margin slack of those who owe, weighted by wealth [1].

        sum_i W_i+ slack_i / sum_i W_i+                                              (M130)

    NaN where none of them has any wealth.

    Parameters
    ----------
    slack : array (n,)
        Maintenance leverage over leverage, less 1: -1 for who owes and has nothing.
    wealth : array (n,)
        USD bn.
    """
    spare, own = _slack(slack), np.maximum(_array(wealth, "wealth", 1), 0.0)
    _same(spare.size, wealth=own.size)
    total = float(own.sum())
    return float(own @ spare) / total if total > 0.0 else math.nan


def least_margin_slack(slack: ArrayLike) -> float:
    """Margin slack of who has least, below 0 for who is called [1].                      (M130)"""
    return float(_slack(slack).min())


def mean_overlap(positions: ArrayLike, depth: ArrayLike, wealth: ArrayLike) -> float:
    """Alikeness of portfolios: mean of Omega over all pairs, weighted by their wealth [1].

        sum_{i<j} W_i W_j Omega_ij / sum_{i<j} W_i W_j                               (M131)
        Omega_ij = u_i . u_j,   u_i = (pos_i / sqrt D) / |pos_i / sqrt D|

    1 if all hold the same, whatever their size; 0 if no two have an instrument in common; at most 1
    either way, and negative only where some are short of what others hold. Omega is
    `abm.measures.network.portfolio_overlap` (Cont and Schaanning 2017), whose matrix of pairs this
    does without. NaN with fewer than two books that hold something and have wealth.

    Parameters
    ----------
    positions : array (n, n_instruments)
        USD bn, short negative.
    depth : array (n_instruments,)
        D [USD bn per log price], above 0.
    wealth : array (n,)
        USD bn.
    """
    held, thin = _array(positions, "positions", 2), _above_zero(depth, "depth")
    own = np.maximum(_array(wealth, "wealth", 1), 0.0)
    _same(held.shape[1], depth=thin.size)
    _same(held.shape[0], wealth=own.size)
    scaled = held / np.sqrt(thin)
    size = np.linalg.norm(scaled, axis=1)
    counts = (size > 0.0) & (own > 0.0)
    if counts.sum() < 2:
        return math.nan
    share = own[counts] / own[counts].sum()
    alike = share @ (scaled[counts] / size[counts, None])
    # All ordered pairs, less every book with itself.
    alone = float(share @ share)
    return min(max((float(alike @ alike) - alone) / (1.0 - alone), -1.0), 1.0)


def risk_reversal_proxy(returns: ArrayLike) -> float:
    """Volatility of the days on which the yen fell, less that of those on which it rose [per year].

        RR = sqrt(500/n sum r-^2) - sqrt(500/n sum r+^2),   r: yen up positive       (M132)

    The factor 500 = 2 x 250 makes either side the volatility if both are alike. Negative: the yen
    rises in larger steps than it falls, as where yen calls are dear (Brunnermeier, Nagel and
    Pedersen 2008; realised semivariances: Barndorff-Nielsen, Kinnebrock and Shephard 2010). Of
    realised returns: not a price, without a premium, and nothing in it is known in advance.

    Parameters
    ----------
    returns : array (n_days,)
        Of the yen [log a day], at least one.
    """
    r = _array(returns, "returns", 1)
    if r.size == 0:
        raise InvalidInput("returns: none given, must be at least one")
    scale = 2.0 * TRADING_DAYS / r.size
    down, up = np.minimum(r, 0.0), np.maximum(r, 0.0)
    return math.sqrt(scale * float(down @ down)) - math.sqrt(scale * float(up @ up))


def returns_with_yen(covariance: ArrayLike, yen: int = 0) -> FloatArray:
    """Returns to expect beside a rise of the yen by one log, (n_instruments,) [1].

        f_k = Sigma_k,yen / Sigma_yen,yen                                            (M133)

    NaN where the yen has no variance.

    Parameters
    ----------
    covariance : array (n_instruments, n_instruments)
        Sigma of USD returns.
    yen : int
        Place of the yen.
    """
    sigma = _array(covariance, "covariance", 2)
    _same(sigma.shape[0], covariance=sigma.shape[1])
    if not is_whole(yen) or not 0 <= yen < len(sigma):
        raise InvalidInput(f"yen = {yen!r}: must be from 0 to {len(sigma) - 1}")
    with np.errstate(invalid="ignore", divide="ignore"):
        moves: FloatArray = np.where(sigma[yen, yen] > 0.0, sigma[:, yen] / sigma[yen, yen], np.nan)
    return moves


def bank_systemicness(
    positions: ArrayLike,
    assets: ArrayLike,
    equity: ArrayLike,
    depth: ArrayLike,
    returns: ArrayLike,
) -> FloatArray:
    """Losses of all banks to the sales of each, over all equity [share], (n_banks,).

        loss_i = -sum_k e_ik f_k,   s_ik = e_ik B_i loss_i / A_i,   B_i = (A_i - E_i) / E_i
        S_i = sum_k (sum_j e_jk) s_ik / D_k / sum_j E_j                              (M134)

    The sum over banks is the aggregate vulnerability. With e = A M and L = 1 / D this is
    `abm.measures.vulnerability.systemicness` (Greenwood, Landier and Thesmar 2015), in which no
    position is short; here a short is bought back as a long is sold. A bank that gains buys, and
    its number is negative.

    Parameters
    ----------
    positions : array (n_banks, n_instruments)
        e, money, short negative; whatever else is in the assets neither moves nor can be sold.
    assets, equity : array (n_banks,)
        A and E, money, A at least E, E above 0.
    depth : array (n_instruments,)
        D [money per log price], above 0.
    returns : array (n_instruments,)
        f of the shock; all in proportion to it.
    """
    e, f = _array(positions, "positions", 2), _array(returns, "returns", 1)
    A, E, D = (
        _array(assets, "assets", 1),
        _above_zero(equity, "equity"),
        _above_zero(depth, "depth"),
    )
    _same(e.shape[0], assets=A.size, equity=E.size)
    _same(e.shape[1], depth=D.size, returns=f.size)
    if np.any(A < E):
        raise InvalidInput("assets must not be below equity (debt is not negative)")
    with np.errstate(divide="ignore", invalid="ignore"):
        share_sold = np.where(A > 0.0, -(e @ f) * (A - E) / E / A, 0.0)
    caused: FloatArray = share_sold * (e @ (e.sum(axis=0) / D)) / E.sum()
    return caused + 0.0  # no bank causes -0


def bank_debtrank(exposures: ArrayLike, equity: ArrayLike) -> FloatArray:
    """Share of all interbank lending lost, beyond its own, if a bank fails, (n_banks,).     (M135)

        W_ij = min(1, A_ij / E_i),   v_i = sum_j A_ij / sum A
        R_b = sum_i v_i (h_i(end) - h_i(0)),   h_b(0) = 1, of all others 0

    `abm.contagion.debtrank` in its original form, of one failed bank after the other (Battiston et
    al. 2012): banks that matter to banks. 0 for all where no bank lends to another.

    Parameters
    ----------
    exposures : array (n_banks, n_banks)
        What i lent to j, money.
    equity : array (n_banks,)
        Money, above 0.
    """
    return debtrank_of_each(exposures, equity)


def net_short_share(short_usd_bn: ArrayLike) -> FloatArray:
    """Yen short as the CFTC's net short over open interest would have it [1], (n_days,).

        s = .527 short / 250                                                         (M170)

    The model has no futures market: one day, 2 July 2024, ties its stock to the CFTC's ratio, and
    beside it only changes can be compared.

    Parameters
    ----------
    short_usd_bn : array (n_days,)
        Yen owed to fund positions elsewhere, at constant prices (M54).
    """
    short = _array(short_usd_bn, "short_usd_bn", 1)
    share: FloatArray = CFTC_SHORT_JULY_2024 * short / STOCK_JULY_2024_USD_BN
    return share


def realised_volatility(returns: ArrayLike) -> float:
    """Volatility of daily returns about zero [per year].

    sigma = sqrt(250/n sum r^2)                                                  (M172)
    """
    r = _array(returns, "returns", 1)
    if r.size == 0:
        raise InvalidInput("returns: none given, must be at least one")
    return math.sqrt(TRADING_DAYS / r.size * float(r @ r))


def carry_to_risk(rate_abroad: float, rate_funding: float, volatility: float) -> float:
    """Rate differential over the volatility of the currency pair [1].

        c = (i - i_yen) / sigma                                                      (M171)

    Markets take the implied volatility of three months (Brunnermeier, Nagel and Pedersen 2008;
    Galati, Heath and McGuire 2007); the model has the realised one. NaN where it is 0.
    """
    for name, value in (
        ("rates", rate_abroad),
        ("rates", rate_funding),
        ("volatility", volatility),
    ):
        if not math.isfinite(value):
            raise InvalidInput(f"{name}: {value} is not finite")
    if volatility < 0.0:
        raise InvalidInput(f"volatility: {volatility} given, must not be negative")
    return (rate_abroad - rate_funding) / volatility if volatility > 0.0 else math.nan


def absorption_ratios(returns: ArrayLike) -> FloatArray:
    """Share of the variance of all markets that a fifth of the factors absorb, (n_days,) [1].

        AR = sum_{n <= N/5} lambda_n / sum_n lambda_n                                (M173)

    lambda: eigenvalues, largest first, of the covariance of the last 250 returns with weights of
    half-life 125 (Kritzman, Li, Page and Rigobon 2011). High: markets move together, and what
    hits one hits all. NaN until the window is full.

    Parameters
    ----------
    returns : array (n_days, n_markets)
        Daily, in one currency; at least five markets.
    """
    r = _array(returns, "returns", 2)
    n_days, n_markets = r.shape
    if n_markets < LEAST_ABSORBING:
        raise InvalidInput(f"returns of {n_markets} markets, must be at least {LEAST_ABSORBING}")
    ratios = np.full(n_days, np.nan)
    if n_days < ABSORPTION_DAYS:
        return ratios
    ages = np.arange(ABSORPTION_DAYS)[::-1]
    weights = 0.5 ** (ages / ABSORPTION_HALF_LIFE_DAYS)
    weights /= weights.sum()
    n_absorbing = round(ABSORBING_SHARE * n_markets)
    windows = np.lib.stride_tricks.sliding_window_view(r, ABSORPTION_DAYS, axis=0)
    for first in range(0, len(windows), _WINDOWS_AT_ONCE):
        some = windows[first : first + _WINDOWS_AT_ONCE]
        apart = some - (some @ weights)[:, :, None]
        variances = np.linalg.eigvalsh((apart * weights) @ apart.transpose(0, 2, 1))
        total = variances.sum(axis=1)
        absorbed = variances[:, -n_absorbing:].sum(axis=1)
        last = ABSORPTION_DAYS - 1 + first
        ratios[last : last + len(some)] = np.where(total > 0.0, absorbed / total, np.nan)
    return ratios


def absorption_shifts(ratios: ArrayLike) -> FloatArray:
    """Rise of the absorption ratio, in standard deviations of its year, (n_days,) [1].

        dAR = (mean AR of 15 days - mean AR of 250 days) / sd AR of 250 days         (M174)

    (Kritzman et al. 2011.) NaN until a year of ratios is there.
    """
    ratio = np.asarray(ratios, dtype=np.float64)
    shifts = np.full(len(ratio), np.nan)
    if len(ratio) < ABSORPTION_DAYS:
        return shifts
    year = np.lib.stride_tricks.sliding_window_view(ratio, ABSORPTION_DAYS)
    rise = year[:, -SHIFT_DAYS:].mean(axis=1) - year.mean(axis=1)
    spread = year.std(axis=1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        shifts[ABSORPTION_DAYS - 1 :] = np.where(spread > 0.0, rise / spread, np.nan)
    return shifts


def over_window(measure: Callable[[FloatArray], float], returns: FloatArray) -> FloatArray:
    """A measure of the last sixty returns on every day, NaN until there are as many, (n_days,)."""
    found = np.full(len(returns), np.nan)
    for end in range(WINDOW_DAYS, len(returns) + 1):
        found[end - 1] = measure(returns[end - WINDOW_DAYS : end])
    return found


def _slack(slack: ArrayLike) -> FloatArray:
    values = _array(slack, "slack", 1)
    if values.size == 0:
        raise InvalidInput("slack: none given, must be at least one")
    if np.any(values < -1.0):
        raise InvalidInput(f"slack: {float(values.min())} given, must be at least -1")
    return values


def _above_zero(values: ArrayLike, name: str) -> FloatArray:
    array = _array(values, name, 1)
    if np.any(array <= 0.0):
        raise InvalidInput(f"{name}: {float(array.min())} given, must be positive")
    return array


def _array(values: ArrayLike, name: str, n_axes: int) -> FloatArray:
    try:
        array = real_array(values)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name}: must be numbers") from None
    if array.ndim != n_axes:
        raise InvalidInput(f"{name}: shape {array.shape} given, must have {n_axes} axes")
    if not np.isfinite(array).all():
        raise InvalidInput(f"{name}: holds a value that is not finite")
    return array


def _same(n: int, **found: int) -> None:
    for name, given in found.items():
        if given != n:
            raise InvalidInput(f"{name} has {given} entries, must have {n}")
