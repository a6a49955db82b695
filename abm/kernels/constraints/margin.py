"""Margin: the rate brokers ask, the test after every mark, and the call.

A test compares and writes a verdict; what follows from it is booked in `close_out`.
"""

import math

from abm.kernels.behaviours.idle import is_out
from abm.kernels.book_risk import largest_leverage
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.verdicts import CALL, NO_VERDICT, RUINED, UNMET
from abm.kernels.contracts.balances import leverage_of, leverage_ratio
from abm.kernels.numerics.columns import copy, is_any
from abm.kernels.risk import anchored
from abm.kernels.state import CALLED, LEAST_VARIANCE, MANDATE, TRADING_DAYS

HORIZON_DAYS = 10.0  # trading days of a loss that margins and value at risk look at
TEN_DAYS = HORIZON_DAYS / TRADING_DAYS


@inlined
def volatility_margin(volatility, concentration, utilisation, rule):
    """Margin rate a prime broker asks [share of gross assets].

    h = clip(max(h_min, k_h sigma sqrt(10/250)) (1 + k_c HHI + k_b u), 0, h_max)          (M17)

    sigma: volatility of the net portfolio per year; u: brokers' balance sheet use above the
    threshold, weighted by their shares of the loan.
    """
    load = 1.0 + rule.concentration_load * concentration + rule.utilisation_load * utilisation
    rate = max(rule.floor, rule.volatility_multiple * volatility * math.sqrt(TEN_DAYS)) * load
    return min(rate, rule.ceiling)


@inlined
def worst_loss_margin(load, risk, assets, covariance, loan, rule):
    """Margin rate that covers the worst recent loss of a book [share of gross assets].    (M71)

    h = clip(1 / l_max, h_min load, h_max),  k_h^2 (10/250) load^2 max(m, floor) v(l_max) = 1
    """
    multiple = rule.volatility_multiple * load
    covered = multiple * multiple * TEN_DAYS * max(risk, rule.loss.floor)
    most = largest_leverage(1.0 / max(covered, LEAST_VARIANCE), assets, covariance, loan)
    return min(max(1.0 / most, rule.floor * load), rule.ceiling)


@inlined
def broker_utilisation(i, graph):
    """Balance sheet use of an institution's brokers above the threshold: sum theta u.  (M16)"""
    use = 0.0
    for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
        use += graph.broker_share[edge] * graph.utilisation[graph.broker[edge]]
    return use


@kernel
def consult_brokers(graph, scratch):
    """Look up how far the brokers of every institution use their balance sheets.       (M16)"""
    if is_any(graph.utilisation) or scratch.is_used[0]:
        scratch.is_used[0] = is_any(graph.utilisation)
        for i in range(scratch.broker_use.size):
            scratch.broker_use[i] = broker_utilisation(i, graph)


@kernel
def set_margin_terms(lo, hi, variances, broker_use, books, market, rules):
    """Margin rate and maintenance leverage of institutions lo..hi for today.       (M17, M18)

    ``variances`` are those of their portfolios, from lo on: the fast ones, or where margins follow
    the worst loss the calm ones of their assets. Where rates do not follow risk, each stays.
    """
    if rules.channels.margins_follow_risk:
        ask_rates(lo, hi, variances, broker_use, books, market, rules)
    mandates = rules.mandates
    limit_leverage(
        books.margin_rate[lo:hi], mandates.has_margin_account[lo:hi], mandates.leverage_cap[lo:hi],
        mandates.has_maintenance_cap[lo:hi], rules.margin, books.maintenance_leverage[lo:hi],
    )  # fmt: skip


@kernel
def ask_rates(lo, hi, variances, broker_use, books, market, rules):
    """Margin rates that brokers ask of institutions lo..hi today.                  (M17, M71)"""
    mandates = rules.mandates
    has_account = mandates.has_margin_account[lo:hi]
    rates = books.margin_rate[lo:hi]
    copy(broker_use[lo:hi], rates)
    if rules.margin.loss.is_on:
        load_margin(mandates.concentration[lo:hi], rules.margin, rates)
        ask_by_loss(
            variances, books.loan_covariance[lo:hi], books.loan_variance[lo:hi],
            books.margin_risk[lo:hi], rules.margin, rates,
        )  # fmt: skip
        charge(has_account, market.margin_ceiling[0], rates)
    else:
        ask_margin(
            variances, mandates.long_run_variance[lo:hi], mandates.concentration[lo:hi],
            has_account, market.margin_ceiling[0], rules.margin, rates,
        )  # fmt: skip


@kernel
def ask_margin(variances, long_run, concentration, has_account, ceiling, rule, rates):
    """Margin rates of a chunk, in place of their brokers' utilisation; 0 without a call.  (M17)"""
    for j in range(rates.size):
        variance = anchored(variances[j], long_run[j], rule.long_run_share)
        rate = volatility_margin(math.sqrt(max(variance, 0.0)), concentration[j], rates[j], rule)
        rates[j] = min(rate, ceiling) if rule.is_on and has_account[j] else 0.0


