"""Investors' money in funds: subscriptions, redemptions, high-water marks, a fresh start."""

from abm.kernels.compiler.jit import inlined, kernel
from abm.kernels.contracts.balances import add_cash, pay_in
from abm.kernels.numerics.columns import chunk_sum
from abm.kernels.state import CHUNK, CUSTOM, HEDGE_FUND, INSURER, RETAIL_FX, SUBSCRIPTIONS


@inlined
def capital_flow_usd_bn(wealth, opening_wealth, payout, subscription):
    """Money investors add (+) or take out (-) in a day [USD bn].                         (M12)"""
    if wealth > opening_wealth:
        return -payout * (wealth - opening_wealth)
    return subscription * (opening_wealth - wealth)


@kernel
def move_capital(books, market, rules, diary):
    """Subscriptions and redemptions of funds; the high-water mark moves with them.     (M12)

    An unscaled mark would read a redemption as a loss and stop a healthy fund out.
    """
    first, dollar = rules.mandates.first_row, market.rates.size - 1
    for lo in range(first[HEDGE_FUND], first[RETAIL_FX], CHUNK):
        hi = min(lo + CHUNK, first[RETAIL_FX])
        flow = diary.lanes[0][: hi - lo]
        want_capital(
            books.wealth[lo:hi], rules.mandates.opening_wealth[lo:hi], books.days_out[lo:hi],
            books.closing[lo:hi], rules.mandates.owner[lo:hi], rules.funds, flow,
        )  # fmt: skip
        scale_mark(flow, books.wealth[lo:hi], books.high_water[lo:hi])
        pay_all_in(flow, books.cash[lo:hi], books.wealth[lo:hi], books.borrowing[lo:hi])
        market.outside[SUBSCRIPTIONS, dollar] -= chunk_sum(flow)


@kernel
def want_capital(wealth, opening_wealth, days_out, closing, owner, rule, flow):
    """What investors bring to the funds of a chunk (+) or take out (-); nothing to bank desks."""
    for j in range(flow.size):
        is_open = (days_out[j] == 0) & (closing[j] == 0) & (wealth[j] > 0.0) & (owner[j] < 0)
        wanted = capital_flow_usd_bn(wealth[j], opening_wealth[j], rule.payout, rule.subscription)
        flow[j] = wanted if is_open else 0.0


@kernel
def scale_mark(flow, wealth, high_water):
    """Marks move with what is paid in or out. (Without wealth nothing is.)"""
    for j in range(flow.size):
        high_water[j] *= 1.0 + (flow[j] / wealth[j] if flow[j] != 0.0 else 0.0)


@kernel
def pay_all_in(flow, cash, wealth, borrowing):
    """Dollars into the books of a chunk."""
    for j in range(flow.size):
        pay_in(j, flow[j], cash, wealth, borrowing)


@kernel
def raise_high_water(wealth, high_water):
    """The mark below which losses are counted is the highest wealth so far.               (M12)"""
    for i in range(wealth.size):
        high_water[i] = max(high_water[i], wealth[i])


@kernel
def return_after_absence(books, market, rules):
    """After its time out an institution starts again with its opening wealth.         (M11)"""
    dollar, first = market.rates.size - 1, rules.mandates.first_row
    for i in range(books.cash.size):
        if books.days_out[i] == 0 or first[INSURER] <= i < first[CUSTOM]:
            continue
        books.days_out[i] -= 1
        if books.days_out[i] > 0:
            continue
        capital = max(rules.mandates.opening_wealth[i] - books.wealth[i], 0.0)
        add_cash(i, capital, books)
        books.high_water[i] = books.wealth[i]
        books.entry_wealth[i] = books.wealth[i]
        market.outside[SUBSCRIPTIONS, dollar] -= capital
