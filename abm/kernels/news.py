"""News of the morning: fundamentals move, and the day's price limits are set."""

from abm.kernels.compiler.jit import kernel
from abm.kernels.state import FARTHEST_LOG


@kernel
def apply_news(day, market, rules, chance, script):
    """News moves fundamentals and, where public, the dealers' reference; limits follow.

    (M6, M7)
    """
    for k in range(market.quote.size):
        news = script.news[day, k] + chance.news[day, k]
        market.fundamental_before[k] = market.fundamental[k]
        market.fundamental[k] += news
        if rules.dealers.news_moves_reference:
            market.dealer_reference[k] += news
        market.lower[k] = max(market.close[0, k] - rules.market.daily_limit[k], -FARTHEST_LOG)
        market.upper[k] = min(market.close[0, k] + rules.market.daily_limit[k], FARTHEST_LOG)
