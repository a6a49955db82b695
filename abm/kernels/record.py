"""The day's row of the tables, and the record of a run."""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.carry_short import carry_short
from abm.kernels.compiler.jit import kernel
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import HEDGE_FUND, KIND_NAMES, N_KINDS

# Columns of the days table that the kernels write, in order (prices and fundamentals follow).
DAY_COLUMNS = (
    "status",
    "rounds",
    "iterations",
    "residual",
    "feedback_gain",
    "n_at_limit",
    "yen_short_units",
    "leverage",
    "margin_rate",
    "fund_wealth_usd_bn",
    *(f"forced_{name}_usd_bn" for name in KIND_NAMES),
    "n_margin_calls",
    "n_failures",
    "n_loss_cuts",
    "n_bank_failures",
    "broker_loss_usd_bn",
    "bank_equity_usd_bn",
    "dealer_depth_share",
    "volume_usd_bn",
    "conservation_error",
    "share_unlevered",
    "yen_short_closed_by_force_units",
)
(
    DAY_STATUS,
    DAY_ROUNDS,
    DAY_ITERATIONS,
    DAY_RESIDUAL,
    DAY_GAIN,
    DAY_AT_LIMIT,
    DAY_SHORT,
    DAY_LEVERAGE,
    DAY_MARGIN_RATE,
    DAY_FUND_WEALTH,
    DAY_FORCED,
) = range(11)
(
    DAY_CALLS,
    DAY_FAILURES,
    DAY_LOSS_CUTS,
    DAY_BANK_FAILURES,
    DAY_BROKER_LOSS,
    DAY_BANK_EQUITY,
    DAY_DEALER_DEPTH,
    DAY_VOLUME,
    DAY_CONSERVATION,
    DAY_UNLEVERED,
    DAY_SHORT_CLOSED,
) = range(DAY_FORCED + N_KINDS, DAY_FORCED + N_KINDS + 11)
N_DAY_COLUMNS = DAY_SHORT_CLOSED + 1
ORDERED, LEGS, GROSS, SELLING, BUYING = 0, 1, 2, 3, 4  # rows of Diary.flows


class Diary(NamedTuple):
    """What a run writes down, and the scratch columns of the day."""

    days: np.ndarray  # (T, N_DAY_COLUMNS)
    log_prices: np.ndarray  # (T, K)
    fundamentals: np.ndarray  # (T, K)
    events: np.ndarray  # (capacity, N_EVENT_COLUMNS)
    n_events: np.ndarray  # (1,) int64, goes on counting when the table is full
    cause: np.ndarray  # (N,) int64 event that an institution's forced orders answer
    clearing_event: np.ndarray  # (K,) int64 event of the last clearing of each, -1 not written
    when: np.ndarray  # (2,) int64 day and round of the last clearing, -1 before the first
    gross: np.ndarray  # (K,) USD bn traded in it
    mark: np.ndarray  # (K,) USD prices at the opening of the last day that traded
    n_calls: np.ndarray  # (N,) int64
    forced_sales: np.ndarray  # (N,) USD bn
    n_failures: np.ndarray  # (N,) int64
    first_failure_day: np.ndarray  # (N,) int64, -1 never
    peak_leverage: np.ndarray  # (N,)
    worst_wealth: np.ndarray  # (N,) USD bn
    rows: np.ndarray  # (N,) int64 institutions forced to trade in the round
    lanes: np.ndarray  # (K + 4, CHUNK) scratch columns of a chunk
    is_traded: np.ndarray  # (K,) uint8: whether anybody in the chunk trades it
    flows: np.ndarray  # (5, K) units of the round: ordered, currency legs, gross, sold, bought
    before: np.ndarray  # (K,) log prices before the round
    fill: np.ndarray  # (K,) share of the long side filled
    side: np.ndarray  # (K,) the long side at a limit: -1 sellers, 1 buyers, 0 no limit


UNLEVERED = 1.05  # leverage up to which a fund counts as unlevered


@kernel
def count_failure(day, i, diary):
    """An institution has failed. (A retail trader who is cut with money left has not.)"""
    diary.n_failures[i] += 1
    diary.days[day, DAY_FAILURES] += 1.0
    if diary.first_failure_day[i] < 0:
        diary.first_failure_day[i] = day


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
