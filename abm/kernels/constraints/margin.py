"""Margin: the rate brokers ask, the call, and the failure of a call unmet."""

import math

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.constraints.close_out import STOPPED, costliest_instrument, start_closing
from abm.kernels.contracts.balances import leverage_of
from abm.kernels.contracts.loans import main_broker
from abm.kernels.events import CLOSE_OUT, MARGIN_CALL, clearing_of, record_event
from abm.kernels.numerics.columns import fill_zero, is_any
from abm.kernels.record import DAY_CALLS
from abm.kernels.state import CUSTOM, HEDGE_FUND, RISK_PARITY, TRADING_DAYS

TEN_DAYS = 10.0 / TRADING_DAYS


@inlined
def margin_rate(volatility, concentration, utilisation, rule):
    """Margin rate a prime broker asks [share of gross assets].

    h = clip(max(h_min, k_h sigma sqrt(10/250)) (1 + k_c HHI + k_b u), 0, h_max)          (M17)

    sigma: volatility of the net portfolio per year; u: brokers' balance sheet use above the
    threshold, weighted by their shares of the loan.
    """
    load = 1.0 + rule.concentration_load * concentration + rule.utilisation_load * utilisation
    rate = max(rule.floor, rule.volatility_multiple * volatility * math.sqrt(TEN_DAYS)) * load
    return min(rate, rule.ceiling)


@inlined
def broker_utilisation(i, graph):
    """Balance sheet use of an institution's brokers above the threshold: sum theta u.  (M16)"""
    use = 0.0
    for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
        use += graph.broker_share[edge] * graph.utilisation[graph.broker[edge]]
    return use


@kernel
def set_margin_terms(lo, hi, variances, limited, books, graph, rules, swap_line):
    """Margin rate and maintenance leverage of institutions lo..hi for today.       (M17, M18)

    ``variances`` are the fast ones of their portfolios, from lo on. Maintenance leverage is
    min(1/h, cap) for ``limited`` institutions, 1/h for others.
    """
    rule, mandates = rules.margin, rules.mandates
    rates = books.margin_rate[lo:hi]
    fill_zero(rates)
    if is_any(graph.utilisation):
        for i in range(lo, hi):
            rates[i - lo] = broker_utilisation(i, graph)
    ask_margin(
        variances, mandates.long_run_variance[lo:hi], mandates.concentration[lo:hi],
        mandates.margined[lo:hi], rule.swap_line_ceiling if swap_line else math.inf, rule, rates,
    )  # fmt: skip
    limit_leverage(
        rates, mandates.margined[lo:hi], mandates.leverage_cap[lo:hi], limited, rule,
        books.leverage_limit[lo:hi],
    )  # fmt: skip


@kernel
def ask_margin(variances, long_run, concentration, margined, ceiling, rule, rates):
    """Margin rates of a chunk, in place of their brokers' utilisation; 0 without a call.  (M17)"""
    share = rule.long_run_share
    for j in range(rates.size):
        variance = (1.0 - share) * variances[j] + share * long_run[j]
        rate = margin_rate(math.sqrt(max(variance, 0.0)), concentration[j], rates[j], rule)
        rates[j] = min(rate, ceiling) if rule.is_on and margined[j] else 0.0


@kernel
def limit_leverage(rates, margined, caps, limited, rule, limits):
    """Maintenance leverage of a chunk; infinite where nobody calls.                   (M18)"""
    for j in range(limits.size):
        limit = min(1.0 / rates[j], caps[j]) if limited else 1.0 / rates[j]
        limits[j] = limit if rule.is_on and margined[j] else math.inf


@kernel
def is_safe(failure_share, wealth, entry_wealth, borrowing, limit, call_day):
    """Whether nobody in these columns is to be closed out, called, or freed from a call."""
    count = 0
    for i in range(wealth.size):
        is_gone = wealth[i] <= failure_share * entry_wealth[i]
        is_over = 1.0 + borrowing[i] / wealth[i] > limit[i]
        count += is_gone | is_over | (call_day[i] >= 0)
    return count == 0


@kernel
def test_calls(lo, hi, day, round_, books, market, graph, rules, diary):
    """Margin calls and close-outs among institutions lo..hi."""
    if is_safe(
        rules.funds.failure_share, books.wealth[lo:hi], books.entry_wealth[lo:hi],
        books.borrowing[lo:hi], books.leverage_limit[lo:hi], books.call_day[lo:hi],
    ):  # fmt: skip
        return
    for i in range(lo, hi):
        if books.days_out[i] > 0 or books.closing[i]:
            continue
        if books.wealth[i] <= rules.funds.failure_share * books.entry_wealth[i]:
            start_closing(day, round_, i, STOPPED, CLOSE_OUT, -1, books, market, graph, diary)
        elif leverage_of(i, books) > books.leverage_limit[i]:
            if books.call_day[i] < 0:
                call_margin(day, round_, i, books, market, graph, diary)
        else:
            books.call_day[i] = -1


@kernel
def call_margin(day, round_, i, books, market, graph, diary):
    """Open a margin call; its cause is the clearing of the instrument that cost most."""
    books.call_day[i] = day
    diary.n_calls[i] += 1
    diary.days[day, DAY_CALLS] += 1.0
    worst = costliest_instrument(i, books, market, diary)
    cause = clearing_of(worst, diary)
    excess = books.borrowing[i] - (books.leverage_limit[i] - 1.0) * books.wealth[i]
    diary.cause[i] = record_event(
        day, round_, MARGIN_CALL, i, main_broker(i, graph), worst, excess, cause, diary
    )


@kernel
def fail_unmet_calls(day, books, market, graph, rules, diary):
    """A call still unmet at the close after its day of grace is a failure.            (M41)"""
    first = rules.mandates.first_row
    for i in range(first[HEDGE_FUND], first[CUSTOM + 1]):
        if books.call_day[i] < 0 or books.closing[i] or books.days_out[i] > 0:
            continue
        last_day = books.call_day[i] + rules.mandates.is_slow[i] + 1
        if day >= last_day and leverage_of(i, books) > books.leverage_limit[i]:
            start_closing(
                day, rules.market.rounds, i, STOPPED, CLOSE_OUT, diary.cause[i],
                books, market, graph, diary,
            )  # fmt: skip


@kernel
def called_leverage(i, books, rules):
    """Leverage a called institution goes to: the buffer below its limit, or lower still where a
    fund's own rule already wants less. A call sets the pace of what the fund wants anyway. (M31)
    """
    target = rules.margin.buffer * books.leverage_limit[i]
    if i < rules.mandates.first_row[RISK_PARITY]:
        target = min(target, max(books.wanted_leverage[i], 1.0))
    return target
