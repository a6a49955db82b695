"""What a run writes down: the day's row and the events of the cascade."""

import math

from abm.kernels.columns import chunk_sum
from abm.kernels.jit import inlined, kernel
from abm.kernels.state import (
    CENTRAL_BANK,
    CLEARING,
    DAY_BANK_EQUITY,
    DAY_DEALER_DEPTH,
    DAY_FAILURES,
    DAY_FUND_WEALTH,
    DAY_LEVERAGE,
    DAY_MARGIN_RATE,
    DAY_SHORT,
    DAY_UNLEVERED,
    GROSS,
    HEDGE_FUND,
    LIMIT_HIT,
    MARKET,
    NEWS,
    NOBODY,
    POLICY,
    RETAIL_EQUITY,
    RISK_PARITY,
    TREND,
    VOLATILITY_TARGET,
)

UNLEVERED = 1.05  # leverage up to which a fund counts as unlevered


@kernel
def record_event(day, round_, kind, who, whom, instrument, amount_usd_bn, cause, diary):
    """Append an event; return its number. Events beyond the table's length are only counted."""
    number = diary.n_events[0]
    diary.n_events[0] = number + 1
    if number < diary.events.shape[0]:
        row = diary.events[number]
        row[0] = day
        row[1] = round_
        row[2] = kind
        row[3] = who
        row[4] = whom
        row[5] = instrument
        row[6] = amount_usd_bn
        row[7] = cause
        row[8] = math.nan
        row[9] = -1.0
    return number


@kernel
def open_clearing(day, round_, market, diary):
    """A new round has cleared: its events are written when something first refers to them."""
    diary.when[0], diary.when[1] = day, round_
    for k in range(market.quote.size):
        diary.clearing_event[k] = -1
        diary.gross[k] = diary.flows[GROSS, k] * market.usd_price[k]


@kernel
def clearing_of(k, diary):
    """Event of the last clearing of instrument k (-1 for none): the parent of what it caused."""
    if k < 0 or diary.when[0] < 0:
        return -1
    if diary.clearing_event[k] < 0:
        diary.clearing_event[k] = record_event(
            diary.when[0], diary.when[1], CLEARING, MARKET, NOBODY, k, diary.gross[k], -1, diary
        )
    return diary.clearing_event[k]


@kernel
def share_flows(day, round_, first_event, market, diary):
    """The round's forced orders learn their share of gross flow and the clearing they fed."""
    open_clearing(day, round_, market, diary)
    last = min(diary.n_events[0], diary.events.shape[0])
    for number in range(first_event, last):
        row = diary.events[number]
        k = int(row[5])
        if diary.gross[k] > 0.0:
            row[8] = abs(row[6]) / diary.gross[k]
        row[9] = clearing_of(k, diary)


@kernel
def record_limits(day, round_, market, diary):
    """One event per instrument at its limit; returns how many."""
    count = 0
    for k in range(market.quote.size):
        if diary.side[k] != 0.0:
            count += 1
            parent = clearing_of(k, diary)
            record_event(day, round_, LIMIT_HIT, MARKET, NOBODY, k, diary.gross[k], parent, diary)
    return count


@kernel
def record_script(day, market, draws, diary):
    """What was scripted: rate changes [fraction per year], official orders [USD bn], news [log]."""
    for c in range(market.rates.size - 1):
        before = draws.rates[max(day - 1, 0), c]
        if draws.rates[day, c] != before:
            change = draws.rates[day, c] - before
            record_event(day, 0, POLICY, CENTRAL_BANK, NOBODY, c, change, -1, diary)
    for k in range(market.quote.size):
        order = draws.official_usd_bn[day, k]
        if order != 0.0:
            record_event(day, 0, POLICY, CENTRAL_BANK, MARKET, k, order, -1, diary)
    for m in range(draws.scripted_moves.shape[0]):
        move = draws.scripted_moves[m]
        if move[0] == day:
            record_event(day, 0, NEWS, int(move[1]), MARKET, int(move[2]), move[3], -1, diary)


@kernel
def count_failure(day, i, diary):
    """An institution has failed. (A retail trader who is cut with money left has not.)"""
    diary.n_failures[i] += 1
    diary.days[day, DAY_FAILURES] += 1.0
    if diary.first_failure_day[i] < 0:
        diary.first_failure_day[i] = day


