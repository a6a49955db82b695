"""Margin: the rate asked, the test after every mark, and the orders a call forces."""

import math

from abm.kernels.columns import fill_zero, is_any, write_product
from abm.kernels.jit import inlined, kernel
from abm.kernels.liquidation import PRO_RATA, spread_sale
from abm.kernels.orders import IN_UNITS
from abm.kernels.record import clearing_of, count_failure, record_event
from abm.kernels.rules import margin_rate
from abm.kernels.state import (
    CLOSE_OUT,
    CUSTOM,
    DAY_CALLS,
    DAY_LOSS_CUTS,
    HEDGE_FUND,
    INSURER,
    LOSS_CUT,
    MARGIN_CALL,
    NOBODY,
    RECALL,
    RETAIL_EQUITY,
    RETAIL_FX,
    RISK_PARITY,
)

STOPPED, LIQUIDATING = 1, 2  # how an institution closes: at once, or a share a day


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


@inlined
def leverage_of(i, books):
    """1 + borrowing / wealth; infinite once wealth is gone.                            (M3)"""
    if books.wealth[i] <= 0.0:
        return math.inf
    return 1.0 + books.borrowing[i] / books.wealth[i]


@kernel
def gross_assets(i, books, market):
    """Long assets and foreign currencies of an institution [USD bn], the yen left out."""
    gross = 0.0
    for k in range(1, market.usd_price.size):
        gross += max(books.units[k, i], 0.0) * market.usd_price[k]
    return gross


@kernel
def costliest_instrument(i, books, market, diary):
    """Instrument whose move since the last mark cost this institution most; -1 if none did."""
    worst, worst_loss = -1, 0.0
    for k in range(market.usd_price.size):
        loss = books.units[k, i] * (diary.mark[k] - market.usd_price[k])
        if loss > worst_loss:
            worst, worst_loss = k, loss
    return worst


@kernel
def main_broker(i, graph):
    """Code of the broker with the largest share of the loan."""
    best, best_share = NOBODY, 0.0
    for edge in range(graph.broker_start[i], graph.broker_start[i + 1]):
        if graph.broker_share[edge] > best_share:
            best, best_share = -10 - graph.broker[edge], graph.broker_share[edge]
    return best


@kernel
def test_margins(day, round_, books, market, graph, rules, diary):
    """Who is called, who is cut and who is closed out at these prices.                 (M30)"""
    first = rules.mandates.first_row
    test_calls(first[HEDGE_FUND], first[RETAIL_FX], day, round_, books, market, graph, rules, diary)
    test_calls(first[CUSTOM], first[CUSTOM + 1], day, round_, books, market, graph, rules, diary)
    test_cuts(first[RETAIL_FX], first[INSURER], day, round_, books, market, graph, rules, diary)


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
def test_cuts(lo, hi, day, round_, books, market, graph, rules, diary):
    """Retail accounts lo..hi whose equity has fallen below the cut."""
    first = rules.mandates.first_row
    for i in range(lo, hi):
        if books.days_out[i] > 0 or books.closing[i]:
            continue
        notional = -books.units[0, i] * market.usd_price[0]
        how = STOPPED
        if i >= first[RETAIL_EQUITY]:
            notional = gross_assets(i, books, market)
            how = LIQUIDATING
        if notional > 0.0 and books.wealth[i] < rules.mandates.loss_cut[i] * notional:
            start_closing(day, round_, i, how, LOSS_CUT, -1, books, market, graph, diary)


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
def start_closing(day, round_, i, how, kind, unmet, books, market, graph, diary):
    """From the next round on this institution sells everything it has.

    Its cause is the call that stayed ``unmet``; without one (-1) the clearing that cost most.
    """
    books.closing[i] = how
    if kind == LOSS_CUT:
        diary.days[day, DAY_LOSS_CUTS] += 1.0
    else:
        count_failure(day, i, diary)
    worst = costliest_instrument(i, books, market, diary)
    cause = unmet if unmet >= 0 else clearing_of(worst, diary)
    gross = gross_assets(i, books, market)
    diary.cause[i] = record_event(
        day, round_, kind, i, main_broker(i, graph), worst, gross, cause, diary
    )


@kernel
def force_orders(day, round_, books, market, graph, rules, diary):
    """Write the orders that calls, cuts and recalls force; return how many rows.     (M31)

    ``diary.rows`` lists the institutions that must trade in this round.
    """
    first = rules.mandates.first_row
    n_rows = 0
    if not is_any_forced(books.closing, books.line_cut, books.call_day):
        return n_rows
    for i in range(first[HEDGE_FUND], first[CUSTOM + 1]):
        recalled = books.line_cut[i] if round_ == 0 else 0.0
        books.line_cut[i] = 0.0
        if first[INSURER] <= i < first[CUSTOM] or books.days_out[i] > 0:
            continue
        due = books.call_day[i] >= 0 and (not rules.mandates.is_slow[i] or day > books.call_day[i])
        if books.closing[i] == STOPPED:
            sell_share(i, 1.0, books)
        elif books.closing[i] == LIQUIDATING:
            if round_ > 0:
                continue
            sell_asset_share(i, rules.households.margin_sale_share, books)
        elif due and leverage_of(i, books) > books.leverage_limit[i]:
            delever(i, called_leverage(i, books, rules), books, market, rules)
        elif recalled > 0.0 and books.borrowing[i] > 0.0:
            target = 1.0 + (leverage_of(i, books) - 1.0) * (1.0 - recalled)
            diary.cause[i] = record_event(
                day, 0, RECALL, i, main_broker(i, graph), -1,
                recalled * books.borrowing[i], -1, diary,
            )  # fmt: skip
            if math.isfinite(target):
                delever(i, target, books, market, rules)
            else:
                sell_share(i, 1.0, books)  # owes, and has no wealth to lever
        else:
            continue
        books.forced[i] = 1
        diary.rows[n_rows] = i
        n_rows += 1
    return n_rows


