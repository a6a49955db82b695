"""What everybody estimates from the day's prices: covariances and trends."""

from abm.kernels.jit import kernel
from abm.kernels.state import TRADING_DAYS


@kernel
def estimate_risk(market, rules):
    """Exponential covariances and moving averages of log returns, per year.        (M51, M52)

    S <- d S + (1 - d) 250 r r';   EMA <- (1 - 1/n) EMA + r / n
    """
    K = market.quote.size
    returns = market.work[0]
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
    for back in range(market.close.shape[0] - 1, 0, -1):
        for k in range(K):
            market.close[back, k] = market.close[back - 1, k]
    for k in range(K):
        market.close[0, k] = market.log_price[k]