@kernel
def load_margin(concentration, rule, rates):
    """Loads of a chunk, in place of their brokers' utilisation: 1 + k_c HHI + k_b u      (M71)"""
    for j in range(rates.size):
        rates[j] = (
            1.0 + rule.concentration_load * concentration[j] + rule.utilisation_load * rates[j]
        )


@kernel
def ask_by_loss(assets, covariance, loan, risk, rule, rates):
    """Margin rates of a chunk in place of their loads.                                   (M71)"""
    for j in range(rates.size):
        rates[j] = worst_loss_margin(rates[j], risk[j], assets[j], covariance[j], loan[j], rule)


@kernel
def charge(has_account, ceiling, rates):
    """Margin rates up to the ceiling of a policy; 0 without a margin account.      (M7, M71)"""
    for j in range(rates.size):
        rates[j] = min(rates[j], ceiling) if has_account[j] else 0.0


@kernel
def ask_at_opening(
    fast_share, long_run, assets, covariance, loan, concentration, has_account, rule, seen, rates
):  # fmt: skip
    """Margin rates at the opening estimates, no broker short of capital.             (M17, M71)

    ``fast_share``: of the variance through the cycle, the one at the opening; ``seen``: scratch,
    the risk by which they are asked.
    """
    rates[:] = 0.0
    if rule.loss.is_on:
        seen[:] = 0.0
        load_margin(concentration, rule, rates)
        ask_by_loss(assets, covariance, loan, seen, rule, rates)
        charge(has_account, math.inf, rates)
    else:
        for i in range(seen.size):
            seen[i] = fast_share * long_run[i]
        ask_margin(seen, long_run, concentration, has_account, math.inf, rule, rates)


@kernel
def limit_leverage(rates, has_account, caps, has_cap, rule, limits):
    """Maintenance leverage of a chunk: min(1/h, cap); infinite without a margin account.  (M18)"""
    for j in range(limits.size):
        limit = min(1.0 / rates[j], caps[j] if has_cap[j] else math.inf)
        limits[j] = limit if rule.is_on and has_account[j] else math.inf


@inlined
def is_safe(failure_share, wealth, entry_wealth, borrowing, limit, call_day):
    """True if none in these columns is to be closed out, called, or freed from a call."""
    count = 0
    for i in range(wealth.size):
        is_gone = wealth[i] <= failure_share * entry_wealth[i]
        is_over = leverage_ratio(wealth[i], borrowing[i]) > limit[i]
        count += is_gone | is_over | (call_day[i] >= 0)
    return count == 0


@inlined
def test_calls(lo, hi, books, rules):
    """Test the margins of institutions lo..hi; return how many verdicts there are.     (M30)

    A call that is met again is dropped.
    """
    if is_safe(
        rules.funds.failure_share, books.wealth[lo:hi], books.entry_wealth[lo:hi],
        books.borrowing[lo:hi], books.maintenance_leverage[lo:hi], books.call_day[lo:hi],
    ):  # fmt: skip
        return 0
    n = 0
    for i in range(lo, hi):
        if rules.mandates.call_rule[i] != CALLED or is_out(i, books):
            continue
        if books.wealth[i] <= rules.funds.failure_share * books.entry_wealth[i]:
            books.verdict[i] = RUINED
        elif leverage_of(i, books) > books.maintenance_leverage[i]:
            books.verdict[i] = CALL if books.call_day[i] < 0 else NO_VERDICT
        else:
            books.call_day[i] = -1
        n += books.verdict[i] != NO_VERDICT
    return n


@inlined
def is_due(i, day, books, rules):
    """True for a call whose grace is over and that is still unmet: its sales are forced."""
    is_late = day >= books.call_day[i] + rules.mandates.grace_days[i]
    return (
        books.call_day[i] >= 0 and is_late and leverage_of(i, books) > books.maintenance_leverage[i]
    )


@inlined
def test_unmet_calls(day, books, rules):
    """A call still unmet at the close after its grace is a failure; return how many.   (M41)"""
    n = 0
    for i in range(books.call_day.size):
        if books.call_day[i] < 0 or is_out(i, books):
            continue
        if is_due(i, day - 1, books, rules):
            books.verdict[i] = UNMET
            n += 1
    return n


@inlined
def called_leverage(i, books, rules):
    """Leverage a called institution goes to: the buffer below its limit, or lower still where a
    fund's own rule already wants less. A call sets the pace of what the fund wants anyway. (M31)
    """
    target = rules.margin.buffer * books.maintenance_leverage[i]
    if rules.mandates.sale_rule[i] == MANDATE:
        target = min(target, max(books.target_leverage[i], 1.0))
    return target