@kernel
def is_any_forced(closing, line_cut, call_day):
    """Whether anybody closes, repays a line or stands under a call."""
    count = 0
    for i in range(closing.size):
        count += (closing[i] != 0) | (line_cut[i] != 0.0) | (call_day[i] >= 0)
    return count > 0


@kernel
def called_leverage(i, books, rules):
    """Leverage a called institution goes to: the buffer below its limit, or lower still where a
    fund's own rule already wants less. A call sets the pace of what the fund wants anyway. (M31)
    """
    target = rules.margin.buffer * books.leverage_limit[i]
    if i < rules.mandates.first_row[RISK_PARITY]:
        target = min(target, max(books.wanted_leverage[i], 1.0))
    return target


@kernel
def sell_share(i, share, books):
    """Close a share of every position at any price: s = share, c = 0.                     (M31)"""
    books.speed[i] = share
    for k in range(books.units.shape[0]):
        books.intent[k, i] = 0.0


@kernel
def sell_asset_share(i, share, books):
    """Sell a share of the assets of a resident; the yen balance is what is left over.     (M31)"""
    books.speed[i] = IN_UNITS
    books.intent[0, i] = 0.0
    for k in range(1, books.units.shape[0]):
        books.intent[k, i] = -share * books.units[k, i]


@kernel
def delever(i, target, books, market, rules):
    """Orders that bring one book to the target leverage.                        (M31, M32)"""
    if rules.margin.liquidation == PRO_RATA or i >= rules.mandates.first_row[RISK_PARITY]:
        delever_pro_rata(i, target, books, market, rules)
        return
    delever_by_cost(i, target, books, market, rules)


@kernel
def delever_pro_rata(i, target, books, market, rules):
    """Every asset keeps its share of the book: c = lambda times today's composition.      (M31)

    The composition is the mandate's for funds and what is held for rule followers; the yen leg
    keeps its share of borrowing.
    """
    books.speed[i] = rules.margin.forced_speed
    if i < rules.mandates.first_row[RISK_PARITY]:
        aim = market.work[0][:1]
        aim[0] = target
        set_fund_intents(i, i + 1, aim, books, rules)
        return
    wealth = books.wealth[i]
    shrink = target / leverage_of(i, books)
    loans = (target - 1.0) / (leverage_of(i, books) - 1.0)
    for k in range(books.units.shape[0]):
        share = books.units[k, i] * market.usd_price[k] / wealth
        books.intent[k, i] = share * (loans if share < 0.0 else shrink)


@kernel
def set_fund_intents(lo, hi, leverage, books, rules):
    """Target shares of funds at a leverage: c_k = lambda w_k, c_JPY = -phi (lambda-1)+  (M19)"""
    weights = rules.mandates.weights
    borrow_yen(leverage, weights[0][lo:hi], books.intent[0][lo:hi])
    for k in range(1, weights.shape[0]):
        write_product(leverage, weights[k][lo:hi], books.intent[k][lo:hi])


@kernel
def borrow_yen(leverage, yen_weight, intent):
    """The yen loan of a chunk of funds, a negative share of wealth.                   (M19)"""
    for j in range(intent.size):
        intent[j] = yen_weight[j] * max(leverage[j] - 1.0, 0.0)


@kernel
def delever_by_cost(i, target, books, market, rules):
    """The same reduction spread by market impact: frozen units at the last mark.      (M32)"""
    K = market.usd_price.size
    repay = books.borrowing[i] - (target - 1.0) * books.wealth[i]
    position, depth, relief, sale = market.work[2], market.work[3], market.work[4], market.work[5]
    position[0], depth[0], relief[0] = 0.0, 1.0, 0.0
    for k in range(1, K):
        position[k] = max(books.units[k, i], 0.0) * market.usd_price[k]
        depth[k] = rules.market.value_speed[k] * rules.market.value_depth[k]
        depth[k] += market.dealer_depth[k]
        relief[k] = 1.0
    spread_sale(rules.margin.liquidation, position, depth, relief, repay, sale)
    speed = rules.margin.forced_speed
    books.speed[i] = IN_UNITS
    for k in range(1, K):
        books.intent[k, i] = -speed * sale[k] / market.usd_price[k]
    yen_loan = max(-books.units[0, i], 0.0)
    yen_share = -rules.mandates.weights[0, i]
    books.intent[0, i] = min(yen_loan, speed * yen_share * repay / market.usd_price[0])


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
