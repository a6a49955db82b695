"""The Bank of Japan by rule: a queue of hikes that waits while markets are unstable."""

from abm.kernels.authorities.memory import is_within
from abm.kernels.compiler.jit import inlined
from abm.kernels.inputs import NONE_LEFT, TODAY

# Entries of `market.boj`.
HIKES_MADE, LAST_TRIGGER, STATEMENT_DAY, IS_POSTPONED = range(4)


@inlined
def follow_queue(day, market, rule, script):
    """Hike at a meeting, or let it wait; a pause may be told to the market.     (M98 to M100)

    Nothing is taken back once no meeting is left: in the no-shock run from the shock day on.
    """
    boj = market.boj
    boj[IS_POSTPONED] = 0
    if day < rule.first_day:
        return
    watch_markets(day, market, rule)
    if boj[HIKES_MADE] >= rule.n_hikes:
        return
    waits = is_within(day, boj[LAST_TRIGGER], rule.cool_days)
    if script.meeting[day] == TODAY:
        if waits:
            boj[IS_POSTPONED] = 1
        else:
            boj[HIKES_MADE] += 1
            market.rate_moves[0] += rule.hike
            add_news(rule.hike_news, market)
    is_due = waits and day == boj[STATEMENT_DAY]
    if rule.is_heard and is_due and script.meeting[day] != NONE_LEFT:
        add_news(rule.statement_news, market)


@inlined
def watch_markets(day, market, rule):
    """Remember the last close at which markets were unstable, and when to say so.      (M98, M100)

    A trigger that comes after cool days without one is the first of its pause.
    """
    if is_unstable(market, rule):
        if not is_within(day - 1, market.boj[LAST_TRIGGER], rule.cool_days):
            market.boj[STATEMENT_DAY] = day - 1 + rule.statement_days
        market.boj[LAST_TRIGGER] = day - 1


@inlined
def is_unstable(market, rule):
    """True if the yen rose, or shares fell, by so much in n days up to yesterday's close.  (M98)"""
    n, asset = rule.trigger_days, rule.trigger_asset
    if market.close[0, 0] - market.close[n, 0] >= rule.trigger_rise:
        return True
    return asset >= 0 and market.close[n, asset] - market.close[0, asset] >= rule.trigger_fall


@inlined
def add_news(moves, market):
    """Add moves of fundamentals to what authorities tell today [log]."""
    for k in range(moves.size):
        market.policy_news[k] += moves[k]