@kernel
def carry_short(books, market, rules):
    """Yen owed to fund positions elsewhere, net, in units: what unwinds.               (M54)

    Hedge funds, desks, trend followers and retail traders with all they owe; risk parity beyond
    the yen sold forward against its yen assets.
    """
    first = rules.mandates.first_row
    yen = books.units[0]
    owed = -chunk_sum(yen[first[HEDGE_FUND] : first[VOLATILITY_TARGET]])
    owed -= chunk_sum(yen[first[TREND] : first[RETAIL_EQUITY]])
    for k in range(market.rates.size - 1, market.quote.size):
        if market.quote[k] == 0:
            held = chunk_sum(books.units[k][first[RISK_PARITY] : first[VOLATILITY_TARGET]])
            owed -= held * math.exp(market.log_price[k])
    return owed


@inlined
def is_carry_trader(i, first_row):
    """Whether the yen that an institution owes counts in the yen short.                (M54)"""
    return i < first_row[VOLATILITY_TARGET] or first_row[TREND] <= i < first_row[RETAIL_EQUITY]


@kernel
def short_closed(i, j, trades, market, rules):
    """Units by which a trade of institution i (column j of a chunk) lowers the yen short.  (M58)

    Of risk parity, yen-quoted assets that are sold close the yen sold against them, and the other
    way round.
    """
    first = rules.mandates.first_row
    if not is_carry_trader(i, first):
        return 0.0
    closed = trades[0, j]
    if first[RISK_PARITY] <= i < first[VOLATILITY_TARGET]:
        for k in range(market.rates.size - 1, market.quote.size):
            if market.quote[k] == 0:
                closed += trades[k, j] * math.exp(market.log_price[k])
    return closed


@kernel
def unlevered_share(wealth, borrowing, days_out):
    """Share of institutions that are out of the market or hardly borrow; NaN of none.     (M57)"""
    count = 0
    for i in range(wealth.size):
        count += (days_out[i] > 0) | (borrowing[i] <= (UNLEVERED - 1.0) * wealth[i])
    return count / wealth.size if wealth.size > 0 else math.nan


@kernel
def weighted_sum(weights, column):
    """Sum of weights times entries, one after the other."""
    total = 0.0
    for j in range(column.size):
        total += weights[j] * column[j]
    return total


@kernel
def record_day(day, books, market, graph, rules, diary):
    """The day's row of the tables, and every institution's worst moments."""
    row = diary.days[day]
    first = rules.mandates.first_row
    row[DAY_SHORT] = carry_short(books, market, rules)
    lo, hi = first[HEDGE_FUND], first[HEDGE_FUND + 1]
    wealth, borrowing = chunk_sum(books.wealth[lo:hi]), chunk_sum(books.borrowing[lo:hi])
    margin = weighted_sum(books.margin_rate[lo:hi], books.wealth[lo:hi])
    row[DAY_FUND_WEALTH] = wealth
    row[DAY_LEVERAGE] = 1.0 + borrowing / wealth if wealth > 0.0 else math.nan
    row[DAY_MARGIN_RATE] = margin / wealth if wealth > 0.0 else math.nan
    row[DAY_UNLEVERED] = unlevered_share(
        books.wealth[lo:hi], books.borrowing[lo:hi], books.days_out[lo:hi]
    )
    row[DAY_BANK_EQUITY] = chunk_sum(graph.equity)
    row[DAY_DEALER_DEPTH] = market.dealer_depth[0] / rules.market.dealer_depth[0]
    for k in range(market.quote.size):
        diary.log_prices[day, k] = market.log_price[k]
        diary.fundamentals[day, k] = market.fundamental[k] + market.link_level[k]
    record_extremes(books.wealth, books.borrowing, diary.worst_wealth, diary.peak_leverage)


@kernel
def record_extremes(wealth, borrowing, worst_wealth, peak_leverage):
    """Every institution's least wealth and, while it has any, its highest leverage."""
    for i in range(wealth.size):
        worst_wealth[i] = min(worst_wealth[i], wealth[i])
        leverage = 1.0 + borrowing[i] / wealth[i]
        peak_leverage[i] = max(peak_leverage[i], leverage if wealth[i] > 0.0 else 1.0)
