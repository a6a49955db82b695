"""The Ministry of Finance by rule: it buys a weak yen by campaigns, and sells a strong one."""

from abm.kernels.authorities.memory import PURCHASE, is_within
from abm.kernels.compiler.jit import inlined

CLOSES = 251  # of the funding currency that are kept: a year, and the close before it
# Entries of `market.spent_usd_bn`: on the yen in this campaign; of yen sold since the start.
BOUGHT, SOLD = range(2)
# Columns of `chance.policy`.
HAZARD, SIZE = range(2)


@inlined
def note_close(day, market):
    """Keep yesterday's close of the funding currency."""
    market.funding_closes[day % CLOSES] = market.close[0, 0]


@inlined
def close_before(day, n_days, market):
    """Close of the funding currency n days before yesterday's."""
    return market.funding_closes[(day - n_days) % CLOSES]


@inlined
def count_script(day, market, rule, script):
    """Scripted orders count as acts of a campaign, and against its budget."""
    if not is_within(day, market.last_act[PURCHASE], rule.gap_days):
        market.spent_usd_bn[BOUGHT] = 0.0  # a campaign has ended
    scripted = script.official_usd_bn[day, 0]
    if scripted > 0.0:
        market.spent_usd_bn[BOUGHT] += scripted
        market.last_act[PURCHASE] = day
    elif scripted < 0.0:
        market.spent_usd_bn[SOLD] -= scripted


@inlined
def buy_when_weak(day, market, rule, chance):
    """Buy yen with a hazard on days on which it is weak, within the campaign's budget.    (M101)"""
    if day < rule.first_day or not is_weak(day, market, rule):
        return
    if chance.policy[day, HAZARD] >= rule.hazard:
        return
    spent = market.spent_usd_bn[BOUGHT]
    is_first = spent == 0.0
    size = rule.first if is_first else rule.least + rule.spread * chance.policy[day, SIZE]
    size = min(size, rule.budget - spent)
    if size > 0.0:
        market.policy_orders[0] += size
        market.policy_news[0] += rule.signal if is_first else 0.0
        market.spent_usd_bn[BOUGHT] += size
        market.last_act[PURCHASE] = day


@inlined
def is_weak(day, market, rule):
    """True if the yen is near its low and has fallen far, over some weeks and some months. (M101)

    min over n_L closes + band >= x,   x(t-n_1) - x >= fall_1,   x(t-n_2) - x >= fall_2
    """
    now = close_before(day, 0, market)
    if close_before(day, rule.fall_days, market) - now < rule.fall:
        return False
    if close_before(day, rule.long_fall_days, market) - now < rule.long_fall:
        return False
    low = now
    for back in range(1, rule.low_days):
        low = min(low, close_before(day, back, market))
    return now <= low + rule.low_band


@inlined
def sell_when_strong(day, market, rule):
    """Sell yen by the day while it has risen by so much in n days, within a budget.       (M102)"""
    if day < rule.first_day:
        return
    rise = close_before(day, 0, market) - close_before(day, rule.rise_days, market)
    left = rule.budget - market.spent_usd_bn[SOLD]
    if rise >= rule.rise and left > 0.0:
        size = min(rule.per_day, left)
        market.policy_orders[0] -= size
        market.spent_usd_bn[SOLD] += size
