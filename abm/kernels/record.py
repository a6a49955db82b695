"""The record of a run: a row for each day, and each institution's worst moments."""

import math
from typing import NamedTuple

import numpy as np

from abm.kernels.audit import banks_error, larger
from abm.kernels.carry_short import carry_short
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.loss_cut import is_called, notional
from abm.kernels.contracts.balances import leverage_ratio
from abm.kernels.events import CENTRAL_BANK, MARKET, SWAP_LINE, record_event
from abm.kernels.markets.basis import WAS_OPEN, is_line_open
from abm.kernels.markets.flow import FAILED
from abm.kernels.markets.impact import depth_of_day
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import CUSTOM, HEDGE_FUND, TRADER

BP = 1e-4
USD_PER_BN = 1e9
UNLEVERED = 1.05  # leverage up to which a fund counts as unlevered

# Numbers of a day, all of them float64, so that one sweep over the memory can look at all.
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
    "basis_bp",
    "swap_line_usd_bn",
    "account_usd",
    "account_position_usd",
    "account_is_called",
    "repo_usd_bn",
    "repo_haircut",
    "repo_called_usd_bn",
)
DAY = np.dtype([(name, np.float64) for name in DAY_COLUMNS])


class Record(NamedTuple):
    """The record of a run, by day and by institution."""

    now: np.ndarray  # (2,) int64 day and round that are being written
    days: np.ndarray  # (T,) of DAY
    forced_usd_bn: np.ndarray  # (T, N_KINDS) forced sales by kind of seller
    log_prices: np.ndarray  # (T, K)
    fundamentals: np.ndarray  # (T, K) links included
    depth_usd_bn: np.ndarray  # (T, K) per log, that the day's markets open with
    other_basis_bp: np.ndarray  # (T, S - 1) of currencies beside the one that funds
    events: np.ndarray  # (capacity,) of EVENT
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


@inlined
def write_from(day, round_, record):
    """Set the day and the round that everything written from now on belongs to."""
    record.now[0], record.now[1] = day, round_


@kernel
def count_failure(i, record):
    """Count a failure. (A retail trader who is cut with money left has not failed.)"""
    today = record.now[0]
    record.n_failures[i] += 1
    record.days[today].n_failures += 1.0
    if record.first_failure_day[i] < 0:
        record.first_failure_day[i] = today


@kernel
def record_institutions(day, books, market, rules, record):
    """Write the day's row of the tables, and every institution's worst moments."""
    row = record.days[day]
    row.yen_short_units = carry_short(books, market, rules)
    lo, hi = rules.mandates.first_row[HEDGE_FUND], rules.mandates.first_row[HEDGE_FUND + 1]
    wealth, borrowing = chunk_sum(books.wealth[lo:hi]), chunk_sum(books.borrowing[lo:hi])
    margin = weighted_sum(books.margin_rate[lo:hi], books.wealth[lo:hi])
    row.fund_wealth_usd_bn = wealth
    row.leverage = leverage_ratio(wealth, borrowing) if wealth > 0.0 else math.nan
    row.margin_rate = margin / wealth if wealth > 0.0 else math.nan
    row.share_unlevered = unlevered_share(
        books.wealth[lo:hi], books.borrowing[lo:hi], books.suspended_days[lo:hi]
    )
    depth_usd_bn = market.dealer_depth[0] * market.usd_price[0]
    row.dealer_depth_share = depth_usd_bn / rules.dealers.depth[0]
    for k in range(market.quote.size):
        record.log_prices[day, k] = market.log_price[k]
        record.fundamentals[day, k] = market.fundamental[k] + market.link_level[k]
    record_extremes(books.wealth, books.borrowing, record.worst_wealth, record.peak_leverage)


