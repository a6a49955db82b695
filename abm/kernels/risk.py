"""Estimates from the day's prices: covariances and trends."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.state import TRADING_DAYS


@inlined
def estimate_risk(market, rules, scratch):
    """Exponential covariances and moving averages of log returns, per year.        (M51, M52, M87)

    S <- d S + (1 - d) 250 r r';   EMA <- (1 - 1/n) EMA + r / n
    """
    K = market.quote.size
    returns = scratch.work[0]
    for k in range(K):
        returns[k] = market.log_price[k] - market.close[0, k]
    slow, fast = rules.estimate.slow_decay, rules.estimate.fast_decay
    for k in range(K):
        for j in range(K):
            product = TRADING_DAYS * returns[k] * returns[j]
            market.covariance[k, j] = slow * market.covariance[k, j] + (1.0 - slow) * product
            market.covariance_fast[k, j] = (
                fast * market.covariance_fast[k, j] + (1.0 - fast) * product
            )
        for filter_ in range(3):
            weight = 1.0 / rules.estimate.trend_days[filter_]
            market.trend[filter_, k] += weight * (returns[k] - market.trend[filter_, k])
        if rules.market.haven_leader[k] >= 0:
            gap = market.log_price[rules.market.haven_leader[k]] - market.haven_average[k]
            market.haven_average[k] += gap / rules.market.haven_days[k]
    for back in range(market.close.shape[0] - 1, 0, -1):
        for k in range(K):
            market.close[back, k] = market.close[back - 1, k]
    for k in range(K):
        market.close[0, k] = market.log_price[k]


@inlined
def anchored(estimate, long_run, share):
    """A variance held in part to its long run: (1 - psi) v + psi v_LR.               (M17, M20)"""
    return (1.0 - share) * estimate + share * long_run


@inlined
def usd_covariance(k, j, covariance, quote):
    """Covariance of the USD returns of two instruments, from that of local returns.       (M14)"""
    total = covariance[k, j]
    if quote[k] >= 0:
        total += covariance[quote[k], j]
    if quote[j] >= 0:
        total += covariance[k, quote[j]]
    if quote[k] >= 0 and quote[j] >= 0:
        total += covariance[quote[k], quote[j]]
    return total


@kernel
def set_fast_risk(market):
    """Fast covariance of USD returns, its lower triangle, off-diagonals doubled.         (M14)"""
    for k in range(market.quote.size):
        for j in range(k + 1):
            fast = usd_covariance(k, j, market.covariance_fast, market.quote)
            market.risk_fast[k, j] = fast if j == k else 2.0 * fast


@inlined
def book_return(i, returns, books, market):
    """Return of what an institution holds, per unit of leverage, at these USD returns.   (M69)"""
    assets = books.wealth[i] + books.borrowing[i]
    total = 0.0
    for k in range(returns.size):
        total += books.units[k, i] * market.usd_price[k] * returns[k]
    return total / assets if assets > 0.0 else 0.0


@kernel
def held_variance(i, risk, books, market, shares):
    """Variance of what is held, per unit of leverage: a'Sa over (W + borrowing)^2.        (M15)

    ``risk``: the lower triangle of S, off-diagonals doubled. ``shares``: scratch, (K,).
    """
    assets = books.wealth[i] + books.borrowing[i]
    if assets <= 0.0:
        return 0.0
    variance = 0.0
    for k in range(market.quote.size):
        shares[k] = books.units[k, i] * market.usd_price[k] / assets
        if books.units[k, i] != 0.0:
            for j in range(k + 1):
                if books.units[j, i] != 0.0:
                    variance += risk[k, j] * shares[k] * shares[j]
    return variance
