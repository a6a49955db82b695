"""Investors' money in funds: subscriptions, redemptions, high-water marks, a fresh start."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import add_cash, pay_in
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import CHUNK, SUBSCRIPTIONS


@inlined
def capital_flow_usd_bn(wealth, opening_wealth, payout, subscription):
    """Money investors add (+) or take out (-) in a day [USD bn].                         (M12)"""
    if wealth > opening_wealth:
        return -payout * (wealth - opening_wealth)
    return subscription * (opening_wealth - wealth)


@inlined
def scaled_mark(high_water, flow, wealth):
    """High-water mark after a flow into a book of this wealth, H (1 + flow / W).         (M12)"""
    return high_water * (1.0 + flow / wealth)


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
        want_capital(
            books.wealth[lo:hi], mandates.opening_wealth[lo:hi], books.suspended_days[lo:hi],
            books.closing[lo:hi], mandates.takes_subscriptions[lo:hi], rules.funds, flow,
        )  # fmt: skip
        scale_mark(flow, books.wealth[lo:hi], books.high_water[lo:hi])
        pay_all_in(flow, books.cash[lo:hi], books.wealth[lo:hi], books.borrowing[lo:hi])
        market.outside[SUBSCRIPTIONS, dollar] -= chunk_sum(flow)


@kernel
def want_capital(wealth, opening_wealth, suspended_days, closing, takes, rule, flow):
    """Capital that investors bring to the institutions of a chunk (+) or take out (-)."""
    for j in range(flow.size):
        is_open = (suspended_days[j] == 0) & (closing[j] == 0) & (wealth[j] > 0.0) & (takes[j] != 0)
        wanted = capital_flow_usd_bn(wealth[j], opening_wealth[j], rule.payout, rule.subscription)
        flow[j] = wanted if is_open else 0.0


@kernel
def scale_mark(flow, wealth, high_water):
    """Marks move with what is paid in or out. (Without wealth nothing is.)"""
    for j in range(flow.size):
        scaled = scaled_mark(high_water[j], flow[j], wealth[j])
        high_water[j] = scaled if flow[j] != 0.0 else high_water[j]


@kernel
def pay_all_in(flow, cash, wealth, borrowing):
    """Dollars into the books of a chunk."""
    for j in range(flow.size):
        pay_in(j, flow[j], cash, wealth, borrowing)


@kernel
def update_high_water_marks(wealth, high_water):
    """Raise each mark, from which losses are counted, to the highest wealth so far.       (M12)"""
    for i in range(wealth.size):
        high_water[i] = max(high_water[i], wealth[i])


@kernel
def return_after_suspension(books, market, rules):
    """Restart an institution, after its suspension, with its opening wealth.          (M11)"""
    dollar = market.rates.size - 1
    for i in range(books.cash.size):
        if books.suspended_days[i] == 0:
            continue
        books.suspended_days[i] -= 1
        if books.suspended_days[i] > 0:
            continue
        capital = max(rules.mandates.opening_wealth[i] - books.wealth[i], 0.0)
        add_cash(i, capital, books)
        books.high_water[i] = books.wealth[i]
        books.entry_wealth[i] = books.wealth[i]
        market.outside[SUBSCRIPTIONS, dollar] -= capital