@inlined
def record_account(day, books, market, rules, record):
    """Write what the trader's account holds, its position, and whether its broker calls.  (M139)"""
    first, row = rules.mandates.first_row, record.days[day]
    for i in range(first[TRADER], first[CUSTOM]):
        position = max(notional(i, books, market, rules.mandates), 0.0)
        row.account_usd = USD_PER_BN * books.wealth[i]
        row.account_position_usd = USD_PER_BN * position
        row.account_is_called = 1.0 if is_called(books.wealth[i], position, rules.trader) else 0.0


@kernel
def record_banks(day, graph, options, record):
    """Write the banks' capital into the day's row, and audit their accounts."""
    record.days[day].bank_equity_usd_bn = chunk_sum(graph.equity)
    if options.audit:
        record_error(banks_error(graph), record)


@kernel
def record_basis(day, market, rules, script, record):
    """Write the basis and the swap line of the day, and that the line has opened or closed."""
    if market.swapped.size == 0:
        return
    row = record.days[day]
    row.basis_bp = market.basis[0] / BP
    for s in range(market.swapped.size):
        row.swap_line_usd_bn += market.line_usd_bn[s]
        if s > 0:
            record.other_basis_bp[day, s - 1] = market.basis[s] / BP
    is_open = rules.channels.basis_moves and is_line_open(day, market, rules.basis.line, script)
    if is_open != (market.line_days[WAS_OPEN] > 0):
        amount = 1.0 if is_open else -1.0
        record_event(SWAP_LINE, CENTRAL_BANK, MARKET, -1, amount, -1, record)
        market.line_days[WAS_OPEN] = 1 if is_open else 0


@inlined
def record_depth(market, rules, record):
    """Write the depth that each market opens with [USD bn per log].                       (M37)"""
    law, today = rules.value_investors.law, record.now[0]
    for k in range(market.quote.size):
        record.depth_usd_bn[today, k] = market.usd_price[k] * depth_of_day(
            law[k], market.value_speed[k], market.value_depth[k], market.dealer_depth[k]
        )


@inlined
def record_repo(market, record):
    """Write what is lent in repo, the haircut and what was asked back into the day's row."""
    row = record.days[record.now[0]]
    for s in range(market.repo_bond.size):
        row.repo_usd_bn += market.repo_lent[s]
        row.repo_haircut = market.repo_haircut[s]
        row.repo_called_usd_bn += market.repo_called[s]


@inlined
def record_clearing(want_gain, report, record):
    """Write how a round cleared into the day's row."""
    row = record.days[record.now[0]]
    row.rounds = record.now[1] + 1.0
    row.status = max(row.status, float(report.status))
    row.iterations += report.iterations
    if want_gain:
        row.feedback_gain = report.gain
    if report.status != FAILED:
        row.residual = max(row.residual, report.residual)


@inlined
def record_error(error, record):
    """Keep the largest error of the day's audits."""
    row = record.days[record.now[0]]
    row.conservation_error = larger(row.conservation_error, error)


@kernel
def unlevered_share(wealth, borrowing, suspended_days):
    """Share of institutions that are suspended or hardly borrow; NaN of none.           (M57)"""
    count = 0
    for i in range(wealth.size):
        count += (suspended_days[i] > 0) | (borrowing[i] <= (UNLEVERED - 1.0) * wealth[i])
    return count / wealth.size if wealth.size > 0 else math.nan


@inlined
def weighted_sum(weights, column):
    """Sum of weights times entries, one after the other."""
    total = 0.0
    for j in range(column.size):
        total += weights[j] * column[j]
    return total


@inlined
def record_extremes(wealth, borrowing, worst_wealth, peak_leverage):
    """Lower and raise every institution's least wealth and, while it has any, highest leverage."""
    for i in range(wealth.size):
        worst_wealth[i] = min(worst_wealth[i], wealth[i])
        highest = leverage_ratio(wealth[i], borrowing[i]) if wealth[i] > 0.0 else 1.0
        peak_leverage[i] = max(peak_leverage[i], highest)
