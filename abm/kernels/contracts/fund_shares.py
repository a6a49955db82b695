"""Investors' money in funds: subscriptions, redemptions, high-water marks, a fresh start."""

from abm.kernels.behaviours.idle import is_orphaned
from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import add_cash, pay_in
from abm.kernels.contracts.loans import pay_bank
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import CHUNK, DESKS, SUBSCRIPTIONS


@inlined
def scaled_mark(high_water, flow, wealth):
    """High-water mark after a flow into a book of this wealth, H (1 + flow / W).         (M12)"""
    return high_water * (1.0 + flow / wealth)


@inlined
def capital_flow_usd_bn(wealth, opening_wealth, noticed, rule):
    """Money that investors add (+) or take out (-) in a day [USD bn].                     (M12)

    Gains are paid out. Losses are refilled only while the recent return is not negative; where it
    is, investors redeem after notice.
    """
    gap = opening_wealth - wealth
    if gap < 0.0:
        flow = rule.payout * gap
    else:
        flow = rule.subscription * gap if noticed >= 0.0 else 0.0
    redeemed = rule.flows.sensitivity * max(-noticed, 0.0) / rule.flows.performance_days
    return flow - min(redeemed, rule.flows.gate) * wealth


@kernel
def move_capital(books, market, rules, scratch):
    """Subscriptions and redemptions of funds; the high-water mark moves with them.     (M12)

    An unscaled mark would read a redemption as a loss and stop a healthy fund out.
    """
    mandates, dollar = rules.mandates, market.rates.size - 1
    start, end = mandates.subscriber_rows
    for lo in range(start, end, CHUNK):
        hi = min(lo + CHUNK, end)
        flow = scratch.lanes[0][: hi - lo]
        report_returns(
            books.wealth[lo:hi], books.morning_wealth[lo:hi], rules.funds.flows,
            books.mean_return[lo:hi], books.noticed_return[lo:hi],
        )  # fmt: skip
        want_capital(
            books.wealth[lo:hi], mandates.opening_wealth[lo:hi], books.noticed_return[lo:hi],
            books.suspended_days[lo:hi], books.closing[lo:hi],
            mandates.takes_subscriptions[lo:hi], rules.funds, flow,
        )  # fmt: skip
        scale_mark(flow, books.wealth[lo:hi], books.high_water[lo:hi])
        pay_all_in(flow, books.cash[lo:hi], books.wealth[lo:hi], books.borrowing[lo:hi])
        market.outside[SUBSCRIPTIONS, dollar] -= chunk_sum(flow)
        note_wealth(books.wealth[lo:hi], books.suspended_days[lo:hi], books.morning_wealth[lo:hi])


@inlined
def want_capital(wealth, opening_wealth, noticed, suspended_days, closing, takes, rule, flow):
    """Capital that investors bring to the institutions of a chunk (+) or take out (-)."""
    for j in range(flow.size):
        is_open = (suspended_days[j] == 0) & (closing[j] == 0) & (wealth[j] > 0.0) & (takes[j] != 0)
        wanted = capital_flow_usd_bn(wealth[j], opening_wealth[j], noticed[j], rule)
        flow[j] = wanted if is_open else 0.0


@inlined
def report_returns(wealth, morning_wealth, rule, mean, noticed):
    """Average return of each fund of a chunk, and the one on which notices were given.   (M12)

    P <- P + (R - P) / n;   N <- N + (n P - N) / n_notice;   R from the last morning to this one.
    """
    for j in range(wealth.size):
        is_known = (morning_wealth[j] > 0.0) & (wealth[j] > 0.0)
        own = wealth[j] / morning_wealth[j] - 1.0
        average = mean[j] + (own - mean[j]) / rule.performance_days
        recent = rule.performance_days * average
        mean[j] = average if is_known else mean[j]
        noticed[j] += (recent - noticed[j]) / rule.notice_days if is_known else 0.0


@inlined
def note_wealth(wealth, suspended_days, morning_wealth):
    """Note the wealth from which the day's return counts; 0 for who is out.            (M12)"""
    for j in range(wealth.size):
        morning_wealth[j] = wealth[j] if suspended_days[j] == 0 else 0.0


@inlined
def scale_mark(flow, wealth, high_water):
    """Marks move with what is paid in or out. (Without wealth nothing is.)"""
    for j in range(flow.size):
        scaled = scaled_mark(high_water[j], flow[j], wealth[j])
        high_water[j] = scaled if flow[j] != 0.0 else high_water[j]


@inlined
def pay_all_in(flow, cash, wealth, borrowing):
    """Dollars into the books of a chunk."""
    for j in range(flow.size):
        pay_in(j, flow[j], cash, wealth, borrowing)


@inlined
def update_high_water_marks(wealth, high_water):
    """Raise each mark, from which losses are counted, to the highest wealth so far.       (M12)"""
    for i in range(wealth.size):
        high_water[i] = max(high_water[i], wealth[i])


@inlined
def return_after_suspension(books, market, graph, rules):
    """Restart an institution, after its suspension, with its opening wealth.          (M11)

    A desk's is its bank's money, of which it gets no more than there is; suspension of a failed
    bank's desk has no end.
    """
    dollar = market.rates.size - 1
    for i in range(books.cash.size):
        if books.suspended_days[i] == 0 or is_orphaned(i, graph, rules.mandates):
            continue
        books.suspended_days[i] -= 1
        if books.suspended_days[i] > 0:
            continue
        bank = rules.mandates.owner[i]
        capital = max(rules.mandates.opening_wealth[i] - books.wealth[i], 0.0)
        if bank >= 0:
            capital = min(capital, max(graph.equity[bank], 0.0))
            pay_bank(bank, -capital, DESKS, graph)
        else:
            market.outside[SUBSCRIPTIONS, dollar] -= capital
        add_cash(i, capital, books)
        books.high_water[i] = books.wealth[i]
        books.entry_wealth[i] = books.wealth[i]
        books.mean_return[i] = books.noticed_return[i] = books.morning_wealth[i] = 0.0
